"""The reply is almost JSON: the tool's own data, spoiled in one of the ways that real servers and models spoil it.

**What the agent sees**

The tool's own status and headers, `Content-Type: application/json`, a complete body, and in it something that a strict
JSON parser refuses; with `duplicate_keys`, something that most take, and understand otherwise. The tool has run.

**What a healthy agent does**

It notices, does not guess what was meant, and asks again (after a write: checks first), or says that it cannot read
the reply.

**Seen in the wild**

Truncated or empty JSON surfaces from the OpenAI and Anthropic SDKs as a bare `JSONDecodeError`: not one of their own
errors, so not retried, and it escapes handlers written for those. Python writes `NaN` and reads it again, most others
refuse it; `requests` reads over a byte order mark, `json.loads` on text does not. Models wrap JSON in prose and in
Markdown fences; tools that print a dictionary of Python give single quotes, `None` and `True`. PHP writes its warnings
in front of the reply unless told not to. Gerrit and other services of Google begin theirs with `)]}'`. Of a key that
comes twice, RFC 8259 (section 4) says that software differs: Python, JavaScript and msgspec keep the last value.
"""

from functools import partial
from typing import ClassVar, Literal

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Effect, Rewrite, Unfit
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._json_spoiling import REARRANGERS, SPOILERS
from chaosproxy.faults._json_values import read

How = Literal[
    "truncated",
    "trailing_comma",
    "missing_comma",
    "single_quotes",
    "unquoted_keys",
    "unescaped_quotes",
    "invalid_escape",
    "control_characters",
    "nan",
    "python_literals",
    "comment",
    "two_documents",
    "json_lines",
    "bom",
    "trailing_nul",
    "markdown_fence",
    "prose",
    "trailing_text",
    "warning_in_front",
    "xssi_guard",
    "jsonp",
    "duplicate_keys",
]

_ANSWERS = (Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK)
_SILENT = Nature(explicit=False, course=Course.TRANSIENT, healthy=(*_ANSWERS, Reaction.STOP_AND_SAY))
"""Of what parsers take: whoever notices it at all cannot know what was meant."""


class MalformedJson(Fault):
    """Spoil the JSON of the reply."""

    family = Family.PAYLOAD
    phases = (Phase.AFTER_UPSTREAM,)
    nature = Nature(explicit=False, course=Course.TRANSIENT, healthy=_ANSWERS)
    example: ClassVar[str] = """\
- name: garbage from search
  match: {tool: find}
  when: {probability: 10%}
  fault: {type: malformed_json, how: truncated}
"""

    type: Literal["malformed_json"] = "malformed_json"
    """The fault's name."""
    how: How = "truncated"
    """truncated (cut off, at a place the seed chooses), trailing_comma, missing_comma, single_quotes (as Python
    prints), unquoted_keys (as JavaScript writes), unescaped_quotes (inside a text), invalid_escape (of an apostrophe),
    control_characters (raw line breaks inside a text), nan, python_literals (`None`, `True`), comment, two_documents
    (twice, on two lines), json_lines (a list's items, a line each), bom (a byte order mark in front), trailing_nul,
    markdown_fence, prose around it, trailing_text (a log line), warning_in_front (PHP's), xssi_guard (`)]}'`), jsonp;
    or duplicate_keys: a key that comes twice, the second time with nothing in it. That is no error to most parsers:
    they keep the last value and say nothing."""

    @property
    def judged_by(self) -> Nature:
        """A key that comes twice is no error to anybody."""
        return _SILENT if self.how == "duplicate_keys" else self.nature

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:
        """The tool's reply with its body spoiled; a reply that cannot be spoiled so passes unharmed."""
        change = partial(_spoiled, how=self.how, draw=turn.draw(rule, "malformed_json"))
        return (Rewrite(change, f"malformed_json: {self.how}"),)


def _spoiled(reply: Reply, how: How, draw: float) -> Reply | Unfit:
    if not reply.body.strip():
        return Unfit("empty_body")
    document = read(reply.body)
    if document is None:
        return Unfit("not_json")
    try:
        spoiler = SPOILERS.get(how)
        spoiled = spoiler(document.text.strip(), draw) if spoiler else REARRANGERS[how](document, draw)
    except RecursionError:
        return Unfit("too_deep")
    if spoiled is None:
        return Unfit("nothing_to_spoil")
    return Reply(reply.status, reply.reason, reply.headers, spoiled.encode())
