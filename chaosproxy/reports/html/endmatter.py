"""What closes the page: rules not put to the test, what of the journals is missing, what the words mean."""

from collections.abc import Collection, Iterable, Mapping

from chaosproxy.reports.figures import NOTHING
from chaosproxy.reports.html.layout import Absent
from chaosproxy.reports.html.markup import Html, fragment, joined, name, tag
from chaosproxy.reports.html.shares import count, counted
from chaosproxy.reports.html.tables import Unseen, figure, folded, table
from chaosproxy.reports.html.words import BECAUSE, IDEAS, OUTCOMES, RESOLUTIONS, VERDICTS, plain
from chaosproxy.reports.model import Report, RuleView

_MANY = 15
"""Rules that are too many for all to see at once."""


def rules(views: tuple[RuleView, ...]) -> Html | Absent:
    """The untested ones in sentences, then all in a table."""
    if not views:
        return Absent("The profile has no rules.")
    untested = [view for view in views if view.untested is not None]
    said = [tag("li", tag("b", name(view.name)), f": {view.untested}") for view in untested]
    rows = [
        (
            name(view.name),
            joined(", ", *(name(fault) for fault in view.faults)),
            figure(NOTHING if view.eligible is None else count(view.eligible)),
            figure(count(view.fired)),
            figure(count(view.spared)),
            tag("span", "untested", class_="badge inconclusive") if view.untested is not None else "yes",
        )
        for view in views
    ]
    heads = ("Rule", "Faults", "Calls it matched", "Fired", "Spared", "Put to the test")
    all_rules = table(Unseen("All rules"), heads, rows, class_="rules")
    summary = f"{counted(len(untested), 'rule')} not put to the test" if untested else "Every rule was put to the test."
    return fragment(
        tag("p", summary, ":" if untested else "", class_="note"),
        tag("ul", *said, class_="untested") if said else "",
        folded(f"All {len(rows)} rules", all_rules) if len(rows) > _MANY else all_rules,
    )


def troubles(said: tuple[str, ...]) -> Html | Absent:
    """What could not be read, or was lost before it was written."""
    if not said:
        return Absent("Nothing is missing: the journals could be read whole.")
    return tag("ul", *(tag("li", each) for each in said), class_="untested")


def glossary(report: Report) -> Html:
    """What the words of this report mean."""
    resolutions = _occurring(cell.resolutions for cell in report.faults)
    reasons = _occurring(cell.reasons for cell in report.faults)
    outcomes = _occurring(view.outcomes for view in report.tools)
    return tag(
        "div",
        _words("Ideas", IDEAS),
        _words("Verdicts: was it right", VERDICTS),
        _words("Resolutions: how an episode ended", RESOLUTIONS, resolutions),
        _words("Reasons of verdicts", BECAUSE, reasons),
        _words("Outcomes: what the agent saw", OUTCOMES, outcomes),
        class_="glossary",
    )


def _occurring(counts: Iterable[Mapping[str, int]]) -> set[str]:
    return {word for each in counts for word, times in each.items() if times}


def _words(title: str, words: Mapping[str, str], occurring: Collection[str] | None = None) -> Html:
    entries = [
        tag("div", tag("dt", plain(word)), tag("dd", meaning))
        for word, meaning in words.items()
        if occurring is None or word in occurring
    ]
    return tag("section", tag("h3", title), tag("dl", *entries)) if entries else fragment()
