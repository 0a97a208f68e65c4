"""Tables: a caption, heads with a scope, and a box of its own in which a wide one scrolls. Must not know a report."""

from collections.abc import Iterable, Sequence

from chaosproxy.reports.figures import NOTHING
from chaosproxy.reports.html.markup import Html, tag

_NUMBER = '<td class="num'


def table(caption: str, heads: Sequence[object], rows: Iterable[Sequence[object]], class_: str = "") -> Html:
    """A table whose first column names its rows. Cells may be whole `td` elements, made by `figure`.

    A `caption` that is `Unseen` is not shown: where a heading says the same.
    """
    lines = [(tag("th", row[0], scope="row"), *(_cell(cell) for cell in row[1:])) for row in rows]
    right = [bool(lines) and all(line[at].startswith(_NUMBER) for line in lines) for at in range(len(heads))]
    over = [
        tag("th", head, scope="col", class_="num" if number else None)
        for head, number in zip(heads, right, strict=True)
    ]
    return scrolling(
        caption,
        tag(
            "table",
            captioned(caption),
            tag("thead", tag("tr", *over)),
            tag("tbody", *(tag("tr", *line) for line in lines)),
            class_=class_ or None,
        ),
    )


class Unseen(str):
    """A caption that is only heard."""

    __slots__ = ()


def captioned(caption: str) -> Html:
    """The caption of a table."""
    return tag("caption", str(caption), class_="sr" if isinstance(caption, Unseen) else None)


def figure(shown: object) -> Html:
    """A cell with a number in it; what is none is less to be seen."""
    return tag("td", shown, class_="num nil" if shown in ("0", NOTHING) else "num")


def scrolling(label: str, content: Html, *, tall: bool = False) -> Html:
    """A box that scrolls sideways, also by keyboard; a tall one scrolls both ways under its heads."""
    return tag("div", content, class_="scroll tall" if tall else "scroll", tabindex="0", role="group", aria_label=label)


def folded(summary: str, content: Html) -> Html:
    """What not everybody wants to see, behind a line that says what it is."""
    return tag("details", tag("summary", summary), content, class_="inner")


def _cell(cell: object) -> Html:
    return cell if isinstance(cell, Html) and cell.startswith("<td") else tag("td", cell)
