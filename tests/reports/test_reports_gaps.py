"""What could not be read, what was lost, what is of another version: told, never guessed, and never a PASS."""

import gzip
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chaosproxy.core.errors import UsageError
from chaosproxy.core.events import Because, Resolution
from chaosproxy.core.failures import Outcome
from chaosproxy.recovery.scoring.terms import RuleInPlay, Terms, Wanted
from chaosproxy.telemetry.records import (
    AgentEnded,
    CallEnded,
    EpisodeEnded,
    ExpectedLine,
    Record,
    RunEnded,
    RunStarted,
    SessionOver,
)
from tests.reports.sample import journal, report_of, report_of_files, write
from tests.reports.sample_journal import RUN, sample_lines

LINES = sample_lines()
REPORT = report_of(LINES)
CALLS = [line for line in LINES if isinstance(line, CallEnded)]


def encoded(lines: Sequence[Record]) -> bytes:
    return msgspec.json.Encoder().encode_lines(list(lines))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_journal_cut_in_half(tmp_path: Path, pack: type[bytes]) -> None:
    content = encoded(LINES)
    path = tmp_path / "run.jsonl"
    path.write_bytes(pack(content[: len(content) // 2]))

    report = report_of_files([path])

    assert not report.run.complete
    assert report.verdict.result != "pass"
    assert 0 < report.totals.calls < REPORT.totals.calls
    assert any("cut off before its end" in trouble for trouble in report.troubles)
    assert any("has no end: it still runs, or was killed" in trouble for trouble in report.troubles)


@given(cut=st.integers(0, 200_000))
def test_cut_anywhere_it_is_told_and_never_better_than_it_is(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    content = encoded(LINES)
    path = tmp_path_factory.getbasetemp() / "cut.jsonl"
    path.write_bytes(content[: min(cut, len(content) - 2)])

    try:
        report = report_of_files([path])
    except UsageError as error:
        assert str(error).startswith("there is no run in ")  # noqa: PT017 - a cut in its first line leaves nothing
        return

    assert not report.run.complete
    assert report.verdict.result != "pass"
    assert len(report.troubles) <= 3


def test_what_was_open_when_it_breaks_off_is_censored() -> None:
    failed = next(call for call in CALLS if call.status == 429)
    fine = [call for call in CALLS if call.attempt == 1 and call.status == 200 and not call.faults]

    report = report_of([LINES[0], *fine[:5], failed])

    (episode,) = report.episodes
    assert (episode.resolution, episode.because) == (Resolution.CENSORED, Because.CENSORED)
    assert episode.calls == (failed.number,)
    assert report.totals.censored == 1
    assert report.totals.recovered.cases == 0
    (trouble,) = report.troubles
    assert "what became of 1 episode that was open is not known" in trouble


def test_what_was_answered_by_then_is_not_open() -> None:
    failed = next(call for call in CALLS if call.status == 429)
    answered = replace(failed, number=9_999, attempt=2, status=200, outcome=Outcome.OK, mono=failed.mono + 1)

    assert report_of([LINES[0], failed, answered]).totals.episodes == 0


def test_a_run_that_ended_leaves_nothing_to_censor() -> None:
    hedged = [line for line in LINES if not isinstance(line, EpisodeEnded)]

    assert report_of(hedged).totals.episodes == 0


def test_garbage_costs_its_own_lines(tmp_path: Path) -> None:
    lines = [encoded([line]) for line in LINES]
    spoiled = [piece for line in lines for piece in (line, b"garbage\n")]
    (tmp_path / "run.jsonl").write_bytes(b"".join(spoiled))

    report = report_of_files([tmp_path / "run.jsonl"])

    assert report.totals == REPORT.totals
    assert report.troubles == (f"run.jsonl: {len(lines)} lines left out, first at line 2: not a line of a journal",)


def test_lost_lines_are_told() -> None:
    lossy = [replace(line, dropped=7) if isinstance(line, RunEnded) else line for line in LINES]
    assert report_of(lossy).troubles == (f"run {RUN} lost 7 lines that could not be written",)

    missing = [line for line in LINES if line not in CALLS[:3]]
    assert f"run {RUN} had {len(CALLS)} calls, of which 3 are missing here" in report_of(missing).troubles

    forgetful = [replace(line, forgotten=2) if isinstance(line, SessionOver) else line for line in LINES]
    assert any("had to be forgotten" in trouble for trouble in report_of(forgetful).troubles)


FINE = [call for call in CALLS if call.attempt == 1 and call.status == 200 and not call.faults][:20]
WELL = [
    replace(LINES[0], rules=(), expect=(ExpectedLine("operation_success", at_least=0.5),)),
    *FINE,
    replace(next(line for line in LINES if isinstance(line, RunEnded)), calls=len(FINE), dropped=0),
]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (WELL[:-1], f"run {RUN} has no end: it still runs, or was killed"),
        ([*WELL[:-1], replace(WELL[-1], dropped=3)], f"run {RUN} lost 3 lines that could not be written"),
        ([WELL[0], *WELL[3:]], f"run {RUN} had 20 calls, of which 2 are missing here"),
    ],
)
def test_what_is_not_all_there_is_no_pass(lines: list[Record], said: str) -> None:
    assert report_of(WELL).verdict.result == "pass"

    report = report_of(lines)

    assert (report.verdict.result, report.verdict.reasons) == ("inconclusive", (said,))
    assert said in report.troubles


def test_a_baseline_that_faults_struck_shows_no_drop(tmp_path: Path) -> None:
    expected = ExpectedLine("success_drop", at_most=1.0)
    lines = [replace(WELL[0], expect=(expected,)), *WELL[1:]]
    for name, baseline in (("quiet", WELL), ("storm", LINES)):
        write(tmp_path / name, baseline)

    assert report_of(lines, baseline=(journal(tmp_path / "quiet"),)).verdict.result == "pass"
    report = report_of(lines, baseline=(journal(tmp_path / "storm"),))

    assert report.verdict.result == "inconclusive"
    assert report.verdict.reasons == (report.troubles[-1],)
    assert report.troubles[-1].startswith("the baseline is no run without faults: ")


def test_a_journal_without_its_first_line() -> None:
    report = report_of(LINES[1:])

    assert report.run.started is None
    assert report.run.complete
    assert report.totals.calls == REPORT.totals.calls
    assert report.verdict.result == "inconclusive"
    assert any("has lost its first line" in trouble for trouble in report.troubles)


OLD = [replace(line, rules=None, expect=(), tools={}) if isinstance(line, RunStarted) else line for line in LINES]


def test_an_old_journal_says_not_what_was_expected() -> None:
    report = report_of([line for line in OLD if not isinstance(line, AgentEnded)])

    assert (report.verdict.result, report.verdict.exit_code) == ("inconclusive", 3)
    assert report.verdict.reasons == (
        "the journal does not say what was expected of the run (give the profile with --profile)",
    )
    assert [rule.name for rule in report.rules] == sorted(rule.name for rule in REPORT.rules if rule.fired)


def test_an_old_journal_is_judged_by_a_profile() -> None:
    terms = Terms(
        rules=(RuleInPlay("rate_limit here and there", ("rate_limit",)),),
        wanted=(Wanted("recovery_rate", at_least=0.1),),
    )

    report = report_of(OLD, terms=terms)

    assert report.verdict.result == "pass"
    assert report.rules[0].untested is None


def test_the_oldest_journals_make_a_report(tmp_path: Path) -> None:
    """Lines with no more than version 1 asks for."""
    since = {
        "call": ("executions", "changes", "effect", "role", "follows", "model", "rules"),
        "episode": ("model_seconds", "because", "outcome", "calls", "ended_by", "effect"),
    }
    bare = [
        {name: value for name, value in msgspec.to_builtins(line).items() if name not in since.get(_type(line), ())}
        for line in OLD
    ]
    (tmp_path / "run.jsonl").write_bytes(msgspec.json.Encoder().encode_lines(bare))

    report = report_of_files([tmp_path / "run.jsonl"])

    assert report.troubles == ()
    assert report.totals.recovered == REPORT.totals.recovered
    assert all(each.story for each in report.episodes)


def _type(line: Record) -> str:
    return str(type(line).__struct_config__.tag)


def test_an_expectation_of_a_later_version_is_never_passed() -> None:
    later = replace(LINES[0], expect=(ExpectedLine("grace", at_least=1.0),), rules=())

    report = report_of([later, *LINES[1:]])

    assert report.verdict.result == "inconclusive"
    assert "grace is expected, and this version does not know that measure" in report.verdict.reasons


def test_absurd_numbers_are_survived() -> None:
    wild = [
        replace(line, mono=1e308, seconds=-1e308) if isinstance(line, CallEnded) and line.number % 7 == 0 else line
        for line in LINES
    ]

    report = report_of(wild)

    assert report.totals.calls == REPORT.totals.calls
