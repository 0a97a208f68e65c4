"""False values that a fault planted, and whether they turn up in what the agent sends. Must not know episodes."""

import re
from collections.abc import Iterator

from chaosproxy.core.answer import Answer
from chaosproxy.core.call import Call
from chaosproxy.core.decision import Decision
from chaosproxy.core.effects import Rewrite

LEAST = 4
"""Digits of a canary that a planted number has in any case: see `faults/_wrongness.py`."""
LEAST_IN_TEXT = 5
"""A prompt is full of numbers: with four digits, every other one would have some that look planted."""
DEEPEST = 64
"""Levels of a body that are looked through: a body may be made to be deep."""
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def canaries_of(decision: Decision, answer: Answer) -> tuple[str, ...]:
    """What to look for from now on: the values planted in this answer."""
    if answer.skipped is not None:
        return ()
    effects = (effect for injection in decision.injections for effect in injection.effects)
    return tuple(canary for effect in effects if isinstance(effect, Rewrite) for canary in effect.canaries)


def carries(call: Call, canary: str) -> bool:
    """Does the canary stand in the call's path, query or body?"""
    route = call.route
    if _stands_in(route.path, canary) or _stands_in(route.query, canary):
        return True
    return any(_stands_in(value, canary) for value in _values(call.body, DEEPEST))


def _stands_in(value: str | float, canary: str) -> bool:
    """A number has as many of a canary's digits as it has room for, and its point may stand among them."""
    if isinstance(value, int | float):
        return canary.isdecimal() and _is_marked(str(value), canary, LEAST)
    if canary in value:
        return True
    return canary.isdecimal() and any(_is_marked(number, canary, LEAST_IN_TEXT) for number in _NUMBER.findall(value))


def _is_marked(number: str, canary: str, least: int) -> bool:
    digits = number.replace(".", "").lstrip("-0")
    return len(digits) >= least and (canary.startswith(digits) or canary in digits)


def _values(body: object, depth: int) -> Iterator[str | float]:
    if isinstance(body, str | int | float):
        yield body
    elif depth and isinstance(body, dict):
        for key, value in body.items():
            yield str(key)
            yield from _values(value, depth - 1)
    elif depth and isinstance(body, list):
        for value in body:
            yield from _values(value, depth - 1)
