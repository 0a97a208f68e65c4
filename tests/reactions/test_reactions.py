"""docs/client-reactions.md says what real clients do today, to the word, but for their versions."""

from pathlib import Path

import pytest

from tests.reactions.table import PAGE, page, reactions


@pytest.mark.timeout(180)
def test_the_page_says_what_clients_do(tmp_path: Path) -> None:
    assert behaviour(page(reactions(tmp_path))) == behaviour(PAGE.read_text()), "`make records` writes it anew"


def behaviour(text: str) -> list[str]:
    """The page without its versions: a new release that does the same makes nothing untrue."""
    return [line for line in text.splitlines() if not line.startswith("Every fault with its default settings, on ")]
