"""The same numbers in all formats; each valid in its own way, whatever names an agent chose."""

import html
import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema  # type: ignore[import-untyped]  # it has no types of its own
import msgspec
import pytest
from msgspec.structs import replace

from chaosproxy.core.events import Verdict
from chaosproxy.reports import figures, junit, markdown, text
from chaosproxy.reports.formats import FORMATS, endings, format_of, rendered
from chaosproxy.reports.json import SCHEMA_ID, schema
from chaosproxy.reports.model import CellView, Report
from chaosproxy.reports.summary import why_command
from chaosproxy.telemetry.records import CallEnded, EpisodeEnded, Record, RunStarted, SessionOver
from tests.reports.sample import report_of, sample_report
from tests.reports.sample_journal import sample_lines

REPORT = sample_report()
LARGE = sample_report(400)
NASTY = (
    "a|b",
    "`code` ``` more",
    "<script>alert(1)</script>",
    "</details>",
    "line\nbreak\r\n| --- |",
    "\x1b[31mred\x1b[0m",
    "\x00\x08\ufffe",
    "right \u202e left",
    "[link](http://evil.example) ![](x) www.evil.example @everyone #1 a@b.example",
    "$math$ *b* _i_ ~s~ &amp; &#60; \\| \\",
    "1. item",
    "]]>",
    "名前 é 🎉",
    "x" * 5_000,
    "",
)


@cache
def renamed(name: str) -> Report:
    """A report in which a tool, a session, a fault, a rule and the profile have this name."""

    def changed(line: Record) -> Record:
        if isinstance(line, CallEnded | EpisodeEnded):
            tool = name if line.tool == "search" else line.tool
            return replace(line, tool=tool, session=f"{line.session}{name}")
        if isinstance(line, SessionOver):
            return replace(line, session=f"{line.session}{name}")
        if isinstance(line, RunStarted):
            rules = tuple(replace(rule, name=f"{rule.name}{name}") for rule in line.rules or ())
            return replace(line, profile=name, rules=rules)
        return line

    return report_of([changed(line) for line in sample_lines(4)])


# The same numbers


def matrix_of(report: Report) -> dict[tuple[str, str], tuple[str, str]]:
    """(fault, tool) -> the rate and its interval, as figures are written."""
    cells: tuple[CellView, ...] = (*report.faults, *report.matrix)
    return {(cell.fault, cell.tool): (figures.rate(cell.recovery), figures.interval(cell.recovery)) for cell in cells}


def from_json(shown: str) -> dict[tuple[str, str], tuple[str, str]]:
    report = json.loads(shown)
    found = {}
    for cell in (*report["faults"], *report["matrix"]):
        rate = cell["recovery"]
        whole = "-" if rate["value"] is None else f"{figures.share(rate['value'])} ({rate['hits']}/{rate['cases']})"
        ends = f"{rate['low'] * 100:.0f} to {rate['high'] * 100:.0f}" if rate["cases"] else "-"
        found[cell["fault"], cell["tool"]] = (whole, ends)
    return found


def from_text(shown: str) -> dict[tuple[str, str], tuple[str, str]]:
    table = shown.partition("Recovery by fault and tool\n")[2].partition("\n\n")[0]
    lines = table.splitlines()[1:]
    found, fault = {}, ""
    row = re.compile(r"  (  )?(.+?) +(\d+) +(\d+) +(\d+) (-|[\d.]+ % \(\d+/\d+\)) +(-|\d+ to \d+)  ?.*")
    for line in lines:
        match = row.fullmatch(line)
        assert match is not None, line
        name = match[2]
        fault = fault if match[1] else name
        found[fault, name if match[1] else "*"] = (match[6], match[7])
    return found


def from_markdown(shown: str) -> dict[tuple[str, str], tuple[str, str]]:
    """A fault at one tool alone has one row: over all tools it is the same."""
    found = {}
    for line in shown.partition("| fault | tool |")[2].partition("\n\n")[0].splitlines()[2:]:
        cells = [html.unescape(cell).translate({0x2060: None, 0xA0: " "}) for cell in line.strip("| ").split(" | ")]
        found[cells[0], "*" if cells[1] == "all" else cells[1]] = (cells[3], cells[4])
        found.setdefault((cells[0], "*"), (cells[3], cells[4]))
    return found


def from_junit(shown: str) -> dict[tuple[str, str], tuple[str, str]]:
    said = {each.get("name", ""): each.get("value", "") for each in ET.fromstring(shown).iter("property")}  # noqa: S314 - ours
    found = {}
    for name, value in said.items():
        match = re.fullmatch(r"recovered: (\w+) at (.*)", name)
        if match is not None:
            tool = "*" if match[2] == "all tools" else match[2]
            found[match[1], tool] = (value, said[f"95 %: {match[1]} at {match[2]}"])
    return found


def test_the_same_numbers_in_all_formats() -> None:
    expected = matrix_of(REPORT)

    assert len(expected) > 20
    assert from_json(rendered(REPORT, "json")) == expected
    assert from_markdown(rendered(REPORT, "markdown")) == expected
    assert from_junit(rendered(REPORT, "junit")) == expected
    shown = from_text(rendered(REPORT, "text"))
    assert {(fault, whole(tool, expected)): found for (fault, tool), found in shown.items()} == expected


def whole(name: str, known: Iterable[tuple[str, str]]) -> str:
    """The name that was cut."""
    return next(tool for _, tool in known if tool.startswith(name.removesuffix("…"))) if name.endswith("…") else name


def test_the_same_verdict_in_all_formats() -> None:
    for form in FORMATS:
        shown = rendered(REPORT, form)
        assert "fail" in shown.lower()
        for reason in ("appropriate_rate", "duplicate_effects"):
            assert reason in html.unescape(shown).replace("<wbr>", "")


# Text


def test_text_is_narrow_and_plain() -> None:
    for report in (REPORT, LARGE, *map(renamed, NASTY)):
        shown = text.render(report)
        folded = [line for line in shown.splitlines() if not line.startswith("    chaosproxy report ")]
        assert max(map(len, folded)) <= 100
        assert all(line == line.rstrip() for line in shown.splitlines())
        assert all(each == "\n" or each.isprintable() for each in shown)


def test_text_has_colours_only_where_they_are_asked_for() -> None:
    assert "\x1b[" in text.render(REPORT, colours=True, width=80)
    without = re.sub(r"\x1b\[[\d;]*m", "", text.render(REPORT, colours=True))
    assert [line.rstrip() for line in without.splitlines()] == text.render(REPORT).splitlines()


@pytest.mark.parametrize("width", [1, 40, 72, 80, 100, 500])
def test_text_keeps_to_the_width_of_a_terminal(width: int) -> None:
    shown = text.render(REPORT, width=width)

    assert max(map(len, shown.splitlines())) <= max(72, min(width, 100))


def test_text_begins_with_the_verdict_and_ends_with_where_to_look_next() -> None:
    shown = text.render(REPORT)

    assert shown.startswith("FAIL  bad-monday, seed 20261123")
    assert shown.splitlines()[-2:] == [
        "  - with timelines, in a browser:",
        "    chaosproxy report run.jsonl --output report.html",
    ]
    assert re.search(r"\n  … \d+ more\n", shown)


# Markdown


def test_markdown_fits_into_a_comment() -> None:
    for report in (REPORT, LARGE, *map(renamed, NASTY)):
        shown = markdown.render(report)
        assert len(shown) <= markdown.LONGEST
        assert shown.count("<details>") == shown.count("</details>")


def test_a_report_that_fills_a_comment_says_how_much_more_there_is() -> None:
    loud = replace(LARGE, episodes=tuple(replace(each, story="<" * 3_000) for each in LARGE.episodes))

    shown = markdown.render(loud)

    assert len(shown) <= markdown.LONGEST
    assert re.search(r"\n… \d+ more\n", shown)


@pytest.mark.parametrize("name", NASTY)
def test_no_name_means_anything_to_markdown_or_html(name: str) -> None:
    shown = markdown.render(renamed(name))

    for line in shown.splitlines():
        left = re.sub(r"&#\d+;|&nbsp;", "", line)
        if line.startswith("| "):
            assert line.count(" | ") in (4, 7), line
        if line.startswith(("| ", "- ", "## ")):
            assert not re.search(r"[<>`*_\[\]\\$~#@]", left.removeprefix("## ")), line
            assert "://" not in left, line
            assert "www." not in line
        else:
            allowed = (
                r"|</?details>|<summary>[\w ,]+</summary>|… \d+ more|.*run 5f1c2a9be04d7713|\*\*What went wrong\*\*"
                r"|Why the first was judged so: `[^`]*`"
            )
            assert re.fullmatch(allowed, line), line


def test_a_comment_tells_what_went_wrong_before_its_tables_and_does_not_repeat_it() -> None:
    shown = markdown.render(REPORT)
    wrong = [each for each in REPORT.episodes if each.verdict is Verdict.INAPPROPRIATE]
    opened, _, rest = shown.partition("| expected |")

    assert opened.count("\n- ") == len(REPORT.verdict.reasons) + markdown.OPEN_STORIES
    for place, each in enumerate(wrong):
        told = markdown.escaped(figures.plain(each.story, 1_000))
        assert (told in opened) == (place < markdown.OPEN_STORIES)
        assert (told in rest) == (place >= markdown.OPEN_STORIES)
    assert f"Why the first was judged so: `{why_command(REPORT, wrong[0])}`" in opened


def test_a_colon_before_a_space_is_only_a_colon() -> None:
    assert markdown.escaped("asked: 2") == "asked: 2"
    assert "&#8288;" in markdown.escaped("http://x :smile:")


def test_escaped_text_is_the_same_text() -> None:
    for name in NASTY:
        if not name.startswith("\x00"):
            assert html.unescape(markdown.escaped(name)).replace("\u2060", "") == name


# JUnit


def test_junit_is_of_the_shape_that_ci_systems_know() -> None:
    for report in (REPORT, *map(renamed, NASTY)):
        root = ET.fromstring(junit.render(report))  # noqa: S314 - ours
        assert (root.tag, root.attrib) == ("testsuites", {})
        (suite,) = root
        kinds = [each.tag for each in suite]
        assert kinds == ["properties", *["testcase"] * kinds.count("testcase"), "system-out", "system-err"]
        cases = suite.findall("testcase")
        assert suite.get("tests") == str(len(cases))
        for attribute, child in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert suite.get(attribute) == str(sum(case.find(child) is not None for case in cases))
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp", ""))
        for name in ("name", "hostname", "time", "id", "package"):
            assert suite.get(name), name
        for case in cases:
            assert case.get("name"), case.attrib
            assert case.get("classname"), case.attrib
            assert float(case.get("time", "x")) >= 0
            assert len(case) <= 1


def test_junit_says_what_held_and_what_did_not() -> None:
    suite = ET.fromstring(junit.render(REPORT))[0]  # noqa: S314 - ours
    found = {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")}

    assert found["verdict"] == ["failure"]
    assert found["recovery_rate, at least 30 %"] == []
    assert found["appropriate_rate, at least 90 %"] == ["failure"]
    assert found["time_to_recovery_p95 of overloaded at llm, at most 10 s"] == ["error"]
    assert found["region blocked"] == ["skipped"]


def test_an_inconclusive_run_is_never_green() -> None:
    doubtful = replace(REPORT, verdict=replace(REPORT.verdict, result="inconclusive", exit_code=3, checks=()))

    suite = ET.fromstring(junit.render(doubtful))[0]  # noqa: S314 - ours

    assert suite.get("errors") == "1"


# JSON


def test_reports_keep_to_the_published_schema() -> None:
    published = schema()
    jsonschema.Draft202012Validator.check_schema(published)
    validator = jsonschema.Draft202012Validator(published)
    for report in (REPORT, LARGE, *map(renamed, NASTY)):
        validator.validate(json.loads(rendered(report, "json")))
    assert published["$id"] == SCHEMA_ID


def test_the_schema_is_not_content_with_anything() -> None:
    validator = jsonschema.Draft202012Validator(schema())
    good = json.loads(rendered(REPORT, "json"))

    spoilt: tuple[dict[str, Any], ...] = (
        {"verdict": None},
        {"totals": {}},
        {"format": "chaosproxy-report/2"},
        {"episodes": [{}]},
    )
    for spoil in spoilt:
        assert not validator.is_valid(good | spoil)
    assert validator.is_valid(good | {"of a later version": 1})


def test_every_field_is_described_or_speaks_for_itself() -> None:
    cell = schema()["$defs"]["CellView"]["properties"]

    assert cell["injected"]["description"] == "Calls that it struck."


def test_json_comes_back_as_the_same_report() -> None:
    assert msgspec.json.decode(rendered(REPORT, "json"), type=Report) == REPORT


def test_no_field_was_renamed_or_removed() -> None:
    """Fields may be added to version 1: then add them to `report_fields.json` too."""
    published = json.loads((Path(__file__).parent / "report_fields.json").read_text(encoding="utf-8"))

    assert fields() == published


def fields() -> dict[str, dict[str, Any]]:
    """The type of each field of each part, without what is said of them."""
    return {
        part: {name: _bare(told) for name, told in definition["properties"].items()}
        for part, definition in sorted(schema()["$defs"].items())
        if "properties" in definition
    }


def _bare(told: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in told.items() if key not in ("description", "default")}


# Names of formats


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.html", "html"),
        ("a.HTM", "html"),
        ("a.md", "markdown"),
        ("a.xml", "junit"),
        ("a.json", "json"),
        ("a.txt", "text"),
    ],
)
def test_a_files_name_says_the_format(name: str, form: str) -> None:
    assert format_of(Path(name)) == form
    assert Path(name).suffix.lower() in endings()


def test_a_name_may_say_nothing() -> None:
    assert format_of(Path("report")) is None
    assert format_of(Path("report.pdf")) is None


def test_the_verdict_of_a_suite_tells_what_went_wrong() -> None:
    found = ET.fromstring(junit.render(REPORT)).find(".//testcase[@name='verdict']/failure")  # noqa: S314 - ours
    wrong = [each for each in REPORT.episodes if each.verdict is Verdict.INAPPROPRIATE]

    assert found is not None
    assert found.text is not None
    assert found.get("message") == "; ".join(REPORT.verdict.reasons)
    assert found.text.splitlines()[1] == f"{wrong[0].story} ({wrong[0].session}#{wrong[0].number})"
    assert found.text.endswith(f"{len(wrong) - junit.STORIES} more in the output of the suite")


@pytest.mark.parametrize("width", [40, 56, 60, 72, 80, 100, 200])
def test_no_figure_is_cut_in_a_narrow_terminal(width: int) -> None:
    shown = text.render(REPORT, width=width)
    table = shown.partition("Recovery by fault and tool\n")[2].partition("\n\n")[0]

    assert max(map(len, shown.splitlines())) <= max(text.NARROWEST, min(width, text.WIDEST))
    for cell in REPORT.faults:
        (line,) = [line for line in table.splitlines() if line.startswith(f"  {cell.fault} ")]
        assert f" {figures.rate(cell.recovery)} " in line
        assert "…" not in line
