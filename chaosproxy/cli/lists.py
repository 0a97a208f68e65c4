"""Lists for people: a name, and beside it what is said of it, folded under itself on a terminal and whole in a pipe."""

import shutil
import sys
import textwrap
from collections.abc import Sequence

import click

_ROOM = 24
"""Columns; a text that has fewer is put on a line of its own."""


def width() -> int | None:
    """Columns of the terminal; None in a pipe, where nothing is folded."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def entry(name: str, text: str) -> None:
    """Print `name`, two blanks and `text`."""
    columns = width()
    if columns is None:
        click.echo(f"{name}  {text}".rstrip())
        return
    margin = len(name) + 2
    lines = textwrap.wrap(text, max(20, columns - margin), break_on_hyphens=False) or [""]
    click.echo(f"{click.style(name, bold=True)}  {lines[0]}".rstrip())
    for line in lines[1:]:
        click.echo(" " * margin + line)


def title(text: str) -> None:
    """Print what the list below is of."""
    click.echo(click.style(text, bold=True, fg="cyan"))


def prose(text: str, *, dim: bool = False) -> None:
    """Print text, folded on a terminal; less loudly, if it is `dim`."""
    columns = width()
    click.echo(click.style(text if columns is None else textwrap.fill(text, columns), dim=dim))


def shortened(text: str, most: int) -> str:
    """The text with at most so many characters, if it is for a terminal."""
    return text if width() is None or len(text) <= most else f"{text[: most - 1]}…"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], colours: Sequence[str]) -> None:
    """Print columns, the first in the colour of its row; the last is folded, or stands below if it lacks room."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)][:-1]
    margin = sum(widths) + 2 * len(widths)
    columns = width()
    room = None if columns is None else columns - margin
    _row(headings, widths, room)
    for row, colour in zip(rows, colours, strict=True):
        _row(row, widths, room, colour)


def _row(cells: Sequence[str], widths: Sequence[int], room: int | None, colour: str | None = None) -> None:
    first, *others = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
    begun = "  ".join([click.style(first, fg=colour, bold=True), *others, ""])
    if colour is None:
        click.echo(click.style(f"{begun}{cells[-1]}", bold=True))
    elif room is None:
        click.echo(f"{begun}{cells[-1]}".rstrip())
    elif room < _ROOM:
        click.echo(begun.rstrip())
        click.echo(textwrap.indent(textwrap.fill(cells[-1], room + sum(widths)), " " * (widths[0] + 2)))
    else:
        margin = sum(widths) + 2 * len(widths)
        click.echo(begun + f"\n{' ' * margin}".join(textwrap.wrap(cells[-1], room)))
