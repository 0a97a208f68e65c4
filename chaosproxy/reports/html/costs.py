"""What it cost: calls made in vain, effects that happened twice, keys, loops; and what the calls were."""

from collections.abc import Mapping

from chaosproxy.reports.figures import seconds
from chaosproxy.reports.html.anchors import Anchors
from chaosproxy.reports.html.markup import Html, fragment, joined, name, tag
from chaosproxy.reports.html.shares import bar, count, counted
from chaosproxy.reports.html.tables import figure, folded, table
from chaosproxy.reports.html.words import CERTAINTY, KEYS, KINDS, LAYERS, LOOPS, WASTE, plain
from chaosproxy.reports.model import DuplicateView, LoopView, Report


def costs(report: Report, anchors: Anchors) -> Html:
    """Tables of counts, and the cases behind them."""
    totals = report.totals
    return fragment(
        tag(
            "div",
            _counts("Calls made in vain", WASTE, totals.wasted),
            _counts("Duplicate effects of writes", CERTAINTY, totals.duplicates),
            _counts("Retries of writes, and their keys", KEYS, totals.keys),
            _counts("Loops", LOOPS, totals.loops),
            class_="columns",
        ),
        tag("p", _budget(totals.retries_over_budget), class_="note"),
        _duplicates(report.duplicates, anchors),
        _loops(report.loops, anchors),
    )


def traffic(report: Report) -> Html:
    """What the calls were to their operations, and who tried again."""
    return tag(
        "div",
        _counts("What the calls were", KINDS, report.totals.kinds),
        _counts("Who tried again", LAYERS, report.totals.retries),
        class_="columns",
    )


def _budget(refused: int) -> str:
    retries = "1 retry" if refused == 1 else f"{count(refused)} retries"
    return (
        f"A retry budget of 20 % would have refused {retries}. Nothing was refused: this is what there would have been."
    )


def _counts(caption: str, words: Mapping[str, str], counts: Mapping[str, int]) -> Html:
    """Every word that is known, also with 0, and those of a newer journal."""
    known = [*words, *(word for word in counts if word not in words)]
    shown = [word for word in known if counts.get(word) or word != "none"]
    largest = max(counts.values(), default=0)
    rows = [
        (
            fragment(name(plain(word)), tag("span", words.get(word, ""), class_="limit")),
            figure(count(counts.get(word, 0))),
            tag("td", bar(counts.get(word, 0), largest), class_="bars"),
        )
        for word in shown
    ]
    return table(caption, ("Kind", "Times", tag("span", "As a bar", class_="sr")), rows, class_="words")


def _duplicates(views: tuple[DuplicateView, ...], anchors: Anchors) -> Html:
    if not views:
        return fragment()
    rows = [
        (
            anchors.call(view.session, view.number),
            name(view.tool, 40),
            anchors.session(view.session, name(view.session, 40)),
            view.certainty,
            figure(count(view.operation)),
            figure(count(view.times)),
        )
        for view in views
    ]
    heads = ("Call", "Tool", "Session", "Certainty", "Operation", "Executions too many")
    return folded(f"{counted(len(views), 'duplicate effect')}, one by one", table("Duplicate effects", heads, rows))


def _loops(views: tuple[LoopView, ...], anchors: Anchors) -> Html:
    if not views:
        return fragment()
    rows = [
        (
            plain(view.kind),
            joined(", ", *(name(tool, 40) for tool in view.tools)),
            anchors.session(view.session, name(view.session, 40)),
            joined(" ", *(anchors.call(view.session, number) for number in view.calls)),
            figure(seconds(view.seconds)),
        )
        for view in views
    ]
    heads = ("Kind", "Tools", "Session", "Calls", "Lasted")
    return folded(f"{counted(len(views), 'loop')}, one by one", table("Loops, one by one", heads, rows))
