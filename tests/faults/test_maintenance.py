from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import FailureKind, Phase
from chaosproxy.core.turn import Turn
from chaosproxy.dialects import load_builtin
from chaosproxy.faults._base import Scope
from chaosproxy.faults.maintenance import Maintenance

GENERIC = load_builtin("generic")


def maintenance(**settings: object) -> Maintenance:
    return Maintenance.model_validate({"type": "maintenance", **settings})


def asked(
    fault: Maintenance, turn_of: Callable[..., Turn], calls: Sequence[tuple[float, bool]]
) -> list[tuple[float, Reject | None]]:
    """When each call came, and what it was refused with."""
    memory, answers = fault.blank(), []
    for at, triggered in calls:
        effects, memory = fault.step(turn_of(at), "closed", memory, triggered=triggered)
        answers.append((at, next(iter(effects), None)))
    return [(at, effect) for at, effect in answers if effect is None or isinstance(effect, Reject)]


def test_lasts_from_the_first_hit_until_its_end_and_never_again(turn_of: Callable[..., Turn]) -> None:
    calls = [(100.0, False), (110.0, True), (111.5, False), (169.9, True), (170.0, True), (200.0, False), (999.0, True)]
    answers = asked(maintenance(lasts="1m"), turn_of, calls)

    waits = [effect and round(effect.retry_after or 0, 6) for _, effect in answers]
    assert waits == [None, 60.0, 58.5, 0.1, None, None, None]


def test_is_said_in_the_vendors_words_before_the_tool_has_run(turn_of: Callable[..., Turn]) -> None:
    ((_, effect),) = asked(maintenance(dialect="stripe", status=500, message="away"), turn_of, [(5.0, True)])

    assert effect is not None
    assert (effect.kind, effect.phase) == (FailureKind.MAINTENANCE, Phase.BEFORE_UPSTREAM)
    assert (effect.dialect, effect.status, effect.message, effect.retry_after) == ("stripe", 500, "away", 300.0)


@given(
    start=st.floats(0, 1e6),
    lasts=st.integers(1, 86_400),
    gaps=st.lists(st.floats(0, 30_000), min_size=1, max_size=20),
    shift=st.floats(1.6e9, 1.9e9),
)
def test_the_date_is_the_same_for_all_and_true(
    start: float, lasts: int, gaps: list[float], shift: float, turn_of: Callable[..., Turn]
) -> None:
    fault = maintenance(lasts=f"{lasts}s")
    times = [start]
    for gap in gaps:
        times.append(times[-1] + gap)
    answers = asked(fault, turn_of, [(at, True) for at in times])

    ends = shift + start + lasts
    for at, effect in answers:
        assert (effect is None) == (at - start >= lasts - 1e-6)
        if effect is None:
            continue
        headers = dict(GENERIC.reply(effect, shift + at).headers)
        said = parsedate_to_datetime(headers[b"Retry-After"].decode())
        assert 0 <= said.timestamp() - ends + 1e-3 <= 1 + 2e-3, (
            "never too early, and at most the second that a date has"
        )
        assert said >= datetime.fromtimestamp(int(shift + at), UTC)


@given(start=st.floats(0, 1e6), lasts=st.floats(0.001, 86_400), share=st.floats(0, 0.89))
def test_who_comes_back_when_told_is_let_in_and_who_comes_earlier_is_not(
    start: float, lasts: float, share: float, turn_of: Callable[..., Turn]
) -> None:
    fault = maintenance(lasts=f"{lasts:.6f}s")
    effects, memory = fault.step(turn_of(start), "closed", fault.blank(), triggered=True)
    early, _ = fault.step(turn_of(start + fault.lasts * share), "closed", memory, triggered=False)
    (refused,) = early or effects
    assert early
    assert isinstance(refused, Reject)
    assert refused.retry_after is not None

    back = start + fault.lasts * share + refused.retry_after
    assert fault.step(turn_of(back), "closed", memory, triggered=True)[0] == ()


def test_a_rounding_error_of_the_clock_shuts_nobody_out(turn_of: Callable[..., Turn]) -> None:
    fault, short = maintenance(lasts="1m"), 0
    for number in range(200):
        start = number * 0.037  # soon after boot: later, these sums are exact
        _, memory = fault.step(turn_of(start), "closed", fault.blank(), triggered=True)
        (refused,), _ = fault.step(turn_of(start + 0.03), "closed", memory, triggered=True)
        assert isinstance(refused, Reject)
        assert refused.retry_after is not None
        back = start + 0.03 + refused.retry_after
        short += back < start + 60.0
        assert fault.step(turn_of(back), "closed", memory, triggered=True)[0] == ()
    assert short > 0, "no sum was short of the end, so this shows nothing"


def test_is_the_tools_or_each_sessions_own() -> None:
    assert maintenance().memory_scope is Scope.SHARED
    assert maintenance(scope="session").memory_scope is Scope.SESSION


@pytest.mark.parametrize(
    "settings", [{"lasts": 0}, {"lasts": 60}, {"scope": "credential"}, {"status": 200}, {"phase": "after_upstream"}]
)
def test_refuses(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        maintenance(**settings)
