"""Every episode is told in one sentence of plain English, whatever came of it and why."""

import re
from itertools import product

import pytest

from chaosproxy.core.answer import Origin, UpstreamTruth
from chaosproxy.core.call import CallKind, Layer, ToolEffect
from chaosproxy.core.events import Because, Certainty, Resolution, Verdict
from chaosproxy.core.failures import Outcome
from chaosproxy.core.purpose import Role
from chaosproxy.recovery.following.verdicts import TABLE
from chaosproxy.reports.model import CallView, EpisodeView
from chaosproxy.reports.stories import story

ELSEWHERE = (Resolution.RECOVERED_FALLBACK, Resolution.ESCALATED, Resolution.UNDETECTED)
PAIRS = sorted({(resolution, row.because) for row in TABLE for resolution in row.resolutions})


def call(number: int, start: float, **said: object) -> CallView:
    fields: dict[str, object] = {
        "number": number,
        "start": start,
        "seconds": 0.1,
        "lane": 0,
        "tool": "charge",
        "role": Role.TOOL,
        "effect": ToolEffect.WRITE,
        "kind": CallKind.RETRY,
        "layer": Layer.UNKNOWN,
        "operation": 1,
        "attempt": 1,
        "match_rule": 6,
        "follows": 0,
        "status": 0,
        "outcome": Outcome.RESET,
        "origin": Origin.INJECTED,
        "truth": UpstreamTruth.EXECUTED,
        "executions": 1,
        "faults": ("connection_reset",),
        "rule": "r",
        "hint": None,
        "wasted": None,
        "duplicate": None,
    }
    return CallView(**(fields | said))  # type: ignore[arg-type]  # by name, so that a test says what matters


def episode(resolution: Resolution, because: Because | None, calls: tuple[int, ...], **said: object) -> EpisodeView:
    fields: dict[str, object] = {
        "number": 1,
        "session": "agent-1",
        "tool": "charge",
        "effect": ToolEffect.WRITE,
        "fault": "connection_reset",
        "rule": "r",
        "outcome": Outcome.RESET,
        "resolution": resolution,
        "verdict": Verdict.UNKNOWN,
        "because": because,
        "story": "",
        "start": 0.1,
        "seconds": 3.0,
        "attempts": len(calls),
        "detection": 0.1,
        "wait": 0.4,
        "model": 0.0,
        "service": 0.1,
        "operation": 1,
        "calls": calls,
        "ended_by": calls[-1] if resolution.recovered and len(calls) > 1 else 0,
    }
    return EpisodeView(**(fields | said))  # type: ignore[arg-type]  # as above


CALLS = {12: call(12, 0.0), 14: call(14, 0.5), 17: call(17, 1.7), 20: call(20, 3.0, tool="invoice")}


def reads_well(sentence: str) -> None:
    assert re.fullmatch(r"[^:]+: [^\n]+[^.]\.", sentence), sentence
    for ugly in ("None", "  ", " ,", ",,", ",;", ";.", "( ", "()", "#0", "_retry", ". ", ";;", ", ,", "#;"):
        assert ugly not in sentence, sentence
    assert sentence.count("(") == sentence.count(")"), sentence
    assert len(sentence) < 300, sentence


@pytest.mark.parametrize(("resolution", "because"), PAIRS)
def test_every_verdict_of_the_table_reads_well(resolution: Resolution, because: Because) -> None:
    for outcome, truth, hint, numbers, known in product(
        Outcome, UpstreamTruth, (None, 2.0), ((12,), (12, 14), (12, 14, 17)), (True, False)
    ):
        ended_by = 20 if resolution in ELSEWHERE else numbers[-1] if resolution.recovered else 0
        calls = CALLS | {12: call(12, 0.0, outcome=outcome, truth=truth, hint=hint, status=403 if hint else 0)}
        about = episode(resolution, because, numbers, outcome=outcome, ended_by=ended_by)
        reads_well(story(about, calls if known else {}))


def test_any_resolution_reads_well_with_any_reason_and_with_none() -> None:
    for resolution, because in product(Resolution, (*Because, None)):
        reads_well(story(episode(resolution, because, (12, 14)), CALLS))
        reads_well(story(episode(resolution, because, (12, *range(13, 77))), CALLS))
        reads_well(story(episode(resolution, because, (), attempts=3), {}))


def test_a_write_sent_twice() -> None:
    calls = CALLS | {14: call(14, 0.5, duplicate=Certainty.CONFIRMED)}

    assert story(episode(Resolution.RECOVERED_RETRY, Because.BLIND, (12, 14)), calls) == (
        "charge: #12 was executed, but its reply was lost (connection_reset); the agent sent it again as #14 after "
        "0.4 s without a key and without checking, and the tool executed it twice."
    )


def test_a_replay_is_no_second_execution() -> None:
    told = story(episode(Resolution.RECOVERED_RETRY, Because.CAME_BACK, (12, 14)), CALLS)

    assert told.endswith("the agent sent it again as #14 after 0.4 s, and that worked.")


def test_a_wait_cut_short() -> None:
    throttled = {"outcome": Outcome.THROTTLED, "status": 429, "hint": 2.0, "faults": ("rate_limit",)}
    calls = {3: call(3, 0.0, **throttled), 5: call(5, 0.4, **throttled), 6: call(6, 0.8, **throttled)}
    about = episode(
        Resolution.EXHAUSTED, Because.EARLY, (3, 5, 6), tool="search", fault="rate_limit", outcome=Outcome.THROTTLED
    )

    assert story(about, calls) == (
        "search: #3 was told to wait 2 s (429, rate_limit); the agent tried 2 more times (#5 and #6, after 0.3 s and "
        "0.3 s), too early, was refused again, and gave up after 3 attempts."
    )


def test_a_lie_believed() -> None:
    about = episode(Resolution.UNDETECTED, Because.WENT_ON, (12,), fault="wrong_values", ended_by=14)
    calls = {12: call(12, 0.0, outcome=Outcome.OK, status=200, faults=("wrong_values",))}

    assert story(about, calls) == (
        "charge: #12 got an answer that was not true, and no error (wrong_values); the agent went on as if all were "
        "well (#14)."
    )


def test_names_from_the_agent_stay_on_one_line_and_short() -> None:
    about = episode(Resolution.ABANDONED, Because.LEFT, (12,), tool="x\n\x1b[31m\u202e" + "y" * 500)

    told = story(about, CALLS)

    assert told.startswith("x??[31m?yyy")
    assert told.isprintable()
    assert len(told) < 300
