"""A report as one page: which part comes where. It knows the parts, and nothing that they know."""

from chaosproxy.reports.html import headline, matrix
from chaosproxy.reports.html.anchors import Anchors, anchors_of
from chaosproxy.reports.html.backoff import backoff
from chaosproxy.reports.html.comparison import comparison
from chaosproxy.reports.html.costs import costs, traffic
from chaosproxy.reports.html.distributions import distributions
from chaosproxy.reports.html.endmatter import glossary, rules, troubles
from chaosproxy.reports.html.episodes import episodes
from chaosproxy.reports.html.expectations import SIGNS, expectations
from chaosproxy.reports.html.filters import filters
from chaosproxy.reports.html.layout import Absent, Part, Title, page
from chaosproxy.reports.html.markup import fragment, name, short, tag
from chaosproxy.reports.html.scatter import waits
from chaosproxy.reports.html.sessions import sessions
from chaosproxy.reports.html.timeline import signs
from chaosproxy.reports.html.wrong import wrong
from chaosproxy.reports.model import Report

_ICONS = {"pass": "✅", "fail": "❌", "inconclusive": "❔"}


def render(report: Report) -> str:
    """The page, a whole HTML document. It makes no request, and all of it can be read without its script."""
    anchors = anchors_of(report)
    title = tag("h1", tag("span", "Recovery report ", class_="kicker"), name(report.run.profile))
    result = report.verdict.result
    return page(
        Title(f"{result.upper()}: {short(report.run.profile)}", _ICONS[result]),
        fragment(tag("header", title, headline.subtitle(report)), signs()),
        (*_opening(report, anchors), *_measured(report, anchors), *_told(report, anchors), *_closing(report)),
        f"{report.format}, made by chaosproxy {report.run.version}",
    )


def _opening(report: Report, anchors: Anchors) -> tuple[Part, ...]:
    result = report.verdict.result
    return (
        Part(
            "verdict",
            "Verdict",
            fragment(
                headline.unfinished(report.run),
                headline.verdict(report.verdict),
                wrong(report, anchors),
                headline.numbers(report),
            ),
            short=tag("span", SIGNS[result], " ", result.upper(), class_=f"badge {result}"),
        ),
        Part("expectations", "Expectations", expectations(report.verdict.checks), "", "Expectations"),
    )


def _measured(report: Report, anchors: Anchors) -> tuple[Part, ...]:
    return (
        Part(
            "faults",
            "How it coped with each fault",
            matrix.faults(report),
            "Bars with whiskers are 95 % intervals on a scale from 0 to 100 %.",
            "Faults",
        ),
        Part(
            "matrix",
            "Tools and faults",
            matrix.matrix(report, anchors),
            "The share of episodes recovered from, its interval, the verdicts (✓ right, ✕ wrong, ? unknown), and the "
            "way to the episodes. Recovered is not the same as right.",
            "Matrix",
        ),
        Part("tools", "Each tool", matrix.tools(report.tools)),
        Part(
            "times",
            "Time to recovery",
            distributions(report.times),
            "From the first failure's end to success. All have the same axis, on which bins grow by factors.",
            "Times",
        ),
        Part(
            "waits",
            "Asked to wait",
            waits(report),
            "What each Retry-After asked for, and what the agent did. In the band it did as asked.",
            "Waits",
        ),
        Part(
            "backoff",
            "Backoff and jitter",
            backoff(report.backoff),
            "Where nobody had said how long to wait.",
            "Backoff",
        ),
        Part("costs", "What it cost", costs(report, anchors), "", "Costs"),
        Part("traffic", "What the calls were", traffic(report)),
        Part("control", "Against the control arm", comparison(report.control), "", "Control"),
    )


def _told(report: Report, anchors: Anchors) -> tuple[Part, ...]:
    shown = sessions(report, anchors)
    return (
        Part(
            "sessions",
            "Sessions",
            shown if isinstance(shown, Absent) else fragment(filters(report, anchors), shown),
            "Each call is a bar: above what the agent saw, below what the tool did. Point at one, tap it, or use the "
            "arrow keys.",
            "Sessions",
        ),
        Part(
            "episodes",
            "Episodes",
            episodes(report, anchors),
            "What met each failure, and what became of it.",
            "Episodes",
        ),
    )


def _closing(report: Report) -> tuple[Part, ...]:
    return (
        Part("rules", "Rules", rules(report.rules), "", "Rules"),
        Part("troubles", "What is missing", troubles(report.troubles)),
        Part("run", "The run", headline.run_line(report.run, report.generated), "", "Run"),
        Part("glossary", "Words", glossary(report), "", "Words"),
    )
