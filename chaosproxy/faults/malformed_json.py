"""The reply is almost JSON: the tool's own data, spoiled in one of the ways that real servers and models spoil it.

**What the agent sees**

The tool's own status and headers, `Content-Type: application/json`, a complete body, and in it something that a JSON
parser refuses. The tool has run.

**What a healthy agent does**

It notices, does not guess what was meant, and asks again (after a write: checks first), or says that it cannot read
the reply.

**Seen in the wild**

Truncated or empty JSON surfaces from the OpenAI and Anthropic SDKs as a bare `JSONDecodeError`: not one of their own
errors, so not retried, and it escapes handlers written for those. Python writes `NaN` and reads it again, most others
refuse it; `requests` reads over a byte order mark, `json.loads` on text does not. Models wrap JSON in prose and in
Markdown fences; tools that print a dictionary of Python give single quotes.
"""

import json
from functools import partial
from typing import ClassVar, Literal

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Effect, Rewrite, Unfit
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._json_spoiling import SPOILERS

How = Literal[
    "truncated",
    "trailing_comma",
    "single_quotes",
    "unquoted_keys",
    "nan",
    "comment",
    "two_documents",
    "bom",
    "markdown_fence",
    "prose",
]


class MalformedJson(Fault):
    """Spoil the JSON of the reply."""

    family = Family.PAYLOAD
    phases = (Phase.AFTER_UPSTREAM,)
    nature = Nature(
        explicit=False,
        course=Course.TRANSIENT,
        healthy=(Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK),
    )
    example: ClassVar[str] = """\
- name: garbage from search
  match: {tool: find}
  when: {probability: 10%}
  fault: {type: malformed_json, how: truncated}
"""

    type: Literal["malformed_json"] = "malformed_json"
    """The fault's name."""
    how: How = "truncated"
    """truncated (cut off, at a place the seed chooses), trailing_comma, single_quotes (as Python prints), unquoted_keys
    (as JavaScript writes), nan, comment, two_documents (twice, on two lines), bom (a byte order mark in front),
    markdown_fence, or prose around it."""

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:
        """The tool's reply with its body spoiled; a reply that cannot be spoiled so passes unharmed."""
        change = partial(_spoiled, how=self.how, draw=turn.draw(rule, "malformed_json"))
        return (Rewrite(change, f"malformed_json: {self.how}"),)


def _spoiled(reply: Reply, how: How, draw: float) -> Reply | Unfit:
    if not reply.body.strip():
        return Unfit("empty_body")
    try:
        text = reply.body.decode()
        json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError):
        return Unfit("not_json")
    spoiled = SPOILERS[how](text.strip(), draw)
    if spoiled is None:
        return Unfit("nothing_to_spoil")
    return Reply(reply.status, reply.reason, reply.headers, spoiled.encode())


def _refused(constant: str) -> object:
    """NaN and infinities are Python's, not JSON's (RFC 8259, section 6)."""
    raise ValueError(constant)
