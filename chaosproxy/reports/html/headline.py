"""The top of the page: the verdict, the expectations, which run it was, and its numbers."""

from collections.abc import Mapping

from chaosproxy.core.measures import Unit
from chaosproxy.reports.figures import NOTHING, factor, measured, seconds, share
from chaosproxy.reports.html.markup import Html, fragment, joined, name, tag
from chaosproxy.reports.html.shares import count, counted, spread, whiskers
from chaosproxy.reports.html.tables import figure, table
from chaosproxy.reports.model import CheckView, Rate, Report, RunView, TotalsView, VerdictView

_SAID = {
    "pass": "Every expectation held, on enough cases.",
    "fail": "At least one expectation did not hold.",
    "inconclusive": "Too little was put to the test to say.",
}
SIGNS = {"pass": "✓", "fail": "✕", "inconclusive": "?"}


def verdict(view: VerdictView) -> Html:
    """The verdict in words, why it is not PASS, and each expectation."""
    word = view.result.upper()
    reasons = tag("ul", *(tag("li", reason) for reason in view.reasons), class_="reasons") if view.reasons else ""
    return fragment(
        tag(
            "div",
            tag("p", tag("span", SIGNS[view.result], aria_hidden="true"), " ", tag("strong", word), class_="word"),
            tag("div", tag("p", _SAID[view.result], class_="said"), reasons),
            class_=f"hero {view.result}",
        ),
        _expectations(view.checks),
    )


def _expectations(checks: tuple[CheckView, ...]) -> Html:
    if not checks:
        return tag("p", "The profile expects nothing of this run.", class_="note")
    rows = [
        (
            tag("span", SIGNS[check.result], " ", check.result, class_=f"badge {check.result}"),
            _expected(check),
            _bounds(check),
            figure(measured(check.measure, check.value)),
            _interval(check),
            figure(f"{count(check.cases)} (needs {count(check.needed)})"),
            tag("span", check.reason, class_="why"),
        )
        for check in checks
    ]
    heads = ("Result", "Expectation", "Bound", "Measured", "95 % interval", "Cases", "Why")
    return table("What was expected, and what was measured", heads, rows, class_="checks")


def _expected(check: CheckView) -> Html:
    limits = []
    if check.of:
        limits.append(fragment("of ", joined(", ", *(name(fault) for fault in check.of))))
    if check.tool is not None:
        limits.append(fragment("at ", name(check.tool)))
    if check.session is not None:
        limits.append(fragment("in ", name(check.session)))
    return fragment(tag("code", name(check.measure)), *(tag("span", limit, class_="limit") for limit in limits))


def _bounds(check: CheckView) -> str:
    bounds = []
    if check.at_least is not None:
        bounds.append(f"at least {measured(check.measure, check.at_least)}")
    if check.at_most is not None:
        bounds.append(f"at most {measured(check.measure, check.at_most)}")
    return " and ".join(bounds)


def _interval(check: CheckView) -> Html:
    if check.unit is not Unit.SHARE or check.low is None or check.high is None or check.low < 0:
        return tag("span", NOTHING, class_="none") if check.low is None or check.high is None else _spelled(check)
    bounds = [bound for bound in (check.at_least, check.at_most) if bound is not None]
    return whiskers(check.value, check.low, check.high, *bounds)


def _spelled(check: CheckView) -> Html:
    return fragment(f"{measured(check.measure, check.low)} to {measured(check.measure, check.high)}")


def run_line(run: RunView, generated: str) -> Html:
    """Which run it was."""
    facts: list[tuple[str, object]] = [
        ("Profile", name(run.profile)),
        ("Seed", tag("code", run.seed)),
        ("Digest", tag("code", name(run.digest, 24))),
        ("Duration", seconds(run.seconds)),
        ("Agent", _agent(run)),
        ("Started", tag("time", _moment(run.started), datetime=run.started) if run.started else "unknown"),
        ("Run", tag("code", name(run.id, 24))),
        ("Version", name(run.version, 24)),
        ("Journal" if len(run.journals) == 1 else "Journals", _journals(run.journals)),
        ("Report made", tag("time", _moment(generated), datetime=generated)),
    ]
    ended = (
        ""
        if run.complete
        else tag("p", "The run was not stopped in an orderly way: its end is missing.", class_="warn")
    )
    return fragment(
        ended,
        tag("dl", *(tag("div", tag("dt", term), tag("dd", value)) for term, value in facts), class_="facts"),
    )


def _journals(journals: tuple[str, ...]) -> Html:
    return joined(", ", *(name(each) for each in journals)) if journals else fragment("none")


def _agent(run: RunView) -> Html:
    if run.command is None:
        return fragment("not started by this run")
    status = "did not end" if run.agent_status is None else f"exit status {run.agent_status}"
    return fragment(tag("code", name(run.command)), f", {status}")


def _moment(at: str) -> str:
    """RFC 3339 without what is smaller than a second."""
    date, _, rest = at.partition("T")
    return f"{date} {rest[:8]} UTC" if at.endswith("Z") else at


def numbers(report: Report) -> Html:
    """The headline numbers; recovery always with what it is by fault."""
    totals = report.totals
    tiles = [
        _rate_tile(
            "Reacted as it should",
            totals.appropriate,
            "episodes judged",
            {cell.fault: cell.appropriate for cell in report.faults},
        ),
        _rate_tile(
            "Recovered",
            totals.recovered,
            "episodes decided",
            {cell.fault: cell.recovery for cell in report.faults},
        ),
        _tile(
            "Operations succeeded",
            share(totals.success.value),
            f"{count(totals.success.hits)} of {count(totals.success.cases)} decided",
            whiskers(totals.success.value, totals.success.low, totals.success.high) if totals.success.cases else "",
        ),
        *_count_tiles(totals),
    ]
    return tag("ul", *tiles, class_="tiles")


def _rate_tile(title: str, rate: Rate, of_what: str, by_fault: Mapping[str, Rate]) -> Html:
    """A share of all episodes, never without what it is for the faults that it blends."""
    known = sorted((found.value, fault) for fault, found in by_fault.items() if found.value is not None)
    if rate.value is None or not known:
        return tag(
            "li",
            tag("h3", title),
            tag("b", NOTHING, class_="rate"),
            tag("p", f"no {of_what}", class_="of"),
            class_="wide",
        )
    (least, fault), (most, _) = known[0], known[-1]
    by = f"{share(least)} to {share(most)}" if least < most else share(least)
    return tag(
        "li",
        tag("h3", title),
        tag(
            "div",
            tag(
                "p",
                tag("b", share(rate.value), class_="rate"),
                tag("span", f"{rate.hits} of {rate.cases} {of_what}", class_="of"),
            ),
            tag(
                "div",
                spread(rate, by_fault),
                tag("p", by, " ", tag("a", "by fault", href="#faults"), ", least for ", name(fault, 32), class_="by"),
            ),
            class_="pair",
        ),
        class_="wide",
    )


def _count_tiles(totals: TotalsView) -> list[Html]:
    confirmed, exposed = totals.duplicates.get("confirmed", 0), totals.duplicates.get("exposed", 0)
    obeyed, early = totals.retry_after.get("compliant", 0), totals.retry_after.get("early", 0)
    return [
        _tile(
            "Calls",
            count(totals.calls),
            f"{count(totals.faulted)} struck by a fault; {counted(totals.operations, 'operation')}, "
            f"{counted(totals.sessions, 'session')}",
        ),
        _tile(
            "Calls for each operation",
            factor(totals.amplification),
            f"{factor(totals.amplification_faulted)} where a failure was met",
        ),
        _tile(
            "Episodes", count(totals.episodes), f"{count(totals.decided)} decided, {count(totals.censored)} censored"
        ),
        _tile("Duplicate effects", count(confirmed), f"confirmed; {count(exposed)} more risked", alarm=confirmed),
        _tile("Retry-After broken", count(early), f"came early; {count(obeyed)} obeyed", alarm=early),
        _tile(
            "Never noticed",
            count(totals.undetected),
            f"spoiled answers taken for true; {counted(totals.canaries, 'false value')} seen again",
            alarm=totals.undetected,
        ),
        _tile("Wasted calls", count(sum(totals.wasted.values())), f"{counted(sum(totals.loops.values()), 'loop')}"),
    ]


def _tile(title: str, shown: str, below: str, drawing: object = "", *, alarm: int = 0) -> Html:
    return tag(
        "li",
        tag("h3", title),
        tag("p", tag("b", shown, class_="rate")),
        drawing,
        tag("p", below, class_="of"),
        class_="alarm" if alarm else None,
    )
