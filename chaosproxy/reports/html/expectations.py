"""What was expected of the run, and what was measured: one row for each expectation, those that failed first."""

from chaosproxy.core.measures import Unit
from chaosproxy.reports.figures import NOTHING, checked, measured
from chaosproxy.reports.html.layout import Absent
from chaosproxy.reports.html.markup import Html, fragment, joined, name, tag
from chaosproxy.reports.html.shares import count, whiskers
from chaosproxy.reports.html.tables import Unseen, figure, table
from chaosproxy.reports.model import CheckView

SIGNS = {"pass": "✓", "fail": "✕", "inconclusive": "?"}
_ORDER = ("fail", "inconclusive", "pass")


def expectations(checks: tuple[CheckView, ...]) -> Html | Absent:
    """The table."""
    if not checks:
        return Absent("The profile expects nothing of this run.")
    doubtful = any(check.result == "inconclusive" for check in checks)
    rows = [
        (
            tag("span", SIGNS[check.result], " ", check.result, class_=f"badge {check.result}"),
            _expected(check),
            _bounds(check),
            figure(checked(check)),
            _interval(check),
            figure(_cases(check)),
            *((tag("span", _doubt(check), class_="why"),) if doubtful else ()),
        )
        for check in sorted(checks, key=lambda check: _ORDER.index(check.result))
    ]
    heads = ["Result", "Expectation", "Bound", "Measured", "95 % interval", "Cases", *(["Doubt"] if doubtful else [])]
    return table(Unseen("What was expected, and what was measured"), heads, rows, class_="checks")


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


def _cases(check: CheckView) -> str:
    """How many there were, and how many would have been enough, if that is not the same as any."""
    needed = f" (needs {count(check.needed)})" if check.needed > 1 or check.cases < check.needed else ""
    return f"{count(check.cases)}{needed}"


def _doubt(check: CheckView) -> str:
    """Why it could not be judged, without what stands in the first columns: `measure of faults at tool: reason`."""
    if check.result != "inconclusive":
        return ""
    about, _, rest = check.reason.partition(": ")
    return rest if rest and about.startswith(check.measure) else check.reason


def _interval(check: CheckView) -> Html:
    if check.unit is not Unit.SHARE or check.low is None or check.high is None or check.low < 0:
        return tag("span", NOTHING, class_="none") if check.low is None or check.high is None else _spelled(check)
    bounds = [bound for bound in (check.at_least, check.at_most) if bound is not None]
    return whiskers(check.value, check.low, check.high, *bounds)


def _spelled(check: CheckView) -> Html:
    return fragment(f"{measured(check.measure, check.low)} to {measured(check.measure, check.high)}")
