"""Replies that are held back until a call that came later in their session has been answered.

Knows of a call nothing but its session and its number.
"""

from typing import Protocol

from chaosproxy.core.call import Call


class HeldBack(Protocol):
    """Whoever holds a reply back."""

    def overtaken(self) -> None:
        """A later call has been answered. Told at most once, from within that call: not the moment to do anything."""


Held = dict[str, dict[int, HeldBack]]
"""Who is holding back, by session and by number of the call. Sessions in which nobody does are not in it."""


def hold_back(held: Held, call: Call, holder: HeldBack) -> None:
    """From now on the holder is told when the call is overtaken."""
    held.setdefault(call.session, {})[call.number] = holder


def let_go(held: Held, call: Call) -> None:
    """The call is not held back any longer, if it was."""
    of_session = held.get(call.session)
    if of_session is not None:
        of_session.pop(call.number, None)
        if not of_session:
            del held[call.session]


def answered(held: Held, call: Call) -> None:
    """A call has been answered: it has overtaken all that came before it in its session and are held back."""
    of_session = held.get(call.session)
    if of_session is not None:
        for number in sorted(of_session):
            if number < call.number:
                of_session.pop(number).overtaken()
        if not of_session:
            del held[call.session]
