"""What is remembered stays bounded, whatever agents do, and what is dropped is counted.

Each way of going on without end is gone on with until its bound is reached, and then for as long again, by the end of
which there must be no more in memory. Blocks of memory are counted, because that costs nothing; how large one thing may
be has tests of its own. `python -m benchmarks.tracking` does the like with a million calls.
"""

import gc
import sys
from collections.abc import Callable
from typing import Any

import pytest

from chaosproxy.core.answer import Answer, Hint, Origin, UpstreamTruth
from chaosproxy.core.call import Call, Route, ToolEffect
from chaosproxy.core.decision import QUIET
from chaosproxy.core.events import CallAnswered
from chaosproxy.core.failures import Outcome
from chaosproxy.core.purpose import Purpose, Role
from chaosproxy.profiles.models import Profile
from chaosproxy.recovery.following.sessions import SESSIONS
from chaosproxy.recovery.following.tracker import FAILURES, KEYS, Tracker

GROWTH = 1.05
"""How many times as much may be held after as many calls again: caches of Python's own fill while we look."""


class Agents:
    """Make calls, each of which ends before the next begins, one a millisecond."""

    def __init__(self) -> None:
        self.tracker = Tracker(Profile(version=1, name="bounds"), lambda _event: None)
        self.number = 0

    def call(self, outcome: Outcome = Outcome.OK, **about: Any) -> None:  # noqa: ANN401 - any field of a call
        """A call, unlike all before it but for what it is about."""
        self.number += 1
        now = self.number / 1000
        fields: dict[str, Any] = {"session": "s", "route": FIND, "fingerprint": f"{self.number:016x}"} | about
        call = Call(number=self.number, session_source="client", headers=(), received=now, **fields)
        good = outcome is Outcome.OK
        answer = Answer(
            outcome=outcome,
            origin=Origin.UPSTREAM,
            truth=UpstreamTruth.EXECUTED if good else UpstreamTruth.SENT_UNKNOWN,
            status=200 if good else 500,
            first_byte=now,
            ended=now,
            hint=Hint(3600.0, "retry-after") if outcome is Outcome.THROTTLED else None,
            body_digest=f"{self.number:016x}",
        )
        self.tracker.answered(CallAnswered(call, self.tracker.received(call), QUIET, answer))

    def go_on(self, call: Callable[["Agents"], None], calls: int) -> int:
        """So many calls; the blocks of memory that are in use then."""
        for _ in range(calls):
            call(self)
        gc.collect()
        return sys.getallocatedblocks()


def aim(tool: str = "find", effect: ToolEffect = ToolEffect.READ, upstream: str = "up") -> Route:
    return Route(upstream, tool, "http", "POST", "h:1", "/", "", effect, touchable=True)


FIND = aim()
PAY = aim("pay", ToolEffect.WRITE)


def all_fail(agents: Agents) -> None:
    agents.call(Outcome.UNAVAILABLE, body={"q": f"thing {agents.number}", "limit": 10})


def all_are_in_doubt(agents: Agents) -> None:
    agents.call(Outcome.TIMEOUT, route=PAY, body={"sum": agents.number})


def keys_without_end(agents: Agents) -> None:
    agents.call(route=PAY, operation_key=f"k{agents.number}")


def sessions_of_one_call(agents: Agents) -> None:
    agents.call(session=f"s{agents.number}")


def never_twice_the_same(agents: Agents) -> None:
    agents.call()


def always_the_same(agents: Agents) -> None:
    agents.call(fingerprint="f")


def one_operation_that_fails_for_ever(agents: Agents) -> None:
    agents.call(Outcome.UNAVAILABLE, fingerprint="f")


def one_operation_in_ever_other_words(agents: Agents) -> None:
    agents.call(Outcome.UNAVAILABLE, body={"q": "cheap red shoes", "limit": agents.number})


def one_key_for_tools_without_end(agents: Agents) -> None:
    agents.call(route=aim(f"tool {agents.number}", ToolEffect.WRITE), operation_key="k")


def limits_of_upstreams_without_end(agents: Agents) -> None:
    agents.call(Outcome.THROTTLED, route=aim(upstream=f"up {agents.number}"))


def handshakes_without_end(agents: Agents) -> None:
    agents.call(route=aim(upstream=f"up {agents.number}"), purpose=Purpose(Role.HOUSEKEEPING, opens_session=True))


def models_without_end(agents: Agents) -> None:
    asked = Purpose(Role.MODEL, f"model {agents.number}", "conversation", ("turn",))
    agents.call(Outcome.UNAVAILABLE, purpose=asked, fingerprint="f")


@pytest.mark.parametrize(
    ("goes_on", "bound"),
    [
        (all_fail, FAILURES),
        (all_are_in_doubt, FAILURES),
        (keys_without_end, KEYS),
        (never_twice_the_same, 1_000),
        (always_the_same, 1_000),
        (one_operation_that_fails_for_ever, 1_000),
        (one_operation_in_ever_other_words, 1_000),
        (one_key_for_tools_without_end, KEYS),
        (limits_of_upstreams_without_end, FAILURES),
        (handshakes_without_end, 1_000),
        (models_without_end, 1_000),
    ],
)
def test_nothing_grows_for_ever(goes_on: Callable[[Agents], None], bound: int) -> None:
    agents = Agents()
    empty = agents.go_on(goes_on, 0)
    full = agents.go_on(goes_on, bound + bound // 10)
    assert agents.go_on(goes_on, bound) - empty <= GROWTH * (full - empty) + 300


def test_nor_with_a_session_for_each_call() -> None:
    agents = Agents()
    empty = agents.go_on(sessions_of_one_call, 0)
    full = agents.go_on(sessions_of_one_call, SESSIONS + 1_000)
    assert agents.go_on(sessions_of_one_call, 10_000) - empty <= GROWTH * (full - empty)
    assert (agents.tracker.active_sessions, agents.tracker.forgotten) == (SESSIONS, 11_000)


@pytest.mark.parametrize(("goes_on", "bound"), [(all_fail, FAILURES), (keys_without_end, KEYS)])
def test_what_is_dropped_is_counted(goes_on: Callable[[Agents], None], bound: int) -> None:
    agents = Agents()
    agents.go_on(goes_on, 2 * bound)
    assert agents.tracker.forgotten == bound
    assert agents.tracker.open_episodes == (bound if goes_on is all_fail else 0)
