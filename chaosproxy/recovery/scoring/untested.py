"""Which rules were not put to the test in a run, and why. No empty green: nothing can be said of these.

Must not know how calls are counted.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from chaosproxy.recovery.scoring.terms import RuleInPlay


class Untested(msgspec.Struct, frozen=True):
    """A rule of which nothing can be said."""

    rule: str
    why: str
    """`its tool was never called`"""
    sentence: str
    """The same as a sentence that names the rule."""


class Tried(msgspec.Struct, frozen=True):
    """What is known of a rule's part in a run."""

    rule: RuleInPlay
    first: bool
    """Is no rule asked before it?"""
    fired: int
    """Calls that its faults were begun on."""
    spared: int
    """Those of them on which a fault could then not be applied."""
    held_back: int
    """Calls on which a budget or a switch held it back."""
    eligible: int | None
    """Calls that it matched and that no earlier rule had decided; None if it is not known."""
    called: bool
    """Was its tool called?"""


def untested(tried: Sequence[Tried]) -> tuple[Untested, ...]:
    """The rules of which nothing can be said, in order."""
    return tuple(found for each in tried if (found := _untested(each)) is not None)


def _untested(tried: Tried) -> Untested | None:
    name = tried.rule.name
    if tried.fired > tried.spared:
        return None
    if tried.fired:
        spared = "fired, but its faults could not be applied to any of those calls"
        return Untested(name, f"it {spared}", f"rule {name!r} {spared}")
    why = next((said(tried) for holds, said in _REASONS if holds(tried)), None)
    return Untested(name, why or "it never fired", f"rule {name!r} never fired{f': {why}' if why else ''}")


def _held_back(tried: Tried) -> str:
    return f"a budget or a switch held it back from {_calls(tried.held_back)}"


def _no_match(tried: Tried) -> str:
    return "no call matched it" if tried.first else "no call matched it that an earlier rule had not taken"


def _no_chance(tried: Tried) -> str:
    number = tried.eligible or 0
    whom = "it" if number == 1 else "all of them"
    return f"it matched {_calls(number)}, but chance or its conditions spared {whom}"


_REASONS: Sequence[tuple[Callable[[Tried], bool], Callable[[Tried], str]]] = (
    (lambda tried: not tried.called, lambda _: "its tool was never called"),
    (lambda tried: tried.held_back > 0, _held_back),
    (lambda tried: tried.eligible == 0, _no_match),
    (lambda tried: tried.eligible is not None, _no_chance),
)
"""Why a rule did not fire: the first that holds."""


def _calls(number: int) -> str:
    return "1 call" if number == 1 else f"{number} calls"


def eligible_of(eligible: Mapping[str, int] | None, rule: str) -> int | None:
    """How many calls a rule matched, if that is known."""
    return None if eligible is None else eligible.get(rule, 0)
