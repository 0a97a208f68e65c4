"""What following the agents costs: `python -m benchmarks.tracking`, a million calls of a hundred thousand sessions.

Prints microseconds of processor time a call (arrival and end together, of clean calls and of a mixture), and what of
memory stays. Calls are made beforehand, so that only the tracker is measured.
"""

import argparse
import resource
import sys
import time

from chaosproxy.core.answer import Answer, Origin, UpstreamTruth
from chaosproxy.core.call import Call, Route, ToolEffect
from chaosproxy.core.decision import QUIET
from chaosproxy.core.events import CallAnswered
from chaosproxy.core.failures import Outcome
from chaosproxy.profiles.models import Profile
from chaosproxy.recovery.following.tracker import Tracker

FAILURES = (Outcome.UNAVAILABLE, Outcome.THROTTLED, Outcome.TIMEOUT, Outcome.INVALID)


def route(tool: str, effect: ToolEffect) -> Route:
    return Route(
        "up", tool, "http", "GET" if effect is ToolEffect.READ else "POST", "h:1", f"/{tool}", "", effect, True
    )


ROUTES = (route("find", ToolEffect.READ), route("charge", ToolEffect.WRITE), route("read", ToolEffect.READ))


def call(number: int, session: int, fingerprint: int, now: float, aim: Route) -> Call:
    return Call(
        number=number,
        session=f"session-{session}",
        session_source="header:X-Session-Id",
        route=aim,
        fingerprint=f"{fingerprint:016x}",
        headers=(),
        received=now,
        body={"q": f"thing {fingerprint}", "limit": 10},
    )


def answer(outcome: Outcome, now: float) -> Answer:
    good = outcome is Outcome.OK
    return Answer(
        outcome=outcome,
        origin=Origin.UPSTREAM,
        truth=UpstreamTruth.EXECUTED if good else UpstreamTruth.SENT_UNKNOWN,
        status=200 if good else 503,
        first_byte=now,
        ended=now + 0.05,
        bytes_out=100,
    )


def calls_of(first: int, count: int, sessions: int, *, failing: bool) -> list[tuple[Call, Answer]]:
    """Calls from number `first` on, five by five of one session; if `failing`, one of five fails and is sent again."""
    made: list[tuple[Call, Answer]] = []
    for number in range(first, first + count):
        five, place = divmod(number, 5)
        fails = failing and place == 3
        again = failing and place == 4 and five % 5
        now = number * 0.001 + (1.0 if again else 0.0)
        each = call(number, five * 7919 % sessions, number - 1 if again else number, now, ROUTES[five % 3])
        made.append((each, answer(FAILURES[five % len(FAILURES)] if fails else Outcome.OK, now)))
    return made


def microseconds(count: int, sessions: int, *, failing: bool) -> float:
    tracker = Tracker(Profile(version=1, name="bench"), lambda _event: None)
    made = calls_of(1, count, sessions, failing=failing)
    began = time.process_time()
    for each, reply in made:
        match = tracker.received(each)
        tracker.answered(CallAnswered(each, match, QUIET, reply))
    return (time.process_time() - began) / count * 1e6


def memory(count: int, sessions: int) -> tuple[float, float]:
    """MiB that a tracker with so many sessions holds, and microseconds a call with a tick now and then."""
    tracker = Tracker(Profile(version=1, name="bench"), lambda _event: None)
    before = resident()
    spent = 0.0
    for first in range(1, count, 10_000):
        made = calls_of(first, 10_000, sessions, failing=True)
        began = time.process_time()
        for each, reply in made:
            match = tracker.received(each)
            tracker.answered(CallAnswered(each, match, QUIET, reply))
        tracker.tick(first * 0.001)
        spent += time.process_time() - began
    return resident() - before, spent / count * 1e6


def resident() -> float:
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - a line of a pseudo file
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--calls", type=int, default=1_000_000)
    options.add_argument("--sessions", type=int, default=100_000)
    chosen = options.parse_args()
    few = min(chosen.calls, 100_000)
    print(f"clean calls     {microseconds(few, 1000, failing=False):6.2f} us a call")
    print(f"a fifth fails   {microseconds(few, 1000, failing=True):6.2f} us a call")
    held, each = memory(chosen.calls, chosen.sessions)
    print(f"{chosen.calls} calls of {chosen.sessions} sessions: {each:.2f} us a call, {held:.0f} MiB more")
    print(f"peak resident   {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
