"""Printing for people: colour and tables on a terminal, plain text in a pipe."""

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table


def console() -> Console:
    """The standard output. In a pipe it has no colours and no width, so nothing is cut."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 200)


def table(out: Console, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Columns under headings; in a pipe without lines, so that it can be cut and searched."""
    grid = Table(box=None, pad_edge=False, header_style="bold" if out.is_terminal else "", padding=(0, 2, 0, 0))
    for heading in headings:
        grid.add_column(escape(heading), overflow="fold")
    for row in rows:
        grid.add_row(*[escape(cell) for cell in row])
    with_lines = out.is_terminal
    if with_lines:
        out.print(grid)
        return
    with out.capture() as captured:
        out.print(grid)
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))
