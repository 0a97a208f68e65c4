"""What a profile would do to an imagined agent: the engine that serves real traffic, without the traffic.

Composes what `app` composes, as far as a decision needs it: requests are read as real ones are, so fingerprints and
draws are those that real calls with these arguments would have.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

import msgspec

from chaosproxy.core.clock import ManualClock
from chaosproxy.core.decision import Decision
from chaosproxy.core.effects import Delay, Effect, Stall, Throttle
from chaosproxy.core.errors import UsageError
from chaosproxy.dataplane.http.requests.reading import Reader
from chaosproxy.dataplane.http.requests.routing import Router
from chaosproxy.dataplane.http.requests.sessions import Peer
from chaosproxy.dataplane.http.wire import Request
from chaosproxy.engine.engine import Engine
from chaosproxy.profiles.loader import LoadedProfile


class Imagination(msgspec.Struct, frozen=True, kw_only=True):
    """The imagined agent."""

    tool: str
    calls: int
    sessions: int
    retries: int
    """How often it repeats a call that was hit."""
    interval: float
    """Seconds between its calls."""


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

    def as_record(self) -> dict[str, object]:
        """For JSON."""
        return {name: getattr(self, name) for name in self.__struct_fields__}


def simulate(loaded: LoadedProfile, asked: Imagination) -> list[Imagined]:
    """The calls in order: session after session.

    Raises:
        UsageError: if the profile declares no such tool.
    """
    profile = loaded.profile
    tool = profile.tools.get(asked.tool)
    if tool is None:
        known = ", ".join(profile.tools) or "none"
        raise UsageError(f"the profile declares no tool {asked.tool!r} (there are: {known})")
    path = re.sub(r"\{[^{}]+\}", "1", tool.path.removesuffix("*"))
    reader = Reader(profile, Router(profile, set()))
    engine = Engine(profile)
    clock = ManualClock()
    target = f"/{tool.upstream}{path}".encode("latin-1", "replace")
    method = (tool.method or "GET").encode("latin-1")
    return [
        each
        for number in range(1, asked.sessions + 1)
        for each in _session(f"sim-{number}", (reader, engine, clock), (method, target), asked)
    ]


def _session(
    name: str, house: tuple[Reader, Engine, ManualClock], aim: tuple[bytes, bytes], asked: Imagination
) -> Iterator[Imagined]:
    reader, engine, clock = house
    ordinal = 0
    for _ in range(asked.calls):
        for attempt in range(1, asked.retries + 2):
            ordinal += 1
            request = Request(aim[0], b"/~" + name.encode() + aim[1], [(b"Host", b"imagined")], "1.1")
            request.complete = True
            call = reader.read(request, reader.destination(request), Peer("imagined", 1), clock.monotonic())
            decision = engine.judge(replace(call, session=name), attempt, clock.monotonic())
            engine.finished(decision)
            clock.advance(asked.interval)
            yield _imagined(name, (ordinal, attempt), decision)
            if not _fails(decision):
                break


def _fails(decision: Decision) -> bool:
    return any(not _only_delays(effect) for each in decision.injections for effect in each.effects)


def _only_delays(effect: Effect) -> bool:
    """Does all of the reply come, if late?"""
    return isinstance(effect, Delay | Throttle) or (isinstance(effect, Stall) and effect.ending is None)


def _imagined(session: str, place: tuple[int, int], decision: Decision) -> Imagined:
    faults = [each.fault for each in decision.injections]
    return Imagined(
        session=session,
        ordinal=place[0],
        attempt=place[1],
        rule=decision.rule,
        fault=" + ".join(faults) or None,
        phase=decision.injections[0].phase if faults else None,
        reason=decision.reason,
        draw=decision.draw,
    )
