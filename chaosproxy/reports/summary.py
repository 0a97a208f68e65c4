"""What is said of a run in lines rather than in tables: the same words in the terminal and in a pull request.

Each function gives plain text, without marks of any format.
"""

import shlex
from collections.abc import Iterable

from chaosproxy.core.events import RetryAfterVerdict
from chaosproxy.reports.figures import (
    NOTHING,
    counted,
    factor,
    interval,
    listed,
    plain,
    rate,
    seconds,
    share,
    tallied,
)
from chaosproxy.reports.model import ArmView, EpisodeView, Report, TotalsView


def run_line(report: Report) -> str:
    """Which run it is."""
    run = report.run
    if not run.digest:  # the journal has lost the line that says it
        return f"run {plain(run.id)}"
    return f"{plain(run.profile)}, seed {run.seed}, {plain(run.digest)}, run {plain(run.id)}"


def size_lines(report: Report) -> Iterable[str]:
    """How much there was of it."""
    totals, run = report.totals, report.run
    struck = f"{totals.faulted} of them struck by a fault"
    yield (
        f"{counted(totals.sessions, 'session')}, {counted(totals.calls, 'call')} ({struck}) in "
        f"{counted(totals.operations, 'operation')}, {seconds(run.seconds)}"
    )
    yield _episodes(totals)
    if run.command is not None:
        status = NOTHING if run.agent_status is None else str(run.agent_status)
        yield f"agent {plain(run.command)} ended with status {status}"


def _episodes(totals: TotalsView) -> str:
    told = counted(totals.episodes, "episode")
    if not totals.decided:
        return f"{told}, none of them decided" if totals.episodes else told
    judged = "in none can be said whether it was right"
    if totals.appropriate.cases:
        judged = f"{rate(totals.appropriate)} reacted as they should"
    return f"{told}, {totals.decided} decided: {rate(totals.recovered)} recovered, {judged}"


def reference(episode: EpisodeView) -> str:
    """What an episode is called: `agent#3`."""
    return f"{plain(episode.session)}#{episode.number}"


def report_command(report: Report) -> str | None:
    """The command that reports the same; None if the journal is gone, or was never a file."""
    journals = " ".join(shlex.quote(plain(name)) for name in report.run.journals if name)
    return f"chaosproxy report {journals}" if journals else None


def why_command(report: Report, episode: EpisodeView) -> str | None:
    """The command that says why an episode was judged so; None if its journal is gone."""
    command = report_command(report)
    return None if command is None else f"{command} --why {shlex.quote(reference(episode))}"


def spacing(report: Report) -> Iterable[str]:
    """Retry-After, and how retries were spaced."""
    totals = report.totals
    if totals.retry_after:
        early = totals.retry_after.get(str(RetryAfterVerdict.EARLY), 0)
        told = sum(totals.retry_after.values())
        yield f"Retry-After: {tallied(totals.retry_after)} ({early} of {told} came back too early)"
    if totals.retries:
        yield f"retries by layer: {tallied(totals.retries)}"
    for each in report.backoff:
        jitter = f", jitter {each.jitter}" if each.jitter is not None else ""
        waits = f"; median waits {listed([seconds(wait) for wait in each.waits[:6]])}" if each.waits else ""
        yield f"backoff of {each.layer}: {tallied(each.shapes)}{jitter}{waits}"


def bookkeeping(report: Report) -> Iterable[str]:
    """What retries and faults cost."""
    totals = report.totals
    if totals.operations:
        failed = ""
        if totals.amplification_faulted is not None:
            failed = f", of those that met a failure {factor(totals.amplification_faulted)}"
        yield (
            f"operations that succeeded in the end: {rate(totals.success)}; calls for each operation: "
            f"{factor(totals.amplification)}{failed}"
        )
    for name, counts in (
        ("calls in vain", totals.wasted),
        ("duplicate effects", totals.duplicates),
        ("idempotency keys of retried writes", totals.keys),
        ("loops", totals.loops),
    ):
        if counts:
            yield f"{name}: {tallied(counts)}"
    if totals.undetected or totals.canaries:
        yield f"damage never noticed: {totals.undetected}; false values that turned up again: {totals.canaries}"
    if totals.retries_over_budget:
        yield f"retries that a retry budget would have refused: {totals.retries_over_budget}"
    if totals.spared:
        yield f"calls on which a fault could not be applied: {totals.spared}"


def control_lines(report: Report) -> Iterable[str]:
    """What faults cost, against the same without them."""
    control = report.control
    if control is None:
        return
    yield f"control arm: {plain(control.source)}"
    for arm in (control.faults, control.control):
        yield _arm(arm)
    if control.drop is not None:
        ends = ""
        if control.drop_low is not None and control.drop_high is not None:
            ends = f" (95 %: {control.drop_low * 100:.0f} to {control.drop_high * 100:.0f})"
        yield f"faults cost {share(control.drop) if control.drop >= 0 else f'-{share(-control.drop)}'} of success{ends}"


def _arm(arm: ArmView) -> str:
    return (
        f"{arm.name}: {rate(arm.success)} succeeded (95 %: {interval(arm.success)}), "
        f"{factor(arm.amplification)} calls an operation, p50 {seconds(arm.seconds_p50)}, "
        f"p95 {seconds(arm.seconds_p95)}, {counted(arm.sessions, 'session')}"
    )
