"""Which operation a call belongs to."""

import pytest

from chaosproxy.core.events import SessionEnded
from chaosproxy.core.purpose import PLAIN, Purpose, Role
from tests.recovery.conversation import BROKEN, THROTTLED, Asked, Conversation


@pytest.fixture
def talk() -> Conversation:
    return Conversation()


def test_a_call_out_of_the_blue_is_a_new_operation(talk: Conversation) -> None:
    asked = talk.ask("find")
    assert asked.short == (1, 1, "first")
    assert (asked.match.rule, asked.match.layer) == (9, "none")


def test_the_same_call_after_its_failure_is_a_retry(talk: Conversation) -> None:
    talk.ask("find").gets(BROKEN)
    again = talk.ask("find")
    assert again.short == (1, 2, "retry")
    assert (again.match.rule, again.match.layer) == (6, "unknown")


def test_the_same_call_after_an_ok_is_not_a_retry_nor_a_duplicate(talk: Conversation) -> None:
    talk.write("send hello").gets_ok()
    again = talk.write("send hello")
    again.gets_ok()
    assert again.short == (2, 1, "first")
    assert talk.events == []
    assert talk.clean == 2


def test_after_a_recovery_too(talk: Conversation) -> None:
    talk.ask("find").gets(BROKEN)
    talk.ask("find").gets_ok()
    assert talk.ask("find").short == (2, 1, "first")


def test_another_call_is_not_a_retry(talk: Conversation) -> None:
    talk.ask("find tea").gets(BROKEN)
    assert talk.ask("find coffee").short == (2, 1, "first")


def test_another_session_is_another_agent(talk: Conversation) -> None:
    talk.ask("find", run="a").gets(BROKEN)
    assert talk.ask("find", run="b").short == (2, 1, "first")


def test_a_retry_that_changes_only_what_is_volatile_is_exact(talk: Conversation) -> None:
    # The fingerprint leaves volatile fields out; the matcher looks at nothing else.
    talk.ask("find", body={"q": "tea", "timestamp": 1}).gets(BROKEN)
    assert talk.ask("find", body={"q": "tea", "timestamp": 2}).short == (1, 2, "retry")


def test_two_twins_fail_and_are_retried_together_as_two_operations_of_two_attempts(talk: Conversation) -> None:
    one, two = talk.ask("find"), talk.ask("find")
    assert (one.short, two.short) == ((1, 1, "first"), (2, 1, "parallel"))
    assert two.match.rule == 5
    one.gets(BROKEN)
    two.gets(BROKEN)
    three, four = talk.ask("find"), talk.ask("find")
    assert (three.short, four.short) == ((1, 2, "retry"), (2, 2, "retry"))
    three.gets_ok()
    four.gets_ok()
    assert talk.endings == {("recovered_retry", 2): 2}


def test_when_one_of_two_twins_failed_the_third_call_is_its_retry_and_the_fourth_a_twin(talk: Conversation) -> None:
    one, _two = talk.ask("find"), talk.ask("find")
    one.gets(BROKEN)
    assert talk.ask("find").short == (1, 2, "retry")
    assert talk.ask("find").short == (3, 1, "parallel")


def test_failures_are_taken_oldest_first(talk: Conversation) -> None:
    one, two = talk.ask("find"), talk.ask("find")
    two.gets(BROKEN)
    one.gets(BROKEN)
    assert talk.ask("find").match.operation == two.match.operation
    assert talk.ask("find").match.operation == one.match.operation


def test_a_failure_that_ended_after_the_call_began_is_not_what_it_retries(talk: Conversation) -> None:
    slow = talk.ask("find")
    began = talk.now
    slow.gets(BROKEN, after=5)
    talk.now = began + 1  # heard of late: it was on its way before the failure was known
    assert talk.ask("find").short == (2, 1, "first")


@pytest.mark.parametrize(("pause", "kind"), [(600, "retry"), (600.5, "first")])
def test_the_window_is_ten_minutes(talk: Conversation, pause: float, kind: str) -> None:
    talk.ask("find").gets(BROKEN)
    talk.wait(pause)
    assert talk.ask("find").match.kind == kind


def test_the_window_is_three_times_as_long_as_the_agent_was_asked_to_wait(talk: Conversation) -> None:
    talk.ask("find").gets(THROTTLED, retry_after=720)
    talk.wait(720)
    assert talk.ask("find").match.kind == "retry"
    assert talk.retry_after == ["compliant"]


def test_a_failure_out_of_the_window_does_not_hide_a_newer_one(talk: Conversation) -> None:
    talk.ask("find").gets(BROKEN)
    talk.wait(500)
    talk.ask("find", sdk=0)  # takes the first; it never ends
    talk.ask("find").gets(BROKEN)
    talk.wait(200)
    assert talk.ask("find").short == (2, 2, "retry")


class TestNoPart:
    """What nobody decided belongs to no operation."""

    @pytest.mark.parametrize("role", [Role.TOKEN, Role.HOUSEKEEPING])
    def test_it_is_a_call_and_no_operation(self, talk: Conversation, role: Role) -> None:
        for _ in range(3):
            aside = talk.aside(role)
            assert aside.short == (0, 1, "none")
            assert (aside.match.rule, aside.match.layer) == (0, "none")
            aside.gets(BROKEN)
        talk.end()
        (ended,) = talk.said(SessionEnded)
        assert (ended.calls, ended.operations, ended.episodes) == (3, 0, 0)
        assert (talk.clean, talk.loops) == (0, [])


class TestGoingOn:
    """Rule 3: continuations and pages."""

    def test_a_continuation_is_an_operation_of_its_own(self, talk: Conversation) -> None:
        talk.ask("book").gets_ok()
        further = talk.ask("book", purpose=Purpose(continues=True))
        assert (further.short, further.match.rule) == ((2, 1, "continuation"), 3)

    def test_also_while_something_like_it_waits(self, talk: Conversation) -> None:
        talk.ask("book 1", body={"seat": "a window please"}).gets(BROKEN)
        further = talk.ask("book 2", body={"seat": "a window"}, purpose=Purpose(continues=True))
        assert further.match.kind == "continuation"

    def test_one_that_failed_is_retried(self, talk: Conversation) -> None:
        talk.ask("book", purpose=Purpose(continues=True)).gets(BROKEN)
        assert talk.ask("book", purpose=Purpose(continues=True)).short == (1, 2, "retry")

    def test_pages_are_operations_and_a_page_that_failed_is_retried(self, talk: Conversation) -> None:
        for place in range(1, 6):
            page = talk.ask(f"list {place}", purpose=Purpose(page="p") if place > 1 else PLAIN)
            if place == 3:
                page.gets(BROKEN)
                again = talk.ask("list 3", purpose=Purpose(page="p"))
                assert again.short == (3, 2, "retry")
                again.gets_ok()
            else:
                page.gets_ok()
        assert talk.kinds == ["first", "page", "page", "retry", "page", "page"]
        assert talk.matches[1].rule == 3
        assert talk.endings == {("recovered_retry", 2): 1}


class TestPolls:
    """Rule 4: looking at the same thing again."""

    def test_twenty_looks_at_what_runs_are_polls_and_no_loop(self, talk: Conversation) -> None:
        for look in range(20):
            talk.ask("job").gets_ok(pending=look > 0, digest="running")
            talk.wait(2)
        talk.ask("job").gets_ok(digest="done")
        assert talk.kinds == ["first"] + ["poll"] * 20
        assert talk.matches[5].rule == 4
        assert talk.loops == []

    def test_the_first_look_is_not_watched_and_the_second_is(self, talk: Conversation) -> None:
        first = talk.ask("job")
        assert not first.match.watch
        first.gets_ok()
        second = talk.ask("job")
        assert (second.match.watch, second.match.kind) == (True, "first")
        second.gets_ok(pending=True)
        assert second.match.kind == "poll"

    def test_writes_are_not_watched(self, talk: Conversation) -> None:
        talk.write().gets_ok()
        assert not talk.write().match.watch

    def test_a_poll_that_failed_is_retried(self, talk: Conversation) -> None:
        for _ in range(3):
            talk.ask("job").gets_ok(pending=True, digest="running")
        talk.ask("job").gets(BROKEN)
        assert talk.ask("job").match.kind == "retry"

    def test_an_even_rhythm_is_a_poll(self, talk: Conversation) -> None:
        for _ in range(8):
            talk.ask("price").gets_ok()
            talk.wait(10)
        assert talk.matches[-1].kind == "poll"


class TestFollows:
    def test_the_latest_failed_call_or_the_latest_of_the_operation(self, talk: Conversation) -> None:
        talk.ask("find").gets(BROKEN)
        talk.ask("find").gets(BROKEN)
        talk.ask("find").gets_ok()
        talk.write(key="k").gets_ok()
        talk.write(key="k")
        talk.write(key="k")
        assert [match.follows for match in talk.matches] == [0, 1, 2, 0, 4, 5]


class TestKeys:
    """Rule 1: an explicit key says what belongs together."""

    def test_the_same_key_joins_also_while_the_first_is_in_flight(self, talk: Conversation) -> None:
        first, second = talk.write(key="k1"), talk.write(key="k1")
        assert (first.short, second.short) == ((1, 1, "first"), (1, 2, "retry"))
        assert second.match.rule == 1

    def test_each_key_finds_its_own_failure(self, talk: Conversation) -> None:
        one, two = talk.write(key="k1"), talk.write(key="k2")
        one.gets(BROKEN)
        two.gets(BROKEN)
        assert talk.write(key="k2").short == (2, 2, "retry")
        assert talk.write(key="k1").short == (1, 2, "retry")

    def test_the_same_key_after_success_is_a_late_duplicate_of_that_operation(self, talk: Conversation) -> None:
        talk.write(key="k1").gets_ok()
        assert talk.write(key="k1").short == (1, 2, "retry")

    def test_the_same_key_for_another_content_does_not_join(self, talk: Conversation) -> None:
        talk.write("charge 1", key="k1").gets_ok()
        other = talk.write("charge 2", key="k1")
        assert other.short == (2, 1, "first")
        other.gets(BROKEN)
        assert talk.write("charge 2", key="k1").match.rule == 1
        assert talk.write("charge 1", key="k1").match.operation == 1

    def test_a_misuse_is_said_once_and_for_one_upstream(self, talk: Conversation) -> None:
        talk.write("charge 1", key="k1").gets_ok()
        talk.write("charge 2", key="k1").gets(BROKEN)
        talk.write("charge 2", key="k1").gets_ok()
        talk.ask("charge 3", key="k1", at="POST other/charge").gets_ok()
        assert talk.keys == [(2, "misuse"), (3, "reused")]

    def test_a_rotated_key_does_not_hide_that_it_is_a_retry(self, talk: Conversation) -> None:
        talk.write(key="k1").gets(BROKEN)
        again = talk.write(key="k2")
        assert (again.short, again.match.rule) == ((1, 2, "retry"), 6)
        again.gets(BROKEN)
        assert talk.write(key="k2").short == (1, 3, "retry")

    def test_keys_are_the_sessions_own(self, talk: Conversation) -> None:
        talk.write(key="k1", run="a").gets(BROKEN)
        assert talk.write(key="k1", run="b").short == (2, 1, "first")


class TestSdkMarks:
    """Rule 2: an SDK says which retry it is."""

    def test_a_burst_of_marked_retries_and_one_unmarked(self, talk: Conversation) -> None:
        asked: list[Asked] = []
        for mark in (0, 1, 2, 0, 1):
            asked.append(talk.ask("complete", sdk=mark))
            asked[-1].gets(BROKEN)
        assert [one.match.attempt for one in asked] == [1, 2, 3, 4, 5]
        assert [str(one.match.layer) for one in asked] == ["none", "sdk", "sdk", "unknown", "sdk"]
        assert [one.match.rule for one in asked] == [9, 2, 2, 6, 2]
        assert [layer for layer, _ in talk.waits] == ["sdk", "sdk", "unknown", "sdk"]

    def test_it_joins_the_latest_failure(self, talk: Conversation) -> None:
        one, two = talk.ask("find"), talk.ask("find")
        one.gets(BROKEN)
        two.gets(BROKEN)
        assert talk.ask("find", sdk=1).match.operation == two.match.operation

    def test_it_may_be_back_before_its_old_connection_is_seen_to_close(self, talk: Conversation) -> None:
        talk.ask("find")
        again = talk.ask("find", sdk=1)
        assert (again.short, again.match.rule) == ((1, 2, "retry"), 2)

    def test_a_mark_without_anything_to_retry_is_a_new_operation(self, talk: Conversation) -> None:
        talk.ask("find").gets_ok()
        assert talk.ask("find", sdk=1).short == (2, 1, "first")

    def test_it_does_not_join_a_late_duplicate_of_what_succeeded(self, talk: Conversation) -> None:
        first, _second = talk.write(key="k1"), talk.write(key="k1")
        first.gets_ok()
        assert talk.ask("charge", sdk=1).short == (2, 1, "parallel")
