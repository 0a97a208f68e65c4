"""What is counted of a run, or of those of its sessions that somebody asked for: by tool, and by tool and fault.

Tools are bounded, because agents name them: the first 50 have cells of their own, the others share. Those that an
expectation or a rule names are kept apart from the others all the same. Must not know which calls it is asked to count.
Compiled: every call is counted here.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from typing import Final

from chaosproxy.core.call import CallKind, Layer, ToolEffect
from chaosproxy.core.events import BackoffSeen, EpisodeClosed, LoopFound, LoopKind, OperationResult
from chaosproxy.engine.matching import Glob, glob
from chaosproxy.recovery.scoring.count import Count
from chaosproxy.recovery.scoring.jitter import Backoff
from chaosproxy.recovery.scoring.seen import CallSeen
from chaosproxy.recovery.scoring.tallies import TIMES, Tally, together

TOOLS = 50
"""Tools with a cell of their own."""
OTHER = "_other"
"""What all further tools go by."""
FAULTS = 200
"""Faults of one tool with a tally of their own: more than the catalogue has. A journal may name any."""
LOOPS = 1_000
"""Sets of tools that go round in circles."""
LONG_TALLIES = 64
"""Tallies that keep as many times to recovery as a tally may; those that come later keep few."""
SHORT = 500

WRITE: Final = ToolEffect.WRITE
HEDGE: Final = CallKind.HEDGE
"""Looked up once: an enum member costs more than a global, and every call asks."""


class Cell:
    """One tool's counts."""

    def __init__(self, tool: str, fits: tuple[bool, ...]) -> None:
        self.tool = tool
        self.fits = fits
        """By glob that was asked for: does the tool fit it?"""
        self.plain = 0
        """Calls that were all there was to their operations: answered as they should be, and untouched."""
        self.plain_writes = 0
        """Those of them that write."""
        self.plain_kinds: Counter[CallKind] = Counter()
        """Those of them that were polls, pages, twins, ..."""
        self.rest = Count()
        """All others."""
        self.tallies: dict[str, Tally] = {}

    def count(self) -> Count:
        """All calls together."""
        total = Count.together([self.rest])
        total.add_plain(self.plain, self.plain_writes, self.plain_kinds)
        for result, number in total.results.items():
            if number < 0:  # a journal has lost what an episode takes back, or says it of another tool
                total.results[result] = 0
        return total


class Board:
    """What is counted."""

    def __init__(self, globs: Iterable[str] = (), durations: int = 0) -> None:
        """Count nothing yet.

        Args:
            globs: what tools will be asked for by.
            durations: how many durations of operations to keep, the latest.
        """
        self._globs = tuple(dict.fromkeys(globs))
        self._tests: tuple[Glob, ...] = tuple([glob(each) for each in self._globs])
        self.cells: dict[str, Cell] = {}
        """By tool; those of further tools are in `_others`."""
        self._others: dict[tuple[bool, ...], Cell] = {}
        self._loops: Counter[tuple[LoopKind, frozenset[Cell]]] = Counter()
        self._backoffs: dict[Layer, Backoff] = {}
        self._tallied = 0
        self.durations: deque[float] = deque(maxlen=durations)
        """Seconds that decided operations took, from their first call to their end, the latest."""
        self.sessions = 0
        """Agent runs that are over."""

    # What happened

    def count_call(self, call: CallSeen, *, clean: bool) -> None:
        """Any call; `clean` if its operation ended so."""
        cell = self.cell(call.tool)
        count = cell.rest
        if call.faults:
            self._count_faults(cell, call)
        if not call.role.takes_part:
            count.other_calls += 1
            return
        count.calls += 1
        count.kinds[call.kind] += 1
        count.outcomes[call.outcome] += 1
        if call.layer is not Layer.NONE:
            count.layers[call.layer] += 1
        if call.attempt == 1 and call.kind is not HEDGE:
            count.operations += 1
            if call.effect is WRITE:
                count.write_operations += 1
        if clean:
            count.results[OperationResult.CLEAN] += 1
            if self.durations.maxlen:
                self.durations.append(call.seconds)

    def count_episode(
        self, event: EpisodeClosed, before: OperationResult | None, result: OperationResult | None
    ) -> None:
        """An episode that is over; and the results that its operation no longer counts under, and does now."""
        cell = self.cell(event.tool)
        self._tally(cell, event.fault).count(event)
        if before is not None:
            cell.rest.results[before] -= 1
        if result is not None:
            cell.rest.results[result] += 1
            if self.durations.maxlen and result is not OperationResult.CENSORED:
                self.durations.append(event.closed - event.opened + event.detection_seconds)

    def count_loop(self, event: LoopFound) -> None:
        """A circle that an agent went round in."""
        key = (event.kind, frozenset([self.cell(tool) for tool in event.tools]))
        if key not in self._loops and len(self._loops) >= LOOPS:
            key = (event.kind, frozenset[Cell]())
        self._loops[key] += 1

    def count_backoff(self, event: BackoffSeen) -> None:
        """The waits of an episode."""
        backoff = self._backoffs.get(event.layer)
        if backoff is None:
            backoff = self._backoffs[event.layer] = Backoff(event.layer)
        backoff.count(event.shape, event.waits)

    def cell(self, tool: str) -> Cell:
        """Where a tool is counted."""
        cell = self.cells.get(tool)
        if cell is not None:
            return cell
        fits = tuple([bool(test(tool)) for test in self._tests])
        if tool != OTHER and len(self.cells) < TOOLS:
            cell = self.cells[tool] = Cell(tool, fits)
            return cell
        cell = self._others.get(fits)
        if cell is None:
            cell = self._others[fits] = Cell(OTHER, fits)
        return cell

    def _count_faults(self, cell: Cell, call: CallSeen) -> None:
        struck = False
        for fault, rule in zip(call.faults, call.rules, strict=False):
            if rule not in call.spared:
                struck = True
                self._tally(cell, fault).injected += 1
        if struck:
            cell.rest.faulted += 1
        else:
            cell.rest.spared += 1

    def _tally(self, cell: Cell, fault: str) -> Tally:
        tally = cell.tallies.get(fault)
        if tally is None:
            name = fault if len(cell.tallies) < FAULTS else OTHER
            self._tallied += 1
            kept = TIMES if self._tallied <= LONG_TALLIES else SHORT
            tally = cell.tallies.setdefault(name, Tally(times=deque(maxlen=kept)))
        return tally

    # What it comes to

    def tools(self) -> tuple[str, ...]:
        """The tools that were called, the busiest first; `_other` comes last."""
        calls = {tool: cell.plain + cell.rest.calls + cell.rest.other_calls for tool, cell in self.cells.items()}
        named = sorted(calls, key=lambda tool: (-calls[tool], tool))
        return (*named, OTHER) if self._others else tuple(named)

    def tool(self, name: str) -> Count:
        """What is counted of one tool, or of `_other`."""
        return Count.together([cell.count() for cell in self._all() if cell.tool == name])

    def count(self, tool: str | None = None) -> Count:
        """What is counted of all tools, or of those that fit a glob."""
        return Count.together([cell.count() for cell in self._fitting(tool)])

    def called(self, tool: str | None) -> bool:
        """Was any tool that fits the glob called?"""
        return any(cell.plain + cell.rest.calls + cell.rest.other_calls > 0 for cell in self._fitting(tool))

    def faults(self) -> tuple[str, ...]:
        """The faults that struck or that episodes are put down to, in the order of their names."""
        return tuple(sorted({fault for cell in self._all() for fault in cell.tallies}))

    def tally(self, faults: tuple[str, ...] = (), tool: str | None = None) -> Tally:
        """What is counted of the episodes of these faults, or of all; of all tools, or of those that fit a glob."""
        cells = self._fitting(tool)
        return together(
            [each for cell in cells for fault, each in cell.tallies.items() if not faults or fault in faults]
        )

    def pairs(self) -> dict[tuple[str, str], Tally]:
        """The same for each tool and fault that met."""
        met: dict[tuple[str, str], list[Tally]] = {}
        for cell in self._all():
            for fault, each in cell.tallies.items():
                met.setdefault((cell.tool, fault), []).append(each)
        return {pair: together(met[pair]) for pair in sorted(met)}

    def loops(self, tool: str | None = None) -> Counter[LoopKind]:
        """Loops by kind: all, or those that a tool that fits the glob takes part in."""
        cells = frozenset(self._fitting(tool))
        found: Counter[LoopKind] = Counter()
        for (kind, tools), times in self._loops.items():
            # What became too many to be told apart counts for every tool: too high is on the safe side.
            if tool is None or not tools or tools & cells:
                found[kind] += times
        return found

    def backoffs(self) -> tuple[Backoff, ...]:
        """How retries were spaced, by layer."""
        return tuple([self._backoffs[layer] for layer in sorted(self._backoffs)])

    def _all(self) -> Iterator[Cell]:
        yield from self.cells.values()
        yield from self._others.values()

    def _fitting(self, pattern: str | None) -> list[Cell]:
        if pattern is None:
            return list(self._all())
        test = glob(pattern)
        named = [cell for cell in self.cells.values() if test(cell.tool)]
        if pattern not in self._globs:
            return [*named, *(self._others.values() if pattern == OTHER else ())]
        place = self._globs.index(pattern)
        return [*named, *[cell for cell in self._others.values() if cell.fits[place]]]
