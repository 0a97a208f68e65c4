"""The verdict of a run as a report has it, and what its faults cost beside a control arm. Must not know lines."""

from collections.abc import Mapping
from typing import Final

from chaosproxy.recovery.scoring.control import Arm
from chaosproxy.recovery.scoring.expectations import Check, Result, RunVerdict
from chaosproxy.recovery.scoring.scorecard import Scorecard
from chaosproxy.reports.model import ArmView, CheckView, ControlView, VerdictView
from chaosproxy.reports.scores import rate

LEFT_ALONE: Final = "sessions left alone"


def judged(found: RunVerdict, doubts: tuple[str, ...]) -> VerdictView:
    """The verdict. `doubts` are reasons of this report's own for which it cannot be PASS."""
    result = Result.INCONCLUSIVE if doubts and found.result is Result.PASS else found.result
    return VerdictView(
        result=result.value,
        exit_code=result.exit_code,
        reasons=(*found.reasons, *doubts),
        checks=tuple(_check(each) for each in found.checks),
    )


def _check(found: Check) -> CheckView:
    return CheckView(
        measure=found.measure,
        unit=found.unit,
        of=found.of,
        tool=found.tool,
        session=found.session,
        at_least=found.at_least,
        at_most=found.at_most,
        value=found.value,
        low=found.low,
        high=found.high,
        cases=found.cases,
        needed=found.needed,
        result=found.result.value,
        reason=found.reason,
    )


def comparison_of(card: Scorecard, baseline: Scorecard | None, name: str) -> ControlView | None:
    """What the faults cost, if there is anything to compare with. `name` is that of the baseline's journal."""
    found = card.comparison(baseline)
    if found is None:
        return None
    return ControlView(
        source=LEFT_ALONE if baseline is None else name,
        faults=_arm(found.faults),
        control=_arm(found.control),
        drop=found.drop,
        drop_low=found.low,
        drop_high=found.high,
    )


def _arm(arm: Arm) -> ArmView:
    return ArmView(
        name=arm.name,
        sessions=arm.sessions,
        calls=arm.calls,
        operations=arm.operations,
        success=rate(arm.success),
        amplification=arm.amplification,
        seconds_p50=arm.seconds_p50,
        seconds_p95=arm.seconds_p95,
    )


def together(counts: "tuple[Mapping[str, int] | None, ...]") -> dict[str, int] | None:
    """Calls that each rule matched, of several runs; None if one of them does not say."""
    total: dict[str, int] = {}
    for each in counts:
        if each is None:
            return None
        for rule, calls in each.items():
            total[rule] = total.get(rule, 0) + calls
    return total
