"""What a journal tells afterwards is what the run itself had counted: the same scorecard, live and read back."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.call import ToolEffect
from chaosproxy.core.clock import ManualClock
from chaosproxy.recovery.scoring.scorecard import Scorecard
from chaosproxy.recovery.scoring.terms import Terms, Wanted
from chaosproxy.reports import scores
from chaosproxy.telemetry.journal import Journal
from chaosproxy.telemetry.records import ExpectedLine
from chaosproxy.telemetry.run import Run
from tests.recovery.conversation import (
    BROKEN,
    DENIED,
    DOWN,
    EXPIRED,
    GARBAGE,
    HANGS,
    LIE,
    REPLY_LOST,
    THROTTLED,
    WRONG,
    Conversation,
)
from tests.reports.sample import report_of_files

ILLS = (BROKEN, DENIED, DOWN, EXPIRED, GARBAGE, HANGS, LIE, REPLY_LOST, THROTTLED, WRONG)
WANTED = (Wanted("recovery_rate", at_least=0.5), Wanted("duplicate_effects", at_most=0, tool="ch*"))

steps = st.tuples(
    st.sampled_from(["run-1", "run-2"]),
    st.sampled_from(["find", "find more", "charge", "charge again"]),
    st.one_of(st.none(), st.sampled_from(ILLS)),
    st.sampled_from([0.0, 0.3, 1.0, 2.5, 700.0]),
    st.sampled_from([None, 2.0]),
    st.sampled_from([None, "key-1", "key-2"]),
)


def play(path: Path, script: list[tuple[str, str, object, float, float | None, str | None]]) -> Scorecard:
    """Play it to a tracker, a scorecard and a journal at once."""
    talk = Conversation()
    card = Scorecard(Terms(wanted=WANTED, seed=7))
    expect = tuple(ExpectedLine(each.measure, each.at_least, each.at_most, tool=each.tool) for each in WANTED)
    journal = Journal(path, Run("talk", "abc", 7, expect=expect), ManualClock(1_000.0))
    card.attach(talk.bus)
    journal.attach(talk.bus)
    journal.start("test")
    for run, what, ill, wait, retry_after, key in script:
        talk.wait(wait)
        effect = ToolEffect.WRITE if what.startswith("charge") else ToolEffect.READ
        asked = talk.ask(what, run=run, effect=effect, key=key)
        if ill is None:
            asked.gets_ok(digest="same")
        else:
            asked.gets(ill, retry_after=retry_after)  # type: ignore[arg-type]  # one of ILLS
    talk.end("run-1")
    talk.stop()
    journal.close("test")
    return card


@given(script=st.lists(steps, max_size=25))
def test_a_journal_tells_what_the_run_had_counted(
    tmp_path_factory: pytest.TempPathFactory, script: list[tuple[str, str, object, float, float | None, str | None]]
) -> None:
    path = tmp_path_factory.mktemp("live") / "run.jsonl"
    card = play(path, script)

    report = report_of_files([path])

    board = card.whole
    assert report.totals == scores.totals(board, 0)
    assert report.matrix == scores.matrix(board)
    assert report.faults == scores.by_fault(board)
    assert report.times == scores.times(board)
    assert report.backoff == scores.backoff(board)
    live = card.judge()
    assert report.verdict.result == live.result.value
    assert report.verdict.reasons == live.reasons
    assert report.troubles == ()
    assert len(report.episodes) == report.totals.episodes


def test_stories_of_a_played_run(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    play(
        path,
        [
            ("run-1", "charge", REPLY_LOST, 0.0, None, None),
            ("run-1", "charge", None, 0.4, None, None),
            ("run-1", "find", THROTTLED, 1.0, 2.0, None),
            ("run-1", "find", None, 0.3, None, None),
            ("run-1", "find more", DENIED, 1.0, None, None),
        ],
    )

    stories = [each.story for each in sorted(report_of_files([path]).episodes, key=lambda each: each.calls)]

    assert stories[0].startswith("charge: #1 was executed, but its reply was lost (connection_reset); the agent ")
    assert stories[1] == (
        "find: #3 was told to wait 2 s (429, rate_limit); the agent came back as #4 after 0.3 s, too early, and that "
        "worked."
    )
    assert stories[2].startswith("find: #5 was forbidden (403, permission_denied); the agent did not ask again")
