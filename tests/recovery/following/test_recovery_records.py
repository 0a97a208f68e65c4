"""What is remembered of a call, and for how long."""

import gc
import weakref

import pytest

from chaosproxy.core.events import Event
from chaosproxy.recovery.following.records import Episode, Operation, Session, Twins
from tests.recovery.conversation import BROKEN, Conversation


class _Forgetful(list[Event]):
    """Events that nobody wants."""

    def append(self, _event: Event) -> None:
        """Forget it."""


class Body(dict[str, str]):
    """A decoded body that can be watched."""


def test_no_body_outlives_its_call() -> None:
    talk = Conversation()
    talk.events = _Forgetful()  # the test's own list would keep them
    kept = []
    for what in ("find coffee", "find tea"):  # the failure last, so that no later call makes anybody read it
        body = Body(q=what)
        kept.append(weakref.ref(body))
        asked = talk.ask(what, body=body, key=what)
        asked.gets(BROKEN) if what == "find tea" else asked.gets_ok()
        del asked, body
    assert [reference() for reference in kept] == [None, None]
    assert talk.tracker.open_episodes == 1


@pytest.mark.parametrize("way", ["end", "stop", "idle"])
def test_memory_empties_when_sessions_end(way: str) -> None:
    talk = Conversation()
    talk.write("charge 1", key="k1").gets(BROKEN)
    talk.write("charge 1", key="k1").gets_ok(digest="d")
    talk.write("charge 2", key="k2").gets(BROKEN)
    asked = talk.ask("find")
    session = next(iter(talk.tracker._sessions.values()))
    if way == "end":
        talk.end()
    elif way == "stop":
        talk.stop()
    else:
        asked.gets_ok()
        talk.tick(after=10_000)
    assert not talk.tracker._sessions
    assert not talk.tracker._episodes._waiting
    assert (session.flying, session.trouble, session.keys) == ({}, None, None)


def remembered() -> int:
    return sum(type(thing) in {Operation, Session, Twins, Episode} for thing in gc.get_objects())


def test_an_ended_session_leaves_nothing_for_the_garbage_collector() -> None:
    gc.collect()
    before = remembered()
    talk = Conversation()
    talk.write(key="k1").gets(BROKEN)
    talk.write("pay", key="k1").gets_ok()
    talk.ask("find")
    assert remembered() > before
    gc.disable()
    try:
        talk.end()
        assert remembered() == before
    finally:
        gc.enable()
