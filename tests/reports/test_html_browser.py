"""The page in a real Chromium: quiet, whole without its script, usable by keyboard, on a phone, in the dark, on paper.

Needs Debian's `chromium`.
"""

from importlib.resources import files as package_files
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from chaosproxy.reports import figures
from chaosproxy.reports.html import render
from chaosproxy.reports.model import Report
from tests.reports.html_sample import large_report
from tests.reports.html_visit import DESK, PHONE, Visit
from tests.reports.sample import sample_report

pytestmark = pytest.mark.xdist_group("chromium")

MATRIX = """() => [...document.querySelectorAll('.matrix tbody td')].map((cell) => ({
  tool: cell.parentNode.cells[0].textContent,
  fault: cell.closest('table').tHead.rows[0].cells[cell.cellIndex].textContent,
  text: cell.querySelector('.rate') ? cell.querySelector('p').innerText.trim() : null,
  interval: cell.querySelector('.wh title')?.textContent ?? null,
  verdicts: [...cell.querySelectorAll('.v')].map((shown) => parseInt(shown.textContent.slice(1), 10)),
  way: cell.querySelector('.to')?.firstChild.firstChild?.textContent ?? null,
  leads: cell.querySelector('.to a')?.getAttribute('href') ?? null,
}))"""
FAULTS = """() => [...document.querySelectorAll('table.faults tbody tr')].map(
  (row) => [...row.cells].map((cell) => cell.innerText))"""
TILES = """() => [...document.querySelectorAll('.tiles li')].map(
  (tile) => [tile.querySelector('h3').innerText, tile.querySelector('.rate').innerText])"""


@pytest.mark.parametrize("width", [DESK, PHONE])
@pytest.mark.parametrize("name", ["sample", "empty", "hostile"])
def test_it_opens_quietly_and_fits(browser: Browser, files: dict[str, Path], name: str, width: int) -> None:
    visit = Visit(browser, files[name], width)
    visit.page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")

    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    assert visit.heard == []
    visit.page.context.close()


@pytest.mark.parametrize(("width", "dark"), [(DESK, False), (PHONE, True)], ids=["light desk", "dark phone"])
def test_it_is_accessible(browser: Browser, tmp_path: Path, width: int, *, dark: bool) -> None:
    file = tmp_path / "small.html"
    file.write_text(render(sample_report(2)), encoding="utf-8")
    visit = Visit(browser, file, width, dark=dark)
    visit.page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    visit.page.evaluate(package_files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = visit.page.evaluate("axe.run({ resultTypes: ['violations'] })")

    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
    assert len(found["passes"]) > 30
    visit.page.context.close()


def test_the_matrix_has_the_numbers_of_the_report(desk: Visit, sample: Report) -> None:
    shown = {(cell["tool"], cell["fault"]): cell for cell in desk.page.evaluate(MATRIX)}
    listed = {(episode.tool, episode.fault) for episode in sample.episodes}

    assert {pair for pair, cell in shown.items() if cell["verdicts"]} == {
        (cell.tool, cell.fault) for cell in sample.matrix
    }
    for cell in sample.matrix:
        found, rate = shown[cell.tool, cell.fault], cell.recovery
        if rate.cases:
            assert found["text"].split("\n")[0] == f"{figures.share(rate.value)} {rate.hits} of {rate.cases}"
            assert found["interval"] == f"95 % interval: {figures.share(rate.low)} to {figures.share(rate.high)}"
        else:
            assert found["text"] is None
        assert found["verdicts"] == [cell.verdicts.get(word, 0) for word in ("appropriate", "inappropriate", "unknown")]
        assert found["way"].split()[0] == str(cell.decided + cell.censored)
        assert (found["leads"] is not None) == ((cell.tool, cell.fault) in listed)


def test_each_fault_has_the_numbers_of_the_report(desk: Visit, sample: Report) -> None:
    shown = desk.page.evaluate(FAULTS)

    assert [row[0] for row in shown] == [cell.fault for cell in sample.faults]
    for row, cell in zip(shown, sample.faults, strict=True):
        for text, rate in ((row[3], cell.appropriate), (row[4], cell.recovery)):
            expected = f"{figures.share(rate.value)} {rate.hits} of {rate.cases}" if rate.cases else "no case"
            assert text.strip() == expected
        assert row[1] == str(cell.injected)
        assert row[6:] == [figures.seconds(cell.p50), figures.seconds(cell.p95), figures.factor(cell.attempts)]


def test_the_headline_has_the_numbers_of_the_report(desk: Visit, sample: Report) -> None:
    tiles = dict(desk.page.evaluate(TILES))
    totals = sample.totals

    assert tiles == {
        "Reacted as it should": figures.share(totals.appropriate.value),
        "Recovered": figures.share(totals.recovered.value),
        "Operations succeeded": figures.share(totals.success.value),
        "Calls": str(totals.calls),
        "Calls for each operation": figures.factor(totals.amplification),
        "Episodes": str(totals.episodes),
        "Duplicate effects": str(totals.duplicates.get("confirmed", 0)),
        "Retry-After broken": str(totals.retry_after.get("early", 0)),
        "Never noticed": str(totals.undetected),
        "Wasted calls": str(sum(totals.wasted.values())),
    }


def test_a_filter_leaves_what_was_chosen(desk: Visit, sample: Report) -> None:
    page = desk.page
    fault = sample.episodes[0].fault
    page.select_option("[data-by=fault]", label=fault)
    page.select_option("[data-by=verdict]", "inappropriate")
    wanted = [each for each in sample.episodes if each.fault == fault and each.verdict == "inappropriate"]
    sessions = {each.session for each in wanted} & {view.name for view in sample.sessions}

    assert page.locator(".eps > li:not([hidden])").count() == len(wanted)
    assert page.locator(".session:not([hidden])").count() == len(sessions)
    assert page.inner_text(".filters [role=status]").startswith(f"{len(wanted)} episode")
    page.click(".filters button")
    assert page.locator(".eps > li:not([hidden])").count() == len(sample.episodes)
    assert desk.heard == []


def test_a_cell_leads_to_its_episodes_and_shows_only_them(desk: Visit, sample: Report) -> None:
    cell = sample.matrix[0]
    link = desk.page.locator(".matrix td[data-tool] a").first
    target = link.get_attribute("href") or ""
    link.click()

    shown = desk.page.locator(".eps > li:not([hidden])")
    assert shown.count() == sum((each.tool, each.fault) == (cell.tool, cell.fault) for each in sample.episodes)
    assert desk.page.evaluate("(at) => document.querySelector(at).getBoundingClientRect().top < innerHeight", target)


def test_the_keyboard_goes_from_the_skip_link_to_a_call(desk: Visit) -> None:
    page = desk.page
    page.keyboard.press("Tab")
    assert desk.focus() == "skip"
    page.keyboard.press("Enter")
    page.locator("[data-by=fault]").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert desk.focus() == "BUTTON"
    page.keyboard.press("Tab")
    assert desk.focus() == "SUMMARY"
    page.keyboard.press("Enter")
    assert page.locator(".session").first.get_attribute("open") is None
    page.keyboard.press("Enter")
    while desk.focus() != "chart":
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    first = page.inner_text("#call")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#call") != first
    page.keyboard.press("End")
    page.keyboard.press("Home")
    assert page.inner_text("#call") == first
    page.keyboard.press("Escape")
    assert page.is_hidden("#call")


def test_focus_can_be_seen(desk: Visit) -> None:
    desk.page.keyboard.press("Tab")
    desk.page.keyboard.press("Tab")

    assert desk.page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "3px"


def test_pointing_at_a_bar_says_what_the_list_says(desk: Visit, sample: Report) -> None:
    page = desk.page
    bar = page.locator(".session[open] .bars > g").nth(1)
    bar.hover()
    number = (bar.get_attribute("id") or "").partition("-")[2]
    call = next(call for view in sample.sessions for call in view.timeline if str(call.number) == number)

    assert page.inner_text("#call").startswith(f"#{number} {call.tool}")


def test_a_named_call_opens_its_session_and_shows_its_bar(desk: Visit) -> None:
    page = desk.page
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = false")
    link = page.locator(".eps .call").first
    link.click()
    target = (link.get_attribute("href") or "").removeprefix("#")

    assert page.locator(f"[id='{target}']").is_visible()
    assert page.inner_text("#call").startswith(link.inner_text())


def test_without_its_script_all_can_be_read(browser: Browser, files: dict[str, Path], sample: Report) -> None:
    visit = Visit(browser, files["sample"], script=False)

    assert visit.page.is_hidden(".filters")
    assert visit.page.locator(".eps > li").count() == len(sample.episodes)
    assert visit.page.locator(".calls li").count() == sum(len(view.timeline) for view in sample.sessions)
    visit.page.locator(".session summary").nth(2).click()
    assert visit.heard == []
    visit.page.context.close()


def test_it_prints_with_everything_unfolded(desk: Visit) -> None:
    document = desk.page.pdf(prefer_css_page_size=True, print_background=True)
    desk.page.emulate_media(media="print")

    assert document.startswith(b"%PDF")
    assert desk.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert desk.page.is_hidden("nav")
    folded = desk.page.locator(".session:not([open]) .lanes").first
    assert folded.evaluate("(lanes) => lanes.checkVisibility({ contentVisibilityAuto: true })")
    assert desk.heard == []


def test_the_largest_page_opens_and_filters(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "large.html"
    file.write_text(render(large_report()), encoding="utf-8")
    visit = Visit(browser, file)

    assert visit.page.locator(".bars > g").count() == 20_000
    visit.page.select_option("[data-by=verdict]", "inappropriate")
    assert visit.heard == []
    visit.page.context.close()
