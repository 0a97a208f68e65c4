"""The page as text: whole, with nothing to fetch, links that lead somewhere, and nobody's names as markup."""

import base64
import hashlib
import re
from collections import Counter
from itertools import pairwise

import msgspec
import pytest

from chaosproxy.core.events import Certainty, Verdict
from chaosproxy.reports.html import render
from chaosproxy.reports.html.words import BECAUSE
from chaosproxy.reports.html.wrong import MOST
from chaosproxy.reports.model import Report
from tests.reports.html_reading import Page
from tests.reports.html_sample import (
    HOSTILE,
    an_episode,
    empty_report,
    heaviest_report,
    hostile_report,
    large_report,
)
from tests.reports.sample import sample_report

MEBIBYTE = 1024**2


@pytest.fixture(scope="module")
def sample() -> Report:
    return sample_report()


@pytest.fixture(
    scope="module", params=[sample_report, empty_report, hostile_report], ids=["sample", "empty", "hostile"]
)
def html(request: pytest.FixtureRequest) -> str:
    return render(request.param())


def test_ids_are_unique_and_links_lead_to_them(html: str) -> None:
    page = Page(html)
    ids = page.values("id")
    wanted = {link.removeprefix("#") for link in page.values("href") if link.startswith("#")}
    wanted |= {
        word for key in ("aria-labelledby", "aria-describedby") for value in page.values(key) for word in value.split()
    }

    assert [ident for ident, times in Counter(ids).items() if times > 1] == []
    assert wanted <= set(ids)


def test_nothing_is_to_be_fetched(html: str) -> None:
    page = Page(html)

    assert [link for link in page.values("href") if not link.startswith(("#", "data:"))] == []
    assert [element.has["rel"] for element in page.all("link")] == ["icon"]  # or a server is asked for one
    assert page.values("src") == []
    assert page.values("action") == []
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)
    assert {element.kind for element in page.elements} & {"img", "iframe", "object", "form", "base"} == set()


def test_the_policy_allows_the_one_script_and_nothing_else(html: str) -> None:
    (policy,) = [
        element.has["content"]
        for element in Page(html).all("meta")
        if element.has.get("http-equiv") == "Content-Security-Policy"
    ]
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()

    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert [element.has for element in Page(html).all("script")] == [{}]


def test_headings_go_down_one_step_at_a_time(html: str) -> None:
    levels = [int(element.kind[1]) for element in Page(html).elements if re.fullmatch("h[1-6]", element.kind)]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_tables_have_captions_and_their_heads_a_scope(html: str) -> None:
    page = Page(html)

    assert len(page.all("caption")) == len(page.all("table"))
    assert {element.has.get("scope") for element in page.all("th")} <= {"row", "col"}


def test_drawings_have_names_or_are_hidden(html: str) -> None:
    for drawing in Page(html).all("svg"):
        assert drawing.has.get("role") == "img" or drawing.has.get("aria-hidden") == "true"
    assert html.count('role="img"') <= html.count("<title")


def test_names_bring_no_element_and_no_handler() -> None:
    page = Page(render(hostile_report()))

    assert {element.kind for element in page.elements} & {"img", "iframe"} == set()
    assert len(page.all("script")) == 1
    assert [key for element in page.elements for key in element.has if key.startswith("on")] == []


def test_hostile_names_can_be_read() -> None:
    shown = "".join(Page(render(hostile_report())).texts)

    assert HOSTILE[0] in shown
    assert HOSTILE[1] in shown
    assert "abc\\u202egnp.exe" in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize(("result", "word"), [("pass", "PASS"), ("fail", "FAIL"), ("inconclusive", "INCONCLUSIVE")])
def test_the_verdict_is_the_first_word(sample: Report, result: str, word: str) -> None:
    verdict = msgspec.structs.replace(sample.verdict, result=result)
    page = Page(render(msgspec.structs.replace(sample, verdict=verdict)))
    shown = " ".join("".join(page.texts).split())

    assert page.texts[page.texts.index(f"{word}: {sample.run.profile}")]
    assert f"<strong>{word}</strong>" in render(msgspec.structs.replace(sample, verdict=verdict))
    assert all(" ".join(reason.split()) in shown for reason in verdict.reasons)


def test_every_story_is_told_with_its_calls_as_links(sample: Report) -> None:
    html = render(sample)
    shown = "".join(Page(html).texts)

    for episode in sample.episodes:
        if episode.verdict is Verdict.INAPPROPRIATE:
            assert episode.story in shown
    drawn = {(view.name, call.number): place for place, view in enumerate(sample.sessions, 1) for call in view.timeline}
    told = next(each for each in sample.episodes if each.verdict is Verdict.INAPPROPRIATE)
    number = told.calls[0]
    assert f'href="#b{drawn[told.session, number]}-{number}"' in html


def test_a_call_that_is_not_drawn_is_named_without_a_link(sample: Report) -> None:
    lost = an_episode(1, session="gone", story="search: #77 failed.", verdict=Verdict.INAPPROPRIATE)
    html = render(msgspec.structs.replace(sample, episodes=(lost,)))

    assert "<bdi>search</bdi>: #77 failed." in html


def test_troubles_and_untested_rules_are_told(sample: Report) -> None:
    shown = "".join(Page(render(sample)).texts)

    assert all(trouble in shown for trouble in sample.troubles)
    for rule in sample.rules:
        if rule.untested is not None:
            assert f"{rule.name}: {rule.untested}" in shown


def test_all_calls_are_there_in_words(sample: Report) -> None:
    html = render(sample)

    for view in sample.sessions:
        for call in view.timeline:
            assert f"<li><b>#{call.number} " in html


def test_the_largest_page_is_no_larger_than_a_mail_can_carry() -> None:
    assert len(render(large_report()).encode()) < 6 * MEBIBYTE


def test_what_makes_a_page_too_heavy_is_left_out_and_said() -> None:
    report = heaviest_report()
    html = render(report)

    assert len(html.encode()) < 6 * MEBIBYTE
    assert html.count("<ol class=calls>") < len(report.sessions)
    assert html.count("The page has no room for the 400 calls in words") == len(report.sessions) - html.count(
        "<ol class=calls>"
    )
    assert html.count("<g id=b") == sum(len(view.timeline) for view in report.sessions)


def test_what_went_wrong_is_told_before_any_number(sample: Report) -> None:
    html = render(sample)
    wrong = [each for each in sample.episodes if each.verdict is Verdict.INAPPROPRIATE]
    ways = Counter((each.tool, each.fault, each.because, each.resolution) for each in wrong)
    top = html[html.index("<h3>What went wrong</h3>") : html.index('<ul class="tiles">')]

    assert top.count("<li>") == min(len(ways), MOST)
    for times in sorted(ways.values(), reverse=True)[:MOST]:
        assert times == 1 or f"{times - 1} more like it" in top
    assert "--why &#x27;agent-" in top


def test_where_nothing_went_wrong_nothing_is_said_of_it(sample: Report) -> None:
    right = tuple(each for each in sample.episodes if each.verdict is Verdict.APPROPRIATE)

    assert "What went wrong" not in render(msgspec.structs.replace(sample, episodes=right))


def test_what_there_is_nothing_of_is_a_sentence_and_no_part() -> None:
    page = Page(render(empty_report()))
    ids = set(page.values("id"))

    assert {"faults", "matrix", "tools", "times", "waits", "backoff", "costs", "traffic", "control"} & ids == set()
    assert {"sessions", "episodes", "rules", "troubles"} & ids == set()
    assert "No reply asked the agent to wait." in page.texts
    assert "There is no session: nothing was called." in page.texts
    assert page.values("class").count("tiles") == 0


def test_kinds_that_did_not_occur_have_no_row(sample: Report) -> None:
    totals = msgspec.structs.replace(sample.totals, wasted={"loop": 2, "early": 0}, loops={}, keys={})
    shown = Page(render(msgspec.structs.replace(sample, totals=totals))).texts

    assert "a turn of a loop" in shown
    assert "came too early, and was refused for the same reason" not in shown
    assert "None: retries of writes, and their keys; loops." in shown


def test_a_write_sent_again_blindly_and_seen_twice_is_one_case(sample: Report) -> None:
    first = sample.duplicates[0]
    pair = tuple(
        msgspec.structs.replace(first, certainty=certainty) for certainty in (Certainty.EXPOSED, Certainty.CONFIRMED)
    )
    totals = msgspec.structs.replace(sample.totals, duplicates={"confirmed": 1, "exposed": 1})
    shown = Page(render(msgspec.structs.replace(sample, totals=totals, duplicates=pair))).texts

    assert "confirmed; 1 sent again blindly" in shown
    assert "1 write that could happen twice" in shown
    assert "exposed, confirmed" in shown


def test_expectations_that_failed_come_first_and_say_how_many(sample: Report) -> None:
    html = render(sample)
    results = re.findall(r'<span class="badge (\w+)">. (?:pass|fail|inconclusive)</span>', html)
    checks = sample.verdict.checks
    failed = sum(check.result == "fail" for check in checks)

    assert results == sorted((check.result for check in checks), key=["fail", "inconclusive", "pass"].index)
    assert f"{failed} of {len(checks)} expectations did not hold." in html


def test_one_recovery_has_no_percentiles(sample: Report) -> None:
    one = msgspec.structs.replace(sample.times[0], cases=1, counts=(1, 0), bounds=(1.0,), p50=0.5, p95=0.5, longest=0.5)
    shown = Page(render(msgspec.structs.replace(sample, times=(one,)))).texts

    assert "1 recovered, after 0.5 s" in shown
    assert shown.count("p50, p95") == 1  # in the glossary


def test_only_words_of_the_report_are_explained(sample: Report) -> None:
    occurring = {word for cell in sample.faults for word in cell.reasons}
    explained = set(Page(render(sample)).texts)

    assert {word for word in BECAUSE if BECAUSE[word] in explained} == occurring


def test_a_tool_that_is_written_from_right_to_left_turns_nothing_round() -> None:
    html = render(hostile_report())

    assert f"<bdi>{HOSTILE[4]}</bdi>: <a href" in html


def test_the_page_jumps_and_does_not_glide() -> None:
    """Gliding over fifty screens shows blank ones on the way."""
    assert "scroll-behavior: smooth" not in render(empty_report())


def test_the_same_report_is_the_same_page(sample: Report) -> None:
    assert render(sample) == render(sample)
