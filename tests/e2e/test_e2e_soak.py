"""A short soak: ten seconds of every fault, and nothing stays. `make soak` is the long one.

The bounds have generous room, because a short run on a busy machine is not flat yet; what they catch is a leak for each
call.
"""

from benchmarks.soak import Scale, soak

CALLS, SESSIONS = 12_000, 120

MEBIBYTE = 2**20
ROOM = 24 * MEBIBYTE
"""2 KiB for each call, which every record of a call would exceed if all of them stayed."""


def test_nothing_stays_of_thousands_of_failing_calls() -> None:
    soaked = soak(Scale(calls=CALLS, sessions=SESSIONS, pinned=False), lambda _: None)

    tally = soaked.tally
    assert tally.calls == CALLS
    assert 0.99 * tally.attempts <= soaked.seen <= tally.attempts
    assert {"200", "403", "429", "500", "503", "broken"} <= set(tally.ended)
    assert tally.given_up > SESSIONS / 2, "one call of each session fails for good"

    assert soaked.left == dict.fromkeys(soaked.left, 0.0), "the proxy says that something is under way"
    assert soaked.memory.growth < ROOM
    assert soaked.at_last.memory < soaked.at_first.memory + 2 * ROOM
    assert soaked.at_last.threads <= soaked.moments[0].threads
    assert soaked.at_last.open_files < soaked.at_first.open_files + 128, "beyond the pool of idle connections"
