"""What an episode says when it is closed: figures and times."""

import pytest

from chaosproxy.core.answer import Answer, Origin
from chaosproxy.core.decision import Decision
from chaosproxy.core.events import EpisodeClosed, EpisodeOpened, OperationClosed
from chaosproxy.core.failures import Outcome
from tests.recovery.conversation import (
    BROKEN,
    DENIED,
    DOWN,
    EXECUTED,
    GARBAGE,
    GATEWAY,
    HANGS,
    LATENCY,
    THROTTLED,
    Conversation,
    Ill,
)


@pytest.fixture
def talk() -> Conversation:
    return Conversation()


def test_a_recovery_in_full(talk: Conversation) -> None:
    talk.ask("find", tool="search").gets(BROKEN, after=0.5)
    talk.wait(2)
    talk.ask("find", tool="search").gets(BROKEN, after=0.25)
    talk.wait(4)
    talk.ask("find", tool="search").gets_ok(after=1)
    assert talk.said(EpisodeOpened) == [EpisodeOpened(1, "run-1", "search", "server_error")]
    closed = talk.closed
    assert (closed.session, closed.tool, closed.fault, closed.rule) == (
        "run-1",
        "search",
        "server_error",
        "the server_error rule",
    )
    assert (closed.operation, closed.attempts) == (1, 3)
    assert closed.opened == 1_000.5  # the end of the first failure, not its start
    assert closed.closed - closed.opened == 2 + 0.25 + 4 + 1
    assert (closed.detection_seconds, closed.wait_seconds, closed.service_seconds) == (0.5, 6, 1.25)
    assert talk.waits == [("unknown", 2), ("unknown", 4)]
    assert talk.operations == [("recovered", 3)]


def test_for_a_hang_detection_is_the_agents_own_timeout(talk: Conversation) -> None:
    talk.ask().gets(HANGS, after=30)
    talk.ask().gets_ok()
    assert (talk.closed.fault, talk.closed.detection_seconds) == ("timeout", 30)
    assert talk.resolutions == ["recovered_retry"]


def test_in_a_stream_the_failure_is_when_it_broke(talk: Conversation) -> None:
    asked = talk.ask()
    asked.gets(GARBAGE, after=12, first_byte=talk.now + 0.1)
    talk.wait(1)
    talk.ask().gets_ok(after=1)
    assert talk.closed.opened == 1_012
    assert talk.closed.closed - talk.closed.opened == 2


def test_the_first_failure_names_the_episode(talk: Conversation) -> None:
    talk.ask().gets(THROTTLED)
    talk.ask().gets(DOWN)
    talk.ask().gets_ok()
    assert talk.closed.fault == "rate_limit"


@pytest.mark.parametrize(("ill", "fault"), [(DOWN, "upstream"), (GATEWAY, "proxy")])
def test_failures_that_nobody_injected_are_episodes_too(talk: Conversation, ill: Ill, fault: str) -> None:
    talk.ask().gets(ill)
    talk.ask().gets_ok()
    assert (talk.closed.fault, talk.closed.rule) == (fault, None)


def test_a_slow_call_that_succeeds_is_no_episode(talk: Conversation) -> None:
    talk.ask().ends(
        Decision(LATENCY.rule, (LATENCY,)),
        Answer(
            outcome=Outcome.OK,
            origin=Origin.UPSTREAM,
            truth=EXECUTED,
            status=200,
            first_byte=talk.now + 2,
            ended=talk.now + 2,
            injected_seconds=2,
        ),
    )
    assert (talk.events, talk.clean) == ([], 1)


def test_given_up_at_the_horizon_after_the_last_failure(talk: Conversation) -> None:
    talk.ask().gets(BROKEN)
    talk.wait(500)
    talk.ask().gets(BROKEN)
    talk.tick(after=899)
    assert talk.resolutions == []
    talk.tick(after=1)
    assert (talk.resolutions, talk.closed.attempts) == (["exhausted"], 2)
    assert talk.closed.closed == talk.now
    assert talk.operations == [("failed", 2)]


def test_an_attempt_in_flight_keeps_it_open_past_the_horizon(talk: Conversation) -> None:
    talk.ask().gets(BROKEN)
    again = talk.ask()
    talk.tick(after=10_000)
    assert talk.tracker.open_episodes == 1
    again.gets_ok()
    assert talk.resolutions == ["recovered_retry"]


def test_others_that_are_due_do_not_wait_for_one_that_is_not(talk: Conversation) -> None:
    talk.ask("find tea").gets(BROKEN)
    talk.ask("find coffee").gets(DENIED)
    talk.wait(600)
    talk.ask("find tea", sdk=1).gets(BROKEN)
    talk.tick(after=310)
    assert talk.endings == {("failed_fast", 1): 1}
    talk.tick(after=600)
    assert talk.endings == {("failed_fast", 1): 1, ("exhausted", 2): 1}


def test_an_episode_can_follow_another_under_the_same_key(talk: Conversation) -> None:
    talk.write(key="k").gets(BROKEN)
    talk.write(key="k").gets_ok(digest="d")
    talk.wait(5)
    talk.write(key="k").gets(BROKEN)
    talk.end()
    assert [(str(e.resolution), e.attempts, e.operation) for e in talk.said(EpisodeClosed)] == [
        ("recovered_retry", 2, 1),
        ("abandoned", 1, 1),
    ]
    assert talk.operations == [("recovered", 2)]  # it was counted as what it came to first


def test_an_attempt_that_fails_after_its_operation_succeeded_changes_nothing(talk: Conversation) -> None:
    first, second = talk.write(key="k"), talk.write(key="k")
    second.gets_ok()
    first.gets(BROKEN)
    talk.end()
    assert (talk.resolutions, talk.clean) == ([], 1)


def test_but_one_that_is_left_of_an_earlier_success_counts_in_an_open_episode(talk: Conversation) -> None:
    straggler, second = talk.write(key="k"), talk.write(key="k")
    second.gets_ok()
    talk.wait(1)
    talk.write(key="k").gets(BROKEN)
    straggler.gets(BROKEN)
    assert talk.tracker.open_episodes == 1
    talk.end()
    assert talk.resolutions == ["abandoned"]


def test_two_attempts_at_once_are_counted_and_timed_as_they_overlap(talk: Conversation) -> None:
    first, second = talk.write(key="k"), talk.write(key="k")
    first.gets(BROKEN, after=1)
    second.gets(BROKEN, after=1)
    talk.wait(3)
    talk.write(key="k").gets_ok(after=1)
    closed = talk.closed
    assert (closed.attempts, closed.detection_seconds) == (3, 1)
    assert (closed.wait_seconds, closed.service_seconds) == (3, 2)
    assert closed.closed - closed.opened == closed.wait_seconds + closed.service_seconds


def test_the_operation_is_closed_after_its_episode(talk: Conversation) -> None:
    talk.ask().gets(BROKEN)
    talk.ask().gets_ok()
    assert [type(event) for event in talk.events[-2:]] == [EpisodeClosed, OperationClosed]


def test_it_names_its_calls_and_what_followed(talk: Conversation) -> None:
    talk.ask("find").gets(BROKEN)
    talk.ask("other work").gets_ok()
    talk.ask("find").gets(BROKEN)
    talk.aside()
    talk.end()
    closed = talk.closed
    assert (closed.calls, closed.ended_by, closed.trace_id) == ((1, 3), 0, "trace-1")
    assert (closed.outcome, closed.effect) == ("unavailable", "read")


def test_what_followed_is_the_first_call_that_takes_part(talk: Conversation) -> None:
    talk.ask("find").gets(BROKEN)
    talk.aside()
    talk.ask("other work").gets_ok()
    talk.ask("more work").gets_ok()
    talk.end()
    assert talk.closed.ended_by == 3


def test_it_is_ended_by_the_attempt_that_succeeded(talk: Conversation) -> None:
    talk.ask().gets(BROKEN)
    talk.ask("other work").gets_ok()
    talk.ask().gets_ok()
    assert (talk.closed.calls, talk.closed.ended_by) == ((1, 3), 3)


def test_numbers_of_calls_are_bounded(talk: Conversation) -> None:
    for _ in range(70):
        talk.ask(sdk=1).gets(BROKEN)
        talk.wait(100)
    talk.end()
    assert (len(talk.closed.calls), talk.closed.attempts) == (64, 70)


def test_attempts_in_flight_at_the_first_failure_are_its_calls_too(talk: Conversation) -> None:
    first, _second = talk.write(key="k"), talk.write(key="k")
    first.gets(BROKEN)
    talk.end()
    assert talk.closed.calls == (1, 2)
