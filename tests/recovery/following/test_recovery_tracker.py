"""Sessions, twins and bounds."""

import pytest

from chaosproxy.core.events import SessionEnded
from chaosproxy.recovery.following import counts, sessions, tracker
from tests.recovery.conversation import BROKEN, HANGS, HELD_UP, LEFT, Conversation


@pytest.fixture
def talk() -> Conversation:
    return Conversation()


def test_a_clean_call_publishes_nothing_and_is_counted(talk: Conversation) -> None:
    talk.ask("find tea", tool="search").gets_ok()
    talk.ask("find tea", tool="search").gets_ok()
    talk.ask("pay").gets_ok()
    assert talk.events == []
    assert talk.tracker.clean_operations == {"search": 2, "pay": 1}


def test_an_operation_that_recovered_is_not_clean(talk: Conversation) -> None:
    talk.ask().gets(BROKEN)
    talk.ask().gets_ok()
    assert talk.tracker.clean_operations == {}


def test_a_keyed_operation_is_clean_once(talk: Conversation) -> None:
    talk.write(key="k").gets_ok(digest="d")
    talk.write(key="k").gets_ok(digest="d")
    assert talk.clean == 1


def test_a_success_long_after_it_was_given_up_is_not_clean(talk: Conversation) -> None:
    talk.ask("something else that takes long")
    talk.write(key="k").gets(BROKEN)
    talk.tick(after=901)
    assert talk.write(key="k").match.attempt == 2
    talk.write(key="k").gets_ok()
    assert (talk.resolutions, talk.clean) == (["abandoned"], 0)


class TestHedges:
    """Twins of which only one was wanted."""

    def test_the_loser_is_no_failure(self, talk: Conversation) -> None:
        first, second = talk.ask(), talk.ask()
        second.gets_ok()
        first.gets(LEFT, after=0.01)
        talk.end()
        assert (talk.resolutions, talk.operations, talk.clean) == ([], [], 1)
        assert talk.said(SessionEnded)[0].operations == 1
        assert talk.kinds == ["hedge", "parallel"]

    def test_whichever_it_is(self, talk: Conversation) -> None:
        first, second = talk.ask(), talk.ask()
        first.gets_ok()
        second.gets(LEFT, after=0.01)
        assert (talk.resolutions, talk.clean) == ([], 1)
        assert talk.kinds == ["first", "hedge"]

    def test_it_may_be_the_one_that_a_fault_holds_up(self, talk: Conversation) -> None:
        first, second = talk.ask(), talk.ask()
        second.gets_ok()
        first.gets(HELD_UP, after=0.01)
        talk.end()
        assert (talk.resolutions, talk.clean) == ([], 1)
        assert talk.kinds == ["hedge", "parallel"]

    def test_a_fault_that_ends_it_ends_no_hedge(self, talk: Conversation) -> None:
        first, second = talk.ask(), talk.ask()
        second.gets_ok()
        first.gets(HELD_UP, after=0.01, left=False)
        talk.end()
        assert talk.resolutions == ["abandoned"]

    def test_where_several_are_answered_none_is_spare(self, talk: Conversation) -> None:
        first, second, third = talk.ask(), talk.ask(), talk.ask()
        first.gets_ok(after=0.01)
        second.gets_ok(after=0.01)
        third.gets(LEFT, after=0.1)
        talk.end()
        assert talk.resolutions == ["abandoned"]

    def test_it_is_dropped_when_the_winner_answers_not_long_after(self, talk: Conversation) -> None:
        first, second = talk.ask(), talk.ask()
        second.gets_ok()
        first.gets(HANGS, after=30)
        talk.end()
        assert talk.resolutions == ["abandoned"]

    def test_it_is_not_dropped_before(self, talk: Conversation) -> None:
        first, second = talk.ask(), talk.ask()
        first.gets(LEFT)
        second.gets_ok()
        talk.end()
        assert talk.resolutions == ["abandoned"]

    def test_a_failure_is_no_lost_hedge(self, talk: Conversation) -> None:
        first, second = talk.ask(), talk.ask()
        second.gets_ok()
        first.gets(BROKEN, after=0.01)
        talk.end()
        assert talk.resolutions == ["abandoned"]

    def test_a_twin_that_began_after_the_answer_lost_nothing(self, talk: Conversation) -> None:
        _long, second = talk.ask(), talk.ask()
        second.gets_ok()
        talk.wait(0.1)
        talk.ask().gets(LEFT, after=0.1)
        talk.end()
        assert "abandoned" in talk.resolutions


class TestLeaving:
    """The agent closes the connection."""

    def test_before_a_byte_it_is_its_own_timeout(self, talk: Conversation) -> None:
        talk.ask().gets(LEFT, after=5)
        talk.end()
        assert (talk.resolutions, talk.closed.fault) == (["abandoned"], "upstream")

    def test_after_the_first_byte_it_has_what_it_wanted(self, talk: Conversation) -> None:
        talk.ask().gets(LEFT, first_byte=talk.now, status=200)
        talk.end()
        assert (talk.resolutions, talk.clean) == ([], 1)

    def test_unless_it_was_an_error(self, talk: Conversation) -> None:
        talk.ask().gets(LEFT, first_byte=talk.now, status=503)
        talk.end()
        assert talk.resolutions == ["abandoned"]


class TestSessions:
    def test_it_ends_when_it_says_so(self, talk: Conversation) -> None:
        talk.ask("find tea").gets(BROKEN)
        talk.ask("find tea").gets_ok()
        talk.ask("find coffee").gets_ok()
        talk.wait(1)
        talk.end()
        assert talk.said(SessionEnded) == [
            SessionEnded(
                session="run-1",
                source="header:X-Session-Id",
                calls=3,
                operations=2,
                episodes=1,
                started=1_000.0,
                ended=talk.now,
            )
        ]
        assert talk.tracker.active_sessions == 0

    def test_ending_what_nobody_knows_is_nothing(self, talk: Conversation) -> None:
        talk.end("nobody")
        assert talk.events == []

    def test_it_ends_when_idle(self, talk: Conversation) -> None:
        talk.ask().gets_ok()
        last = talk.now
        talk.tick(after=299)
        assert talk.tracker.active_sessions == 1
        talk.tick(after=2)
        assert talk.tracker.active_sessions == 0
        assert talk.said(SessionEnded)[0].ended == last

    def test_a_call_in_flight_keeps_it(self, talk: Conversation) -> None:
        asked = talk.ask()
        talk.tick(after=10_000)
        assert talk.tracker.active_sessions == 1
        asked.gets_ok()
        talk.tick()
        assert talk.tracker.active_sessions == 1
        talk.tick(after=300)
        assert talk.tracker.active_sessions == 0

    def test_an_unresolved_failure_keeps_it_until_its_horizon(self, talk: Conversation) -> None:
        talk.ask().gets(BROKEN)
        talk.tick(after=899)
        assert talk.tracker.active_sessions == 1
        talk.tick(after=1)
        assert talk.tracker.active_sessions == 0
        assert [type(event).__name__ for event in talk.events[-3:]] == [
            "EpisodeClosed",
            "OperationClosed",
            "SessionEnded",
        ]

    def test_the_idle_end_while_others_go_on(self, talk: Conversation) -> None:
        talk.ask(run="a").gets_ok()
        talk.ask(run="b")
        talk.ask(run="c").gets_ok()
        for _ in range(4):
            talk.wait(100)
            talk.ask(run="a").gets_ok()
        talk.tick()
        assert [ended.session for ended in talk.said(SessionEnded)] == ["c"]

    def test_when_it_comes_back_it_starts_anew(self, talk: Conversation) -> None:
        talk.write(key="k").gets(BROKEN)
        talk.end()
        assert talk.write(key="k").short == (2, 1, "first")
        assert talk.waits == []

    def test_an_answer_that_comes_after_the_end_is_ignored(self, talk: Conversation) -> None:
        late = talk.ask()
        talk.end()
        talk.ask()
        count = len(talk.events)
        late.gets(BROKEN)
        assert len(talk.events) == count
        assert talk.tracker.open_episodes == 0

    def test_at_its_end_what_waits_is_given_up_and_what_is_tried_again_is_censored(self, talk: Conversation) -> None:
        talk.ask("find tea").gets(BROKEN)
        talk.ask("find coffee").gets(BROKEN)
        talk.ask("find coffee")
        talk.ask("find milk")
        talk.end()
        assert talk.endings == {("abandoned", 1): 1, ("censored", 2): 1}
        assert sorted(talk.operations) == [("censored", 2), ("failed", 1)]

    def test_what_flies_at_its_end_is_known_when_it_lands(self, talk: Conversation) -> None:
        first, second = talk.ask("find tea"), talk.ask("find coffee")
        talk.end()
        assert (talk.operations, talk.clean) == ([], 0)
        first.gets_ok()
        second.gets(LEFT)
        assert (talk.operations, talk.clean) == ([], 1)

    def test_one_session_cannot_disturb_another(self, talk: Conversation) -> None:
        talk.ask(run="a").gets(BROKEN)
        talk.ask(run="b").gets(BROKEN)
        talk.end("a")
        assert talk.resolutions == ["abandoned"]
        talk.ask(run="b").gets_ok()
        assert talk.resolutions == ["abandoned", "recovered_retry"]


class TestStopping:
    def test_everything_open_is_censored(self, talk: Conversation) -> None:
        talk.ask("find tea").gets(BROKEN)
        talk.ask("find coffee", run="run-2").gets(BROKEN)
        talk.ask("find coffee", run="run-2")
        talk.ask("find milk", run="run-3")
        talk.stop()
        assert talk.endings == {("censored", 1): 1, ("censored", 2): 1}
        assert set(talk.verdicts) == {"unknown"}
        assert sorted(talk.operations) == [("censored", 1), ("censored", 2)]
        assert len(talk.said(SessionEnded)) == 3
        assert (talk.tracker.open_episodes, talk.tracker.active_sessions) == (0, 0)

    def test_what_had_succeeded_already_is_not(self, talk: Conversation) -> None:
        talk.write(key="k").gets_ok()
        talk.write(key="k")
        talk.stop()
        assert (talk.operations, talk.clean) == ([], 1)


class TestBounds:
    """Memory is bounded, and what falls out of it is counted and never judged."""

    def test_sessions(self, talk: Conversation) -> None:
        talk.ask(run="oldest but busy")
        talk.ask(run="old").gets(BROKEN)
        for number in range(sessions.SESSIONS - 2):
            talk.ask(run=f"run {number}")
        talk.ask(run="oldest but busy")
        assert (talk.tracker.forgotten, talk.tracker.active_sessions) == (0, sessions.SESSIONS)
        talk.ask(run="one too many")
        assert (talk.tracker.forgotten, talk.tracker.active_sessions) == (1, sessions.SESSIONS)
        assert [ended.session for ended in talk.said(SessionEnded)] == ["old"]
        assert talk.resolutions == ["censored"]

    def test_failures(self, talk: Conversation) -> None:
        for number in range(tracker.FAILURES + 3):
            talk.ask(f"find {number}").gets(BROKEN)
        assert talk.tracker.forgotten == 3
        assert talk.resolutions == ["censored"] * 3
        assert talk.ask("find 2").match.kind == "first"
        assert talk.ask("find 3").match.kind == "retry"

    def test_keys(self, talk: Conversation) -> None:
        for number in range(tracker.KEYS + 1):
            talk.write(key=f"k{number}").gets_ok()
        assert talk.tracker.forgotten == 1
        assert talk.write(key="k1").match.attempt == 2
        assert talk.write(key="k0").match.attempt == 1

    def test_tools(self, talk: Conversation) -> None:
        for number in range(counts.TOOLS + 5):
            talk.ask(f"tool{number}").gets_ok()
        assert len(talk.tracker.clean_operations) == counts.TOOLS + 1
        assert talk.tracker.clean_operations["_other"] == 5
