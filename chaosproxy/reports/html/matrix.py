"""How the agent coped: by fault, by tool and fault, by tool. Must not know single episodes, only where they stand."""

from collections.abc import Mapping

from chaosproxy.reports.figures import factor, seconds
from chaosproxy.reports.html.anchors import Anchors
from chaosproxy.reports.html.layout import Absent
from chaosproxy.reports.html.markup import Html, fragment, name, tag
from chaosproxy.reports.html.shares import count, counted, rate_figure
from chaosproxy.reports.html.tables import Unseen, captioned, figure, folded, scrolling, table
from chaosproxy.reports.model import CellView, Report, ToolView

_SIGNS = (("appropriate", "✓"), ("inappropriate", "✕"), ("unknown", "?"))
_MANY = 20
"""Rows that are too many to be seen at once."""
_VERDICT_WORDS = {"appropriate": "right", "inappropriate": "wrong", "unknown": "unknown"}


def faults(report: Report) -> Html | Absent:
    """Each fault, over all tools."""
    if not report.faults:
        return Absent("No call met a failure, injected or not.")
    rows = [
        (
            name(cell.fault),
            figure(count(cell.injected)),
            figure(_episodes(cell)),
            tag("td", rate_figure(cell.appropriate), class_="rf"),
            tag("td", rate_figure(cell.recovery), class_="rf"),
            tag("td", verdict_counts(cell.verdicts), class_="vs"),
            figure(seconds(cell.p50)),
            figure(seconds(cell.p95)),
            figure(factor(cell.attempts)),
        )
        for cell in report.faults
    ]
    heads = (
        "Fault",
        "Calls struck",
        "Episodes",
        "Reacted as it should",
        "Recovered",
        "Verdicts",
        "Time to recovery, p50",
        "p95",
        "Attempts",
    )
    return table(Unseen("Each fault, all tools together"), heads, rows, class_="faults")


def _episodes(cell: CellView) -> str:
    return f"{count(cell.decided)} + {count(cell.censored)} censored" if cell.censored else count(cell.decided)


def verdict_counts(verdicts: Mapping[str, int]) -> Html:
    """How many verdicts of each kind, each with its sign; and the words for who cannot see the signs."""
    return fragment(
        *(
            tag(
                "span",
                tag("span", sign, aria_hidden="true"),
                count(verdicts.get(verdict, 0)),
                tag("span", f" {_VERDICT_WORDS[verdict]}", class_="sr"),
                class_=f"v {verdict}{'' if verdicts.get(verdict) else ' nil'}",
                title=_VERDICT_WORDS[verdict],
            )
            for verdict, sign in _SIGNS
        )
    )


def matrix(report: Report, anchors: Anchors) -> Html | Absent:
    """Tools down, faults across: recovered of how many, the interval, the verdicts, and a link to the episodes."""
    if not report.matrix:
        return Absent("")
    cells = {(cell.tool, cell.fault): cell for cell in report.matrix}
    across = [cell.fault for cell in report.faults]
    across += [fault for fault in dict.fromkeys(cell.fault for cell in report.matrix) if fault not in across]
    down = list(dict.fromkeys(cell.tool for cell in report.matrix))
    caption = Unseen("Recovered, by tool and fault")
    rows = [
        tag(
            "tr",
            tag("th", name(tool, 40), scope="row"),
            *(_cell(cells.get((tool, fault)), anchors) for fault in across),
        )
        for tool in down
    ]
    head = tag("tr", tag("th", "Tool", scope="col"), *(tag("th", name(fault, 40), scope="col") for fault in across))
    grid = tag("table", captioned(caption), tag("thead", head), tag("tbody", *rows), class_="matrix")
    return scrolling(caption, grid, tall=len(down) > _MANY)


def _cell(cell: CellView | None, anchors: Anchors) -> Html:
    if cell is None:
        return tag("td", tag("span", "·", aria_hidden="true"), tag("span", "never met", class_="sr"), class_="none")
    where = {"data_tool": anchors.tools[cell.tool], "data_fault": anchors.faults[cell.fault]}
    return tag(
        "td",
        tag("p", rate_figure(cell.recovery)),
        tag("p", verdict_counts(cell.verdicts), class_="vs"),
        tag("p", _way_to_episodes(cell, anchors), class_="to"),
        class_="wrong" if cell.verdicts.get("inappropriate") else None,
        **where,
    )


def _way_to_episodes(cell: CellView, anchors: Anchors) -> Html:
    met = cell.decided + cell.censored
    said = counted(met, "episode")
    if cell.censored:
        said = f"{said}, {count(cell.censored)} censored"
    group = anchors.group(cell.tool, cell.fault)
    if group is None:
        return fragment(f"struck {count(cell.injected)}\N{MULTIPLICATION SIGN}, {said}" if not met else said)
    return tag("a", said, tag("span", " of ", name(cell.fault), " at ", name(cell.tool), class_="sr"), href=f"#{group}")


def tools(views: tuple[ToolView, ...]) -> Html | Absent:
    """What was asked of each tool; of many tools, those with the fewest calls are folded away."""
    if not views:
        return Absent("")
    rows = [
        (
            fragment(name(view.tool), " ", tag("span", view.effect or "", class_="limit")),
            figure(count(view.calls)),
            figure(count(view.operations)),
            tag("td", rate_figure(view.success), class_="rf"),
            figure(factor(view.amplification)),
            figure(count(view.faulted)),
            figure(count(view.episodes)),
            figure(count(view.wasted)),
            figure(_duplicates(view)),
        )
        for view in views
    ]
    heads = (
        "Tool",
        "Calls",
        "Operations",
        "Operations succeeded",
        "Calls for each",
        "Struck",
        "Episodes",
        "Wasted",
        "Duplicates",
    )
    if len(rows) <= _MANY:
        return table(Unseen("Each tool"), heads, rows, class_="bytool")
    rest = f"The other {count(len(rows) - _MANY)} tools"
    return fragment(
        table(Unseen(f"The first {_MANY} tools"), heads, rows[:_MANY], class_="bytool"),
        folded(rest, table(Unseen(rest), heads, rows[_MANY:], class_="bytool")),
    )


def _duplicates(view: ToolView) -> str:
    """Those seen. A write that was sent again blindly may be one of them: these are not to be added."""
    confirmed, exposed = view.duplicates.get("confirmed", 0), view.duplicates.get("exposed", 0)
    return f"{count(confirmed)} (risked {count(exposed)})" if exposed else count(confirmed)
