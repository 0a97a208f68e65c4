"""docs/client-reactions.md says what real clients do today, to the word."""

from pathlib import Path

import pytest

from tests.reactions.table import PAGE, page, reactions


@pytest.mark.timeout(180)
def test_the_page_says_what_clients_do(tmp_path: Path) -> None:
    assert page(reactions(tmp_path)) == PAGE.read_text(), "`make reactions` writes it anew"
