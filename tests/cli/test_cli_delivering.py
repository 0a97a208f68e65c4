"""A report on its way to whoever reads it: colours only where they are wanted, and a file only where one can be."""

import io
from pathlib import Path

import pytest

from chaosproxy.cli.delivering import check_place, shown
from chaosproxy.core.errors import UsageError
from tests.reports.sample import sample_report


class Terminal(io.StringIO):
    """A stream that people look at."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "coloured"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_colours_are_for_terminals_that_have_them(
    stream: io.StringIO, environ: dict[str, str], *, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    assert ("\x1b[" in shown(sample_report(2), "text", stream)) == coloured


def test_places_where_nothing_can_be_written(tmp_path: Path) -> None:
    check_place(tmp_path / "new.html")
    check_place(Path("/dev/stdout"))
    for nowhere in (tmp_path / "no" / "r.html", tmp_path.joinpath("f", "r.html")):
        tmp_path.joinpath("f").touch()
        with pytest.raises(UsageError, match="cannot be written: there is no folder"):
            check_place(nowhere)
