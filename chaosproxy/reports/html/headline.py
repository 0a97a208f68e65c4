"""The top of the page: the verdict, which run it was, and its numbers."""

from collections.abc import Mapping

from chaosproxy.reports.figures import NOTHING, factor, seconds, share
from chaosproxy.reports.html.expectations import SIGNS
from chaosproxy.reports.html.markup import Html, fragment, joined, name, tag
from chaosproxy.reports.html.shares import count, counted, spread, whiskers
from chaosproxy.reports.model import Rate, Report, RunView, TotalsView, VerdictView

_SAID = {
    "pass": "Every expectation held, on enough cases.",
    "fail": "At least one expectation did not hold.",
    "inconclusive": "Too little was put to the test to say.",
}


def verdict(view: VerdictView) -> Html:
    """The verdict in words, and why it is not PASS."""
    word = view.result.upper()
    reasons = tag("ul", *(tag("li", reason) for reason in view.reasons), class_="reasons") if view.reasons else ""
    return tag(
        "div",
        tag("p", tag("span", SIGNS[view.result], aria_hidden="true"), " ", tag("strong", word), class_="word"),
        tag("div", tag("p", _said(view), class_="said"), reasons),
        class_=f"hero {view.result}",
    )


def _said(view: VerdictView) -> str:
    """How many expectations did not hold; without one that says it, what the verdict means."""
    missed = sum(check.result == view.result for check in view.checks)
    if view.result == "pass" or not missed:
        return _SAID[view.result]
    of = f"{count(missed)} of {counted(len(view.checks), 'expectation')}"
    return f"{of} did not hold." if view.result == "fail" else f"{of} could not be judged."


def subtitle(report: Report) -> Html:
    """What was run, in a line."""
    run, totals = report.run, report.totals
    facts: list[object] = [
        f"{counted(totals.calls, 'call')} in {counted(totals.sessions, 'session')}",
        f"{count(totals.faulted)} struck by a fault",
        seconds(run.seconds),
    ]
    if run.command is not None:
        facts.append(_agent(run))
    if run.started:
        facts.append(tag("time", _moment(run.started), datetime=run.started))
    facts.append(fragment("seed ", tag("code", run.seed)))
    return tag("p", *(tag("span", fact) for fact in facts), class_="under")


def unfinished(run: RunView) -> Html:
    """A warning, if the end of the run is missing."""
    if run.complete:
        return fragment()
    return tag("p", "The run was not stopped in an orderly way: its end is missing.", class_="warn")


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
    return tag("dl", *(tag("div", tag("dt", term), tag("dd", value)) for term, value in facts), class_="facts")


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
    """The headline numbers; recovery always with what it is by fault. Of nothing, there are none."""
    totals = report.totals
    if not totals.calls:
        return fragment()
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


_BY_FAULT = tag("a", "by fault", href="#faults")


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
    by: tuple[object, ...] = ("the same ", tag("a", "for each fault", href="#faults"))
    if least < most:
        by = (f"{share(least)} to {share(most)} ", _BY_FAULT, ", least for ", name(fault, 32))
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
                tag("p", *by, class_="by"),
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
        _tile("Calls for each operation", factor(totals.amplification), _amplified(totals)),
        _tile(
            "Episodes", count(totals.episodes), f"{count(totals.decided)} decided, {count(totals.censored)} censored"
        ),
        _tile("Duplicate effects", count(confirmed), f"confirmed; {_risked(exposed)}", alarm=confirmed),
        _tile("Retry-After broken", count(early), f"came early; {count(obeyed)} obeyed", alarm=early),
        _tile(
            "Never noticed",
            count(totals.undetected),
            f"spoiled answers taken for true; {counted(totals.canaries, 'false value')} seen again",
            alarm=totals.undetected,
        ),
        _tile("Wasted calls", count(sum(totals.wasted.values())), f"{counted(sum(totals.loops.values()), 'loop')}"),
    ]


def _amplified(totals: TotalsView) -> str:
    if totals.amplification_faulted is None:
        return "no failure was met"
    return f"{factor(totals.amplification_faulted)} where a failure was met"


def _risked(exposed: int) -> str:
    """A write that was sent again blindly may be among those that were seen to run twice: these are not to be added."""
    return f"{count(exposed)} sent again blindly" if exposed else "none sent again blindly"


def _tile(title: str, shown: str, below: str, drawing: object = "", *, alarm: int = 0) -> Html:
    return tag(
        "li",
        tag("h3", title),
        tag("p", tag("b", shown, class_="rate")),
        drawing,
        tag("p", below, class_="of"),
        class_="alarm" if alarm else None,
    )
