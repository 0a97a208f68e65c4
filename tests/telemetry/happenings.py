"""Things that happen in these tests: calls and their ends, made short, and a profile that they happen under."""

from collections.abc import Mapping

from chaosproxy.core.answer import Answer, Hint, Origin, UpstreamTruth
from chaosproxy.core.call import Call, CallKind, Layer, Match, Route, ToolEffect
from chaosproxy.core.decision import QUIET, Decision, Injection
from chaosproxy.core.effects import Delay, Effect, Reject
from chaosproxy.core.events import (
    Because,
    CallAnswered,
    EpisodeClosed,
    Resolution,
    SessionEnded,
    TunnelClosed,
    TunnelMode,
    TunnelReason,
    Verdict,
)
from chaosproxy.core.failures import Course, FailureKind, Nature, Outcome, Phase
from chaosproxy.core.purpose import PLAIN, Purpose
from chaosproxy.faults.latency import Latency
from chaosproxy.faults.server_error import ServerError
from chaosproxy.profiles.models import Profile, Rule, Tool, Upstream

NATURE = Nature(explicit=True, course=Course.TRANSIENT, healthy=())
MATCH = Match(operation=7, attempt=1, kind=CallKind.FIRST, layer=Layer.NONE, rule=9)
OK = Answer(
    outcome=Outcome.OK,
    origin=Origin.UPSTREAM,
    truth=UpstreamTruth.EXECUTED,
    status=200,
    first_byte=1_000.010,
    ended=1_000.0125,
    bytes_out=42,
    upstream_status=200,
    upstream_seconds=0.012,
)
REFUSED = Answer(
    outcome=Outcome.UNAVAILABLE,
    origin=Origin.INJECTED,
    truth=UpstreamTruth.NOT_SENT,
    status=503,
    first_byte=1_000.25,
    ended=1_000.25,
    injected_seconds=0.25,
    hint=Hint(2.0, "retry-after", 1.0),
)
STRUCK = Decision(
    rule="slow and down",
    injections=(
        Injection("slow and down", "latency", Phase.BEFORE_UPSTREAM, NATURE, (Delay(0.25, Phase.BEFORE_UPSTREAM),)),
        Injection(
            "slow and down",
            "server_error",
            Phase.AFTER_UPSTREAM,
            NATURE,
            (Reject(FailureKind.UNAVAILABLE, Phase.AFTER_UPSTREAM),),
        ),
    ),
    reason="probability 30%, drew 0.118",
    draw=0.118,
    skipped=(("earlier rule", "max_active"),),
)


def slow(fault: str, *effects: Effect) -> Injection:
    return Injection("rule", fault, Phase.BEFORE_UPSTREAM, NATURE, effects)


def route(tool: str = "find", path: str = "/v1/items", query: str = "") -> Route:
    return Route("search", tool, "http", "GET", "127.0.0.1:9001", path, query, ToolEffect.READ, touchable=True)


def call(number: int = 1, aim: Route | None = None, trace_id: str | None = None, *, purpose: Purpose = PLAIN) -> Call:
    return Call(
        number=number,
        session="agent-1",
        session_source="path",
        route=aim or route(),
        fingerprint="00ff00ff00ff00ff",
        headers=((b"Authorization", b"Bearer hush-header"),),
        received=1_000.0,
        body={"password": "hush-body"},
        trace_id=trace_id,
        purpose=purpose,
    )


def answered(
    number: int = 1,
    *,
    about: Call | None = None,
    match: Match = MATCH,
    decision: Decision = QUIET,
    answer: Answer = OK,
) -> CallAnswered:
    return CallAnswered(about or call(number), match, decision, answer)


def episode(
    resolution: Resolution = Resolution.RECOVERED_RETRY, *, fault: str = "server_error", trace_id: str | None = None
) -> EpisodeClosed:
    return EpisodeClosed(
        episode=3,
        session="agent-1",
        tool="find",
        fault=fault,
        rule="slow and down",
        operation=7,
        resolution=resolution,
        verdict=Verdict.APPROPRIATE,
        attempts=3,
        opened=1_001.0,
        closed=1_008.5,
        detection_seconds=0.25,
        wait_seconds=6.0,
        service_seconds=1.5,
        model_seconds=0.5,
        because=Because.CAME_BACK,
        outcome=Outcome.UNAVAILABLE,
        calls=(11, 14, 15),
        ended_by=15,
        effect=ToolEffect.WRITE,
        trace_id=trace_id,
    )


SESSION_ENDED = SessionEnded(
    session="agent-1", source="path", calls=5, operations=3, episodes=1, started=1_000.0, ended=1_009.0, forgotten=2
)

TUNNEL_CLOSED = TunnelClosed(
    host="pay.test:443", mode=TunnelMode.BLIND, reason=TunnelReason.NO_CA, bytes_up=517, bytes_down=4_096, seconds=1.5
)


def profile(tools: int = 2) -> Profile:
    """`find` and `charge` (as far as `tools` goes, then more), and a rule with two faults for `find`."""
    names = ["find", "charge", *(f"tool_{number}" for number in range(3, tools + 1))][:tools]
    return Profile(
        version=1,
        name="monday",
        seed=20261122,
        upstreams={"search": Upstream(url="http://127.0.0.1:9001")},
        tools={
            name: Tool(upstream="search", path=f"/{name}", method="POST" if name == "charge" else "GET")
            for name in names
        },
        rules=(
            Rule.model_validate(
                {
                    "name": "slow and down",
                    "match": {"tool": "find"},
                    "fault": [Latency.model_validate({"delay": "250ms"}), ServerError.model_validate({})],
                },
                strict=False,
            ),
        ),
    )


class Books:
    """What the engine, the tracker and the journal say of themselves."""

    def __init__(self) -> None:
        self.eligible: dict[str, int] = {}
        self.clean_operations: dict[str, int] = {}
        self.open_episodes = 0
        self.active_sessions = 0
        self.dropped = 0

    def eligible_counts(self) -> Mapping[str, int]:
        return self.eligible
