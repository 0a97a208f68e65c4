"""What was measured is written so that nobody takes it for what was asked for."""

import pytest

from chaosproxy.core import figures


@pytest.mark.parametrize(
    ("measure", "value", "bounds", "shown"),
    [
        ("recovery_rate", 0.9497, (0.95, None), "94.97 %"),
        ("recovery_rate", 0.9997, (1.0, None), "99.9 %"),
        ("recovery_rate", 0.95, (0.95, None), "95 %"),
        ("success_drop", -0.05, (None, 0.1), "-5 %"),
        ("time_to_recovery_p95", 10.004, (None, 10.0), "10.004 s"),
        ("time_to_recovery_p95", 75.2, (None, 75.0), "75.2 s"),
        ("amplification", 1.50001, (None, 1.5), "1.50001"),
        ("duplicate_effects", 3, (None, 0), "3"),
        ("recovery_rate", None, (0.95, None), "-"),
    ],
)
def test_what_is_not_its_bound_is_not_shown_as_it(
    measure: str, value: float | None, bounds: tuple[float | None, ...], shown: str
) -> None:
    assert figures.beside(measure, value, *bounds) == shown
