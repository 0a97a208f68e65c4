"""Tables that read well as text and are Markdown. Must not know what is in them."""

from collections.abc import Sequence


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, numbers_from: int = 1) -> str:
    """A table; columns from `numbers_from` on are aligned to the right.

    Args:
        headings: one for each column.
        rows: as many cells each as there are headings.
        numbers_from: the first column that holds figures, from 0.
    """
    lines = [[cell.replace("|", "\\|") for cell in line] for line in (headings, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = [_rule(width, right=number >= numbers_from) for number, width in enumerate(widths)]
    head, *body = [_line(cells, widths, numbers_from) for cells in lines]
    return "\n".join([head, f"| {' | '.join(rule)} |", *body])


def _rule(width: int, *, right: bool) -> str:
    # Markdown wants three characters in here at least, but only this table's own width can be narrower than that.
    return "-" * (max(width, 3) - 1) + (":" if right else "-")


def _line(cells: Sequence[str], widths: Sequence[int], numbers_from: int) -> str:
    padded = [
        cell.rjust(max(width, 3)) if number >= numbers_from else cell.ljust(max(width, 3))
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"
