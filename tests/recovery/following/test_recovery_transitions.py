"""Every edge of the table, walked through the tracker; and that there are no others."""

from collections.abc import Callable
from itertools import product

import pytest

from chaosproxy.core.events import Resolution
from chaosproxy.core.failures import Course, Nature
from chaosproxy.recovery.following.transitions import ENDINGS, MOVES, State, Step, leaving
from tests.recovery.conversation import BROKEN, DENIED, EXPIRED, GARBAGE, Asked, Conversation

HUMAN: dict[str, object] = {
    "upstreams": {"shop": {"url": "http://shop.test"}},
    "tools": {"call": {"upstream": "shop", "path": "/call", "escalates": True}},
}

Edge = tuple[State, Step]
Before = Callable[[Conversation], Asked]
Walk = tuple[Before, Callable[[Conversation, Asked], object]]


def one_in_flight(talk: Conversation) -> Asked:
    return talk.write(key="k")


def two_in_flight(talk: Conversation) -> Asked:
    talk.write(key="k")
    return talk.write(key="k")


def failed(talk: Conversation) -> Asked:
    asked = talk.write(key="k")
    asked.gets(BROKEN)
    return asked


def garbage(talk: Conversation) -> Asked:
    asked = talk.write(key="k")
    asked.gets(GARBAGE)
    return asked


def denied(talk: Conversation) -> Asked:
    asked = talk.write(key="k")
    asked.gets(DENIED)
    return asked


def failed_twice(talk: Conversation) -> Asked:
    failed(talk)
    return failed(talk)


def retried(talk: Conversation) -> Asked:
    failed(talk)
    return talk.write(key="k")


def retried_by_two(talk: Conversation) -> Asked:
    failed(talk)
    return two_in_flight(talk)


def retried_with_new_credentials(talk: Conversation) -> Asked:
    talk.ask("find", token="old").gets(EXPIRED)
    return talk.ask("find", token="new")


def modified(talk: Conversation) -> Asked:
    talk.ask("find tee", tool="find", body={"q": "green tee", "limit": 100}).gets(BROKEN)
    return talk.ask("find tea", tool="find", body={"q": "green tee", "limit": 10})


def fallen_back(talk: Conversation) -> Asked:
    talk.prompt("hello", model="large").gets(BROKEN)
    return talk.prompt("hello", model="small")


def reconnected(talk: Conversation) -> Asked:
    talk.ask("find", link="one").gets(BROKEN)
    return talk.ask("find", link="two")


def in_a_loop(talk: Conversation) -> Asked:
    for _ in range(5):
        asked = failed(talk)
    return asked


WALKS: dict[Edge, Walk] = {
    (State.CLEAN, Step.FAILED): (one_in_flight, lambda _, asked: asked.gets(BROKEN)),
    (State.CLEAN, Step.FAILED_OTHERS_ON): (two_in_flight, lambda _, asked: asked.gets(BROKEN)),
    (State.WAITING, Step.BEGAN): (failed, lambda talk, _: talk.write(key="k")),
    (State.TRYING, Step.BEGAN): (retried, lambda talk, _: talk.write(key="k")),
    (State.TRYING, Step.FAILED_OTHERS_ON): (retried_by_two, lambda _, asked: asked.gets(BROKEN)),
    (State.TRYING, Step.FAILED): (retried, lambda _, asked: asked.gets(BROKEN)),
    (State.TRYING, Step.SUCCEEDED): (retried, lambda _, asked: asked.gets_ok()),
    (State.TRYING, Step.SUCCEEDED_MODIFIED): (modified, lambda _, asked: asked.gets_ok()),
    (State.TRYING, Step.SUCCEEDED_ELSEWHERE): (fallen_back, lambda _, asked: asked.gets_ok()),
    (State.TRYING, Step.SUCCEEDED_RECONNECTED): (reconnected, lambda _, asked: asked.gets_ok()),
    (State.TRYING, Step.SUCCEEDED_REAUTHENTICATED): (
        retried_with_new_credentials,
        lambda _, asked: asked.gets_ok(),
    ),
    (State.TRYING, Step.STOPPED): (retried, lambda talk, _: talk.stop()),
    (State.WAITING, Step.ESCALATED): (failed, lambda talk, _: talk.ask("call a human")),
    (State.WAITING, Step.LEFT_LOOPING): (in_a_loop, lambda talk, _: talk.end()),
    (State.WAITING, Step.LEFT_UNNOTICED): (garbage, lambda talk, _: talk.end()),
    (State.WAITING, Step.LEFT_LASTING): (denied, lambda talk, _: talk.end()),
    (State.WAITING, Step.LEFT_PASSING): (failed, lambda talk, _: talk.end()),
    (State.WAITING, Step.LEFT_AFTER_SEVERAL): (failed_twice, lambda talk, _: talk.end()),
    (State.WAITING, Step.STOPPED): (failed, lambda talk, _: talk.stop()),
}


def state_of(talk: Conversation, asked: Asked) -> State:
    operation = talk.operation(asked.match.operation)
    assert operation is not None
    return operation.episode.state if operation.episode is not None else State.CLEAN


def test_every_edge_has_a_walk() -> None:
    assert set(WALKS) == set(MOVES) | set(ENDINGS)
    assert not set(MOVES) & set(ENDINGS)


@pytest.mark.parametrize("edge", MOVES, ids=" ".join)
def test_a_move(edge: Edge) -> None:
    talk = Conversation()
    before, act = WALKS[edge]
    asked = before(talk)
    assert state_of(talk, asked) is edge[0]
    act(talk, asked)
    assert state_of(talk, asked) is MOVES[edge]
    assert talk.resolutions == []
    assert talk.tracker.open_episodes == 1


@pytest.mark.parametrize("edge", ENDINGS, ids=" ".join)
def test_an_ending(edge: Edge) -> None:
    talk = Conversation(more=HUMAN)
    before, act = WALKS[edge]
    asked = before(talk)
    assert state_of(talk, asked) is edge[0]
    act(talk, asked)
    assert talk.closed.resolution is ENDINGS[edge]
    assert talk.tracker.open_episodes == 0


def test_every_resolution_is_reached() -> None:
    assert set(ENDINGS.values()) == set(Resolution)


def test_what_cannot_happen_is_in_no_table() -> None:
    """A success or failure needs an attempt in flight; leaving needs that none is; a clean operation has no episode."""
    leavings = {step for step in Step if step.name.startswith("LEFT")} | {Step.ESCALATED}
    needs_flight = {step for step in Step if step.name.startswith(("FAILED", "SUCCEEDED"))}
    opens = {Step.FAILED, Step.FAILED_OTHERS_ON}
    impossible: set[Edge] = {(State.CLEAN, step) for step in Step if step not in opens}
    impossible |= {(State.WAITING, step) for step in needs_flight} | {(State.TRYING, step) for step in leavings}
    assert set(product(State, Step)) - set(MOVES) - set(ENDINGS) == impossible


@pytest.mark.parametrize(
    ("explicit", "course", "attempts", "looped", "noticed", "step"),
    [
        (True, Course.TRANSIENT, 1, False, False, Step.LEFT_PASSING),
        (True, Course.PERSISTENT, 1, False, False, Step.LEFT_LASTING),
        (True, Course.CONDITIONAL, 1, False, False, Step.LEFT_LASTING),
        (True, Course.PERSISTENT, 2, False, False, Step.LEFT_AFTER_SEVERAL),
        (True, Course.TRANSIENT, 2, False, True, Step.LEFT_AFTER_SEVERAL),
        (True, Course.TRANSIENT, 5, True, False, Step.LEFT_LOOPING),
        (True, Course.TRANSIENT, 1, True, False, Step.LEFT_LOOPING),
        (True, Course.PERSISTENT, 1, True, False, Step.LEFT_LASTING),
        (False, Course.TRANSIENT, 1, False, False, Step.LEFT_UNNOTICED),
        (False, Course.PERSISTENT, 1, False, False, Step.LEFT_UNNOTICED),
        (False, Course.TRANSIENT, 2, False, False, Step.LEFT_UNNOTICED),
        (False, Course.TRANSIENT, 2, False, True, Step.LEFT_AFTER_SEVERAL),
        (False, Course.TRANSIENT, 9, True, True, Step.LEFT_LOOPING),
    ],
)
def test_how_an_episode_is_left(  # noqa: PLR0913, PLR0917 - a row of a table
    explicit: bool, course: Course, attempts: int, looped: bool, noticed: bool, step: Step
) -> None:
    nature = Nature(explicit=explicit, course=course, healthy=())
    assert leaving(nature, attempts, looped=looped, noticed=noticed) is step
