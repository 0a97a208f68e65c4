"""The body is right, and its Content-Type says that it is something else, or nothing.

**What the agent sees**

The tool's own status and body, byte for byte (but for a compression, which is taken off), under another Content-Type,
an empty one, or none. The tool has run.

**What a healthy agent does**

It notices, and decides: it reads the body as what it knows the tool to return, asks again, or says that it cannot read
the reply. It does not hand raw text on as though it were the result.

**Seen in the wild**

PHP says `text/html` unless told otherwise, GitHub's raw files `text/plain`, S3 `binary/octet-stream` for what was
stored without a type. aiohttp's `json()` raises ContentTypeError; requests and httpx do not look. The OpenAI and
Anthropic SDKs read it as JSON all the same; only what cannot be read so goes to the agent as a plain string.
"""

import re
from functools import partial
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Effect, Rewrite, Unfit
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._content_types import with_content_type
from chaosproxy.faults._fields import Written

MISSING = "missing"
EMPTY = "empty"

_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_MEDIA_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}(?:; ?{_TOKEN}=(?:{_TOKEN}|\"[ !#-\[\]-~]*\"))*")
"""RFC 9110, section 8.3.1."""


def _is_one(text: str) -> str:
    if text not in (MISSING, EMPTY) and _MEDIA_TYPE.fullmatch(text) is None:
        raise ValueError("expected a media type such as text/html, or missing, or empty")
    return text


ContentType = Annotated[
    str,
    AfterValidator(_is_one),
    Field(json_schema_extra={"examples": ["text/html", "text/plain", "application/octet-stream", MISSING, EMPTY]}),
    Written(("media type", MISSING, EMPTY)),
]


class WrongContentType(Fault):
    """Call the reply's body something else."""

    family = Family.PAYLOAD
    phases = (Phase.AFTER_UPSTREAM,)
    nature = Nature(
        explicit=False,
        course=Course.TRANSIENT,
        healthy=(
            Reaction.RETRY,
            Reaction.WAIT_THEN_RETRY,
            Reaction.CHECK_FIRST,
            Reaction.FALL_BACK,
            Reaction.STOP_AND_SAY,
        ),
    )
    example: ClassVar[str] = """\
- name: results are called a web page
  match: {tool: find}
  when: {probability: 10%}
  fault: {type: wrong_content_type, content_type: text/html}
"""

    type: Literal["wrong_content_type"] = "wrong_content_type"
    """The fault's name."""
    content_type: ContentType = "text/html"
    """What the body is called: `text/html`, `text/plain`, `application/octet-stream` or any other media type; or
    missing, or empty. A body that is called so already passes."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:  # noqa: ARG002  the type is a setting
        """The tool's reply under another Content-Type."""
        return (Rewrite(partial(_renamed, to=self.content_type), f"wrong_content_type: {self.content_type}"),)


def _renamed(reply: Reply, to: str) -> Reply | Unfit:
    if not reply.body:
        return Unfit("empty_body")
    said = [value for name, value in reply.headers if name.lower() == b"content-type"]
    new = {MISSING: None, EMPTY: b""}.get(to, to.encode())
    if [value.strip().lower() for value in said] == ([] if new is None else [new.lower()]):
        return Unfit("nothing_to_spoil")
    return Reply(reply.status, reply.reason, with_content_type(reply.headers, new), reply.body)
