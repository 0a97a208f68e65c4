"""The score itself: a reading that is right gets 1, and each way of being wrong is counted and named."""

from chaosproxy.core.call import CallKind, Match
from tests.corpus import naive
from tests.corpus.calibration import Calibration
from tests.corpus.collected import conversations
from tests.corpus.conversations.retrying import one_failure_one_retry, same_message_twice_on_purpose
from tests.corpus.page import page
from tests.corpus.player import Heard, played
from tests.corpus.scoring import Rate, Score
from tests.corpus.talk import Talk
from tests.corpus.truth import pairs_of
from tests.corpus.words import EXHAUSTED, RECOVERED_RETRY


def told(talk: Talk) -> tuple[Score, Talk, Heard]:
    return Score(), talk, played(talk.script())


def test_right_reading_has_no_miss() -> None:
    score, talk, heard = told(one_failure_one_retry.told())

    assert score.add("one", talk.truth, heard) == []
    assert (score.retries, score.resolutions) == (Rate(1, 1, 1), Rate(1, 1, 1))


def test_retry_taken_for_new_work_costs_recall() -> None:
    score, talk, heard = told(one_failure_one_retry.told())
    heard.matches[2] = Match(99, 1, CallKind.FIRST, heard.layer(1), 9)
    heard.kinds[2] = CallKind.FIRST

    misses = score.add("one", talk.truth, heard)

    assert score.retries == Rate(0, 0, 1)
    assert {miss.what for miss in misses} == {"pair", "kind", "layer"}
    assert str(misses[0]) == "one, call 2: pair is an attempt after 1, taken for new work by rule 9"


def test_new_work_taken_for_a_retry_costs_precision() -> None:
    score, talk, heard = told(same_message_twice_on_purpose.told())
    heard.matches[2] = Match(heard.matches[1].operation, 2, CallKind.RETRY, heard.layer(1), 6)
    heard.kinds[2] = CallKind.RETRY

    score.add("one", talk.truth, heard)

    assert (score.retries.precision, score.retries.recall) == (0.0, 1.0)
    assert score.kinds["first", "retry"] == 1


def test_wrong_ending_costs_both() -> None:
    score, talk, heard = told(one_failure_one_retry.told())
    talk.truth.operations[1].resolution = EXHAUSTED

    misses = score.add("one", talk.truth, heard)

    assert score.resolutions == Rate(0, 1, 1)
    assert [(miss.what, miss.expected, miss.got) for miss in misses] == [("resolution", "exhausted", "recovered_retry")]


def test_episode_of_work_that_met_no_failure_costs_precision() -> None:
    score, talk, heard = told(one_failure_one_retry.told())
    talk.truth.operations.clear()

    score.add("one", talk.truth, heard)

    assert score.resolutions == Rate(0, 1, 0)


def test_episode_that_is_not_found_costs_recall() -> None:
    score, talk, heard = told(one_failure_one_retry.told())
    heard.events.clear()

    score.add("one", talk.truth, heard)

    assert score.resolutions == Rate(0, 0, 1)
    assert score.by_resolution[RECOVERED_RETRY] == Rate(0, 0, 1)


def test_finding_that_nobody_stated_is_a_miss() -> None:
    score, talk, heard = told(one_failure_one_retry.told())
    talk.truth.duplicates[1, "exposed"] += 1

    (miss,) = score.add("one", talk.truth, heard)

    assert (miss.what, miss.expected, miss.got) == ("duplicates", "exposed", "nothing")


def test_pairs_are_of_consecutive_attempts() -> None:
    assert pairs_of({1: 1, 2: 2, 3: 1, 4: 0, 5: 1}) == {(1, 3), (3, 5)}


def test_naive_reading_errs_on_most_of_the_corpus() -> None:
    """Where it does not, little is proven."""
    every = conversations()
    erring = [each for each in every if naive.errs((talk := each.told()).truth, played(talk.script()))]

    assert len(erring) >= 0.6 * len(every)


def test_page_names_disputed_conversations_and_misses() -> None:
    made = Calibration(0, disputed=[("some_conversation", "readers differ")])
    _, talk, heard = told(one_failure_one_retry.told())
    talk.truth.operations[1].resolution = EXHAUSTED
    made.written.add("another_conversation", talk.truth, heard)

    text = page(made)

    assert "- `some_conversation`: readers differ." in text
    assert "another_conversation, call 1: resolution is exhausted, taken for recovered_retry" in text
