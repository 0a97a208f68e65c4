"""What each fault puts on the wire, byte for byte, in every way, phase and framing: as transcripts/ has it."""

from functools import cache
from pathlib import Path

import pytest

from tests.catalogue.conversations import conversations
from tests.catalogue.records import FOLDER, names, spoken


@cache
def today() -> dict[str, str]:
    return spoken(names())


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", names())
def test_says_what_is_written(name: str) -> None:
    assert conversations(name), "tests/reactions/cases.py has no settings with which it loads"
    written = FOLDER / f"{name}.txt"
    assert today()[name] == (written.read_text() if written.exists() else ""), "`make records` writes it anew"


def test_nothing_is_written_of_what_is_no_fault() -> None:
    assert {file.stem for file in Path(FOLDER).glob("*.txt")} == set(names())
