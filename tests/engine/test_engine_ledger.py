"""What is counted, what is forgotten, and that memory has an end."""

from chaosproxy.engine.ledger import MOST_MEMORIES, MOST_NAMES, MOST_SESSIONS, Ledger
from chaosproxy.engine.records import Occasion, Slot
from chaosproxy.faults._base import Scope
from tests.engine.doubles import call, route


def counted(occasion: Occasion) -> tuple[int, int, int]:
    return occasion.ordinal, occasion.occurrence, occasion.arrival


def test_counts_by_tool_and_by_fingerprint_in_each_session() -> None:
    ledger = Ledger(0)
    calls = [
        call("a"),
        call("b"),
        call("a"),
        call("c", route=route(tool="charge")),
        call("a", session="s2"),
    ]
    assert [counted(ledger.count(each, 1, 0.0)) for each in calls] == [
        (1, 1, 1),
        (2, 1, 2),
        (3, 2, 3),
        (1, 1, 4),
        (1, 1, 5),
    ]


def test_an_occasion_says_what_it_was_told() -> None:
    asked = call()
    occasion = Ledger(0).count(asked, 3, 17.5)
    assert (occasion.call, occasion.attempt, occasion.now) == (asked, 3, 17.5)


def test_a_session_that_is_over_begins_again() -> None:
    ledger = Ledger(0)
    for session in ("s1", "s1", "s2"):
        ledger.count(call(session=session), 1, 0.0)
    ledger.forget_session("s1")
    ledger.forget_session("never seen")
    assert counted(ledger.count(call(session="s1"), 1, 0.0)) == (1, 1, 4)
    assert counted(ledger.count(call(session="s2"), 1, 0.0)) == (2, 2, 5)


def test_of_too_many_sessions_the_oldest_are_forgotten() -> None:
    ledger = Ledger(0)
    for number in range(MOST_SESSIONS + 1):
        ledger.count(call(session=f"s{number}"), 1, 0.0)
    assert len(ledger._sessions) <= MOST_SESSIONS
    assert ledger.count(call(session=f"s{MOST_SESSIONS}"), 1, 0.0).ordinal == 2
    assert ledger.count(call(session="s50000"), 1, 0.0).ordinal == 2
    assert ledger.count(call(session="s0"), 1, 0.0).ordinal == 1


def test_of_too_many_fingerprints_and_tools_of_a_session_the_oldest_are_forgotten() -> None:
    ledger = Ledger(0)
    for number in range(MOST_NAMES + 1):
        ledger.count(call(str(number), route=route(tool=f"t{number}")), 1, 0.0)
    page = ledger._sessions["s1"]
    assert max(len(page.occurrences), len(page.ordinals)) <= MOST_NAMES
    newest, oldest = str(MOST_NAMES), "0"
    assert ledger.count(call(newest, route=route(tool=f"t{newest}")), 1, 0.0).occurrence == 2
    assert ledger.count(call(oldest, route=route(tool="t0")), 1, 0.0).occurrence == 1


def test_memories_are_kept_where_they_belong() -> None:
    ledger = Ledger(0)
    ledger.count(call(), 1, 0.0)
    shared, own = Slot("r", 0, Scope.SHARED, None), Slot("r", 0, Scope.SESSION, "s1")
    assert (ledger.memory(shared, 0), ledger.memory(own, 0)) == (0, 0)
    ledger._remember(shared, 1)
    ledger._remember(own, 2)
    assert (ledger.memory(shared, 0), ledger.memory(own, 0)) == (1, 2)
    ledger.forget_session("s1")
    assert (ledger.memory(shared, 0), ledger.memory(own, 0)) == (1, 0)


def test_of_too_many_credentials_the_oldest_are_forgotten() -> None:
    ledger = Ledger(0)
    slots = [Slot("r", 0, Scope.CREDENTIAL, f"c{number}") for number in range(MOST_MEMORIES + 1)]
    for slot in slots:
        ledger._remember(slot, 1)
    assert len(ledger._memories) <= MOST_MEMORIES
    assert (ledger.memory(slots[0], 0), ledger.memory(slots[-1], 0)) == (0, 1)
