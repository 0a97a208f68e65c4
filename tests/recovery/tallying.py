"""What a scorecard counts, made short: calls that are over, and episodes."""

from dataclasses import dataclass
from itertools import count

from chaosproxy.core.answer import Answer, Origin, UpstreamTruth
from chaosproxy.core.call import Call, CallKind, Layer, Match, Route, ToolEffect
from chaosproxy.core.decision import QUIET, Decision, Injection
from chaosproxy.core.effects import Delay, Rewrite
from chaosproxy.core.events import Because, CallAnswered, EpisodeClosed, Resolution, Verdict
from chaosproxy.core.failures import Course, Nature, Outcome, Phase
from chaosproxy.core.purpose import PLAIN, Purpose, Role
from chaosproxy.profiles.models import Expectation
from chaosproxy.recovery.scoring.scorecard import Scorecard
from chaosproxy.recovery.scoring.terms import RuleInPlay, Terms, Wanted

_numbers = count(1)
_NATURE = Nature(explicit=True, course=Course.TRANSIENT, healthy=())


def strike(rule: str, *faults: str) -> Decision:
    """A rule fired. Faults with `json` in their names work on the reply, and may not fit it."""
    injections = []
    for fault in faults:
        effect = Rewrite(lambda reply: reply, fault) if "json" in fault else Delay(1.0, Phase.BEFORE_UPSTREAM)
        injections.append(Injection(rule, fault, Phase.BEFORE_UPSTREAM, _NATURE, (effect,)))
    return Decision(rule, tuple(injections), "always")


def both(*decisions: Decision) -> Decision:
    """Several rules fired on one call."""
    injections = tuple(injection for each in decisions for injection in each.injections)
    return Decision(decisions[0].rule, injections, "always")


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A call that is over."""

    tool: str = "find"
    session: str = "run-1"
    operation: int = 1
    attempt: int = 1
    kind: CallKind = CallKind.FIRST
    layer: Layer = Layer.NONE
    effect: ToolEffect = ToolEffect.READ
    role: Role = Role.TOOL
    outcome: Outcome = Outcome.OK
    status: int = 200
    any_byte: bool = True
    decision: Decision = QUIET
    skipped: str | None = None
    at: float = 100.0
    seconds: float = 0.5

    def event(self) -> CallAnswered:
        """As it is published."""
        route = Route("up", self.tool, "http", "GET", "h:1", "/", "", self.effect, touchable=True)
        call = Call(
            number=next(_numbers),
            session=self.session,
            session_source="path",
            route=route,
            fingerprint="f",
            headers=(),
            received=self.at,
            purpose=PLAIN if self.role is Role.TOOL else Purpose(role=self.role),
        )
        answer = Answer(
            outcome=self.outcome,
            origin=Origin.UPSTREAM,
            truth=UpstreamTruth.EXECUTED,
            status=self.status,
            first_byte=self.at if self.any_byte else 0.0,
            ended=self.at + self.seconds,
            skipped=self.skipped,
        )
        return CallAnswered(call, Match(self.operation, self.attempt, self.kind, self.layer, 9), self.decision, answer)


def closed(  # noqa: PLR0913 - all that these tests vary
    resolution: Resolution = Resolution.RECOVERED_RETRY,
    verdict: Verdict = Verdict.APPROPRIATE,
    *,
    because: Because = Because.CAME_BACK,
    fault: str = "latency",
    tool: str = "find",
    session: str = "run-1",
    operation: int = 1,
    outcome: Outcome = Outcome.TIMEOUT,
    attempts: int = 2,
    seconds: float = 1.0,
) -> EpisodeClosed:
    """An episode that is over, and took so long from the first failure's end."""
    return EpisodeClosed(
        episode=1,
        session=session,
        tool=tool,
        fault=fault,
        rule=None,
        operation=operation,
        resolution=resolution,
        verdict=verdict,
        because=because,
        attempts=attempts,
        opened=100.0,
        closed=100.0 + seconds,
        detection_seconds=0.25,
        wait_seconds=0.0,
        service_seconds=0.0,
        outcome=outcome,
        calls=(),
        effect=ToolEffect.READ,
    )


def expect(measure: str, **keys: object) -> Wanted:
    """An expectation, as a profile has it."""
    each = Expectation.model_validate(keys)
    return Wanted(measure, each.at_least, each.at_most, each.of, each.tool, each.session, each.cases)


def terms(*wanted: Wanted, rules: tuple[RuleInPlay, ...] = (), seed: int = 7) -> Terms:
    return Terms(rules, wanted, seed)


def feed(card: Scorecard, *calls: Ended) -> Scorecard:
    """Tell it of calls, as a bus does."""
    for call in calls:
        card._answered(call.event())
    return card
