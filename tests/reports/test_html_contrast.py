"""Contrast of text and drawings, computed from the style sheet in each of its schemes (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re
from importlib.resources import files

import pytest

CSS = files("chaosproxy.reports.html").joinpath("style.css").read_text(encoding="utf-8")
LIGHT, DARK, PRINT = (
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]+);", block)) for block in re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
)

TEXTS = [
    *((ink, ground) for ink in ("ink", "soft", "link") for ground in ("paper", "card", "faint")),
    *((ink, "card") for ink in ("good", "bad", "unsure")),
    ("good", "good-wash"),
    ("bad", "bad-wash"),
    ("unsure", "unsure-wash"),
    ("unsure", "paper"),
    ("ink", "good-wash"),
    ("ink", "bad-wash"),
    ("ink", "unsure-wash"),
    ("ink", "plain-wash"),
    ("soft", "good-wash"),
    ("paper", "ink"),
]
DRAWN = [(shape, "card") for shape in ("ok", "later", "no", "spoilt", "gone", "ran", "bar", "dot", "soft")]
SIGNS = [("sign", family) for family in ("later", "no", "spoilt", "gone")]


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_formula() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777", "#fff") == pytest.approx(4.48, abs=0.01)


def test_schemes_have_the_same_colours() -> None:
    assert set(LIGHT) == set(DARK) == set(PRINT)
    assert set(re.findall(r"var\(--([\w-]+)\)", CSS)) <= set(LIGHT)


@pytest.mark.parametrize("scheme", [LIGHT, DARK, PRINT], ids=["light", "dark", "print"])
def test_text_can_be_read(scheme: dict[str, str]) -> None:
    poor = {pair: round(contrast(scheme[pair[0]], scheme[pair[1]]), 2) for pair in TEXTS}

    assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("scheme", [LIGHT, DARK, PRINT], ids=["light", "dark", "print"])
def test_drawings_can_be_seen(scheme: dict[str, str]) -> None:
    poor = {pair: round(contrast(scheme[pair[0]], scheme[pair[1]]), 2) for pair in [*DRAWN, *SIGNS]}

    assert {pair: ratio for pair, ratio in poor.items() if ratio < 3} == {}


def test_paper_is_white() -> None:
    assert PRINT["paper"] == PRINT["card"] == "#fff"
    assert min(luminance(PRINT[wash]) for wash in ("good-wash", "bad-wash", "unsure-wash", "plain-wash", "faint")) > 0.8
