"""The texts and numbers that a profile is made of, as pydantic types: what each may be, said once.

Loader and schema both go by it. Each refuses with a sentence that begins with what was expected. Knows single
values, not how they belong together.
"""

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from chaosproxy.faults._catalogue import catalogue
from chaosproxy.profiles.mistakes import listing

METHODS = (
    *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "SEARCH", "REPORT", "PURGE"),
    *("PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK"),
)
"""The HTTP methods that the data plane's parser knows and that carry calls."""

SESSION_SOURCES = ("proxy_user", "path", "mcp", "trace", "client", "connection", "header:NAME", "baggage:KEY")
"""What may name a session, as it is written."""

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z\-]+"  # RFC 9110, section 5.6.2: names of methods and headers
_HEADER = re.compile(_TOKEN)
_UPSTREAM = r"(?!\.{1,2}$)[A-Za-z0-9._\-]{1,100}"
_PATH = r"/(?:[^{}*?#\s]|\{[A-Za-z_][A-Za-z0-9_]*\})*\*?"
_HOST = r"[^\s/@?#]+"
_SPAN = r"\s*0*[1-9][0-9]{0,8}\s*(?:-\s*0*[1-9][0-9]{0,8}\s*)?"
_SOURCE = rf"proxy_user|path|mcp|trace|client|connection|header:{_TOKEN}|baggage:{_TOKEN}"
_MOST = 999_999_999
_SHARE = r"\s*0*(\d{1,3})\s+of\s+0*(\d{1,3})\s*"
_MOST_OF = 100
"""Whoever chooses among more goes through more of them, for each call."""


def _whole(pattern: str) -> str:
    """The pattern as JSON Schema wants it, which looks for it anywhere."""
    return f"^(?:{pattern})$"


def _matching(pattern: str, expected: str) -> Callable[[str], str]:
    fits = re.compile(pattern)

    def check(text: str) -> str:
        if fits.fullmatch(text):
            return text
        raise ValueError(f"expected {expected}")

    return check


def _name(text: str) -> str:
    if text.strip() and text.isprintable() and len(text) <= 200:
        return text
    raise ValueError("expected a name: one line of text, not empty, of at most 200 characters")


def _one_line(text: str) -> str:
    if text.isprintable():
        return text
    raise ValueError("expected one line of text, without control characters")


def _method(text: str) -> str:
    if text.upper() in METHODS:
        return text.upper()
    raise unknown("HTTP method", text, METHODS)


def _fault_name(text: str) -> str:
    if text in catalogue():
        return text
    raise unknown("fault", text, catalogue())


def _session_source(text: str) -> str:
    if re.fullmatch(_SOURCE, text):
        return text
    plain = [source for source in SESSION_SOURCES if ":" not in source]
    raise PydanticCustomError(
        "unknown_name", "expected {expected}", {"expected": listing(SESSION_SOURCES), "names": plain, "got": text}
    )


def unknown(what: str, got: object, names: Any) -> PydanticCustomError:  # noqa: ANN401  any iterable of names
    """The refusal of a name that is not known, with the names that are."""
    return PydanticCustomError("unknown_name", "no such {what}", {"what": what, "got": got, "names": list(names)})


def parse_span(piece: object) -> tuple[int, int]:
    """First and last of `3`, `"3"`, `"1-2"` or (1, 2).

    Raises:
        ValueError: with what was expected.
    """
    low = high = 0
    if isinstance(piece, int) and not isinstance(piece, bool):
        low = high = piece
    elif isinstance(piece, str) and re.fullmatch(_SPAN, piece):
        first, dash, last = piece.partition("-")
        low, high = int(first), int(last if dash else first)
    elif isinstance(piece, tuple) and len(piece) == 2 and all(type(end) is int for end in piece):
        low, high = piece
    if 1 <= low <= high <= _MOST:
        return low, high
    raise ValueError("expected a number from 1, or a range that goes up, such as 1-2")


def _exact_share(share: object) -> tuple[int, int]:
    hits = of = 0
    if isinstance(share, str) and (written := re.fullmatch(_SHARE, share)):
        hits, of = int(written[1]), int(written[2])
    elif isinstance(share, tuple) and len(share) == 2 and all(type(count) is int for count in share):
        hits, of = share
    if 1 <= hits <= of <= _MOST_OF:
        return hits, of
    raise ValueError(f"expected a share in whole calls, such as 2 of 10, of at most {_MOST_OF}")


def _json_value(value: object) -> object:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise ValueError("expected a text, a number, true, false or null")


class OneOrMore:
    """An annotation on a tuple: a single item may be written without the list."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The tuple's own schema, after what is no list has been put into one."""
        return core_schema.no_info_before_validator_function(_listed, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """An item, or a list of items."""
        array = handler(schema)
        return {"anyOf": [array["items"], array]}


def _listed(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


Many = Field(strict=False)
"""A tuple that a list may be given for."""

AtLeastOne = Field(strict=False, min_length=1)
"""The same, and it may not be empty."""

Name = Annotated[str, AfterValidator(_name), WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 200})]
"""What something is called in reports and metrics."""

OneLine = Annotated[str, AfterValidator(_one_line)]
"""Text without control characters, so that it can stand in a header or a log line."""

UpstreamName = Annotated[
    str,
    AfterValidator(_matching(_UPSTREAM, "a name that can stand in a URL: letters, digits, `.`, `_` and `-`")),
    WithJsonSchema({"type": "string", "pattern": _whole(_UPSTREAM)}),
]
"""An upstream's name: the first segment of gateway paths, where `~` in front is for sessions."""

Method = Annotated[
    str,
    AfterValidator(_method),
    WithJsonSchema({"enum": [*METHODS, *(method.lower() for method in METHODS)]}),
]
"""An HTTP method, kept in capitals."""

PathTemplate = Annotated[
    str,
    AfterValidator(_matching(_PATH, "a path such as /v1/items/{id}, with * only at its end, and no query")),
    WithJsonSchema({"type": "string", "pattern": _whole(_PATH), "examples": ["/v1/items/{id}", "/v1/*"]}),
]
"""A path with places for ids, and an open end."""

HostGlob = Annotated[
    str,
    AfterValidator(_matching(_HOST, "a host, with globs: example.com, *.example.com or 127.0.0.1:9001, no URL")),
    WithJsonSchema({"type": "string", "pattern": _whole(_HOST), "examples": ["127.0.0.1", "*.staging.example"]}),
]
"""Hosts, with globs."""

HeaderName = Annotated[
    str,
    AfterValidator(_matching(_TOKEN, "the name of a header, such as X-Team")),
    WithJsonSchema({"type": "string", "pattern": _whole(_TOKEN)}),
]
"""A header's name (RFC 9110, section 5.1)."""

HeaderSource = Annotated[
    str,
    AfterValidator(_matching(f"header:{_TOKEN}", "header:NAME, such as header:Idempotency-Key")),
    WithJsonSchema({"type": "string", "pattern": _whole(f"header:{_TOKEN}"), "examples": ["header:Idempotency-Key"]}),
]
"""A place in a request that is a header."""

SessionSource = Annotated[
    str,
    AfterValidator(_session_source),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": [source for source in SESSION_SOURCES if ":" not in source]},
                {"type": "string", "pattern": _whole(f"(?:header|baggage):{_TOKEN}")},
            ]
        }
    ),
]
"""What may name a session."""

FaultName = Annotated[str, AfterValidator(_fault_name), WithJsonSchema({"enum": list(catalogue())})]
"""A fault of the catalogue."""

JsonScalar = Annotated[
    str | int | float | bool | None,
    BeforeValidator(_json_value),
    WithJsonSchema({"type": ["string", "number", "boolean", "null"]}),
]
"""A value in a JSON body."""

Span = Annotated[
    tuple[int, int],
    BeforeValidator(parse_span),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": _MOST},
                {"type": "string", "pattern": _whole(_SPAN)},
            ],
            "examples": [1, "1-2"],
        }
    ),
]
"""First and last, both included, written `3` or `1-2`."""

ExactShare = Annotated[
    tuple[int, int],
    BeforeValidator(_exact_share),
    WithJsonSchema({"type": "string", "pattern": _whole(_SHARE), "examples": ["2 of 10"]}),
]
"""So many of so many, written `2 of 10`."""
