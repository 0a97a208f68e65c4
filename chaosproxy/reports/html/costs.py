"""What it cost: calls made in vain, effects that happened twice, keys, loops; and what the calls were."""

from collections import defaultdict
from collections.abc import Mapping

from chaosproxy.core.events import Certainty
from chaosproxy.reports.figures import seconds
from chaosproxy.reports.html.anchors import Anchors
from chaosproxy.reports.html.layout import Absent
from chaosproxy.reports.html.markup import Html, fragment, joined, name, tag
from chaosproxy.reports.html.shares import bar, count, counted
from chaosproxy.reports.html.tables import Unseen, figure, folded, table
from chaosproxy.reports.html.words import CERTAINTY, KEYS, KINDS, LAYERS, LOOPS, WASTE, plain
from chaosproxy.reports.model import DuplicateView, LoopView, Report


def costs(report: Report, anchors: Anchors) -> Html | Absent:
    """Tables of counts, and the cases behind them; what did not happen is said in one sentence."""
    totals = report.totals
    kinds = (
        ("Calls made in vain", WASTE, totals.wasted),
        ("Effects of writes", CERTAINTY, totals.duplicates),
        ("Retries of writes, and their keys", KEYS, totals.keys),
        ("Loops", LOOPS, totals.loops),
    )
    shown = [kind for kind in kinds if any(kind[2].values())]
    none = [caption.lower() for caption, _, counts in kinds if not any(counts.values())]
    if not shown and not totals.retries_over_budget:
        return Absent("Nothing was called in vain, nothing looped, and no write was sent again.")
    return fragment(
        tag("div", *(_counts(*kind) for kind in shown), class_="columns"),
        tag("p", f"None: {'; '.join(none)}.", class_="note") if none else "",
        tag("p", _budget(totals.retries_over_budget), class_="note") if totals.retries_over_budget else "",
        _duplicates(report.duplicates, anchors),
        _loops(report.loops, anchors),
    )


def traffic(report: Report) -> Html | Absent:
    """What the calls were to their operations, and who tried again."""
    totals = report.totals
    if not any(totals.kinds.values()):
        return Absent("")
    return tag(
        "div",
        _counts("By what they were to their operation", KINDS, totals.kinds),
        _counts("Retries, by who tried again", LAYERS, totals.retries) if any(totals.retries.values()) else "",
        class_="columns",
    )


def _budget(refused: int) -> str:
    retries = "1 retry" if refused == 1 else f"{count(refused)} retries"
    return (
        f"A retry budget of 20 % would have refused {retries}. Nothing was refused: this is what there would have been."
    )


def _counts(caption: str, words: Mapping[str, str], counts: Mapping[str, int]) -> Html:
    """Each word that occurred, in the order in which they are explained; those of a newer journal at the end."""
    known = [*words, *(word for word in counts if word not in words)]
    shown = [word for word in known if counts.get(word)]
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
    calls: dict[tuple[str, int], list[DuplicateView]] = defaultdict(list)
    for view in views:
        calls[view.session, view.number].append(view)
    rows = [
        (
            anchors.call(session, number),
            name(found[0].tool, 40),
            anchors.session(session, name(session, 40)),
            ", ".join(view.certainty for view in found),
            figure(count(found[0].operation)),
            figure(count(sum(view.times for view in found if view.certainty is Certainty.CONFIRMED))),
        )
        for (session, number), found in calls.items()
    ]
    heads = ("Call", "Tool", "Session", "Duplicate effect", "Operation", "Executions too many")
    said = f"{counted(len(rows), 'write')} that could happen twice"
    return folded(said, table(Unseen("Writes that could happen twice"), heads, rows, class_="cases"))


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
    return folded(counted(len(views), "loop"), table(Unseen("Loops, one by one"), heads, rows, class_="cases"))
