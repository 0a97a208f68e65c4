"""Calls, matches and answers with what a test is about, and the rest as usual."""

from itertools import count

from chaosproxy.core.answer import Answer, Origin, UpstreamTruth
from chaosproxy.core.call import Call, CallKind, Layer, Match, Route, ToolEffect
from chaosproxy.core.failures import Outcome
from chaosproxy.core.purpose import Purpose, Role

_numbers = count(1)


def a_call(  # noqa: PLR0913 - all that these tests vary
    name: str = "a",
    at: float = 0.0,
    *,
    tool: str = "find",
    role: Role = Role.TOOL,
    purpose: Purpose | None = None,
    body: object = None,
    path: str = "/find",
    query: str = "",
    number: int | None = None,
) -> Call:
    route = Route("up", tool, "http", "GET", "h:1", path, query, ToolEffect.READ, touchable=True)
    return Call(
        number=next(_numbers) if number is None else number,
        session="s",
        session_source="client",
        route=route,
        fingerprint=name,
        headers=(),
        received=at,
        body=body,
        purpose=purpose or Purpose(role=role),
    )


def a_match(operation: int = 1, kind: CallKind = CallKind.FIRST, layer: Layer = Layer.NONE) -> Match:
    return Match(operation, 1, kind, layer, 9)


def good(digest: str | None = None, *, pending: bool = False, ended: float = 0.0, skipped: str | None = None) -> Answer:
    return Answer(
        outcome=Outcome.OK,
        origin=Origin.UPSTREAM,
        truth=UpstreamTruth.EXECUTED,
        status=200,
        first_byte=ended,
        ended=ended,
        body_digest=digest,
        pending=pending,
        skipped=skipped,
    )
