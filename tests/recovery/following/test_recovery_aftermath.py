"""What later calls show about a failure or a lie."""

import pytest

from chaosproxy.core.events import CanaryFound, EpisodeClosed, SessionEnded
from chaosproxy.recovery.following.aftermath import CANARIES
from tests.recovery.conversation import BROKEN, DENIED, EXPIRED, LEFT, LIE, REPLY_LOST, THROTTLED, Conversation

SHOP: dict[str, object] = {
    "upstreams": {"shop": "http://shop.test"},
    "tools": {
        "human": {"upstream": "shop", "path": "/human", "escalates": True},
        "sent": {"upstream": "shop", "path": "/sent", "checks": ["charge"]},
    },
}


@pytest.fixture
def talk() -> Conversation:
    return Conversation(more=SHOP)


class TestEscalating:
    def test_the_next_call_tells_a_human(self, talk: Conversation) -> None:
        talk.ask("find").gets(BROKEN)
        talk.ask("pay").gets(DENIED)
        talk.wait(3)
        talk.ask("human help").gets_ok()
        assert talk.because == [("escalated", "cannot_tell"), ("escalated", "said_so")]
        assert talk.endings == {("escalated", 1): 2}
        assert talk.operations == [("failed", 1), ("failed", 1)]
        assert [closed.ended_by for closed in talk.said(EpisodeClosed)] == [3, 3]

    def test_after_trying_it_is_right(self, talk: Conversation) -> None:
        talk.ask("find").gets(BROKEN)
        talk.ask("find").gets(BROKEN)
        talk.ask("human help")
        assert talk.because == [("escalated", "said_so")]

    def test_for_a_write_in_doubt_too(self, talk: Conversation) -> None:
        talk.write().gets(REPLY_LOST)
        talk.ask("human help")
        assert talk.because == [("escalated", "said_so")]

    def test_thinking_and_handshakes_come_in_between(self, talk: Conversation) -> None:
        talk.ask("find").gets(DENIED)
        talk.prompt("what now?").gets_ok()
        talk.aside()
        talk.ask("human help")
        assert talk.resolutions == ["escalated"]

    def test_other_work_in_between_does_not(self, talk: Conversation) -> None:
        talk.ask("find").gets(DENIED)
        talk.ask("other work").gets_ok()
        talk.ask("human help").gets_ok()
        talk.end()
        assert talk.resolutions == ["failed_fast"]

    def test_what_is_being_tried_is_left_alone(self, talk: Conversation) -> None:
        talk.ask("find").gets(BROKEN)
        again = talk.ask("find")
        talk.ask("pay").gets(DENIED)
        talk.ask("human help")
        assert talk.resolutions == ["escalated"]
        again.gets_ok()
        assert talk.resolutions == ["escalated", "recovered_retry"]


class TestLies:
    """Good answers that were spoiled so that no error shows."""

    def test_asking_again_is_a_recovery(self, talk: Conversation) -> None:
        talk.ask("find").gets(LIE)
        assert talk.tracker.open_episodes == 1
        again = talk.ask("find")
        assert again.short == (1, 2, "retry")
        again.gets_ok()
        assert talk.because == [("recovered_retry", "came_back")]
        assert talk.closed.outcome == "ok"
        assert talk.closed.fault == "wrong_values"

    def test_going_on_is_not_noticing(self, talk: Conversation) -> None:
        talk.ask("find").gets(LIE)
        talk.ask("other work").gets_ok()
        talk.end()
        assert talk.because == [("undetected", "went_on")]
        assert talk.closed.ended_by == 2

    def test_if_it_was_the_last_nobody_knows(self, talk: Conversation) -> None:
        talk.ask("find").gets(LIE)
        talk.aside()
        talk.end()
        assert talk.because == [("undetected", "nothing_followed")]
        assert (talk.verdicts, talk.closed.ended_by) == (["unknown"], 0)

    def test_a_lie_after_a_failure_is_not_noticed_either(self, talk: Conversation) -> None:
        talk.ask("find").gets(BROKEN)
        talk.ask("find").gets(LIE)
        talk.end()
        assert talk.resolutions == ["undetected"]

    def test_who_asks_again_sees_through_it(self, talk: Conversation) -> None:
        talk.ask("find").gets(LIE)
        talk.ask("find").gets(LIE)
        talk.end()
        assert talk.resolutions == ["exhausted"]

    def test_a_lie_that_was_not_told_is_none(self, talk: Conversation) -> None:
        talk.ask("find").gets(LIE, skipped="not_json")
        assert (talk.tracker.open_episodes, talk.clean) == (0, 1)

    def test_a_lie_is_no_good_answer_to_poll_after(self, talk: Conversation) -> None:
        talk.ask("find").gets(LIE)
        again = talk.ask("find")
        again.gets_ok()
        assert not again.match.watch


class TestCanaries:
    def test_in_a_tools_arguments_it_was_believed(self, talk: Conversation) -> None:
        talk.ask("find").gets(LIE)
        talk.ask("pay", body={"to": ["the c4n4ry account"]}).gets_ok()
        talk.ask("pay again", body={"to": "c4n4ry"}).gets_ok()
        talk.end()
        (found,) = talk.said(CanaryFound)
        assert (found.call.number, found.episode, found.planted) == (2, 1, 1)
        assert talk.because == [("undetected", "went_on")]

    def test_in_a_prompt_it_has_reached_the_model(self, talk: Conversation) -> None:
        talk.ask("find").gets(LIE)
        talk.prompt("the tool says c4n4ry").gets_ok()
        talk.prompt("the tool says c4n4ry", "go on").gets_ok()
        talk.ask("pay", body="c4n4ry").gets_ok()
        assert [found.call.number for found in talk.said(CanaryFound)] == [2, 4]

    def test_also_after_the_episode(self, talk: Conversation) -> None:
        talk.ask("find").gets(LIE)
        talk.ask("find").gets_ok()
        talk.ask("pay", body="c4n4ry")
        assert len(talk.said(CanaryFound)) == 1

    def test_other_agents_are_not_looked_at(self, talk: Conversation) -> None:
        talk.ask("find").gets(LIE)
        talk.ask("pay", body="c4n4ry", run="run-2")
        assert talk.said(CanaryFound) == []

    def test_they_are_bounded(self, talk: Conversation) -> None:
        for number in range(CANARIES + 3):
            talk.ask(f"find {number}").gets(LIE)
        assert talk.tracker.forgotten == 3
        talk.end()
        assert talk.said(SessionEnded)[0].forgotten == 3


class TestChecking:
    """A write that may have run, and a look at whether it did."""

    @pytest.mark.parametrize(
        ("what", "at"),
        [("look", "GET shop/charge/7"), ("sent", "POST shop/anything"), ("list", "GET shop/charge")],
    )
    def test_whoever_checks_may_send_it_again(self, talk: Conversation, what: str, at: str) -> None:
        talk.write().gets(REPLY_LOST)
        talk.ask(what, at=at).gets_ok()
        talk.write().gets_ok()
        assert talk.because == [("recovered_retry", "came_back")]
        assert talk.effects == [(3, "confirmed")]  # it looked, and did it again all the same: nothing was avoided

    def test_who_looks_and_finds_that_it_had_not_run_avoided_a_second_effect(self, talk: Conversation) -> None:
        talk.write().gets(LEFT)
        talk.ask("look", at="GET shop/charge/7").gets_ok()
        talk.write().gets_ok()
        assert talk.effects == [(1, "avoided")]

    def test_or_leave_it(self, talk: Conversation) -> None:
        talk.write().gets(REPLY_LOST)
        talk.ask("look", at="GET shop/charge/7").gets_ok()
        talk.end()
        assert talk.because == [("abandoned", "checked")]
        assert talk.effects == [(1, "avoided")]

    @pytest.mark.parametrize("at", ["GET shop/other", "GET mail/charge", "POST shop/charge"])
    def test_another_read_shows_nothing(self, talk: Conversation, at: str) -> None:
        talk.write().gets(REPLY_LOST)
        talk.ask("look", at=at).gets_ok()
        talk.write().gets_ok()
        assert talk.because == [("recovered_retry", "blind")]
        assert talk.effects == [(3, "exposed"), (3, "confirmed")]

    def test_nor_does_one_that_fails_or_lies(self, talk: Conversation) -> None:
        talk.write().gets(REPLY_LOST)
        talk.ask("look", at="GET shop/charge/7").gets(BROKEN)
        talk.ask("list", at="GET shop/charge").gets(LIE)
        talk.write()
        assert talk.effects == [(4, "exposed")]

    def test_nor_one_that_began_before(self, talk: Conversation) -> None:
        lost = talk.write()
        look = talk.ask("look", at="GET shop/charge/7")
        lost.gets(REPLY_LOST)
        look.gets_ok()
        assert talk.effects == []

    def test_a_second_doubt_wants_a_second_check(self, talk: Conversation) -> None:
        talk.write().gets(REPLY_LOST)
        talk.ask("look", at="GET shop/charge/7").gets_ok()
        talk.write().gets(REPLY_LOST)
        talk.write()
        assert talk.effects == [(3, "confirmed"), (4, "exposed")]

    def test_the_same_key_and_a_replay_avoid_it_too(self, talk: Conversation) -> None:
        talk.write(key="k").gets(REPLY_LOST)
        talk.write(key="k").gets_ok(replayed=True)
        assert talk.effects == [(2, "avoided")]

    def test_a_key_that_is_ignored_does_not(self, talk: Conversation) -> None:
        talk.write(key="k").gets(REPLY_LOST, body_digest="d1")
        talk.write(key="k").gets_ok(digest="d2")
        assert talk.effects == [(2, "confirmed")]

    def test_what_was_risked_is_not_avoided_by_looking_later(self, talk: Conversation) -> None:
        talk.write().gets(REPLY_LOST)
        talk.write().gets(REPLY_LOST)
        talk.ask("look", at="GET shop/charge/7").gets_ok()
        assert [word for _, word in talk.effects] == ["exposed", "confirmed"]


class TestWaste:
    def test_insisting(self, talk: Conversation) -> None:
        talk.ask("find").gets(DENIED)
        talk.ask("find").gets(DENIED)
        assert talk.wasted == [(2, "cannot_succeed")]

    def test_not_if_it_worked_after_all(self, talk: Conversation) -> None:
        talk.ask("find").gets(DENIED)
        talk.ask("find").gets_ok()
        assert talk.wasted == []

    def test_early_and_refused_for_the_same_reason(self, talk: Conversation) -> None:
        talk.ask("find").gets(THROTTLED, retry_after=10)
        talk.ask("find").gets(THROTTLED, retry_after=10)
        talk.ask("find").gets(BROKEN)
        talk.ask("find").gets_ok()
        assert talk.retry_after == ["early", "early"]
        assert talk.wasted == [(2, "early")]

    def test_late_duplicates(self, talk: Conversation) -> None:
        talk.write(key="k").gets_ok()
        talk.write(key="k").gets_ok(replayed=True)
        assert talk.wasted == [(2, "after_success")]

    def test_not_while_it_is_still_in_flight(self, talk: Conversation) -> None:
        first, _second = talk.write(key="k"), talk.write(key="k")
        first.gets_ok()
        assert talk.wasted == []

    def test_an_sdk_that_did_not_see_the_answer(self, talk: Conversation) -> None:
        talk.ask("find").gets_ok()
        talk.ask("find", sdk=1).gets_ok()
        talk.ask("other", sdk=1).gets_ok()
        assert talk.wasted == [(2, "after_success")]

    def test_turns_of_a_loop(self, talk: Conversation) -> None:
        for _ in range(7):
            talk.ask("find").gets(BROKEN)
        talk.end()
        assert talk.loops == ["identical"]
        assert talk.wasted == [(6, "loop"), (7, "loop")]
        assert talk.because == [("looping", "looped")]

    def test_one_reason_a_call(self, talk: Conversation) -> None:
        for _ in range(7):
            talk.ask("find").gets(DENIED)
        assert talk.wasted == [(number, "cannot_succeed") for number in range(2, 8)]

    def test_new_credentials_are_a_new_try(self, talk: Conversation) -> None:
        talk.ask("find", token="old").gets(EXPIRED)
        talk.ask("find", token="new").gets(EXPIRED)
        talk.ask("find", token="new").gets(EXPIRED)
        assert talk.wasted == [(3, "cannot_succeed")]

    def test_a_loop_that_ends_well_is_no_looping(self, talk: Conversation) -> None:
        for _ in range(6):
            talk.ask("find").gets(BROKEN)
        talk.ask("find").gets_ok()
        assert talk.resolutions == ["recovered_retry"]
