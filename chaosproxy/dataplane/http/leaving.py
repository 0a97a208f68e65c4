"""What an agent that leaves has made of a reply that nobody held up. Pure; knows no connection."""

from typing import Final

from chaosproxy.core.failures import Outcome

SILENCE: Final = 0.25
"""Seconds. Who has read enough leaves as soon as it has; who leaves after nothing has come for a while had waited."""


def left_as(silent: float, *, wants_more: bool) -> Outcome:
    """How the call ended for it, `silent` seconds after the last bytes it was sent.

    `wants_more` if it was told how long the body is, and has not got all of it. A body of any length may be a stream
    of events, of which it may have read enough however long ago.
    """
    return Outcome.TIMEOUT if wants_more and silent >= SILENCE else Outcome.AGENT_LEFT
