"""How each measure is taken."""

import pytest

from chaosproxy.core.call import CallKind, Layer, ToolEffect
from chaosproxy.core.events import (
    Certainty,
    KeyVerdict,
    LoopFound,
    LoopKind,
    Resolution,
    RetryAfterVerdict,
    Verdict,
    WasteReason,
)
from chaosproxy.core.failures import Outcome
from chaosproxy.core.measures import BY_FAULT, MEASURES, Unit
from chaosproxy.recovery.scoring.measured import Measured
from chaosproxy.recovery.scoring.measures import TAKEN
from chaosproxy.recovery.scoring.scorecard import Scorecard
from tests.recovery.tallying import Ended, closed, feed, strike

COMPLIANT, LATE, EARLY = RetryAfterVerdict.COMPLIANT, RetryAfterVerdict.LATE, RetryAfterVerdict.EARLY


@pytest.fixture
def card() -> Scorecard:
    """Six operations, four of them decided, ten calls; two that nobody decided."""
    card = feed(
        Scorecard(),
        Ended(operation=1),
        Ended(operation=2, decision=strike("r", "rate_limit"), outcome=Outcome.THROTTLED),
        Ended(operation=2, attempt=2, kind=CallKind.RETRY, layer=Layer.SDK),
        Ended(
            operation=3, tool="pay", effect=ToolEffect.WRITE, decision=strike("r", "timeout"), outcome=Outcome.TIMEOUT
        ),
        Ended(
            operation=3, tool="pay", effect=ToolEffect.WRITE, attempt=2, kind=CallKind.RETRY, outcome=Outcome.TIMEOUT
        ),
        Ended(
            operation=3, tool="pay", effect=ToolEffect.WRITE, attempt=3, kind=CallKind.RETRY, outcome=Outcome.TIMEOUT
        ),
        Ended(operation=4, tool="pay", effect=ToolEffect.WRITE),
        Ended(operation=5, decision=strike("r", "timeout"), outcome=Outcome.TIMEOUT),
        Ended(operation=6, outcome=Outcome.TIMEOUT),
        Ended(operation=6, attempt=2, outcome=Outcome.TIMEOUT),
    )
    card.count_episode(closed(operation=2, fault="rate_limit", seconds=3.0))
    card.count_episode(
        closed(Resolution.UNDETECTED, Verdict.INAPPROPRIATE, operation=3, tool="pay", fault="timeout", attempts=3)
    )
    card.count_episode(closed(Resolution.CENSORED, Verdict.UNKNOWN, operation=5, fault="timeout", attempts=1))
    for tool, verdicts in (("find", (COMPLIANT, LATE, EARLY, EARLY)), ("pay", tuple(RetryAfterVerdict))):
        for verdict in verdicts:
            card.count_hint("run-1", tool, verdict)
    card.count_duplicate("run-1", "pay", Certainty.CONFIRMED, 2)
    card.count_duplicate("run-1", "pay", Certainty.EXPOSED)
    card.count_duplicate("run-1", "pay", Certainty.AVOIDED)
    card.count_key("run-1", "pay", KeyVerdict.ROTATED)
    card.count_key("run-1", "pay", KeyVerdict.REUSED)
    card.count_wasted("run-1", "pay", WasteReason.LOOP)
    card.count_wasted("run-1", "find", WasteReason.EARLY)
    card.count_loop(LoopFound("run-1", ("pay",), LoopKind.IDENTICAL, (1, 2), 3.0))
    card.count_over_budget("run-1", "pay")
    return card


@pytest.mark.parametrize(
    ("name", "faults", "tool", "value", "cases"),
    [
        ("recovery_rate", (), None, 0.5, 2),
        ("recovery_rate", ("rate_limit",), None, 1.0, 1),
        ("recovery_rate", ("rate_limit",), "pay", None, 0),
        ("recovery_rate", (), "p*", 0.0, 1),
        ("appropriate_rate", (), None, 0.5, 2),
        ("operation_success", (), None, 0.75, 4),
        ("operation_success", (), "pay", 0.5, 2),
        ("retry_after_compliance", (), None, 4 / 8, 8),
        ("retry_after_compliance", (), "find", 0.5, 4),
        ("retry_after_violations", (), None, 3, 9),
        ("wasted_share", (), None, 0.2, 10),
        ("wasted_calls", (), "find", 1, 6),
        ("duplicate_effects", (), None, 2, 2),
        ("duplicate_effects", (), "find", 0, 0),
        ("duplicate_exposures", (), None, 1, 2),
        ("undetected_faults", (), None, 1, 2),
        ("undetected_faults", ("rate_limit",), None, 0, 1),
        ("loops", (), None, 1, 10),
        ("loops", (), "find", 0, 6),
        ("rotated_keys", (), None, 1, 2),
        ("retries_over_budget", (), None, 1, 10),
        ("time_to_recovery_p50", (), None, 3.0, 1),
        ("time_to_recovery_p95", ("timeout",), None, None, 0),
        ("amplification", (), None, 10 / 6, 6),
        ("amplification", (), "pay", 2.0, 2),
        ("amplification", ("timeout",), None, 3.0, 1),
    ],
)
def test_a_measure(  # noqa: PLR0913, PLR0917 - a row of a table
    card: Scorecard, name: str, faults: tuple[str, ...], tool: str | None, value: float | None, cases: int
) -> None:
    measured = card.measure(name, faults, tool)
    assert (measured.value, measured.cases) == (pytest.approx(value) if value is not None else None, cases)


def test_every_measure_is_taken_or_needs_more_than_counts() -> None:
    assert set(MEASURES) - set(TAKEN) == {"success_drop", "agent_exit_status"}
    assert set(TAKEN) <= set(MEASURES)
    with pytest.raises(KeyError):
        Scorecard().measure("happiness")


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_of_nothing_there_is_no_value_or_none_counted(name: str) -> None:
    measured = Scorecard().measure(name)
    assert measured.cases == 0
    assert measured.value == (0 if MEASURES[name] is Unit.COUNT else None)


@pytest.mark.parametrize("name", sorted(name for name in TAKEN if MEASURES[name] is Unit.SHARE))
def test_shares_have_their_interval(card: Scorecard, name: str) -> None:
    measured = card.measure(name)
    assert measured.value is not None
    assert measured.low is not None
    assert measured.high is not None
    assert 0 <= measured.low <= measured.value <= measured.high <= 1


@pytest.mark.parametrize("name", sorted(BY_FAULT))
def test_what_can_be_told_by_fault_depends_on_the_fault(card: Scorecard, name: str) -> None:
    assert card.measure(name, ("rate_limit",)) != card.measure(name, ("timeout",))


def test_more_reasons_than_calls_make_no_share_above_one() -> None:
    card = feed(Scorecard(), Ended())
    for _ in range(3):
        card.count_wasted("run-1", "find", WasteReason.LOOP)
    assert card.measure("wasted_share").value == 1.0
    assert card.measure("wasted_calls") == Measured(3, 1)
