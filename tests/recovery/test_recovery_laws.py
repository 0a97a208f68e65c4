"""Laws: whatever the order in which agents speak, each gets the score that its own plan implies."""

from collections import Counter
from collections.abc import Callable, Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaosproxy.core.call import ToolEffect
from chaosproxy.core.events import CallWasted, Certainty, DuplicateEffect, EpisodeClosed, EpisodeOpened, SessionEnded
from chaosproxy.core.purpose import Role
from chaosproxy.recovery.following.records import Session
from chaosproxy.recovery.following.sessions import Sessions
from tests.recovery.conversation import (
    BROKEN,
    DENIED,
    EXECUTED,
    EXPIRED,
    FORBIDDEN,
    GARBAGE,
    GATEWAY,
    HANGS,
    LIE,
    REPLY_LOST,
    THROTTLED,
    Asked,
    Conversation,
    Ill,
)

ILLS = (THROTTLED, BROKEN, DENIED, EXPIRED, GARBAGE, REPLY_LOST, HANGS, FORBIDDEN, GATEWAY)
LEFT_AT_ONCE = {DENIED: "failed_fast", EXPIRED: "failed_fast", FORBIDDEN: "failed_fast", GARBAGE: "undetected"}


class Plan(msgspec.Struct, frozen=True):
    """What one intention of an agent goes through."""

    failures: tuple[Ill, ...]
    succeeds: bool
    write: bool
    keyed: bool

    @property
    def attempts(self) -> int:
        return len(self.failures) + self.succeeds

    @property
    def resolution(self) -> str:
        if self.succeeds:
            return "recovered_retry" if self.failures else "clean"
        if self.failures[-1] is GARBAGE and GARBAGE not in self.failures[:-1]:
            return "undetected"
        return LEFT_AT_ONCE.get(self.failures[0], "abandoned") if len(self.failures) == 1 else "exhausted"

    @property
    def duplicates(self) -> int:
        ran = sum(ill.truth is EXECUTED for ill in self.failures) + self.succeeds
        return max(0, ran - 1) if self.write else 0


PLANS = st.builds(
    Plan,
    st.lists(st.sampled_from(ILLS), max_size=4).map(tuple),
    st.booleans(),
    st.booleans(),
    st.booleans(),
).filter(lambda plan: plan.attempts > 0)
RUNS = st.lists(st.lists(PLANS, min_size=1, max_size=4), min_size=1, max_size=5)


def live(talk: Conversation, plan: Plan, run: str, what: str) -> Iterator[None]:
    """The agent lives through the plan; each step is one thing said, and others may speak in between."""
    effect = ToolEffect.WRITE if plan.write else ToolEffect.READ
    key = what if plan.keyed else None

    def ask() -> Asked:
        return talk.ask(what, run=run, effect=effect, key=key)

    for ill in plan.failures:
        asked = ask()
        yield
        asked.gets(ill, after=0.01)
        yield
    if plan.succeeds:
        asked = ask()
        yield
        asked.gets_ok(after=0.01)
        yield


@st.composite
def interleavings(draw: st.DrawFn) -> tuple[list[list[Plan]], list[tuple[int, int]]]:
    """Agents' plans, and an order in which their steps happen: (agent, intention) each."""
    runs = draw(RUNS)
    steps = [
        (agent, intention)
        for agent, plans in enumerate(runs)
        for intention, plan in enumerate(plans)
        for _ in range(2 * plan.attempts)
    ]
    return runs, draw(st.permutations(steps))


def play(talk: Conversation, runs: list[list[Plan]], order: list[tuple[int, int]]) -> None:
    """The same intentions in every session, so that whatever leaks from one into another shows."""
    lives = {
        (agent, intention): live(talk, plan, f"run-{agent}", f"do {intention}")
        for agent, plans in enumerate(runs)
        for intention, plan in enumerate(plans)
    }
    for who in order:
        talk.wait(0.01)
        next(lives[who])


@given(interleavings(), st.booleans())
def test_every_plan_gets_what_it_implies_in_any_interleaving(
    story: tuple[list[list[Plan]], list[tuple[int, int]]], patient: bool
) -> None:
    runs, order = story
    talk = Conversation()
    play(talk, runs, order)
    if patient:
        talk.tick(after=901)
    else:
        for agent in range(len(runs)):
            talk.end(f"run-{agent}")

    planned = [(f"run-{agent}", plan) for agent, plans in enumerate(runs) for plan in plans]
    met = [(run, plan) for run, plan in planned if plan.failures]
    assert Counter((e.session, str(e.resolution), e.attempts) for e in talk.said(EpisodeClosed)) == Counter(
        (run, plan.resolution, plan.attempts) for run, plan in met
    )
    assert talk.clean == len(planned) - len(met)
    confirmed = [each for each in talk.said(DuplicateEffect) if each.certainty is Certainty.CONFIRMED]
    assert Counter(e.call.session for e in confirmed) == Counter(
        run for run, plan in planned for _ in range(plan.duplicates)
    )
    assert len(talk.waits) == sum(plan.attempts - 1 for _, plan in met)
    assert {ended.session: ended.calls for ended in talk.said(SessionEnded)} == {
        f"run-{agent}": sum(plan.attempts for plan in plans) for agent, plans in enumerate(runs)
    }
    assert (talk.tracker.open_episodes, talk.tracker.active_sessions) == (0, 0)


@given(interleavings(), st.data())
def test_nothing_is_lost_when_we_stop_at_any_moment(
    story: tuple[list[list[Plan]], list[tuple[int, int]]], data: st.DataObject
) -> None:
    runs, order = story
    talk = Conversation()
    begun = order[: data.draw(st.integers(0, len(order)))]
    play(talk, runs, begun)
    assert len(talk.said(EpisodeOpened)) - len(talk.said(EpisodeClosed)) == talk.tracker.open_episodes
    flying = [each for session in talk.tracker._sessions.values() for each in talk.tracker._book.open_in(session)]
    untold = sum(not (each.settled or each.episode) for each in flying)
    talk.stop()
    assert Counter(e.episode for e in talk.said(EpisodeOpened)) == Counter(e.episode for e in talk.said(EpisodeClosed))
    assert sum(ended.operations for ended in talk.said(SessionEnded)) == len(talk.operations) + talk.clean + untold
    assert len(talk.operations) + talk.clean + untold == len(set(begun))
    assert (talk.tracker.open_episodes, talk.tracker.active_sessions) == (0, 0)
    assert not talk.tracker._episodes._waiting


@given(interleavings())
def test_waiting_and_service_make_up_the_time_to_recovery(
    story: tuple[list[list[Plan]], list[tuple[int, int]]],
) -> None:
    talk = Conversation()
    play(talk, *story)
    for episode in talk.said(EpisodeClosed):
        assert episode.wait_seconds >= 0
        assert episode.service_seconds >= 0
        took = episode.closed - episode.opened
        assert took == pytest.approx(episode.wait_seconds + episode.service_seconds)


@given(
    twins=st.integers(1, 6),
    failures=st.integers(0, 4),
    keys=st.booleans(),
    data=st.data(),
)
@settings(max_examples=60)
def test_twins_that_fail_together_pair_up_one_to_one(
    twins: int, failures: int, keys: bool, data: st.DataObject
) -> None:
    """k identical calls, each round answered in any order before the next: k operations, never one of k attempts."""
    talk = Conversation()
    for round_ in range(failures + 1):
        asked = [talk.write(key=f"k{number}" if keys else None) for number in range(twins)]
        talk.wait(0.5)
        for one in data.draw(st.permutations(asked)):
            if round_ < failures:
                one.gets(BROKEN, after=0.01)
            else:
                one.gets_ok(after=0.01)
        talk.wait(0.5)
    talk.end()
    assert talk.endings == ({("recovered_retry", failures + 1): twins} if failures else {})
    assert talk.clean == (0 if failures else twins)
    assert talk.duplicates == 0


SHOP: dict[str, object] = {
    "upstreams": {"shop": {"url": "http://shop.test"}},
    "tools": {
        "human": {"upstream": "shop", "path": "/human", "escalates": True},
        "spare": {"upstream": "shop", "path": "/spare", "fallback_for": ["a", "b"]},
    },
}
PROMPTS = [("x",), ("x", "y"), ("x", "y", "c4n4ry")]
ASIDES = [Role.TOKEN, Role.HOUSEKEEPING]
WORDS = ["ask", "key", "sdk", "vary", "look", "prompt", "aside", "human", "spare", "ok", "fail", "lie", "tick", "end"]


def begin(talk: Conversation, word: str, data: st.DataObject) -> Asked | None:
    """Something is asked, if that is the word."""
    what = data.draw(st.sampled_from(["a", "b"]))
    ways: dict[str, Callable[[], Asked]] = {
        "ask": lambda: talk.write(what),
        "key": lambda: talk.write(what, key=data.draw(st.sampled_from(["k1", "k2"]))),
        "sdk": lambda: talk.ask(what, sdk=1, token=data.draw(st.sampled_from(["t1", "t2"]))),
        "vary": lambda: vary(talk, what, data.draw(st.integers(1, 3))),
        "look": lambda: talk.ask(f"look {what}", at=f"GET shop/{what}/1"),
        "prompt": lambda: talk.prompt(
            *data.draw(st.sampled_from(PROMPTS)), model=data.draw(st.sampled_from(["l", "s"]))
        ),
        "aside": lambda: talk.aside(data.draw(st.sampled_from(ASIDES)), opens=data.draw(st.booleans())),
        "human": lambda: talk.ask("human", body="c4n4ry"),
        "spare": lambda: talk.ask("spare", body="c4n4ry"),
    }
    way = ways.get(word)
    return None if way is None else way()


def vary(talk: Conversation, what: str, limit: int) -> Asked:
    return talk.ask(f"{what} {limit}", tool=what, body={"q": "green tea", "limit": limit})


def speak(talk: Conversation, word: str, flying: list[Asked], data: st.DataObject) -> None:
    asked = begin(talk, word, data)
    if asked is not None:
        flying.append(asked)
    elif word == "tick":
        talk.tick()
    elif word == "end":
        talk.end()
    elif flying:
        asked = flying.pop(data.draw(st.integers(0, len(flying) - 1)))
        if word == "fail":
            asked.gets(data.draw(st.sampled_from(ILLS)), retry_after=data.draw(st.sampled_from([None, 0, 3])))
        elif word == "lie":
            asked.gets(LIE)
        else:
            asked.gets_ok()


@given(st.lists(st.sampled_from(WORDS), max_size=80), st.data())
def test_whatever_is_said_the_books_balance(story: list[str], data: st.DataObject) -> None:
    """No plan at all: keys, marks, twins, variants, models, lies, late answers, ends. Nothing raises or stays open."""
    talk = Conversation(idle="5s", horizon="20s", window="10s", more=SHOP)
    flying: list[Asked] = []
    for word in story:
        talk.wait(data.draw(st.sampled_from([0.0, 0.1, 4.0])))
        speak(talk, word, flying, data)
    assert len(talk.said(EpisodeOpened)) - len(talk.said(EpisodeClosed)) == talk.tracker.open_episodes
    for session in talk.tracker._sessions.values():
        check(session)
    talk.stop()
    assert Counter(e.episode for e in talk.said(EpisodeOpened)) == Counter(e.episode for e in talk.said(EpisodeClosed))
    assert (talk.tracker.open_episodes, talk.tracker.active_sessions) == (0, 0)
    assert all(e.attempts >= 1 for e in talk.said(EpisodeClosed))
    assert all(e.service_seconds >= 0 and e.wait_seconds >= 0 for e in talk.said(EpisodeClosed))
    assert all(e.model_seconds >= 0 for e in talk.said(EpisodeClosed))
    assert all(len(e.calls) == e.attempts for e in talk.said(EpisodeClosed))
    numbers = [wasted.call.number for wasted in talk.said(CallWasted)]
    assert len(numbers) == len(set(numbers))


def check(session: Session) -> None:
    """Nothing is found that does not wait, and all that waits is found."""
    trouble = session.trouble
    if trouble is None:
        return
    waiting = set(trouble.waiting)
    by_name = [number for operations in trouble.failures.values() for number in operations]
    by_tool = [number for operations in trouble.tools.values() for number in operations]
    assert set(by_tool) == waiting
    assert set(by_name) <= waiting
    assert set(trouble.doubts) <= {operation.number for operation in Sessions.open_in(session)}
    assert all(operation.episode is not None for operation in trouble.waiting.values())
    assert all(trouble.failures.values())
    assert all(trouble.tools.values())
