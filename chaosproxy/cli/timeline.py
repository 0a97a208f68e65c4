"""What was imagined, drawn: a row a session, a character a call, under an axis of time. Knows no terminal.

Each line is made of pieces: a text and the number of the rule that it belongs to, for its colour.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from math import ceil
from statistics import fmean
from typing import NamedTuple

from chaosproxy.core.units import format_duration
from chaosproxy.simulation import Foreseen, Imagined

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PASSED, PASSED_RETRY, HELD_BACK, NONE = ".", ",", "-", " "
ON, OFF = "=", "_"
MOST_SESSIONS = 12
"""More are not drawn, unless all are asked for."""

_MOST_BLOCKS = 3
"""Of a timeline that is broken into lines; a longer one has several calls in a character."""
_TICK = 10


class Piece(NamedTuple):
    """Part of a line."""

    text: str
    rule: int | None = None
    """The place of the rule in the profile that it shows; None for what is no hit."""


Line = list[Piece]


class Span(NamedTuple):
    """A stretch of time with a name: a phase of the profile."""

    name: str
    begins: float
    """Seconds since the run began."""


class Timeline:
    """Lays out the calls of some sessions in so many columns."""

    def __init__(self, foreseen: Foreseen, interval: float, columns: int, spans: Sequence[Span] = ()) -> None:
        self._rules = {count.rule: place for place, count in enumerate(foreseen.rules)}
        self._rows: dict[str, dict[int, Imagined]] = {}
        for call in foreseen.calls:
            self._rows.setdefault(call.session, {})[round(call.at / interval)] = call
        self._interval = interval
        self._spans = spans
        self._weather = [(self._rules[each.rule], each.on) for each in foreseen.weather]
        asides = ["phases"] * bool(spans) + ["A is on"] * bool(self._weather)
        self._margin = 2 + max(map(len, [*asides, *self._rows]))
        room = max(_TICK, (columns - self._margin) // _TICK * _TICK)
        self._slots = 1 + max(max(row) for row in self._rows.values())
        self.per_character = 1 if self._slots <= _MOST_BLOCKS * room else ceil(self._slots / room)
        """Calls that one character stands for."""
        self._room = room

    @property
    def sessions(self) -> int:
        """How many there are to draw."""
        return len(self._rows)

    def place(self, rule: str) -> int:
        """Of a rule in the profile, from 0."""
        return self._rules[rule]

    def letter(self, rule: str) -> str:
        """What stands for a rule."""
        return letter(self._rules[rule])

    def lines(self, most: int) -> Iterator[Line]:
        """The drawing, of at most so many sessions; blocks are separated by an empty line."""
        whole = ceil(self._slots / self.per_character)
        for start in range(0, whole, self._room):
            if start:
                yield [Piece("")]
            length = min(self._room, whole - start)
            yield [Piece(" " * self._margin + self._axis(start, length))]
            if self._spans:
                yield [Piece("phases".ljust(self._margin) + self._phases(start, length))]
            for place, on in self._weather:
                yield [Piece(f"{letter(place)} is on".ljust(self._margin) + self._shares(on, start, length), place)]
            for name, row in list(self._rows.items())[:most]:
                drawn = list(self._drawn(row, start, length))
                while drawn and drawn[-1].text == NONE:
                    drawn.pop()
                yield [Piece(name.ljust(self._margin)), *drawn]

    def _axis(self, start: int, length: int) -> str:
        ticks = range(start, start + length, _TICK)
        said = "".join(moment(self._time(tick)).ljust(_TICK) for tick in ticks)
        return said.rstrip()

    def _time(self, place: int) -> float:
        """Seconds since the run began of the first call at this place."""
        return place * self.per_character * self._interval

    def _phases(self, start: int, length: int) -> str:
        """Each phase's name from where it begins; what began before is named again at the beginning of a block."""
        step = self.per_character * self._interval
        line = [NONE] * length
        places = [max(0, min(length, ceil(span.begins / step - 1e-6) - start)) for span in self._spans]
        for span, place, end in zip(self._spans, places, [*places[1:], length], strict=True):
            text = f"|{span.name}"[: end - place].ljust(end - place)
            line[place:end] = text
        return "".join(line).rstrip()

    def _shares(self, on: Sequence[float], start: int, length: int) -> str:
        """Whether a rule is on: `=`, or in tenths, or `_` if it is not."""
        places = range(start * self.per_character, (start + length) * self.per_character, self.per_character)
        means = [fmean(on[place : place + self.per_character]) for place in places if place < len(on)]
        return "".join(
            OFF if not mean else ON if mean == 1 else str(min(9, max(1, round(10 * mean)))) for mean in means
        )

    def _drawn(self, row: dict[int, Imagined], start: int, length: int) -> Iterator[Piece]:
        for place in range(start, start + length):
            first = place * self.per_character
            calls = [row[slot] for slot in range(first, first + self.per_character) if slot in row]
            yield self._one(calls[0]) if len(calls) == self.per_character == 1 else self._several(calls)

    def _one(self, call: Imagined) -> Piece:
        if call.rule is None:
            return Piece(HELD_BACK if call.skipped else PASSED if call.attempt == 1 else PASSED_RETRY)
        place = self._rules[call.rules[-1]]  # the last decides how the call ends
        return Piece(letter(place) if call.attempt == 1 else letter(place).lower(), place)

    def _several(self, calls: list[Imagined]) -> Piece:
        """The rule that hit most of them: in capitals, if half of them or more were hit."""
        hits = Counter(call.rules[-1] for call in calls if call.rules)
        if not hits:
            return Piece(PASSED if calls else NONE)
        place = self._rules[hits.most_common(1)[0][0]]
        return Piece(letter(place) if 2 * hits.total() >= len(calls) else letter(place).lower(), place)


def moment(seconds: float) -> str:
    """Seconds since the run began, as people write them."""
    return format_duration(seconds) if seconds else "0s"


def letter(place: int) -> str:
    """What stands for the rule at this place of the profile: A to Z, and `#` for all that come after."""
    return LETTERS[place] if place < len(LETTERS) else "#"


def legend(foreseen: Foreseen, per_character: int) -> str:
    """What the characters mean, of those that are drawn."""
    calls = foreseen.calls
    together = per_character > 1
    said = {
        f"{per_character} calls a character": together,
        f"{PASSED} passed": True,
        "letters: hit by the rule below" + (", small if fewer than half were" if together else ""): any(
            call.rule for call in calls
        ),
        "small: a retry, hit": not together and any(call.rule and call.attempt > 1 for call in calls),
        f"{PASSED_RETRY} a retry that passed": not together
        and any(not call.rule and call.attempt > 1 for call in calls),
        f"{HELD_BACK} held back by a budget": not together and any(call.skipped and not call.rule for call in calls),
        f"{ON} on, {OFF} off, 1-9 tenths of it": bool(foreseen.weather),
    }
    return "; ".join(text for text, drawn in said.items() if drawn)
