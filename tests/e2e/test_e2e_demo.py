"""`chaosproxy demo`, as a newcomer runs it: it ends well, and what it prints, counts and writes down agrees."""

import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from chaosproxy.core.events import Certainty
from chaosproxy.telemetry.journal_reader import Unreadable, read_journal
from chaosproxy.telemetry.records import CallEnded, Duplicated, EpisodeEnded, Record, RunEnded, RunStarted, SessionOver
from tests.e2e.programs import chaosproxy

pytestmark = pytest.mark.xdist_group("demo")

AGENTS = ("careful", "careless")


@dataclass(frozen=True)
class Day:
    """The demo, after it."""

    done: subprocess.CompletedProcess[str]
    journal: tuple[Record, ...]
    left_out: tuple[Unreadable, ...]

    def row(self, heading: str) -> dict[str, str]:
        """A line of the scorecards, by agent."""
        (cells,) = re.findall(rf"^{re.escape(heading)}  +(\S.*?)  +(\S.*?)$", self.done.stdout, re.MULTILINE)
        return dict(zip(AGENTS, (cell.strip() for cell in cells), strict=True))

    def bookkeeping(self, agent: str) -> tuple[int, ...]:
        """Orders charged, rows, extra rows, and duplicates counted by the proxy."""
        (numbers,) = re.findall(
            rf"^{agent} +(\d+) orders are charged in the database, in (\d+) rows: (\d+) too many; "
            r"the proxy counted (\d+) \(equal\)$",
            self.done.stdout,
            re.MULTILINE,
        )
        return tuple(map(int, numbers))

    def duplicates_in_journal(self, agent: str) -> int:
        duplicates = [each for each in self.journal if isinstance(each, Duplicated) and each.session == agent]
        return sum(each.times for each in duplicates if each.certainty is Certainty.CONFIRMED)


@pytest.fixture(scope="module")
def day(folder: Path) -> Day:
    path = folder / "day.jsonl"
    done = chaosproxy("demo", "--journal", str(path))
    left_out: list[Unreadable] = []
    return Day(done, tuple(read_journal(path, left_out.append)), tuple(left_out))


def test_it_ends_well_and_in_plain_text(day: Day) -> None:
    assert (day.done.returncode, day.done.stderr) == (0, "")
    assert "\x1b" not in day.done.stdout
    assert [line for line in day.done.stdout.splitlines() if line != line.rstrip()] == []


def test_it_shows_the_day_as_it_happens(day: Day) -> None:
    lines = re.findall(r"^ *(\d+\.\d) s  (careful|careless) +(<-)? ", day.done.stdout, re.MULTILINE)
    seconds = [float(second) for second, _, _ in lines]

    assert seconds == sorted(seconds)
    assert len({round(second) for second in seconds}) >= 5
    assert {agent for _, agent, _ in lines} == set(AGENTS)


def test_careless_charged_twice_and_careful_did_not(day: Day) -> None:
    orders, rows, extra, counted = day.bookkeeping("careless")
    assert counted == extra == rows - orders > 0
    assert day.row("duplicate charges (confirmed)")["careless"] == str(counted)
    assert day.done.stdout.count("CHARGED TWICE") == counted

    orders, rows, extra, counted = day.bookkeeping("careful")
    assert counted == extra == rows - orders == 0
    assert day.row("duplicate charges (confirmed)")["careful"] == "0"


def test_the_verdicts_are_what_they_deserve(day: Day) -> None:
    assert day.row("verdict") == {"careful": "PASS", "careless": "FAIL"}
    assert day.row("orders done")["careful"] == "9 of 9"
    assert day.row("damage never noticed") == {"careful": "0", "careless": "1"}


def test_both_obey_or_break_retry_after_as_they_are(day: Day) -> None:
    counts = {
        agent: tuple(map(int, cell.split(" / "))) for agent, cell in day.row("Retry-After obeyed / broken").items()
    }

    (careful_obeyed, careful_broke), (careless_obeyed, careless_broke) = counts["careful"], counts["careless"]
    assert careful_obeyed > careful_broke == 0
    assert careless_broke > careless_obeyed == 0


def test_the_journal_tells_the_same_day(day: Day) -> None:
    assert day.left_out == ()
    assert isinstance(day.journal[0], RunStarted)
    assert isinstance(day.journal[-1], RunEnded)
    assert day.journal[-1].dropped == 0
    for agent in AGENTS:
        assert day.duplicates_in_journal(agent) == day.bookkeeping(agent)[3]
    calls = Counter(each.session for each in day.journal if isinstance(each, CallEnded))
    assert {agent: str(count) for agent, count in calls.items()} == day.row("calls made")
    episodes = Counter(each.session for each in day.journal if isinstance(each, EpisodeEnded))
    assert {agent: str(count) for agent, count in episodes.items()} == day.row("failures met")
    assert {each.session for each in day.journal if isinstance(each, SessionOver)} == set(AGENTS)


def test_the_samples_it_shows_agree_with_the_journal(day: Day) -> None:
    samples = re.findall(r"^  (chaosproxy_\w+)\{(\S+)\} (\S+)$", day.done.stdout, re.MULTILINE)
    counted = Counter(
        (each.fault, each.resolution, each.tool) for each in day.journal if isinstance(each, EpisodeEnded)
    )

    duplicates = {labels: float(value) for name, labels, value in samples if "duplicate_effects" in name}
    (doubled,) = [value for labels, value in duplicates.items() if 'certainty="confirmed"' in labels]
    assert doubled == sum(day.bookkeeping(agent)[3] for agent in AGENTS)
    episodes = [(labels, float(value)) for name, labels, value in samples if name == "chaosproxy_episodes_total"]
    assert episodes
    for labels, value in episodes:
        fault, resolution, tool = re.findall(r'="([^"]*)"', labels)
        assert counted[fault, resolution, tool] == value
