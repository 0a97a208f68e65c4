"""What is said of a retry when it arrives."""

import pytest

from chaosproxy.core.effects import Reject
from chaosproxy.core.events import BackoffSeen, RetryOverBudget, RetryWaited
from chaosproxy.core.failures import Course, FailureKind, Nature, Outcome, Phase, Reaction
from chaosproxy.core.purpose import Role
from tests.recovery.conversation import (
    BROKEN,
    DENIED,
    DOWN,
    EXPIRED,
    REPLY_LOST,
    THROTTLED,
    Conversation,
    Ill,
    inject,
)

NEEDS_A_WAIT = Ill(
    outcome=Outcome.UNAVAILABLE,
    status=503,
    injection=inject(
        "overloaded",
        Nature(explicit=True, course=Course.TRANSIENT, healthy=(Reaction.WAIT_THEN_RETRY,)),
        Reject(FailureKind.OVERLOADED, Phase.BEFORE_UPSTREAM),
    ),
    origin=THROTTLED.origin,
)


@pytest.fixture
def talk() -> Conversation:
    return Conversation()


class TestLayers:
    def test_without_any_language_model_nobody_can_tell(self, talk: Conversation) -> None:
        talk.ask().gets(BROKEN)
        assert talk.ask().match.layer == "unknown"

    def test_a_model_that_answered_in_between_decided(self, talk: Conversation) -> None:
        talk.ask().gets(BROKEN)
        talk.prompt("it failed").gets_ok()
        assert talk.ask().match.layer == "model"

    def test_one_that_was_asked_before_did_not(self, talk: Conversation) -> None:
        talk.prompt("find it").gets_ok()
        talk.ask().gets(BROKEN)
        assert talk.ask().match.layer == "framework"

    def test_nor_one_that_failed(self, talk: Conversation) -> None:
        talk.ask().gets(BROKEN)
        talk.prompt("it failed").gets(BROKEN)
        assert talk.ask().match.layer == "framework"

    def test_a_models_own_call_is_the_frameworks(self, talk: Conversation) -> None:
        talk.prompt("hello").gets(BROKEN)
        talk.prompt("another one").gets_ok()
        assert talk.prompt("hello").match.layer == "framework"

    def test_an_sdks_mark_says_it(self, talk: Conversation) -> None:
        talk.ask().gets(BROKEN)
        talk.prompt("it failed").gets_ok()
        assert talk.ask(sdk=1).match.layer == "sdk"

    def test_another_agents_model_says_nothing(self, talk: Conversation) -> None:
        talk.ask().gets(BROKEN)
        talk.prompt("it failed", run="run-2").gets_ok()
        assert talk.ask().match.layer == "unknown"


class TestWaits:
    def test_they_are_numbered_and_say_whether_they_were_asked_for(self, talk: Conversation) -> None:
        talk.ask().gets(THROTTLED, retry_after=2)
        talk.wait(2)
        talk.ask().gets(BROKEN)
        talk.wait(1)
        talk.ask().gets_ok()
        waited = [(each.call.number, each.ordinal, each.hinted) for each in talk.said(RetryWaited)]
        assert waited == [(2, 1, True), (3, 2, False)]

    def test_a_models_time_is_not_waiting(self, talk: Conversation) -> None:
        talk.ask().gets(BROKEN)
        talk.wait(1)
        talk.prompt("it failed").gets_ok(after=5)
        talk.wait(2)
        talk.ask().gets_ok(after=0.5)
        closed = talk.closed
        assert (closed.wait_seconds, closed.model_seconds, closed.service_seconds) == (3, 5, 0.5)
        assert closed.closed - closed.opened == 8.5
        assert talk.waits == [("model", 8)]

    def test_of_a_model_that_was_asked_before_only_what_falls_into_the_wait(self, talk: Conversation) -> None:
        failing = talk.ask()
        slow = talk.prompt("meanwhile")
        failing.gets(BROKEN, after=2)
        slow.gets_ok(after=3)
        talk.wait(1)
        talk.ask().gets_ok()
        assert (round(talk.closed.wait_seconds, 6), round(talk.closed.model_seconds, 6)) == (1, 3)

    def test_backoff_is_seen_without_what_was_asked_for(self, talk: Conversation) -> None:
        talk.ask().gets(BROKEN)
        for wait in (1, 2, 4):
            talk.wait(wait)
            talk.ask().gets(BROKEN)
        talk.wait(8)
        talk.ask(sdk=1).gets(THROTTLED, retry_after=3)
        talk.wait(3)
        talk.ask().gets_ok()
        (seen,) = talk.said(BackoffSeen)
        assert [round(wait, 6) for wait in seen.waits] == [1, 2, 4, 8]
        assert (seen.shape, seen.tool, seen.operation, seen.layer) == ("exponential", "find", 1, "unknown")

    def test_one_wait_has_no_shape(self, talk: Conversation) -> None:
        talk.ask().gets(BROKEN)
        talk.wait(1)
        talk.ask().gets_ok()
        assert talk.said(BackoffSeen) == []


class TestHaste:
    @pytest.mark.parametrize("sdk", [0, 1])
    def test_at_once_is_wrong_where_a_wait_is_needed(self, talk: Conversation, sdk: int) -> None:
        talk.ask().gets(NEEDS_A_WAIT)
        talk.wait(0.04)
        talk.ask(sdk=sdk).gets_ok()
        assert talk.because == [("recovered_retry", "hasty")]

    def test_a_little_later_is_not(self, talk: Conversation) -> None:
        talk.ask().gets(NEEDS_A_WAIT)
        talk.wait(0.06)
        talk.ask().gets_ok()
        assert talk.because == [("recovered_retry", "came_back")]

    def test_who_was_told_how_long_is_judged_by_that(self, talk: Conversation) -> None:
        talk.ask().gets(NEEDS_A_WAIT, retry_after=0)
        talk.ask().gets_ok()
        assert talk.because == [("recovered_retry", "came_back")]


class TestKeys:
    @pytest.mark.parametrize(
        ("first", "second", "verdict"),
        [
            ("k1", "k1", "reused"),
            ("k1", "k2", "rotated"),
            (None, "k2", "rotated"),
            ("k1", None, "absent"),
            (None, None, "absent"),
        ],
    )
    def test_what_a_retry_does_with_the_key(
        self, talk: Conversation, first: str | None, second: str | None, verdict: str
    ) -> None:
        talk.write(key=first).gets(BROKEN)
        talk.write(key=second).gets_ok()
        assert talk.keys == [(2, verdict)]

    def test_the_first_key_counts(self, talk: Conversation) -> None:
        talk.write(key="k1").gets(BROKEN)
        talk.write(key="k2").gets(BROKEN)
        talk.write(key="k1").gets_ok()
        assert talk.keys == [(2, "rotated"), (3, "reused")]

    def test_reads_and_models_have_none(self, talk: Conversation) -> None:
        talk.ask().gets(BROKEN)
        talk.ask().gets_ok()
        talk.prompt("hello").gets(REPLY_LOST)
        talk.prompt("hello").gets_ok()
        assert (talk.keys, talk.effects) == ([], [])
        assert talk.verdicts == ["appropriate", "appropriate"]

    def test_a_changed_write_needs_another_one(self, talk: Conversation) -> None:
        talk.ask("one", tool="post", key="k1", body={"text": "a b c"}).gets(DOWN)
        talk.ask("two", tool="post", key="k2", body={"text": "a b"}).gets_ok()
        assert (talk.kinds, talk.keys) == (["first", "modified_retry"], [])


class TestBudget:
    def test_retries_beyond_a_fifth_and_a_reserve_are_counted(self, talk: Conversation) -> None:
        for _ in range(20):
            talk.ask().gets(BROKEN, after=0.01)
        assert len(talk.said(RetryOverBudget)) == 9  # 19 retries; 10 seconds' reserve of 1, and 0.2 for one first
        assert {each.call.route.tool for each in talk.said(RetryOverBudget)} == {"find"}


class TestCredentialsAndConnections:
    def test_a_token_call_in_between_is_a_reauthentication(self, talk: Conversation) -> None:
        talk.ask(token=None).gets(EXPIRED)
        talk.aside(Role.TOKEN).gets_ok()
        talk.ask(token=None).gets_ok()
        assert talk.because == [("recovered_reauth", "mended")]
        assert talk.wasted == []

    def test_one_after_which_it_is_refused_again_was_no_insisting(self, talk: Conversation) -> None:
        talk.ask(token=None).gets(EXPIRED)
        talk.aside(Role.TOKEN).gets_ok()
        talk.ask(token=None).gets(EXPIRED)
        talk.end()
        assert talk.because == [("exhausted", "gave_up")]

    def test_one_that_failed_is_none(self, talk: Conversation) -> None:
        talk.ask(token=None).gets(EXPIRED)
        talk.aside(Role.TOKEN).gets(DENIED)
        talk.ask(token=None).gets_ok()
        assert talk.because == [("recovered_retry", "insisted")]

    def test_nor_is_one_after_another_failure(self, talk: Conversation) -> None:
        talk.ask().gets(BROKEN)
        talk.aside(Role.TOKEN).gets_ok()
        talk.ask().gets_ok()
        assert talk.resolutions == ["recovered_retry"]

    def test_more_rights_are_other_credentials_where_that_mends_it(self, talk: Conversation) -> None:
        nature = Nature(explicit=True, course=Course.CONDITIONAL, healthy=(Reaction.REAUTHENTICATE,))
        reject = Reject(FailureKind.INSUFFICIENT_SCOPE, Phase.BEFORE_UPSTREAM)
        narrow = Ill(
            outcome=Outcome.DENIED,
            status=403,
            injection=inject("insufficient_scope", nature, reject),
            origin=DENIED.origin,
        )
        talk.ask(token="narrow").gets(narrow)
        talk.ask(token="wide").gets_ok()
        assert talk.resolutions == ["recovered_reauth"]

    def test_another_session_of_the_protocol_is_a_reconnection(self, talk: Conversation) -> None:
        talk.ask(link="one").gets(DENIED)
        talk.ask(link="two").gets_ok()
        assert talk.because == [("recovered_reconnect", "mended")]

    def test_so_is_opening_one_in_between(self, talk: Conversation) -> None:
        talk.ask().gets(DENIED)
        talk.aside(opens=True, at="POST shop/mcp").gets_ok()
        talk.ask().gets_ok()
        assert talk.because == [("recovered_reconnect", "mended")]

    def test_but_not_with_another_server(self, talk: Conversation) -> None:
        talk.ask().gets(DENIED)
        talk.aside(opens=True, at="POST other/mcp").gets_ok()
        talk.ask().gets_ok()
        assert talk.because == [("recovered_retry", "insisted")]

    def test_nor_before_the_failure(self, talk: Conversation) -> None:
        talk.aside(opens=True, at="POST shop/mcp").gets_ok()
        talk.ask(link="one").gets(BROKEN)
        talk.ask(link="one").gets_ok()
        assert talk.resolutions == ["recovered_retry"]

    def test_new_credentials_count_for_more(self, talk: Conversation) -> None:
        talk.ask(link="one", token="old").gets(EXPIRED)
        talk.ask(link="two", token="new").gets_ok()
        assert talk.resolutions == ["recovered_reauth"]


def test_a_hint_in_the_head_of_a_message_is_not_visible_through_mcp(talk: Conversation) -> None:
    talk.ask(transport="mcp").gets(THROTTLED, retry_after=30)
    talk.wait(1)
    talk.ask(transport="mcp").gets_ok()
    assert talk.retry_after == ["not_visible"]
    assert talk.because == [("recovered_retry", "came_back")]
