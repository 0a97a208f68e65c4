"""The report as a comment on a pull request: GitHub flavoured Markdown, and never longer than such a comment may be.

Names of tools and sessions come from an agent and may hold anything: each character that could mean something to
Markdown or HTML is written as a character reference, and what would become a link or a mention is broken up.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from chaosproxy.core.events import Verdict
from chaosproxy.core.measures import Unit
from chaosproxy.reports import figures
from chaosproxy.reports.figures import plain, seconds, tallied
from chaosproxy.reports.model import CellView, CheckView, EpisodeView, Report
from chaosproxy.reports.summary import (
    bookkeeping,
    control_lines,
    reference,
    run_line,
    size_lines,
    spacing,
    why_command,
)

LONGEST: Final = 60_000
"""Characters; GitHub takes 65 536."""
CHECKS_MOST: Final = 60
ROWS_MOST: Final = 60
TOLD_LONGEST: Final = 400
_FIGURE_LONGEST: Final = 32
"""Characters of a figure with its marks escaped."""
OPEN_STORIES: Final = 3
"""Stories that nobody has to unfold."""
_RESERVED: Final = 2_000
"""Characters kept for what stands below the stories."""

_MARKS: Final = {"pass": "✅ PASS", "fail": "❌ FAIL", "inconclusive": "⚠️ INCONCLUSIVE"}
_MEANING = re.compile(r"[\\`*_{}\[\]<>()#+\-!|~&@=^$\"']|:(?=\S)")
"""A colon before a space is only a colon; before anything else it may be an address, or an emoji."""
_COPIED = re.compile(r"[\w ./#@:'+=~-]{1,400}", re.ASCII)
"""Commands that mean nothing but themselves."""
_BREAK: Final = "&#8288;"
"""A joiner without width: `#12`, `@name` and `https://` are links on GitHub, however they are escaped."""


def render(report: Report) -> str:
    """The whole comment."""
    parts = [
        f"## {_MARKS[report.verdict.result]}: {escaped(plain(report.run.profile))}\n",
        *_bullets(report.verdict.reasons),
        *_opening(report),
        *_checks(report.verdict.checks),
        *_matrix(report),
        *_folded("What was measured besides", _besides(report)),
    ]
    below = _below(report)
    room = LONGEST - sum(map(len, parts)) - sum(map(len, below))
    return "".join([*parts, *_stories(report, room), *below])


def escaped(text: str) -> str:
    """Text that Markdown and HTML show as it is, also in a table's cell."""
    shown = _MEANING.sub(_reference, text)
    shown = re.sub(r"^(\s*\d+)\.(?=\s|$)", r"\1&#46;", shown)  # or it begins a list
    return re.sub(r"(?i)\bwww\.", f"www{_BREAK}.", shown)


def _reference(found: re.Match[str]) -> str:
    mark = found.group()
    return f"&#{ord(mark)};{_BREAK if mark in '#@:' else ''}"


def _bullets(lines: Iterable[str]) -> list[str]:
    return [f"- {escaped(plain(line, TOLD_LONGEST))}\n" for line in lines][:CHECKS_MOST]


def _checks(checks: Sequence[CheckView]) -> list[str]:
    if not checks:
        return []
    rows = [_check(each) for each in checks[:CHECKS_MOST]]
    return _table(("expected", "measured", "95 %", "cases", "result"), rows)


def _check(each: CheckView) -> tuple[str, ...]:
    shares = each.unit is Unit.SHARE and each.low is not None and each.high is not None
    ends = f"{(each.low or 0) * 100:.0f} to {(each.high or 0) * 100:.0f}" if shares else figures.NOTHING
    cases = f"{each.cases} of {each.needed}" if each.cases < each.needed else str(each.cases)
    return expected(each), figures.checked(each), ends, cases, each.result


def expected(check: CheckView) -> str:
    """An expectation in words: `recovery_rate of rate_limit at search, at least 95 %`."""
    words = check.measure
    if check.of:
        words += f" of {', '.join(check.of)}"
    if check.tool is not None:
        words += f" at {check.tool}"
    if check.session is not None:
        words += f" in {check.session}"
    bounds = [
        f"{word} {figures.measured(check.measure, bound)}"
        for word, bound in (("at least", check.at_least), ("at most", check.at_most))
        if bound is not None
    ]
    return f"{plain(words, 200)}, {' and '.join(bounds)}"


def _matrix(report: Report) -> list[str]:
    rows = [row for cell in report.faults for row in _rows(cell, report.matrix)]
    if not rows:
        return []
    headings = ("fault", "tool", "struck", "recovered", "95 %", "appropriate", "p50", "p95")
    lines = _table(headings, [_row(cell) for cell in rows[:ROWS_MOST]])
    if len(rows) > ROWS_MOST:
        lines.append(f"\n… {len(rows) - ROWS_MOST} more\n")
    return lines


def _rows(cell: CellView, matrix: Sequence[CellView]) -> Sequence[CellView]:
    """The fault at all tools, and at each; at one alone, that is the same."""
    tools = [each for each in matrix if each.fault == cell.fault]
    return tools if len(tools) == 1 else [cell, *tools]


def _row(cell: CellView) -> tuple[str, ...]:
    return (
        plain(cell.fault),
        "all" if cell.tool == "*" else plain(cell.tool, 40),
        str(cell.injected),
        figures.rate(cell.recovery),
        figures.interval(cell.recovery),
        figures.rate(cell.appropriate),
        seconds(cell.p50),
        seconds(cell.p95),
    )


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = ["\n", f"| {' | '.join(headings)} |\n", f"| {' | '.join('---' for _ in headings)} |\n"]
    lines += [f"| {' | '.join(_unbroken(escaped(cell)) for cell in row)} |\n" for row in rows]
    return lines


def _unbroken(cell: str) -> str:
    """A figure stays on one line: `100 % (5/5)`, `41 to 93`, `0.12 s`."""
    return cell.replace(" ", "&nbsp;") if cell[:1].isdigit() and len(cell) < _FIGURE_LONGEST else cell


def _besides(report: Report) -> list[str]:
    lines = [*size_lines(report), *spacing(report), *bookkeeping(report), *control_lines(report)]
    because = [
        f"{cell.fault}: {figures.ended(cell)}; because {tallied(cell.reasons)}"
        for cell in report.faults[:ROWS_MOST]
        if cell.reasons
    ]
    return _bullets([*lines, *because])


def _folded(title: str, lines: Sequence[str]) -> list[str]:
    """Behind a line that is clicked; GitHub wants an empty line between HTML and Markdown."""
    return [f"\n<details>\n<summary>{title}</summary>\n\n", *lines, "\n</details>\n"] if lines else []


def _opening(report: Report) -> list[str]:
    """The first stories of what went wrong, in full view: without them, nobody sees what a reason means."""
    shown = _wrong(report)[:OPEN_STORIES]
    if not shown:
        return []
    command = why_command(report, shown[0]) or ""
    # In code nothing is broken up, so that it can be copied; and there only a backtick has a meaning.
    why = f"\nWhy the first was judged so: `{command}`\n" if _COPIED.fullmatch(command) else ""
    return ["\n**What went wrong**\n\n", *(f"- {_told(each)}" for each in shown), why]


def _wrong(report: Report) -> list[EpisodeView]:
    return [each for each in report.episodes if each.verdict is Verdict.INAPPROPRIATE]


def _stories(report: Report, room: int) -> list[str]:
    opened = {each.number for each in _wrong(report)[:OPEN_STORIES]}
    others = [each for each in report.episodes if each.verdict is not Verdict.APPROPRIATE]
    shown = [each for each in others if each.number not in opened]
    total = sum(sum(cell.verdicts.values()) - cell.verdicts.get("appropriate", 0) for cell in report.faults)
    total -= len(opened)
    lines: list[str] = []
    left = room - _RESERVED
    for each in shown:
        line = _story(each)
        left -= len(line)
        if left < 0:
            break
        lines.append(line)
    missing = max(total, len(shown)) - len(lines)
    if missing > 0 and lines:
        lines.append(f"\n… {missing} more\n")
    return _folded("What else went wrong, and what nobody can tell", lines)


def _story(each: EpisodeView) -> str:
    return f"- {each.verdict}: {_told(each)}"


def _told(each: EpisodeView) -> str:
    return f"{escaped(plain(each.story, 1_000))} ({escaped(plain(reference(each)))})\n"


def _below(report: Report) -> list[str]:
    untested = [f"{rule.name}: {rule.untested}" for rule in report.rules if rule.untested is not None]
    return [
        *_folded("Rules that were not put to the test", _bullets(untested)),
        *_folded("What this report does not know", _bullets(report.troubles)),
        f"\n{escaped(run_line(report))}\n",
    ]
