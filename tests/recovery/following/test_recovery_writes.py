"""Duplicate effects, counted from what the upstream did."""

from dataclasses import replace

import pytest

from chaosproxy.core.answer import Answer, Origin, UpstreamTruth
from chaosproxy.core.call import ToolEffect
from chaosproxy.core.events import DuplicateEffect
from chaosproxy.core.failures import Outcome
from chaosproxy.recovery.following.writes import in_doubt
from tests.recovery.conversation import BROKEN, EXECUTED, REPLY_LOST, Conversation


@pytest.fixture
def talk() -> Conversation:
    return Conversation()


def test_a_lost_reply_and_a_second_execution_are_one_duplicate(talk: Conversation) -> None:
    talk.write().gets(REPLY_LOST)
    again = talk.write()
    again.gets_ok()
    exposed, confirmed = talk.said(DuplicateEffect)
    assert (exposed.call, exposed.certainty) == (again.call, "exposed")
    assert (confirmed.call, confirmed.certainty, confirmed.times) == (again.call, "confirmed", 1)


def test_each_execution_beyond_the_first_counts(talk: Conversation) -> None:
    for _ in range(3):
        talk.write().gets(REPLY_LOST)
    talk.write().gets_ok()
    assert talk.duplicates == 3


def test_what_never_ran_does_not_count(talk: Conversation) -> None:
    talk.write().gets(BROKEN)
    talk.write().gets_ok()
    assert talk.duplicates == 0


def test_the_same_write_asked_for_again_after_ok_is_meant_so(talk: Conversation) -> None:
    talk.write().gets_ok()
    talk.write().gets_ok()
    assert talk.duplicates == 0


def test_a_replay_is_no_second_execution(talk: Conversation) -> None:
    talk.write(key="k").gets(REPLY_LOST)
    talk.write(key="k").gets_ok(replayed=True)
    assert talk.duplicates == 0


def test_the_same_reply_under_the_same_key_is_a_replay(talk: Conversation) -> None:
    talk.write(key="k").gets(REPLY_LOST, body_digest="d1")
    talk.write(key="k").gets_ok(digest="d1")
    assert talk.duplicates == 0


def test_another_reply_under_the_same_key_is_not(talk: Conversation) -> None:
    # The key is never taken on trust: this server ignores it.
    talk.write(key="k").gets(REPLY_LOST, body_digest="d1")
    talk.write(key="k").gets_ok(digest="d2")
    assert talk.duplicates == 1


def test_the_same_reply_without_a_key_or_under_another_proves_nothing(talk: Conversation) -> None:
    talk.write().gets(REPLY_LOST, body_digest="d1")
    talk.write().gets_ok(digest="d1")
    talk.write("pay", key="k1").gets(REPLY_LOST, body_digest="d1")
    talk.write("pay", key="k2").gets_ok(digest="d1")
    assert talk.duplicates == 2


def test_a_late_duplicate_under_the_key_of_a_success_counts_if_it_ran(talk: Conversation) -> None:
    talk.write(key="k").gets_ok(digest="d1")
    talk.write(key="k").gets_ok(digest="d2")
    assert talk.duplicates == 1
    assert talk.clean == 1


def test_answers_out_of_order_count_the_same(talk: Conversation) -> None:
    first, second = talk.write(key="k"), talk.write(key="k")
    second.gets_ok(digest="d2")
    first.gets(REPLY_LOST, body_digest="d1")
    assert talk.duplicates == 1


def test_parallel_twins_are_two_intentions(talk: Conversation) -> None:
    one, two = talk.write(), talk.write()
    one.gets_ok()
    two.gets_ok()
    assert talk.duplicates == 0


@pytest.mark.parametrize("effect", [ToolEffect.READ, ToolEffect.IDEMPOTENT])
def test_only_writes_have_effects_to_duplicate(talk: Conversation, effect: ToolEffect) -> None:
    talk.ask(effect=effect).gets(REPLY_LOST)
    talk.ask(effect=effect).gets_ok()
    assert talk.duplicates == 0


def test_replies_remembered_of_one_operation_are_bounded(talk: Conversation) -> None:
    # A constant key makes all calls one operation; what is remembered of it must not grow with them.
    for number in range(200):
        asked = talk.write(key="always the same")
        operation = talk.operation(asked.match.operation)
        asked.gets_ok(digest=f"d{number}")
    assert operation is not None
    assert operation.replies is not None
    assert len(operation.replies) == 64


@pytest.mark.parametrize(
    ("outcome", "truth", "status", "doubt"),
    [
        (Outcome.RESET, EXECUTED, 0, True),
        (Outcome.RESET, UpstreamTruth.SENT_UNKNOWN, 0, True),
        (Outcome.RESET, UpstreamTruth.NOT_SENT, 0, False),
        (Outcome.AGENT_LEFT, UpstreamTruth.SENT_UNKNOWN, 0, True),
        (Outcome.MALFORMED, EXECUTED, 200, True),
        (Outcome.UNAVAILABLE, EXECUTED, 503, True),
        (Outcome.UNAVAILABLE, UpstreamTruth.SENT_UNKNOWN, 502, True),
        (Outcome.UNAVAILABLE, UpstreamTruth.SENT_UNKNOWN, 503, False),
        (Outcome.THROTTLED, UpstreamTruth.REJECTED, 429, False),
        (Outcome.INVALID, UpstreamTruth.REJECTED, 422, False),
    ],
)
def test_when_the_agent_cannot_know(
    talk: Conversation, outcome: Outcome, truth: UpstreamTruth, status: int, doubt: bool
) -> None:
    answer = Answer(outcome=outcome, origin=Origin.UPSTREAM, truth=truth, status=status, first_byte=0.0, ended=talk.now)
    call = talk.write().call
    assert in_doubt(call, answer) is doubt
    read = replace(call, route=talk.ask().call.route)
    assert in_doubt(read, answer) is False
