"""The report as JUnit XML, for the test view of a CI system.

One suite a run: its verdict, then each expectation, then each rule. An expectation that does not hold is a `failure`.
One that could not be judged is an `error`, which is what JUnit means by it (the test could not be carried out), and
what GitLab, Jenkins and GitHub's reporters show as not passed; `skipped` is green in most of them, and an INCONCLUSIVE
must never be. A rule that was not put to the test is `skipped`, and makes the verdict an error. In the order that the
XML schemas ask for: properties, cases, then output.
"""

import re
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from chaosproxy.core.events import Verdict
from chaosproxy.reports import figures
from chaosproxy.reports.markdown import expected
from chaosproxy.reports.model import CellView, CheckView, Report, RuleView
from chaosproxy.reports.summary import reference

STORIES = 10
"""Stories that the verdict tells."""
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""XML 1.0, section 2.2: these may not even be escaped."""
_SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def render(report: Report) -> str:
    """The whole document."""
    cases = [_verdict(report), *map(_check, report.verdict.checks), *map(_rule, report.rules)]
    root = ET.Element("testsuites")
    suite = ET.SubElement(root, "testsuite", _attributes(report, cases))
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(report):
        ET.SubElement(properties, "property", name=_clean(name), value=_clean(value))
    suite.extend(cases)
    ET.SubElement(suite, "system-out").text = _clean("\n".join(each.story for each in report.episodes))
    ET.SubElement(suite, "system-err").text = _clean("\n".join(report.troubles))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False).join((_DECLARATION, "\n"))


_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def _attributes(report: Report, cases: list[ET.Element]) -> dict[str, str]:
    began = _SECOND.match(report.run.started or report.generated)
    return {
        "id": "0",
        "package": "chaosproxy",
        "name": _clean(report.run.profile) or "run",
        "timestamp": began.group() if began else "1970-01-01T00:00:00",
        "hostname": "localhost",
        "tests": str(len(cases)),
        "failures": str(_having(cases, "failure")),
        "errors": str(_having(cases, "error")),
        "skipped": str(_having(cases, "skipped")),
        "time": f"{report.run.seconds:.3f}",
    }


def _having(cases: list[ET.Element], child: str) -> int:
    return sum(case.find(child) is not None for case in cases)


def _verdict(report: Report) -> ET.Element:
    verdict = report.verdict
    case = _case("run", "verdict", report.run.seconds)
    if verdict.result != "pass":
        how = "failure" if verdict.result == "fail" else "error"
        _say(case, how, verdict.result, "; ".join(verdict.reasons), _wrong(report))
    return case


def _wrong(report: Report) -> str:
    """What went wrong: below the reasons, as a test runner shows a trace below its message."""
    wrong = [each for each in report.episodes if each.verdict is Verdict.INAPPROPRIATE]
    lines = [f"{each.story} ({reference(each)})" for each in wrong[:STORIES]]
    if len(wrong) > STORIES:
        lines.append(f"{len(wrong) - STORIES} more in the output of the suite")
    return "".join(f"\n{line}" for line in lines)


def _check(check: CheckView) -> ET.Element:
    case = _case("run.expectations", expected(check))
    if check.result != "pass":
        _say(case, "failure" if check.result == "fail" else "error", check.result, check.reason)
    return case


def _rule(rule: RuleView) -> ET.Element:
    case = _case("run.rules", rule.name)
    if rule.untested is not None:
        ET.SubElement(case, "skipped", message=_clean(rule.untested))
    return case


def _case(group: str, name: str, seconds: float = 0.0) -> ET.Element:
    attributes = {"classname": f"chaosproxy.{group}", "name": _clean(name) or "-", "time": f"{seconds:.3f}"}
    return ET.Element("testcase", attributes)


def _say(case: ET.Element, how: str, kind: str, message: str, more: str = "") -> None:
    ET.SubElement(case, how, message=_clean(message), type=kind).text = _clean(f"{message}{more}")


def _properties(report: Report) -> Iterable[tuple[str, str]]:
    run, totals = report.run, report.totals
    yield "run", run.id
    yield "profile", run.profile
    yield "digest", run.digest
    yield "seed", str(run.seed)
    yield "version", run.version
    yield "sessions", str(totals.sessions)
    yield "calls", str(totals.calls)
    yield "episodes", str(totals.episodes)
    for cell in (*report.faults, *report.matrix):
        about = f"{cell.fault} at {'all tools' if cell.tool == '*' else cell.tool}"
        yield from _figures(about, cell)


def _figures(about: str, cell: CellView) -> Iterable[tuple[str, str]]:
    yield f"recovered: {about}", figures.rate(cell.recovery)
    yield f"95 %: {about}", figures.interval(cell.recovery)
    yield f"p95: {about}", figures.seconds(cell.p95)


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("?", text)
