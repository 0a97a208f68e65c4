"""A report says what its journals say: every count, every time, and what could not be known."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chaosproxy.core.errors import UsageError
from chaosproxy.core.events import Resolution, Verdict
from chaosproxy.reports.building import TIMES_READ, Asked, build_report
from chaosproxy.reports.choosing import SESSIONS_SHOWN
from chaosproxy.reports.counting import EPISODES_MOST
from chaosproxy.reports.timelines import CALLS_SHOWN, lanes
from chaosproxy.telemetry.records import (
    AgentEnded,
    CallEnded,
    EpisodeEnded,
    HintJudged,
    Record,
    RunEnded,
    RunStarted,
    SessionOver,
)
from tests.reports.sample import journal, report_of, report_of_files, write
from tests.reports.sample_journal import ALONE, BEGAN, RUN, sample_lines

LINES = sample_lines()
REPORT = report_of(LINES)


def of(kind: type[Record], lines: Sequence[Record] = LINES) -> list[Record]:
    return [line for line in lines if isinstance(line, kind)]


CALLS = [line for line in LINES if isinstance(line, CallEnded)]
EPISODES = [line for line in LINES if isinstance(line, EpisodeEnded)]


def other_run(lines: Sequence[Record], run: str, **started: object) -> list[Record]:
    renamed = [replace(line, run=run) for line in lines]
    return [replace(line, **started) if isinstance(line, RunStarted) else line for line in renamed]


# What it counts


def test_totals_are_those_of_the_lines() -> None:
    totals = REPORT.totals

    assert totals.calls == len(CALLS)
    assert totals.operations == len({call.operation for call in CALLS})
    assert totals.faulted == sum(bool(call.faults) for call in CALLS)
    assert totals.sessions == len(of(SessionOver))
    assert totals.episodes == len(EPISODES)
    assert totals.censored == sum(each.resolution is Resolution.CENSORED for each in EPISODES)
    assert totals.decided == totals.episodes - totals.censored
    assert totals.recovered.hits == sum(each.resolution.recovered for each in EPISODES)
    assert totals.retry_after == Counter(str(line.verdict) for line in LINES if isinstance(line, HintJudged))
    assert totals.kinds == Counter(str(call.kind) for call in CALLS)


def test_each_cell_is_that_of_its_episodes() -> None:
    for cell in REPORT.matrix:
        mine = [each for each in EPISODES if (each.tool, each.fault) == (cell.tool, cell.fault)]
        assert cell.resolutions == Counter(str(each.resolution) for each in mine)
        times = [each.seconds for each in mine if each.resolution.recovered]
        assert cell.longest == pytest.approx(max(times)) if times else cell.longest is None
        assert cell.injected == sum((call.tool, call.faults) == (cell.tool, (cell.fault,)) for call in CALLS)


def test_faults_are_the_sums_of_their_cells() -> None:
    for fault in REPORT.faults:
        cells = [cell for cell in REPORT.matrix if cell.fault == fault.fault]
        assert fault.tool == "*"
        assert fault.decided == sum(cell.decided for cell in cells)
        assert fault.injected == sum(cell.injected for cell in cells)
        assert fault.recovery.hits == sum(cell.recovery.hits for cell in cells)
    assert sum(fault.decided for fault in REPORT.faults) == REPORT.totals.decided


def test_distributions_hold_every_recovery_once() -> None:
    assert sum(sum(each.counts) for each in REPORT.times) == REPORT.totals.recovered.hits
    for each in REPORT.times:
        assert len(each.counts) == len(each.bounds) + 1


def test_rules_say_whether_they_were_put_to_the_test() -> None:
    untested = [rule for rule in REPORT.rules if rule.untested is not None]

    assert [(rule.name, rule.untested) for rule in untested] == [("region blocked", "its tool was never called")]
    assert all(rule.eligible == 3 * rule.fired for rule in REPORT.rules)


def test_the_run_is_told() -> None:
    run = REPORT.run

    assert (run.id, run.profile, run.complete, run.command, run.agent_status) == (RUN, "bad-monday", True, "python", 0)
    assert run.journals == ("run.jsonl",)
    (ended,) = of(RunEnded)
    assert isinstance(ended, RunEnded)
    assert run.seconds == ended.seconds
    assert REPORT.troubles == ()


def test_the_verdict_is_that_of_the_expectations() -> None:
    assert REPORT.verdict.result == "fail"
    assert REPORT.verdict.exit_code == 1
    results = {check.measure: check.result for check in REPORT.verdict.checks}
    assert results == {
        "recovery_rate": "pass",
        "appropriate_rate": "fail",
        "time_to_recovery_p95": "inconclusive",
        "duplicate_effects": "fail",
        "success_drop": "pass",
        "agent_exit_status": "pass",
    }
    assert "rule 'region blocked' never fired: its tool was never called" in REPORT.verdict.reasons


def test_the_agents_own_failure_is_a_failure() -> None:
    crashed = [replace(line, status=139) if isinstance(line, AgentEnded) else line for line in LINES]

    report = report_of(crashed)

    assert report.run.agent_status == 139
    assert any(reason.startswith("agent_exit_status") for reason in report.verdict.reasons)


def test_the_control_arm_is_the_sessions_left_alone() -> None:
    assert ALONE is not None
    control = REPORT.control
    assert control is not None
    assert control.source == "sessions left alone"
    assert control.control.sessions == sum(ALONE.has(each.name) for each in REPORT.sessions)
    assert control.control.calls + control.faults.calls == REPORT.totals.calls
    assert {each.control for each in REPORT.sessions if ALONE.has(each.name)} == {True}


def test_a_baseline_is_compared_with(tmp_path: Path) -> None:
    quiet = [line for line in other_run(LINES, "quiet", digest="other") if not isinstance(line, EpisodeEnded)]
    write(tmp_path / "quiet.jsonl", quiet)

    report = report_of(LINES, baseline=(journal(tmp_path / "quiet.jsonl"),))

    assert report.control is not None
    assert report.control.source == "quiet.jsonl"
    assert report.control.control.sessions == report.totals.sessions
    assert report.control.control.seconds_p50 is not None


# What it shows


def test_what_went_wrong_comes_first() -> None:
    first = (Verdict.INAPPROPRIATE, Verdict.UNKNOWN, Verdict.APPROPRIATE)
    order = [first.index(each.verdict) for each in REPORT.episodes]
    assert order == sorted(order)
    wrong = [session.inappropriate for session in REPORT.sessions]
    assert wrong == sorted(wrong, reverse=True)


def test_stories_name_their_calls() -> None:
    for each in REPORT.episodes:
        assert f"#{each.calls[0]}" in each.story
        assert each.story.startswith(f"{each.tool}: ")


def test_times_count_from_the_beginning_of_the_run() -> None:
    for session in REPORT.sessions:
        for call in session.timeline:
            line = CALLS[[each.number for each in CALLS].index(call.number)]
            assert call.start == pytest.approx(line.mono - line.seconds - BEGAN)
            assert session.start <= call.start + 1e-6
            assert call.start + call.seconds <= session.start + session.seconds + 1e-6


def test_timelines_are_in_the_order_of_arrival_and_no_two_calls_of_a_lane_overlap() -> None:
    for session in REPORT.sessions:
        assert [call.number for call in session.timeline] == sorted(call.number for call in session.timeline)
        ends: dict[int, float] = {}
        for call in sorted(session.timeline, key=lambda each: each.start):
            assert call.start >= ends.get(call.lane, 0.0) - 1e-6
            ends[call.lane] = call.start + call.seconds


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0.001, 20)), max_size=60))
def test_lanes_are_as_few_as_calls_at_once(spans: list[tuple[float, float]]) -> None:
    calls = sorted((start, start + seconds) for start, seconds in spans)
    found = lanes(calls)

    for at, (start, end) in enumerate(calls):
        for other in range(at):
            if found[other] == found[at]:
                assert calls[other][1] <= start
        assert end >= start
    most = max((sum(begin <= start < end for begin, end in calls) for start, _ in calls), default=0)
    assert len(set(found)) <= max(most, 1)


def test_marks_are_put_on_the_calls_of_timelines() -> None:
    shown = {call.number: call for session in REPORT.sessions for call in session.timeline}

    assert sum(call.wasted is not None for call in shown.values()) == sum(REPORT.totals.wasted.values())
    assert sum(call.duplicate is not None for call in shown.values()) == sum(REPORT.totals.duplicates.values())


def test_long_lists_are_cut_and_say_so() -> None:
    report = report_of(sample_lines(400))

    assert len(report.sessions) == SESSIONS_SHOWN
    assert report.sessions_left_out == 400 - SESSIONS_SHOWN
    assert len(report.episodes) == EPISODES_MOST
    assert report.episodes_left_out == report.totals.episodes - EPISODES_MOST
    assert len(report.waits) <= 500
    assert len(report.loops) <= 100
    assert len(report.duplicates) <= 100


def test_the_first_calls_of_a_long_session_are_shown() -> None:
    call = CALLS[0]
    long = [replace(call, number=number, operation=number, mono=BEGAN + number) for number in range(1, 2_001)]
    shuffled = [each for pair in zip(long[1::2], long[::2], strict=True) for each in pair]

    (session,) = report_of([LINES[0], *shuffled, LINES[-1]]).sessions

    assert [each.number for each in session.timeline] == list(range(1, CALLS_SHOWN + 1))
    assert (session.calls, session.cut) == (2_000, 2_000 - CALLS_SHOWN)


def test_the_same_journal_makes_the_same_report() -> None:
    assert report_of(LINES) == REPORT


# Which runs


def test_the_last_run_is_told_unless_another_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    write(path, [*LINES, *other_run(sample_lines(3), "second", digest="other", profile="tuesday")])

    assert report_of_files([path]).run.profile == "tuesday"
    assert "1 other run in these files: not part of this report (--run ID)" in report_of_files([path]).troubles
    assert report_of_files([path], run=RUN).totals == REPORT.totals


def test_replicas_are_put_together_with_numbers_of_their_own(tmp_path: Path) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    write(one, LINES)
    write(two, [replace(line, mono=line.mono + 1e6) for line in other_run(LINES, "second")])

    both = report_of_files([one, two])

    assert both.totals.calls == 2 * REPORT.totals.calls
    assert both.totals.recovered.hits == 2 * REPORT.totals.recovered.hits
    assert both.totals.success.cases == 2 * REPORT.totals.success.cases
    assert both.run.id == f"{RUN}, second"
    assert both.run.journals == ("one.jsonl", "two.jsonl")
    numbers = [call.number for session in both.sessions for call in session.timeline]
    assert len(numbers) == len(set(numbers))
    assert len({session.name for session in both.sessions}) == len(both.sessions)
    assert len({each.number for each in both.episodes}) == len(both.episodes)
    assert max(call.start for session in both.sessions for call in session.timeline) < 1e3
    for each in both.episodes:
        assert f"#{each.calls[0]}" in each.story


def test_a_run_in_several_files_is_one_run(tmp_path: Path) -> None:
    one, two = tmp_path / "run.jsonl.1", tmp_path / "run.jsonl"
    write(one, LINES[:200])
    write(two, LINES[200:])

    report = report_of_files([one, two])

    assert replace(report.run, journals=()) == replace(REPORT.run, journals=())
    assert (report.totals, report.episodes) == (REPORT.totals, REPORT.episodes)


def test_a_copy_is_not_counted_twice(tmp_path: Path) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    write(one, LINES)
    write(two, LINES[:50])

    for files in ([one, two], [one, one]):
        with pytest.raises(UsageError, match=rf"^run {RUN} begins in one.jsonl and again in .*: is one a copy\?$"):
            report_of_files(files)


def test_different_profiles_are_not_put_together(tmp_path: Path) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    write(one, LINES)
    write(two, other_run(LINES, "second", digest="sha256:other"))

    with pytest.raises(
        UsageError, match=r"^these journals are of runs under different profiles: sha256:3b1f9c0d .* and "
    ):
        report_of_files([one, two])


def test_a_run_that_there_is_not(tmp_path: Path) -> None:
    write(tmp_path / "run.jsonl", LINES)

    with pytest.raises(UsageError, match=rf"^there is no run 'nine' in run.jsonl; there are: {RUN}$"):
        report_of_files([tmp_path / "run.jsonl"], run="nine")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"not a journal\n", b'{"a": 1}\n' * 3, b"\x1f\x8bnot packed either"])
def test_a_file_without_a_run(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "run.jsonl").write_bytes(content)

    with pytest.raises(UsageError, match=r"^there is no run in run.jsonl: it is empty, or no line"):
        report_of_files([tmp_path / "run.jsonl"])


def test_progress_is_told_by_bytes(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    write(path, LINES)
    read: list[int] = []

    build_report(Asked(files=(journal(path),), generated="now"), read.append)

    assert sum(read) == TIMES_READ * path.stat().st_size
