"""A mark in a made-up value by which it is known again when the agent uses it. Knows neither replies nor faults.

A canary depends on its draw and on nothing else, and the draw of a call is `turn.draw(rule, "canary")`, which depends
on the call's number and the rule's name. So whoever knows those two can work out later what was planted, and look for
it in what the agent sends from then on: `canary_of(named_draw(number, rule, "canary"))`.
"""

from typing import NamedTuple

_DIGITS = "123456789"
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ23456789"
"""No vowels, so that it spells no word; nothing that is read as another."""
_LENGTH = 6


class Canary(NamedTuple):
    """What to look for."""

    digits: str
    """Six, without a zero: the significant digits of a number, or as many of them as it has room for."""
    token: str
    """Six capital letters and digits, as a text's reference number."""


def canary_of(draw: float) -> Canary:
    """The canary of a draw in [0, 1): one of half a million numbers, and one of half a thousand million tokens."""
    number = int(draw * 2**53)
    number, digits = _spelled(number, _DIGITS)
    _, token = _spelled(number, _LETTERS)
    return Canary(digits, token)


def _spelled(number: int, alphabet: str) -> tuple[int, str]:
    """The lowest places of `number` in letters of `alphabet`, and what is left of it."""
    letters = []
    for _ in range(_LENGTH):
        number, place = divmod(number, len(alphabet))
        letters.append(alphabet[place])
    return number, "".join(letters)
