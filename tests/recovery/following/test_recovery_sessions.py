"""How sessions end, and what was forgotten in them."""

from chaosproxy.core.events import SessionEnded
from chaosproxy.recovery.following import tracker
from tests.recovery.conversation import BROKEN, DENIED, Conversation


def test_when_the_agent_is_gone_all_its_runs_are_over_by_its_own_word() -> None:
    talk = Conversation()
    talk.ask("find", run="a").gets(BROKEN)
    talk.ask("find", run="b").gets(DENIED)
    talk.ask("find", run="c")
    talk.end_all()
    assert sorted(talk.resolutions) == ["abandoned", "failed_fast"]
    assert sorted(talk.operations) == [("failed", 1), ("failed", 1)]
    assert (talk.tracker.active_sessions, talk.tracker.open_episodes) == (0, 0)
    assert len(talk.said(SessionEnded)) == 3


def test_a_session_says_what_was_forgotten_in_it() -> None:
    talk = Conversation()
    for number in range(tracker.KEYS + 2):
        talk.write(key=f"k{number}", run="many").gets_ok()
    talk.ask(run="few").gets_ok()
    talk.end_all()
    assert {ended.session: ended.forgotten for ended in talk.said(SessionEnded)} == {"many": 2, "few": 0}
    assert talk.tracker.forgotten == 2


def test_trouble_is_forgotten_when_it_is_over() -> None:
    talk = Conversation()
    talk.ask("find").gets(BROKEN)
    session = talk.tracker._sessions["run-1"]
    assert session.trouble is not None
    talk.ask("find").gets_ok()
    assert session.trouble is None
