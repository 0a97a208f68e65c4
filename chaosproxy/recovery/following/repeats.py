"""Calls that were answered well and come again: is that polling, and does the answer ever change?

A few numbers for each fingerprint of a session, bounded. Must not know operations, sessions or loops. Compiled: every
good answer of a read is entered here.
"""

from itertools import pairwise
from math import sqrt

from chaosproxy.core.answer import Answer
from chaosproxy.core.call import Call

KEPT = 64
"""Fingerprints remembered in a session, the latest."""
LOOKED_AT = 20
"""Replies looked at for each fingerprint: what has not shown by then, will not."""
ARRIVALS = 64
"""Arrivals remembered for each fingerprint that comes again."""

GAPS = 4
"""Between calls that come as from a timer: fewer may be even by chance."""
EVEN = 0.1
"""Coefficient of variation below which gaps come from a timer. A model's turns vary by more."""
SLOWEST_HAND = 1.0
"""Seconds: a timer that polls is not faster, or it is a loop."""


class Repeat:
    """What is known of a fingerprint that was answered well."""

    __slots__ = ("arrivals", "count", "digest", "fingerprint", "first", "number", "pending", "same", "settled", "tool")

    def __init__(self, call: Call, pending: bool) -> None:
        self.fingerprint = call.fingerprint
        self.tool = call.route.tool
        self.first = call.received
        self.number = call.number
        """Of the first of these calls, as `first` is its arrival."""
        self.count = 1
        """Good answers."""
        self.arrivals: list[tuple[float, int]] | None = None
        """(monotonic seconds, number) of the latest of these calls, oldest first; None while there is only one."""
        self.pending = pending
        """Did the latest answer say that it is not done yet?"""
        self.digest: str | None = None
        """Of the latest answer that was looked at."""
        self.same = 1
        """How many answers in a row were the same, up to the latest. The first is never looked at, and taken to be."""
        self.settled = call.purpose.page is not None or call.purpose.continues
        """Is there nothing more to learn from its replies? Never is, of pages: they are neither polls nor loops."""


def note(repeats: dict[str, Repeat], call: Call, answer: Answer) -> Repeat:
    """Enter a good answer to a read."""
    known = repeats.get(call.fingerprint)
    if known is None:
        if len(repeats) >= KEPT:
            del repeats[next(iter(repeats))]
        known = repeats[call.fingerprint] = Repeat(call, answer.pending)
        return known
    known.count += 1
    arrivals = known.arrivals
    if arrivals is None:
        arrivals = known.arrivals = [(known.first, known.number)]
    arrivals.append((call.received, call.number))
    if len(arrivals) > ARRIVALS:
        del arrivals[0]
    known.pending = answer.pending
    digest = answer.body_digest
    if digest is not None:
        known.same = known.same + 1 if known.digest is None or known.digest == digest else 1
        known.digest = digest
        if known.count > LOOKED_AT and not known.pending:
            known.settled = True
    return known


def polls(repeat: Repeat, call: Call) -> bool:
    """Is a call whose fingerprint was answered well before the next look at the same thing?

    It is if the latest answer said `not done yet`, or if it comes as evenly as from a timer, four gaps or more.
    """
    if repeat.pending:
        return True
    arrivals = repeat.arrivals
    if arrivals is None or len(arrivals) < GAPS:
        return False
    latest = [arrival for arrival, _ in arrivals[-GAPS:]]
    gaps = [after - before for before, after in pairwise([*latest, call.received])]
    mean = sum(gaps) / GAPS
    # By hand, because `statistics` calculates in fractions, and a poll may come every second.
    return mean >= SLOWEST_HAND and sqrt(sum((gap - mean) ** 2 for gap in gaps) / GAPS) < EVEN * mean


def wants_watch(repeat: Repeat) -> bool:
    """Is it worth looking at the reply when this comes again?"""
    return not repeat.settled
