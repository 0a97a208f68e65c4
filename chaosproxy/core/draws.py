"""Chance as a pure function: no generator, no order, no state.

One keyed BLAKE2b hash a call gives a 64-bit number; each rule turns that number into its own draw by multiply-add-shift
hashing (Dietzfelbinger 1996: strongly universal for random 128-bit multiplier and addend), which costs a tenth of
another cryptographic hash. A rule's multiplier and addend come from BLAKE2b over the seed and the rule's name only, so
adding, removing or moving a rule moves no other rule's draws.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from math import ceil
from struct import Struct

VERSION = b"chaosproxy-v1"
"""Part of every key. Changing how draws are made means changing this, because it changes every recorded run."""

_MASK_128 = (1 << 128) - 1

_SPARE_BITS = 75
"""Of the 128 bits of a product, a draw is the upper 53: as many as a float below 1 can hold without rounding."""

_LANE = 200
"""A number of 64 bits times a multiplier of 128, plus an addend, needs 193."""

_GUARD = 1 << 129
"""More than any bound and any draw of 128 bits, so that a subtraction never borrows from the next lane."""

_SCALE_53 = 2.0**-53

_big_endian = Struct(">Q").unpack


def call_number(seed: int, session: str, key: str, occurrence: int) -> int:
    """The call's 64-bit number: of the seed, its session, its key (usually its fingerprint) and how often it came."""
    material = f"{seed}\x1f{session}\x1f{key}\x1f{occurrence}".encode()
    return int.from_bytes(blake2b(material, digest_size=8, key=VERSION).digest(), "big")


class CallNumbers:
    """`call_number` for one seed, with the seed's part of the hash done once: a third cheaper, the same numbers."""

    __slots__ = ("_begin",)

    def __init__(self, seed: int) -> None:
        self._begin = blake2b(f"{seed}\x1f".encode(), digest_size=8, key=VERSION).copy

    def number(self, session: str, key: str, occurrence: int) -> int:
        """The same as `call_number(seed, session, key, occurrence)`."""
        begun = self._begin()
        begun.update(f"{session}\x1f{key}\x1f{occurrence}".encode())
        number: int = _big_endian(begun.digest())[0]  # the same as `int.from_bytes`, at half the price
        return number


@dataclass(frozen=True)
class RuleDraw:
    """Turns calls' numbers into one rule's draws."""

    multiplier: int
    addend: int

    @classmethod
    def of(cls, seed: int, rule: str) -> "RuleDraw":
        """The draw of the rule named `rule` under `seed`."""
        digest = blake2b(f"{seed}\x1f{rule}".encode(), digest_size=32, key=VERSION + b"-rule").digest()
        return cls(int.from_bytes(digest[:16], "big") | 1, int.from_bytes(digest[16:], "big"))

    def draw(self, number: int) -> float:
        """A number in [0, 1), uniform over calls."""
        return ((number * self.multiplier + self.addend & _MASK_128) >> _SPARE_BITS) * _SCALE_53


@dataclass(frozen=True, eq=False)
class Chances:
    """Asks many rules at once whether any of them draws below its probability: five operations, however many rules.

    The rules stand side by side in long integers, `_LANE` bits each, wide enough that nothing carries over: first the
    multiplications and additions of all in one go, then all comparisons in one subtraction, which leaves a rule's guard
    bit set exactly if its draw is below its probability.
    """

    multipliers: int
    addends: int
    masks: int
    bounds: int
    guards: int

    @classmethod
    def of(cls, rules: Iterable[tuple[RuleDraw, float]]) -> "Chances":
        """The chances of rules with these draws and probabilities."""
        multipliers = addends = masks = bounds = guards = 0
        for place, (draw, probability) in enumerate(rules):
            lane = place * _LANE
            # `draw < probability` in whole numbers: a draw is its 53 bits over 2**53, so nothing is rounded.
            below = ceil(probability * 2**53) << _SPARE_BITS
            multipliers |= draw.multiplier << lane
            addends |= draw.addend << lane
            masks |= _MASK_128 << lane
            bounds |= (_GUARD + below - 1) << lane
            guards |= _GUARD << lane
        return cls(multipliers, addends, masks, bounds, guards)

    def any(self, number: int) -> bool:
        """Would `draw(number) < probability` hold for at least one of the rules?"""
        return self.bounds - (number * self.multipliers + self.addends & self.masks) & self.guards != 0


def named_draw(number: int, rule: str, name: str) -> float:
    """A further number in [0, 1) for a fault that needs one (`name` says for what), independent of the rule's draw."""
    digest = blake2b(f"{number}\x1f{rule}\x1f{name}".encode(), digest_size=8, key=VERSION + b"-fault").digest()
    return (int.from_bytes(digest, "big") >> 11) * _SCALE_53


def named_number(number: int, rule: str, name: str) -> int:
    """256 bits of the same kind as `named_draw`, for a choice among more than a float can tell apart."""
    digest = blake2b(f"{number}\x1f{rule}\x1f{name}".encode(), digest_size=32, key=VERSION + b"-choice").digest()
    return int.from_bytes(digest, "big")
