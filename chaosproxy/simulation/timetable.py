"""What a profile would do to imagined agents: the engine that serves real traffic, without the traffic.

Composes what `app` composes, as far as a decision needs it: requests are read as real ones are, so fingerprints and
draws are those that real calls with these arguments would have. The agents keep to a timetable: whatever happened to
its last call, each calls again after the interval. What no engine can know is not imagined: what a tool answers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import msgspec

from chaosproxy.core.call import Call
from chaosproxy.core.clock import ManualClock
from chaosproxy.core.decision import Decision
from chaosproxy.core.effects import Delay, Effect, Hang, Hold, Stall, Throttle
from chaosproxy.core.errors import UsageError
from chaosproxy.dataplane.http.requests.reading import Reader
from chaosproxy.dataplane.http.requests.routing import Destination, Router
from chaosproxy.dataplane.http.requests.sessions import Peer
from chaosproxy.engine.engine import Engine
from chaosproxy.engine.matching import HANDSHAKE
from chaosproxy.engine.timing import Phases
from chaosproxy.profiles.loader import LoadedProfile
from chaosproxy.profiles.models import Profile
from chaosproxy.simulation.aims import Aim, aims


class Imagination(msgspec.Struct, frozen=True, kw_only=True):
    """The imagined agents."""

    sessions: int
    retries: int
    """How often one repeats a call that it saw fail."""
    interval: float
    """Seconds from one call of a session to its next. All sessions begin at once."""
    tools: tuple[str, ...] = ()
    """What is called, in turn; if empty, everything that the profile is about."""
    calls: int | None = None
    """Operations in each session, each of them a call and its retries."""
    seconds: float | None = None
    """Instead: how long each session lasts."""
    takes: float = 0.0
    """Seconds that a call takes, beside what faults add: so long it is in flight."""
    distinct: bool = True
    """Does each operation have arguments of its own? Retries repeat those of their operation."""
    body: Mapping[str, object] = msgspec.field(default_factory=dict)
    """What stands in the JSON body of calls that have one."""


class Imagined(msgspec.Struct, frozen=True, kw_only=True):
    """One imagined call, and what would happen to it."""

    session: str
    ordinal: int
    """Which call of its session, retries included."""
    attempt: int
    rule: str | None
    fault: str | None
    """The faults' names, joined by ` + `."""
    phase: str | None
    reason: str
    draw: float | None
    at: float
    """Seconds since the run began."""
    tool: str
    method: str
    target: str
    """What is asked of the upstream: path and query; of a handshake, host and port."""
    operation: int
    """Which operation of its session."""
    rules: tuple[str, ...]
    """All that hit it, in order: more than one if a rule says `continue`."""
    skipped: str | None
    """The rule that would have hit it, had a budget not held it back."""

    def as_record(self) -> dict[str, object]:
        """For JSON."""
        return {name: getattr(self, name) for name in self.__struct_fields__}


class RuleCount(msgspec.Struct, frozen=True):
    """How a rule fared."""

    rule: str
    eligible: int
    """Calls that it could have hit: it matched them, and no rule before it decided them."""
    hit: int


class Weather(msgspec.Struct, frozen=True):
    """When a rule that goes by time (`after`, `for`, `outage`, `ramp`) is on."""

    rule: str
    on: tuple[float, ...]
    """For each moment of the timetable: 0 if it is off, 1 if it is on, and what a ramp has come to in between."""


class Foreseen(msgspec.Struct, frozen=True):
    """All that was imagined."""

    calls: tuple[Imagined, ...]
    """Session after session, and in each in the order of time."""
    rules: tuple[RuleCount, ...]
    """In the order of the profile."""
    weather: tuple[Weather, ...]
    """Likewise, of the rules that go by time."""


class _Agent:
    """One session on its timetable."""

    def __init__(self, name: str, operations: int | None) -> None:
        self.name = name
        self.operation = 1
        self.attempt = 1
        self.ordinal = 0
        self._operations = operations

    @property
    def done(self) -> bool:
        return self._operations is not None and self.operation > self._operations

    def heard(self, *, failed: bool, retries: int) -> None:
        """What comes next: the same again, or the next operation."""
        if failed and self.attempt <= retries:
            self.attempt += 1
        else:
            self.operation += 1
            self.attempt = 1


class _House:
    """What stands between the imagined agents and the imagined tools."""

    def __init__(self, profile: Profile) -> None:
        self.clock = ManualClock()
        self._began = self.clock.monotonic()
        self.engine = Engine(profile, self._began)
        self._reader = Reader(profile, Router(profile, set()))
        self._flying: list[tuple[float, Decision]] = []

    @property
    def elapsed(self) -> float:
        return self.clock.monotonic() - self._began

    def call(self, agent: _Agent, aim: Aim, asked: Imagination) -> tuple[Call, Destination]:
        """The call that an agent makes now."""
        request = aim.request(agent.name, agent.operation if asked.distinct else None, asked.body)
        destination = self._reader.destination(request)
        if aim.handshake:
            destination = _tunnel(destination)
        call = self._reader.read(request, destination, Peer("imagined", 1), self.clock.monotonic())
        return replace(call, session=agent.name), destination

    def judge(self, call: Call, attempt: int, takes: float) -> Decision:
        """What happens to it; it is over after as long as it takes."""
        now = self.clock.monotonic()
        for _, decision in (over := [each for each in self._flying if each[0] <= now]):
            self.engine.finished(decision)
        self._flying = [each for each in self._flying if each not in over] if over else self._flying
        decision = self.engine.judge(call, attempt, now)
        self._flying.append((now + takes + _added(decision), decision))
        return decision


def simulate(loaded: LoadedProfile, asked: Imagination) -> Foreseen:
    """What would happen to the agents' calls.

    Raises:
        UsageError: if the profile declares no such tool, or no upstream.
    """
    profile = loaded.profile
    targets = aims(profile, asked.tools)
    if not targets:
        raise UsageError("the profile declares no upstream that could be called; name one with --upstream NAME=URL")
    house = _House(profile)
    agents = [_Agent(f"sim-{number}", asked.calls) for number in range(1, asked.sessions + 1)]
    calls: dict[str, list[Imagined]] = {agent.name: [] for agent in agents}
    moments: list[float] = []
    while not all(agent.done for agent in agents):
        if asked.seconds is not None and house.elapsed >= asked.seconds:
            break
        moments.append(house.elapsed)
        for agent in agents:
            if not agent.done:
                aim = targets[(agent.operation - 1) % len(targets)]
                calls[agent.name].append(_step(house, agent, aim, asked))
        house.clock.advance(asked.interval)
    hits: Mapping[str, int] = house.engine.injected_counts()
    counts = tuple(RuleCount(rule, count, hits[rule]) for rule, count in house.engine.eligible_counts().items())
    whole = tuple(each for of_session in calls.values() for each in of_session)
    return Foreseen(whole, counts, tuple(_weather(house.engine, moments)))


def _weather(engine: Engine, moments: list[float]) -> Iterator[Weather]:
    for rule in engine.plan.rules:
        slope, times = rule.trigger.slope, rule.trigger.times
        if slope is not None or any(not isinstance(each, Phases) for each in times):
            on = (
                (slope.at(moment) if slope is not None else 1.0) if all(each.holds(moment) for each in times) else 0.0
                for moment in moments
            )
            yield Weather(rule.name, tuple(on))


def _step(house: _House, agent: _Agent, aim: Aim, asked: Imagination) -> Imagined:
    """One call of an agent."""
    call, destination = house.call(agent, aim, asked)
    decision = house.judge(call, agent.attempt, asked.takes)
    agent.ordinal += 1
    faults = [each.fault for each in decision.injections]
    imagined = Imagined(
        session=agent.name,
        ordinal=agent.ordinal,
        attempt=agent.attempt,
        rule=decision.rule,
        fault=" + ".join(faults) or None,
        phase=decision.injections[0].phase if faults else None,
        reason=decision.reason,
        draw=decision.draw,
        at=round(house.elapsed, 6),
        tool=call.route.tool,
        method=call.route.method,
        target=destination.target.decode("latin-1"),
        operation=agent.operation,
        rules=tuple(dict.fromkeys(each.rule for each in decision.injections)),
        skipped=decision.skipped[0][0] if decision.skipped else None,
    )
    agent.heard(failed=_fails(decision), retries=asked.retries)
    return imagined


def _tunnel(found: Destination) -> Destination:
    """The same place as the end of a tunnel (CONNECT)."""
    origin = found.origin
    end = f"{origin.host}:{origin.port}"
    route = msgspec.structs.replace(
        found.route, tool=f"CONNECT {end}", transport=HANDSHAKE, method="CONNECT", path="", query=""
    )
    return msgspec.structs.replace(found, route=route, target=end.encode(), template="", tool=None)


def _fails(decision: Decision) -> bool:
    """Does the agent see a failure? Who is lied to does not ask again."""
    return any(
        not _only_late(effect) for each in decision.injections if each.nature.explicit for effect in each.effects
    )


def _only_late(effect: Effect) -> bool:
    """Does all of the reply come, if late?"""
    return isinstance(effect, Delay | Hold | Throttle) or (isinstance(effect, Stall) and effect.ending is None)


def _added(decision: Decision) -> float:
    """Seconds for which faults keep the call from its end."""
    effects = (effect for each in decision.injections for effect in each.effects)
    return sum(effect.seconds for effect in effects if isinstance(effect, Delay | Hang))
