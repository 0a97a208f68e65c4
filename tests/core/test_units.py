"""How people write durations, sizes and rates."""

from collections.abc import Callable

import pytest

from chaosproxy.core.units import format_duration, format_rate, parse_duration, parse_rate, parse_size


@pytest.mark.parametrize(
    ("read", "written", "meant"),
    [
        (parse_duration, "250ms", 0.25),
        (parse_duration, " 1.5 h ", 5400.0),
        (parse_duration, 0, 0.0),
        (parse_size, "64KiB", 65536),
        (parse_size, "1.5kB", 1500),
        (parse_size, 10, 10),
        (parse_rate, "30%", 0.3),
        (parse_rate, 1, 1.0),
    ],
)
def test_a_quantity_is_read_in_its_unit(read: Callable[[object], float], written: object, meant: float) -> None:
    assert read(written) == pytest.approx(meant)


@pytest.mark.parametrize(
    ("read", "written"),
    [
        *((parse_duration, each) for each in (2, "2", "2 minutes", "-1s", "1e3s", True, None, "9" * 400 + "s")),
        *((parse_size, each) for each in (-1, "64K", "1 TB", True, None, 1.5, "9" * 400 + "B")),
        *((parse_rate, each) for each in (30, "130%", -0.1, "0.3", True, None, float("nan"), "9" * 400 + "%")),
    ],
)
def test_anything_else_is_refused_with_what_was_expected(read: Callable[[object], float], written: object) -> None:
    with pytest.raises(ValueError, match=r"^expected a (duration|size|rate) "):
        read(written)


@pytest.mark.parametrize("text", ["250ms", "2s", "1m 30s", "5m", "1h", "2d 3h"])
def test_a_duration_is_written_as_people_write_it(text: str) -> None:
    assert format_duration(sum(parse_duration(part) for part in text.split())) == text


@pytest.mark.parametrize("text", ["0%", "0.1%", "30%", "100%"])
def test_a_rate_is_written_as_people_write_it(text: str) -> None:
    assert format_rate(parse_rate(text)) == text
