"""A real Chromium, and the pages that it opens. Needs Debian's `chromium`."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from chaosproxy.reports.html import render
from chaosproxy.reports.model import Report
from tests.reports.html_sample import empty_report, hostile_report
from tests.reports.html_visit import Visit
from tests.reports.sample import sample_report


@pytest.fixture(scope="module")
def sample() -> Report:
    return sample_report(5)


@pytest.fixture(scope="module")
def files(sample: Report, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    made = {}
    for name, report in (("sample", sample), ("empty", empty_report()), ("hostile", hostile_report())):
        made[name] = folder / f"{name}.html"
        made[name].write_text(render(report), encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium")
    assert program is not None, "these tests need Debian's package `chromium`"
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def desk(browser: Browser, files: dict[str, Path]) -> Iterator[Visit]:
    visit = Visit(browser, files["sample"])
    yield visit
    visit.page.context.close()
