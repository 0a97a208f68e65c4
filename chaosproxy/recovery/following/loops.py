"""Loops: an agent that does the same over and over, seen by its calls alone.

Each loop is found once, however long it goes on; its further turns are known by their fingerprint. Polling and paging
are no loops. Must not know episodes or operations' fates.
"""

from collections.abc import Sequence
from typing import Final

from chaosproxy.core.call import Call, CallKind, Layer, Match
from chaosproxy.core.events import LoopFound, LoopKind
from chaosproxy.core.purpose import Role
from chaosproxy.profiles.models import Loop
from chaosproxy.recovery.following.backoff import grows
from chaosproxy.recovery.following.repeats import Repeat

PERIODS: Final = (2, 3, 4, 5, 6)
"""How many different calls may go round."""
ROUNDS = 3
"""How often they must have done so, with the same replies."""
EACH_FAILED = 4
"""How often each of two tools must have failed in turn."""
ROUND_MOST: Final = PERIODS[-1] * ROUNDS
"""Calls remembered to see rounds by."""
MINUTE = 60.0
PACES = 10
"""In how many steps the calls of a minute are counted."""
SPINS = 4
"""How many turns in a row a model must have asked for the same call."""
FOUND_MOST = 16
"""Loops remembered in a session."""
FAILING_MOST = 64
"""Failing operations remembered in a session."""
NUMBERS_MOST = 64
"""Numbers of calls that a finding names."""

SDK: Final = Layer.SDK
MODEL: Final = Role.MODEL
"""Looked up once: an enum member costs more than a global, and many calls ask."""

_PATIENT = frozenset({CallKind.POLL, CallKind.PAGE, CallKind.CONTINUATION})
"""Kinds of calls that are meant to come again."""


class Step:
    """A call that may be part of a loop."""

    __slots__ = ("fingerprint", "number", "tool", "when")

    def __init__(self, fingerprint: str, tool: str, number: int, when: float) -> None:
        self.fingerprint = fingerprint
        self.tool = tool
        self.number = number
        self.when = when


class LoopMemory:
    """What of one session matters for loops. Small, because there may be very many."""

    __slots__ = ("asked", "failed", "failing", "found", "paces", "progress", "racing", "round", "spin", "spins")

    def __init__(self) -> None:
        self.round: list[Repeat] = []
        """Of the latest reads that were answered well, in order."""
        self.failed: list[Step] | None = None
        """The latest failures in a row."""
        self.failing: dict[int, list[tuple[float, int]]] | None = None
        """(ended, number) of the failed attempts that no SDK marked as its own, by operation."""
        self.progress = 0.0
        """When the latest call arrived that was answered well and was a new one: who gets on is in no loop."""
        self.found: dict[str, float] | None = None
        """Fingerprints that go round, and when each was last seen."""
        self.spin = ""
        """The fingerprint that a model asks for again and again."""
        self.spins: list[tuple[float, int]] = []
        """(received, number) of these calls."""
        self.asked = False
        """Has a model been asked since the last tool call?"""
        self.paces: list[float] | None = None
        """When every so many calls of the session arrived."""
        self.racing = False
        """Was it found to make too many calls, and has not slowed down since?"""


class Loops:
    """Finds loops."""

    def __init__(self, settings: Loop) -> None:
        self._identical = settings.identical
        self._within = settings.within
        self._attempts_most = max(settings.identical, NUMBERS_MOST)
        self._few = min(ROUNDS, settings.identical)
        self._rate = settings.calls_per_minute
        self.pace = max(1, settings.calls_per_minute // PACES)
        """Whoever arrives as so many-eth call of its session, or a multiple, is to be `paced`."""

    def arrived(self, memory: LoopMemory, call: Call, match: Match) -> LoopFound | None:
        """A call that takes part arrived, in a session that asks language models."""
        if call.purpose.role is MODEL:
            memory.asked = True
            return None
        if call.fingerprint != memory.spin or match.kind in _PATIENT:
            memory.spin, memory.spins, memory.asked = call.fingerprint, [(call.received, call.number)], False
            return None
        if not memory.asked:
            return None
        memory.asked = False
        memory.spins.append((call.received, call.number))
        del memory.spins[:-NUMBERS_MOST]
        if len(memory.spins) < SPINS:
            return None
        return self._identical_found(memory, call, LoopKind.LLM_SPIN, memory.spins)

    def paced(self, memory: LoopMemory, call: Call) -> LoopFound | None:
        """Another `pace` calls of the session have arrived, this one the last of them: are they too many a minute?"""
        paces = memory.paces
        if paces is None:
            paces = memory.paces = []
        paces.append(call.received)
        most = self._rate // self.pace + 1
        if len(paces) > most:
            del paces[0]
        racing = len(paces) == most and paces[-1] - paces[0] < MINUTE
        news = racing and not memory.racing
        memory.racing = racing
        if not news:
            return None
        return LoopFound(call.session, (call.route.tool,), LoopKind.RATE, (call.number,), paces[-1] - paces[0])

    def failed(
        self, memory: LoopMemory, call: Call, match: Match, ended: float, waits: Sequence[float]
    ) -> LoopFound | None:
        """An attempt failed. `waits` are those between the attempts of its operation that no hint had asked for.

        Attempts that an SDK marked as retries do not count: they are bounded. Nor does an agent go round that waits
        longer each time, or as long as it was asked to.
        """
        failed = memory.failed
        if failed is None:
            failed = memory.failed = []
        failed.append(Step(call.fingerprint, call.route.tool, call.number, ended))
        if len(failed) > 2 * EACH_FAILED:
            del failed[0]
        if match.layer is not SDK:
            attempts = self._attempts(memory, match.operation)
            attempts.append((ended, call.number))
            if len(attempts) > self._attempts_most:
                del attempts[0]
            if len(waits) + 1 >= self._identical and not grows(waits) and self._enough(attempts):
                return self._identical_found(memory, call, LoopKind.IDENTICAL, attempts[-self._identical :])
        return self._ping_pong(memory, call)

    def delivered(self, memory: LoopMemory, call: Call, match: Match, repeat: Repeat | None) -> LoopFound | None:
        """A call was answered well; `repeat` is what is known of its fingerprint if it is a read."""
        if memory.failed is not None:
            self._get_over(memory, call, match)
        latest = memory.round
        if repeat is None or repeat.pending or match.kind in _PATIENT:
            latest.clear()
            memory.progress = call.received
            return None
        if repeat.count == 1:
            memory.progress = call.received
        latest.append(repeat)
        if len(latest) > ROUND_MOST:
            del latest[0]
        if repeat.same < self._few:
            return None
        arrivals = repeat.arrivals or ()
        if repeat.same >= self._identical and self._enough(arrivals):
            seen = arrivals[-self._identical :]
            if seen[0][0] >= memory.progress:
                repeat.settled = True
                return self._identical_found(memory, call, LoopKind.IDENTICAL, seen)
        return self._cycle(memory, call)

    def turns(self, memory: LoopMemory, call: Call) -> bool:
        """Is an arriving call a further turn of a loop that was found?"""
        found = memory.found
        seen = None if found is None else found.get(call.fingerprint)
        if found is None or seen is None:
            return False
        if call.received - seen > self._within:
            del found[call.fingerprint]
            return False
        found[call.fingerprint] = call.received
        return True

    @staticmethod
    def _attempts(memory: LoopMemory, operation: int) -> list[tuple[float, int]]:
        failing = memory.failing
        if failing is None:
            failing = memory.failing = {}
        attempts = failing.get(operation)
        if attempts is None:
            if len(failing) >= FAILING_MOST:
                del failing[next(iter(failing))]
            attempts = failing[operation] = []
        return attempts

    @staticmethod
    def _get_over(memory: LoopMemory, call: Call, match: Match) -> None:
        """A success after failures."""
        memory.failed = None
        if memory.failing is not None and memory.failing.pop(match.operation, []) and memory.found is not None:
            memory.found.pop(call.fingerprint, None)

    def _enough(self, times: Sequence[tuple[float, int]]) -> bool:
        """Are there enough of them in the time?"""
        return len(times) >= self._identical and times[-1][0] - times[-self._identical][0] <= self._within

    def _ping_pong(self, memory: LoopMemory, call: Call) -> LoopFound | None:
        turns = memory.failed or []
        if len(turns) < 2 * EACH_FAILED or turns[0].tool == turns[1].tool:
            return None
        if any(turn.tool != turns[place % 2].tool for place, turn in enumerate(turns)):
            return None
        return self._found(memory, call, LoopKind.PING_PONG, turns)

    def _cycle(self, memory: LoopMemory, call: Call) -> LoopFound | None:
        latest = memory.round
        for period in PERIODS:
            turns = latest[-period * ROUNDS :]
            if len(turns) < period * ROUNDS:
                return None
            names = [turn.fingerprint for turn in turns]
            if names == names[:period] * ROUNDS and len(set(names)) > 1:
                return self._found(memory, call, LoopKind.CYCLE, _steps(turns[:period]))
        return None

    def _identical_found(
        self, memory: LoopMemory, call: Call, kind: LoopKind, seen: Sequence[tuple[float, int]]
    ) -> LoopFound | None:
        tool = call.route.tool
        return self._found(memory, call, kind, [Step(call.fingerprint, tool, number, when) for when, number in seen])

    @staticmethod
    def _found(memory: LoopMemory, call: Call, kind: LoopKind, steps: Sequence[Step]) -> LoopFound | None:
        """The finding, unless this loop has been found already."""
        found = memory.found
        if found is None:
            found = memory.found = {}
        known = any(step.fingerprint in found for step in steps)
        for step in steps:
            found.pop(step.fingerprint, None)
            if len(found) >= FOUND_MOST:
                del found[next(iter(found))]
            found[step.fingerprint] = step.when
        if known:
            return None
        tools = tuple(dict.fromkeys(step.tool for step in steps))
        numbers = tuple(step.number for step in steps)[-NUMBERS_MOST:]
        return LoopFound(call.session, tools, kind, numbers, max(0.0, steps[-1].when - steps[0].when))


def _steps(round_: Sequence[Repeat]) -> list[Step]:
    """The calls of the last rounds, in the order of their arrival."""
    steps = [
        Step(repeat.fingerprint, repeat.tool, number, when)
        for repeat in round_
        for when, number in (repeat.arrivals or ())[-ROUNDS:]
    ]
    return sorted(steps, key=lambda step: step.when)
