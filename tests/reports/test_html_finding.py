"""Finding one's way in the page, in a real Chromium: links, fingers, and nothing cut or covered on the way."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from chaosproxy.reports.html import render
from chaosproxy.reports.model import Report
from tests.reports.html_sample import many_tools, quick_report
from tests.reports.html_visit import DESK, PHONE, Visit

pytestmark = pytest.mark.xdist_group("chromium")

FOLD_ALL = "for (const each of document.querySelectorAll('details')) each.open = false"
TOP = "(at) => document.getElementById(at).getBoundingClientRect().top"
MARKED = "(at) => document.getElementById(at).classList.contains('at')"
OUTSIDE = """() => [...document.querySelectorAll('.multiples figure')].flatMap((figure) => {
  const box = figure.getBoundingClientRect();
  return [...figure.querySelectorAll('text')].filter((text) => {
    const at = text.getBoundingClientRect();
    return at.left < box.left || at.right > box.right;
  }).map((text) => text.textContent);
})"""
COVERED = """() => [...document.querySelectorAll('.multiples svg')].flatMap((plot) => {
  const labels = [...plot.querySelectorAll('text')].map((text) => [text.textContent, text.getBoundingClientRect()]);
  const ticks = labels.filter(([word]) => /(s|min|h)$/.test(word)).sort((one, other) => one[1].left - other[1].left);
  return ticks.slice(1).filter(([, at], place) => at.left < ticks[place][1].right).map(([word]) => word);
})"""


@pytest.fixture
def phone(browser: Browser, files: dict[str, Path]) -> Iterator[Visit]:
    visit = Visit(browser, files["sample"], PHONE)
    yield visit
    visit.page.context.close()


def test_each_call_named_at_the_top_is_shown(desk: Visit) -> None:
    page = desk.page
    links = page.locator(".wrongs a.call")
    assert links.count() > 3
    for place in range(links.count()):
        link = links.nth(place)
        link.click()
        target = (link.get_attribute("href") or "").removeprefix("#")

        page.wait_for_function(MARKED, arg=target)
        assert page.inner_text("#call").startswith(f"{link.inner_text()} ")
        assert 60 < page.evaluate(TOP, target) < 740


def test_a_bar_that_comes_under_a_pointer_that_rests_does_not_take_the_place_of_the_one_asked_for(desk: Visit) -> None:
    page = desk.page
    asked, other = (page.locator(".session[open] .bars > g").nth(place).get_attribute("id") for place in (0, 3))
    page.evaluate("(at) => { location.hash = at; }", asked)
    page.wait_for_function(MARKED, arg=asked)
    box = page.locator(f"#{other}").bounding_box()
    assert box is not None
    page.evaluate("location.hash = 'main'; scrollTo(0, 0)")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.evaluate("(at) => { location.hash = at; }", asked)
    page.wait_for_function("(at) => document.getElementById(at).matches(':hover')", arg=other)

    assert page.evaluate(MARKED, asked)


def test_a_page_opened_at_a_call_shows_it_in_the_middle(browser: Browser, files: dict[str, Path], desk: Visit) -> None:
    target = desk.page.locator(".eps .call").last.get_attribute("href") or ""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{files['sample'].as_uri()}{target}")
    page.wait_for_selector("#call:not([hidden])")

    assert 200 < page.evaluate(TOP, target.removeprefix("#")) < 600
    page.close()


def test_a_session_that_is_named_is_opened_below_the_bar_with_the_parts(desk: Visit) -> None:
    page = desk.page
    page.evaluate(FOLD_ALL)
    link = page.locator(".wrongs .where a").first
    session = (link.get_attribute("href") or "").removeprefix("#")
    for _ in range(2):  # the second time, the address stays the same
        link.click()
        page.wait_for_function("(at) => document.getElementById(at).open", arg=session)
        bar = page.evaluate("document.querySelector('nav').getBoundingClientRect().bottom")
        assert page.evaluate(TOP, session) >= bar
        page.evaluate(FOLD_ALL)


def test_a_call_that_is_asked_for_again_is_unfolded_again(desk: Visit) -> None:
    page = desk.page
    link = page.locator(".wrongs a.call").first
    target = (link.get_attribute("href") or "").removeprefix("#")
    for _ in range(2):
        link.click()
        page.wait_for_function("(at) => document.getElementById(at).checkVisibility()", arg=target)
        page.evaluate(FOLD_ALL)


def test_a_finger_shows_a_call_and_puts_it_away(phone: Visit) -> None:
    page = phone.page
    page.locator(".session[open] .bars > g").first.tap()
    assert page.inner_text("#call").startswith("#")
    page.locator(".session[open] .names").first.tap()

    assert page.is_hidden("#call")
    assert phone.heard == []


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_labels_and_names_are_whole(browser: Browser, tmp_path: Path, width: int) -> None:
    file = tmp_path / "quick.html"
    file.write_text(render(quick_report()), encoding="utf-8")
    visit = Visit(browser, file, width)
    heights = visit.page.evaluate("[...document.querySelectorAll('.rules td bdi')].map((name) => name.offsetHeight)")

    assert visit.page.locator(".multiples text").count() > 10
    assert visit.page.evaluate(OUTSIDE) == []
    assert visit.page.evaluate(COVERED) == []
    assert max(heights) < 50  # two lines, and no letter by letter
    visit.page.context.close()


def test_a_short_session_is_seen_whole(desk: Visit) -> None:
    chart = desk.page.locator(".session[open] .chart").first

    assert chart.locator(".bars > g").count() > 10
    assert chart.evaluate("(chart) => chart.scrollWidth <= chart.clientWidth")


def test_the_heads_of_a_long_matrix_stay_in_sight(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "wide.html"
    file.write_text(render(many_tools()), encoding="utf-8")
    visit = Visit(browser, file)
    box = visit.page.locator(".tall").first
    box.evaluate("(box) => box.scrollTo(400, 2000)")
    head = box.evaluate(
        "(box) => [box.querySelector('thead th').getBoundingClientRect().top, box.getBoundingClientRect().top]"
    )

    assert box.evaluate("(box) => box.scrollTop") == 2000
    assert abs(head[0] - head[1]) < 3
    visit.page.context.close()


def test_what_is_copied_of_a_story_is_its_sentence(desk: Visit, sample: Report) -> None:
    copied = desk.page.evaluate(
        "getSelection().selectAllChildren(document.querySelector('.eps .story')), getSelection().toString()"
    )

    assert copied in {episode.story for episode in sample.episodes}
