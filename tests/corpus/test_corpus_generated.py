"""Random conversations of a model agent: nearly all are read as they were meant, and the laws that hold for any."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.call import CallKind, Layer
from chaosproxy.core.events import EpisodeClosed, OperationClosed, SessionEnded
from tests.corpus.calibration import calibrate, dice_of
from tests.corpus.modelled import Modelled, generated
from tests.corpus.player import Heard, Player, played
from tests.corpus.script import Script, mixed, shifted
from tests.corpus.talk import Talk

DICE = st.integers(0, 2**32).map(Random)
BOUND = 0.98
MANY = 300

Reading = list[tuple[int, int, CallKind, Layer, int]]


def run_of(session: str, dice: Random) -> Script:
    """One run of one agent."""
    talk = Talk()
    Modelled(talk, session, dice).live()
    talk.agent(session).leaves()
    return talk.script()


def reading(heard: Heard, labels: set[int], *, behind: int = 0) -> Reading:
    """(label, operation, kind, layer, rule) of these calls, as though they had been labelled from 1."""
    found = {label: operation - behind if operation else 0 for label, operation in heard.operations().items()}
    return [
        (label - behind, found[label], heard.kinds[label], heard.layer(label), heard.matches[label].rule)
        for label in sorted(labels)
    ]


def endings(heard: Heard, session: str) -> list[tuple[str, str, int, float]]:
    return sorted(
        (str(each.resolution), str(each.because), each.attempts, round(each.closed - each.opened, 6))
        for each in heard.said(EpisodeClosed)
        if each.session == session
    )


def test_precision_and_recall_on_random_conversations() -> None:
    random = calibrate(seed=11, much=MANY).random

    assert random.conversations == MANY
    assert min(random.retries.precision, random.retries.recall) >= BOUND, random.misses
    assert min(random.resolutions.precision, random.resolutions.recall) >= BOUND, random.misses


def test_precision_and_recall_on_the_corpus() -> None:
    written = calibrate(much=0).written

    assert min(written.retries.precision, written.retries.recall) >= BOUND, written.misses
    assert min(written.resolutions.precision, written.resolutions.recall) >= BOUND, written.misses


def test_same_seed_same_conversation() -> None:
    assert generated(dice_of(3, 4)).script() == generated(dice_of(3, 4)).script()
    assert generated(dice_of(3, 4)).script() != generated(dice_of(3, 5)).script()


@given(DICE, DICE)
def test_another_session_changes_nothing(one: Random, other: Random) -> None:
    """Two runs at once, whatever they have in common: each is read as though it were alone."""
    hers, his = run_of("ann", one), run_of("ben", other)
    alone, besides = played(hers), played(his)
    both = played(mixed(hers, his))
    behind = max(alone.calls)

    assert reading(both, set(alone.calls)) == reading(alone, set(alone.calls))
    assert reading(both, {label + behind for label in besides.calls}, behind=behind) == reading(
        besides, set(besides.calls)
    )
    assert endings(both, "ann") == endings(alone, "ann")
    assert endings(both, "ben") == endings(besides, "ben")


@given(DICE, st.sampled_from([0.5, 86_400.0, 1e7]))
def test_another_time_changes_nothing(dice: Random, later: float) -> None:
    script = run_of("ann", dice)
    now, then = played(script), played(shifted(script, later))

    assert reading(then, set(then.calls)) == reading(now, set(now.calls))
    assert [each[:3] for each in endings(then, "ann")] == [each[:3] for each in endings(now, "ann")]


@given(DICE)
def test_every_operation_gets_exactly_one_result(dice: Random) -> None:
    player = Player()
    heard = player.play(generated(dice).script())
    hedges = {label for label, kind in heard.kinds.items() if kind is CallKind.HEDGE}
    operations = {first for label, first in heard.operations().items() if label not in hedges} - {0}
    closed = heard.said(OperationClosed)
    clean = sum(player.tracker.clean_operations.values())

    assert len(closed) + clean == len(operations)
    assert sum(each.operations for each in heard.said(SessionEnded)) == len(operations)
    assert player.tracker.open_episodes == player.tracker.active_sessions == 0


@given(DICE)
def test_every_episode_is_closed_once_and_names_its_calls(dice: Random) -> None:
    heard = played(generated(dice).script())
    found = heard.operations()

    for _, episode in heard.episodes():
        labels = [heard.labels[number] for number in episode.calls]
        assert labels == sorted(labels)
        assert len({found[label] for label in labels}) == 1
        assert len(labels) == episode.attempts
    episodes = [episode.episode for _, episode in heard.episodes()]
    assert len(episodes) == len(set(episodes))


@given(DICE)
def test_calls_that_take_no_part_belong_to_nothing(dice: Random) -> None:
    talk = generated(dice)
    heard = played(talk.script())

    for label, call in talk.truth.calls.items():
        assert (call.kind is CallKind.NONE) == (heard.matches[label].operation == 0)
