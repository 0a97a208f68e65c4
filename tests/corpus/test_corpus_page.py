"""The published page is what the corpus says now."""

from tests.corpus.__main__ import PAGE
from tests.corpus.calibration import calibrate
from tests.corpus.page import page


def test_page_is_in_step() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(calibrate()), "run: python -m tests.corpus --write"
