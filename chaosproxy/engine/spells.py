"""Good and bad spells that take turns by chance, told of any moment without going through those before it.

Two states that follow each other without memory (spells exponential in time, or geometric over calls) are the same as
this: at random moments, at a steady rate, the state is drawn anew, whatever it was. So the state is what was drawn
last, and looking back as far as that is enough: a draw that decides regardless of the state before it. The moments are
a Poisson process, made in blocks of one moment on average, each from draws of its own; a look back ends, on average,
within two of them, and with the first block in any case. Knows no rule and no clock.
"""

from dataclasses import dataclass
from math import log, log1p

from chaosproxy.core.draws import named_draw


@dataclass(frozen=True, eq=False)
class Spells:
    """Spells of one kind. Times are in whatever unit the mean lengths are in."""

    name: str
    """Whose they are: a part of the key of each draw, so that two rules have spells of their own."""
    rate: float
    """How often the state is drawn anew in a unit."""
    bad: float
    """The share of bad."""
    begins_good: bool
    """Is the first spell a good one? Otherwise it is drawn too."""

    @classmethod
    def lasting(cls, name: str, good: float, bad: float) -> "Spells":
        """Spells in continuous time, exponential with these means; the first is a good one."""
        return cls(name, 1 / good + 1 / bad, bad / (good + bad), begins_good=True)

    @classmethod
    def counted(cls, name: str, share: float, length: float) -> "Spells":
        """Spells over whole numbers, geometric; a share of them is bad, and bad ones are `length` long on average.

        To go from bad to good has the chance 1/length, and from good to bad so much that the share comes out. That is
        the chain in continuous time, looked at once a unit, if its rate makes a unit pass without a draw just as often.
        """
        turns_good = 1 / length
        turns_bad = turns_good * share / (1 - share)
        return cls(name, -log1p(-turns_good - turns_bad), share, begins_good=False)

    def around(self, number: int, place: float) -> tuple[float, float, bool]:
        """From where to where (the latter not included) the state is known to be the same as at `place`; and is it bad?

        Args:
            number: whose draws they are, in 64 bits.
            place: not negative, in blocks: a moment times `rate`.
        """
        block = int(place)
        nth, begins, ends = self._last(number, block, place)
        while nth < 0 and block > 0:
            block -= 1
            nth, begins, _ = self._last(number, block, block + 1.0)
        if nth < 0 and self.begins_good:
            return 0.0, ends, False
        return begins, ends, self._draw(number, block, nth, "state") < self.bad

    def is_bad(self, number: int, moment: float) -> bool:
        """Is that moment, not negative, in a bad spell?"""
        return self.around(number, moment * self.rate)[2]

    def _last(self, number: int, block: int, place: float) -> tuple[int, float, float]:
        """The last moment of a block that is not after `place`: which one (-1: none), and where; and where the next is.

        Where there is none before or after it in the block, the block's own ends stand instead.
        """
        nth, begins, end = -1, float(block), block + 1.0
        coming = block + self._gap(number, block, 0)
        while coming <= place and coming < end:
            nth, begins = nth + 1, coming
            coming += self._gap(number, block, nth + 1)
        return nth, begins, min(coming, end)

    def _gap(self, number: int, block: int, nth: int) -> float:
        return -log(1.0 - self._draw(number, block, nth, "gap"))

    def _draw(self, number: int, block: int, nth: int, what: str) -> float:
        return named_draw(number, self.name, f"{what} {block} {nth}")
