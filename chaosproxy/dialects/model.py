"""A dialect file as it is written: strict, so that a user's own file is refused with the path of each mistake.

`${…}` in texts is described in `placeholders`. Knows how a file may look, not what becomes of it.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from chaosproxy.core.effects import QuotaUnit
from chaosproxy.core.failures import FailureKind
from chaosproxy.dialects.bodies import json_body
from chaosproxy.dialects.placeholders import Template

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header's name (RFC 9110, section 5.6.2)."""
_FIELD = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
"""A header's value (RFC 9110, section 5.5)."""
BODIES = ("body", "html", "xml", "text")
"""Of these a way to say something has one at most."""
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive", "trailer", "upgrade"})


def _pairs(value: object) -> object:
    """Headers as a mapping or, where order or duplicates matter, as a list of mappings: pairs either way."""
    entries = value if isinstance(value, list) else [value]
    mappings = [entry for entry in entries if isinstance(entry, dict)]
    if len(mappings) < len(entries):
        raise ValueError("expected headers as `Name: value`, or as a list of such")
    return tuple(_header(name, text) for mapping in mappings for name, text in mapping.items())


def _header(name: object, text: object) -> tuple[str, str | None]:
    if not isinstance(name, str) or not _TOKEN.fullmatch(name):
        raise ValueError(f"{name!r} cannot be the name of a header")
    if name.lower() in _FRAMING:
        raise ValueError(f"{name} is not a dialect's to say: the wire frames the reply")
    if text is None:
        return name, None
    if isinstance(text, bool) or not (isinstance(text, str | int) and _FIELD.fullmatch(str(text))):
        raise ValueError(f"{name}: expected a text without line ends and without characters beyond Latin-1")
    try:
        template = Template.of(str(text))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    if template.names & {"message", "message:text"}:
        raise ValueError(f"{name}: an error text may hold what a header may not, so ${{message}} is for bodies")
    return name, str(text)


def _filled(text: str) -> str:
    Template.of(text)
    return text


def _no_message(text: str) -> str:
    if Template.of(text).names & {"message", "message:text"}:
        raise ValueError("${message} cannot stand in the message itself")
    return text


def _json(value: JsonValue) -> JsonValue:
    json_body(value, None)
    return value


def _one_or_more(value: object) -> object:
    if value == []:
        raise ValueError("expected at least one")
    return tuple(value) if isinstance(value, list) else (value,)


Need = Literal["limit", "retry_after", "scope", "requests", "tokens", "concurrency"]
Text = Annotated[str, AfterValidator(_filled)]
Headers = Annotated[tuple[tuple[str, str | None], ...], BeforeValidator(_pairs)]
HeaderValue = Annotated[str, Field(pattern=r"^[\x20-\x7e]*$")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Words(_Section):
    """What a reply is made of."""

    reason: HeaderValue | None = None
    """The phrase after the status, if it is not the standard one."""
    code: HeaderValue | None = None
    """The vendor's word for this kind, which `${code}` gives."""
    headers: Headers = ()
    """Headers of this kind, after those of the dialect. Those of the same name are replaced; null takes one away."""
    message: Annotated[str, AfterValidator(_no_message)] | None = None
    """The error text that `${message}` gives when the rule has none of its own."""
    body: Annotated[JsonValue, AfterValidator(_json)] = None
    """A JSON body, its members in this order."""
    html: Text | None = None
    """A page as body."""
    xml: Text | None = None
    """An XML document as body."""
    text: Text | None = None
    """Plain text as body."""
    content_type: HeaderValue | None = None
    """Another Content-Type than the dialect's, or than text/html, application/xml and text/plain."""

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        given = [name for name in BODIES if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{given[1]}: there is a {given[0]} already, and a reply has one")
        return self


class Saying(Words):
    """One way to say one kind of failure."""

    needs: Annotated[tuple[Need, ...], BeforeValidator(_one_or_more)] = ()
    """What must be known for it to be used: when to come back, the right that is lacking, a quota (`limit`), or one on
    requests, on tokens, on concurrency. Of several ways, the first whose needs are met is used."""
    status: Annotated[int, Field(ge=200, le=599)]
    """HTTP status."""


class StreamSection(_Section):
    """How a failure is said in a stream of server-sent events, whose status has long been sent.

    As one event, with the JSON body of the kind as its data, on one line. A kind that has none is said there as the
    dialect's `server_error`, or as `generic` says it.
    """

    event: Annotated[str, Field(pattern=r"^[!-~]([ -~]*[!-~])?$")] | None = "error"
    """The event's name; null, if it has none."""
    wrap: Annotated[str, Field(min_length=1)] | None = None
    """The member that holds the body, in an object of nothing else; the body is the data itself, if left out."""


class DialectFile(_Section):
    """How one vendor says that something went wrong."""

    extends: str | None = None
    """The shipped dialect that it starts from. What stands here goes before what stands there: headers by their name
    (null takes one away), and of a kind what is said of it here, in all the ways that it is said there; a list of
    ways takes the place of all of them."""
    description: str
    """Whose words these are, in one sentence."""
    content_type: HeaderValue = "application/json"
    """Content-Type of JSON bodies."""
    indent: Annotated[int, Field(ge=1, le=8)] | None = None
    """Spaces a level in JSON bodies; all on one line, if left out."""
    array: bool = False
    """Does a JSON body come as the one item of an array?"""
    headers: Headers = ()
    """Headers of every reply. Date and Content-Type are put in front, unless they stand here."""
    stream: StreamSection = StreamSection()
    """How failures are said in streams; as events named `error`, if left out."""
    quota: dict[Annotated[QuotaUnit, Field(strict=False)], Headers] = {}
    """What its good answers say about a quota, in headers, by what the quota counts."""
    otherwise: Words | None = None
    """How the kinds are said that are not among `kinds`, with the status and the message that `generic` has for them.
    Not `refresh_failed`, which a token endpoint says, nor `error_in_success`, which the tool says in its own way."""
    kinds: dict[
        Annotated[FailureKind, Field(strict=False)],
        Annotated[tuple[Saying, ...], BeforeValidator(_one_or_more)],
    ] = {}
    """Each kind of failure, said in one way or in several; what is said nowhere else is said as `generic` says it."""


def read(data: object, written: object, source: str) -> DialectFile:
    """Check a decoded dialect file: `data`, of which `written` is what stands in the file itself.

    Raises:
        ValueError: one line for each mistake: `source: path: what is wrong`.
    """
    try:
        return DialectFile.model_validate(data)
    except ValidationError as error:
        lines = [
            f"{source}: {_path(written, problem['loc'])}{_said(problem)}" for problem in error.errors(include_url=False)
        ]
        raise ValueError("\n".join(dict.fromkeys(lines))) from None


def _path(data: object, places: tuple[int | str, ...]) -> str:
    """The keys that lead to the mistake, as the file has them: no place in a list that we made of one value."""
    path = ""
    for place in places:
        if isinstance(place, int) and not isinstance(data, list):
            continue
        if place == "[key]":
            break
        path += f"[{place}]" if isinstance(place, int) else f".{place}"
        data = _inside(data, place)
    return f"{path.lstrip('.')}: " if path else ""


def _inside(data: object, place: int | str) -> object:
    if isinstance(data, dict):
        return data.get(place)
    if isinstance(data, list) and isinstance(place, int) and place < len(data):
        return data[place]
    return None


_EXPECTED: Mapping[str, str] = MappingProxyType(
    {
        "string_type": "a text",
        "int_type": "a whole number",
        "bool_type": "true or false",
        "dict_type": "a mapping",
        "model_type": "a mapping",
        "string_pattern_mismatch": "plain ASCII characters, without spaces around them",
        "string_too_short": "a text that is not empty",
        "greater_than_equal": "at least {ge}",
        "less_than_equal": "at most {le}",
    }
)
_LONGEST = 60
"""Characters of what was got that are shown."""


def _said(problem: ErrorDetails) -> str:
    """What is wrong, in our words."""
    kind, context, given = problem["type"], problem.get("ctx", {}), problem["input"]
    if kind == "missing":
        return "expected this key, which is missing"
    if kind == "extra_forbidden":
        known = {name for section in (DialectFile, Saying, StreamSection) for name in section.model_fields}
        return f"expected a key that is known here{_meant(problem['loc'][-1], known)}"
    if kind in ("enum", "literal_error"):
        names = re.findall(r"'([^']*)'", str(context["expected"]))
        return f"expected {', '.join(names[:-1])} or {names[-1]}{_meant(given, names)}"
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind].format_map(context)}, got {given!r:.{_LONGEST}}"
    return problem["msg"].removeprefix("Value error, ")


def _meant(name: object, known: Iterable[str]) -> str:
    close = [each for each in get_close_matches(str(name), known, n=2) if each != name]
    return f"; did you mean `{close[0]}`?" if close else ""
