"""Any number can be audited: for each call the rule that decided, for each episode why it got its verdict."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from chaosproxy.core.call import CallKind, Layer
from chaosproxy.core.errors import UsageError
from chaosproxy.core.events import Because
from chaosproxy.core.purpose import Role
from chaosproxy.reports.grounds import REASONS, decided_by, grounds
from chaosproxy.reports.runs import choose_runs
from chaosproxy.reports.why import Target, explain
from chaosproxy.telemetry.records import CallEnded, EpisodeEnded, Record
from tests.reports.sample import journal, report_of, write
from tests.reports.sample_journal import sample_lines

LINES = sample_lines()
CALLS = {line.number: line for line in LINES if isinstance(line, CallEnded)}
EPISODES = [line for line in LINES if isinstance(line, EpisodeEnded)]
BLIND = next(line for line in EPISODES if line.because is Because.BLIND)


def why(folder: Path, target: str, lines: Sequence[Record] = LINES) -> str:
    path = folder / "run.jsonl"
    write(path, lines)
    return explain(choose_runs([journal(path)], None, lambda _: None), Target(target), lambda _: None)


# The rules

BEFORE = replace(CALLS[1], number=12, fingerprint="9f3c0d11aa22bb33", mono=10.0, model="large-1")
SAME = replace(BEFORE, number=14, follows=12, mono=10.5, seconds=0.1, attempt=2)
LATER = replace(SAME, fingerprint="00aa00aa00aa00aa")


FAILED = "#12, which failed 0.4 s before and was unresolved"
PRINT = "same fingerprint 9f3c0d11…"
OTHER_TOOL = replace(SAME, tool="other")
OTHER_MODEL = replace(SAME, role=Role.MODEL, model="small-1")
RETRY, TWIN = CallKind.RETRY, CallKind.PARALLEL


@pytest.mark.parametrize(
    ("call", "rule", "kind", "said"),
    [
        (SAME, 1, RETRY, "the same explicit id (an idempotency key, or the like) as #12"),
        (LATER, 1, RETRY, "the same explicit id (an idempotency key, or the like) as #12, but other content"),
        (SAME, 2, RETRY, f"an SDK marked it as its own retry; {PRINT} as #12, which failed 0.4 s before"),
        (SAME, 3, CallKind.CONTINUATION, "it goes on with #12, which had asked for more input"),
        (SAME, 3, CallKind.PAGE, "it differs from #12 only in the place of the listing that it asks for"),
        (SAME, 4, CallKind.POLL, f"{PRINT} as #12, which was answered, but not finally, or which it follows in an "),
        (SAME, 5, TWIN, f"{PRINT} as #12, which was still in flight: an operation of its own"),
        (
            SAME,
            5,
            CallKind.HEDGE,
            f"{PRINT} as #12, in flight at the same time; one was dropped when the other answered",
        ),
        (SAME, 6, RETRY, f"{PRINT} as {FAILED}"),
        (
            LATER,
            7,
            CallKind.MODIFIED_RETRY,
            f"the same tool with similar arguments as {FAILED} (fingerprint 9f3c0d11… ",
        ),
        (
            OTHER_TOOL,
            8,
            CallKind.FALLBACK,
            f"other is declared as a fallback for {BEFORE.tool}, and stands in for {FAILED}",
        ),
        (OTHER_MODEL, 8, CallKind.FALLBACK, "the same messages as #12 to another model (small-1 instead of large-1)"),
        (SAME, 9, CallKind.FIRST, "nothing unresolved before it fits"),
    ],
)
def test_each_rule_has_its_sentence(call: CallEnded, rule: int, kind: CallKind, said: str) -> None:
    name = {CallKind.FIRST: "new operation", CallKind.PAGE: "next page", TWIN: "parallel twin"}.get(kind)
    expected = f"{name or kind.replace('_', ' ')} (rule {rule}): {said}"

    assert grounds(replace(call, match_rule=rule, kind=kind), BEFORE, lambda number: number).startswith(expected)


def test_what_takes_no_part_and_what_is_not_known() -> None:
    token = replace(SAME, role=Role.TOKEN, match_rule=0, kind=CallKind.NONE)

    assert grounds(token, None, lambda number: number).startswith(
        "no part of an operation: it asks for new credentials"
    )
    assert grounds(replace(SAME, match_rule=23, kind=RETRY), None, lambda number: number) == (
        "retry (rule 23, which this version does not know)"
    )


@pytest.mark.parametrize("rule", range(10))
def test_each_rule_has_a_sentence_also_when_the_call_before_is_missing(rule: int) -> None:
    for kind in CallKind:
        for follows in (0, 12):
            said = grounds(replace(SAME, match_rule=rule, kind=kind, follows=follows), None, lambda number: number)
            assert said
            assert "None" not in said
            assert "#0" not in said


def test_each_layer_and_each_reason_is_explained() -> None:
    assert decided_by(Layer.NONE) is None
    assert decided_by(Layer.UNKNOWN) == "layer unknown: no LLM traffic in this session"
    assert all(decided_by(layer) for layer in Layer if layer is not Layer.NONE)
    assert set(REASONS) == set(Because)


# Sessions, episodes, calls


def test_a_session_is_told_episode_by_episode(tmp_path: Path) -> None:
    told = why(tmp_path, BLIND.session)

    mine = [each for each in EPISODES if each.session == BLIND.session]
    assert told.startswith(f"session {BLIND.session}: ")
    assert told.count("\nepisode ") == len(mine)
    for each in mine:
        assert f"episode {each.episode}: " in told
        assert f"verdict {each.verdict} ({each.because}): " in told
        for number in each.calls:
            assert f"  #{number} at " in told


def test_an_episode_is_told_with_its_grounds(tmp_path: Path) -> None:
    told = why(tmp_path, f"{BLIND.session}#{BLIND.episode}")

    first, again = (CALLS[number] for number in BLIND.calls)
    lines = told.splitlines()
    assert len([line for line in lines if line.startswith("episode ")]) == 1
    assert f"  #{again.number} at {again.mono - again.seconds - 5_000:.3f} s: retry (rule 6): same fingerprint" in told
    assert f"as #{first.number}, which failed 0." in told
    assert (
        f"struck by connection_reset (after_upstream), fault rule 'connection_reset here and there': {first.reason}"
        in told
    )
    assert "the tool executed it; a tool that writes" in told
    assert "      key absent: it carries none" in lines
    assert "      duplicate effect confirmed: the tool was seen to execute it again, 1 time beyond the first" in lines
    assert lines[-1].startswith("  verdict inappropriate (blind): it sent a write again that may have run")


def test_a_call_is_told_with_its_episode(tmp_path: Path) -> None:
    assert f"episode {BLIND.episode}: charge met connection_reset" in why(tmp_path, f"#{BLIND.calls[1]}")


def test_a_call_without_an_episode(tmp_path: Path) -> None:
    inside = {number for each in EPISODES for number in (*each.calls, each.ended_by)}
    alone = next(number for number in CALLS if number not in inside)

    told = why(tmp_path, f"#{alone}")

    assert f"  #{alone} at " in told
    assert told.endswith("  it is part of no episode\n")


def test_waits_waste_and_false_values_are_told(tmp_path: Path) -> None:
    whole = "".join(why(tmp_path, session) for session in sorted({each.session for each in EPISODES}))

    assert "Retry-After early: asked to wait 2 s (retry-after), waited 0." in whole
    assert "Retry-After compliant: asked to wait 2 s" in whole
    assert "in vain (loop): a turn of a loop" in whole
    assert "it carried, in its arguments, the false value that was planted in the reply to #" in whole
    assert "loop: identical of search in " in whole
    assert "told to wait 8 s (retry-after)" in whole


def test_a_session_without_failures(tmp_path: Path) -> None:
    quiet = next(each.name for each in report_of(LINES).sessions if each.episodes == 0)

    assert "nothing failed that the agent had to recover from" in why(tmp_path, quiet)


def test_a_session_may_be_called_anything(tmp_path: Path) -> None:
    for name in ("agent#1", "#12", "a b\n\x1b[31m", "x#99999999999999999999"):
        lines = [
            replace(line, session=name) if getattr(line, "session", "") == BLIND.session else line for line in LINES
        ]
        told = why(tmp_path, name, lines)
        assert f"episode {BLIND.episode}: charge met" in told
        assert all(each == "\n" or each.isprintable() for each in told)


def test_old_journals_name_no_calls(tmp_path: Path) -> None:
    old = [replace(line, calls=(), because=None) if isinstance(line, EpisodeEnded) else line for line in LINES]

    told = why(tmp_path, f"{BLIND.session}#{BLIND.episode}", old)

    assert f"  #{BLIND.calls[1]} at " in told
    assert told.endswith("verdict inappropriate: this journal is of a version that gave no reasons\n")


def test_calls_that_are_missing_are_said_to_be(tmp_path: Path) -> None:
    cut = [line for line in LINES if line is not CALLS[BLIND.calls[1]]]

    assert f"  #{BLIND.calls[1]}: the journal has no line of this call" in why(tmp_path, BLIND.session, cut)


def test_numbers_are_those_of_the_report_when_runs_are_put_together(tmp_path: Path) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    write(one, LINES)
    write(two, [replace(line, run="second") for line in LINES])
    chosen = choose_runs([journal(one), journal(two)], None, lambda _: None)

    told = explain(chosen, Target(f"#{BLIND.calls[0] + max(CALLS)}"), lambda _: None)

    assert f"episode {BLIND.episode + len(EPISODES)}: charge met" in told
    assert f"as #{BLIND.calls[0] + max(CALLS)}, which failed" in told


@pytest.mark.parametrize("target", ["nobody", "agent-1#999", "#999999", "", "#", "#x", "agent-1#"])
def test_what_there_is_not_is_said(tmp_path: Path, target: str) -> None:
    with pytest.raises(UsageError, match=r"^there is no session '.*' in this run, and no such episode or call; write"):
        why(tmp_path, target)
