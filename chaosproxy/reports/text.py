"""The report for a terminal, or for a pipe: the verdict first, and at the end where to look next.

At most 100 columns wide, but for commands that are to be copied.

Colours only where they are asked for; without them there is not one control character in it.
"""

import io
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from chaosproxy.core.events import Verdict
from chaosproxy.reports import figures
from chaosproxy.reports.figures import counted, plain, seconds, tallied
from chaosproxy.reports.model import CellView, EpisodeView, Report
from chaosproxy.reports.summary import (
    bookkeeping,
    control_lines,
    reference,
    report_command,
    run_line,
    size_lines,
    spacing,
    why_command,
)

WIDEST: Final = 100
NARROWEST: Final = 56
STORIES: Final = 10
ROWS_MOST: Final = 80
_NAME = 26
_NAME_SHORTEST = 20
_COLOURS = {"pass": "bold green", "fail": "bold red", "inconclusive": "bold yellow"}
_FOLDED = frozenset({"ended", "because"})
_RIGHT = frozenset({"struck", "decided", "censored", "p50", "p95"})


def render(report: Report, *, colours: bool = False, width: int = WIDEST) -> str:
    """The whole report."""
    file = io.StringIO()
    out = Console(
        file=file,
        width=max(NARROWEST, min(width, WIDEST)),
        force_terminal=colours,
        color_system="standard" if colours else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    _verdict(out, report)
    _matrix(out, report)
    _endings(out, report)
    for title, lines in (
        ("Waits and retries", spacing(report)),
        ("Costs", bookkeeping(report)),
        ("Beside the control arm", control_lines(report)),
    ):
        _section(out, title, lines)
    _stories(out, report)
    _section(out, "Rules that were not put to the test", _untested(report))
    _section(out, "What this report does not know", [plain(each, 400) for each in report.troubles])
    _where_next(out, report)
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())


def _verdict(out: Console, report: Report) -> None:
    verdict = report.verdict
    style = _COLOURS[verdict.result]
    out.print(Text.assemble((verdict.result.upper(), style), "  ", (run_line(report), "dim")))
    for line in size_lines(report):
        out.print(Text(line))
    for reason in verdict.reasons:
        _bullet(out, plain(reason, 400), style)
    met = [check for check in verdict.checks if check.result == "pass"]
    for check in met:
        _bullet(out, plain(check.reason, 400), "green", "+")


def _bullet(out: Console, text: str, style: str = "", mark: str = "-") -> None:
    """A line with a mark before it, folded under itself."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text(mark, style=style), Text(text))
    out.print(Padding(grid, (0, 0, 0, 2)))


def _section(out: Console, title: str, lines: Iterable[str]) -> None:
    shown = list(lines)
    if not shown:
        return
    out.print()
    out.print(Text(title, style="bold"))
    for line in shown:
        _bullet(out, line)


def _matrix(out: Console, report: Report) -> None:
    if not report.faults:
        return
    rows = [row for cell in report.faults for row in _rows_of(cell, report.matrix)]
    shown = [_HEADINGS, *rows[:ROWS_MOST]]
    widths = [max(len(row[place]) for row in shown) for place in range(len(_HEADINGS))]
    kept = _kept(widths, out.width - 2)
    room = out.width - 2 - sum(widths[place] + 1 for place in kept)
    out.print()
    out.print(Text("Recovery by fault and tool", style="bold"))
    lines = [(_cut(row[0], room), *(row[place] for place in kept)) for row in shown]
    _table(out, lines[0], lines[1:])
    _left_out(out, len(rows) - ROWS_MOST, "row")


def _kept(widths: Sequence[int], width: int) -> list[int]:
    """The columns of figures that there is room for beside the names: a figure that is cut is another figure."""
    kept = list(range(1, len(widths)))
    names = min(widths[0], _NAME_SHORTEST)
    for heading in _DROPPED_FIRST:
        if names + sum(widths[place] + 1 for place in kept) > width:
            kept.remove(_HEADINGS.index(heading))
    return kept


_HEADINGS = ("fault, tool", "struck", "decided", "censored", "recovered", "95 %", "appropriate", "p50", "p95")
_DROPPED_FIRST = ("censored", "p50", "95 %", "struck", "p95", "decided")


def _rows_of(cell: CellView, matrix: Sequence[CellView]) -> Iterable[tuple[str, ...]]:
    yield _row(plain(cell.fault), cell)
    for each in matrix:
        if each.fault == cell.fault:
            yield _row(f"  {plain(each.tool)}", each)


def _row(name: str, cell: CellView) -> tuple[str, ...]:
    return (
        name,
        str(cell.injected),
        str(cell.decided),
        str(cell.censored),
        figures.rate(cell.recovery),
        figures.interval(cell.recovery),
        figures.rate(cell.appropriate),
        seconds(cell.p50),
        seconds(cell.p95),
    )


def _cut(name: str, room: int) -> str:
    return name if len(name) <= room else f"{name[: room - 1]}…"


def _table(out: Console, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    grid = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for heading in headings:
        if heading in _FOLDED:
            grid.add_column(heading, overflow="fold")
        else:
            side: Literal["left", "right"] = "right" if heading in _RIGHT else "left"
            grid.add_column(heading, justify=side, overflow="ellipsis", no_wrap=True)
    for row in rows:
        grid.add_row(*[Text(cell) for cell in row])
    out.print(Padding(grid, (0, 0, 0, 2)))


def _endings(out: Console, report: Report) -> None:
    if not report.faults:
        return
    out.print()
    out.print(Text("How the episodes ended", style="bold"))
    rows = [(plain(cell.fault, _NAME), figures.ended(cell), tallied(cell.reasons)) for cell in report.faults]
    _table(out, ("fault", "ended", "because"), rows[:ROWS_MOST])


def _untested(report: Report) -> Iterable[str]:
    for rule in report.rules:
        if rule.untested is not None:
            yield f"{plain(rule.name)}: {plain(rule.untested, 400)}"


def _stories(out: Console, report: Report) -> None:
    wrong = [each for each in report.episodes if each.verdict is Verdict.INAPPROPRIATE]
    total = sum(cell.verdicts.get(str(Verdict.INAPPROPRIATE), 0) for cell in report.faults)
    if not wrong:
        return
    out.print()
    out.print(Text("What went wrong", style="bold"))
    for each in wrong[:STORIES]:
        _bullet(out, told(each), "red")
    _left_out(out, max(total, len(wrong)) - STORIES, "more", "more")


def told(episode: EpisodeView) -> str:
    """An episode's story, and where it belongs."""
    return f"{episode.story} ({reference(episode)})"


def _left_out(out: Console, count: int, one: str, many: str | None = None) -> None:
    if count > 0:
        out.print(Text(f"  … {counted(count, one, many)}", style="dim"))


def _where_next(out: Console, report: Report) -> None:
    """Commands stand on lines of their own and are not folded, so that they can be copied."""
    if not report.run.journals:  # there was one, and nobody wanted to keep it
        return
    command = report_command(report)
    title = "Where to look next"
    if command is None:  # it is gone with the run
        _section(out, title, ["why it was judged so, and timelines in a browser: run it again with --report FOLDER"])
        return
    out.print()
    out.print(Text(title, style="bold"))
    if report.episodes:
        _bullet(out, "why it was judged so:")
        out.print(Text(f"    {why_command(report, report.episodes[0])}"), soft_wrap=True)
    _bullet(out, "with timelines, in a browser:")
    out.print(Text(f"    {command} --output report.html"), soft_wrap=True)
