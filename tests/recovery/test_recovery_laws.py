"""Laws: whatever the order in which agents speak, each gets the score that its own plan implies."""

from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaosproxy.core.call import ToolEffect
from chaosproxy.core.events import DuplicateEffect, EpisodeClosed, EpisodeOpened, SessionEnded
from tests.recovery.conversation import (
    BROKEN,
    DENIED,
    EXECUTED,
    EXPIRED,
    FORBIDDEN,
    GARBAGE,
    GATEWAY,
    HANGS,
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
    assert Counter(e.call.session for e in talk.said(DuplicateEffect)) == Counter(
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
    talk.stop()
    assert Counter(e.episode for e in talk.said(EpisodeOpened)) == Counter(e.episode for e in talk.said(EpisodeClosed))
    assert sum(ended.operations for ended in talk.said(SessionEnded)) == len(talk.operations) + talk.clean
    assert len(talk.operations) + talk.clean == len(set(begun))
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


def speak(talk: Conversation, word: str, flying: list[Asked], data: st.DataObject) -> None:
    what = data.draw(st.sampled_from(["a", "b"]))
    if word == "ask":
        flying.append(talk.write(what))
    elif word == "key":
        flying.append(talk.write(what, key=data.draw(st.sampled_from(["k1", "k2"]))))
    elif word == "sdk":
        flying.append(talk.ask(what, sdk=1, token=data.draw(st.sampled_from(["t1", "t2"]))))
    elif word == "tick":
        talk.tick()
    elif word == "end":
        talk.end()
    elif flying:
        asked = flying.pop(data.draw(st.integers(0, len(flying) - 1)))
        asked.gets(data.draw(st.sampled_from(ILLS))) if word == "fail" else asked.gets_ok()


@given(st.lists(st.sampled_from(["ask", "key", "sdk", "ok", "fail", "tick", "end"]), max_size=60), st.data())
def test_whatever_is_said_the_books_balance(story: list[str], data: st.DataObject) -> None:
    """No plan at all: keys, marks, twins, late answers, ends. Nothing raises and nothing stays open."""
    talk = Conversation(idle="5s", horizon="20s", window="10s")
    flying: list[Asked] = []
    for word in story:
        talk.wait(data.draw(st.sampled_from([0.0, 0.1, 4.0])))
        speak(talk, word, flying, data)
    assert len(talk.said(EpisodeOpened)) - len(talk.said(EpisodeClosed)) == talk.tracker.open_episodes
    talk.stop()
    assert Counter(e.episode for e in talk.said(EpisodeOpened)) == Counter(e.episode for e in talk.said(EpisodeClosed))
    assert (talk.tracker.open_episodes, talk.tracker.active_sessions) == (0, 0)
    assert all(e.attempts >= 1 for e in talk.said(EpisodeClosed))
    assert all(e.service_seconds >= 0 and e.wait_seconds >= 0 for e in talk.said(EpisodeClosed))
