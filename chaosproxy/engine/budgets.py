"""How much may go wrong at most, whatever the rules say."""

from fractions import Fraction

import msgspec

from chaosproxy.profiles.models import Safety

_COUNTED_FROM = 20
"""Before so many calls a share of them is a share of this many: 50 % of the first call would be no call at all."""

_FINEST_RATIO = 10**9


class Budgets(msgspec.Struct, frozen=True):
    """Limits on how many calls are under a fault. None: no limit."""

    max_active: int | None = None
    max_ratio: Fraction | None = None
    """As a fraction, because 29 % of 100 calls are 29, and in floating point they are 28."""

    @classmethod
    def of(cls, safety: Safety) -> "Budgets":
        """The budgets that a profile's `safety` sets."""
        ratio = safety.max_ratio
        return cls(
            max_active=safety.max_active,
            max_ratio=None if ratio is None else Fraction(ratio).limit_denominator(_FINEST_RATIO),
        )

    def holds_back(self, *, active: int, injected: int, calls: int) -> str | None:
        """The budget that one more injection would break, or None.

        Args:
            active: calls under a fault now.
            injected: calls that were hit so far.
            calls: calls so far, this one included.
        """
        if self.max_active is not None and active >= self.max_active:
            return "max_active"
        ratio = self.max_ratio
        if ratio is not None and injected + 1 > ratio.numerator * max(calls, _COUNTED_FROM) // ratio.denominator:
            return "max_ratio"
        return None
