"""False values that a fault planted, and whether they turn up in what the agent sends. Must not know episodes."""

from collections.abc import Iterator

from chaosproxy.core.answer import Answer
from chaosproxy.core.call import Call
from chaosproxy.core.decision import Decision
from chaosproxy.core.effects import Rewrite

DEEPEST = 64
"""Levels of a body that are looked through: a body may be made to be deep."""


def canaries_of(decision: Decision, answer: Answer) -> tuple[str, ...]:
    """What to look for from now on: the values planted in this answer."""
    if answer.skipped is not None:
        return ()
    effects = (effect for injection in decision.injections for effect in injection.effects)
    return tuple(canary for effect in effects if isinstance(effect, Rewrite) for canary in effect.canaries)


def carries(call: Call, canary: str) -> bool:
    """Does the canary stand in the call's path, query or body?"""
    route = call.route
    if canary in route.path or canary in route.query:
        return True
    return any(canary in text for text in _texts(call.body, DEEPEST))


def _texts(body: object, depth: int) -> Iterator[str]:
    if isinstance(body, str):
        yield body
    elif isinstance(body, int | float):
        yield str(body)
    elif depth and isinstance(body, dict):
        for key, value in body.items():
            yield str(key)
            yield from _texts(value, depth - 1)
    elif depth and isinstance(body, list):
        for value in body:
            yield from _texts(value, depth - 1)
