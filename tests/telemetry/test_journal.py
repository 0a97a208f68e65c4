"""The journal from event to file and back: whole, in order, through full disks and kills."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chaosproxy.core.bus import Bus
from chaosproxy.core.clock import ManualClock
from chaosproxy.core.events import (
    Certainty,
    ConnectionCounted,
    DuplicateEffect,
    EpisodeOpened,
    Event,
    RequestRefused,
    RetryAfterJudged,
    RetryAfterVerdict,
)
from chaosproxy.telemetry.journal import BATCH, WAITING_MOST, Journal
from chaosproxy.telemetry.journal_reader import Unreadable, read_journal
from chaosproxy.telemetry.records import AgentEnded, CallEnded, Control, Record, RunEnded, RunStarted
from chaosproxy.telemetry.run import Run
from tests.telemetry.happenings import SESSION_ENDED, STRUCK, answered, call, episode, route

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def journaling(path: Path, who: str = "test") -> Iterator[tuple[Journal, Callable[[Event], None]]]:
    """A journal from start to close, and the publishing end of its bus."""
    bus = Bus()
    journal = Journal(path, Run("monday", "abc123", 7), ManualClock())
    journal.attach(bus)
    journal.start(who)
    try:
        yield journal, bus.publish
    finally:
        journal.close(who)


def read(path: Path) -> list[Record]:
    """All records of a journal in which everything can be read."""
    left_out: list[Unreadable] = []
    records = list(read_journal(path, left_out.append))
    assert left_out == []
    return records


def types(records: list[Record]) -> list[str]:
    return [str(each.__struct_config__.tag) for each in records]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.jsonl"


def test_a_run_from_start_to_end(path: Path) -> None:
    with journaling(path, "command line") as (_, publish):
        publish(answered())
        publish(episode())
        publish(SESSION_ENDED)
        publish(RetryAfterJudged("agent-1", "find", RetryAfterVerdict.EARLY, "retry-after", 2.0, 0.5))
        publish(DuplicateEffect(call(), Certainty.CONFIRMED))
        publish(RequestRefused("bad_framing", "two lengths", 400))
        publish(ConnectionCounted(1))
        publish(EpisodeOpened(1, "agent-1", "find", "latency"))

    records = read(path)
    assert types(records) == [
        "run_started",
        "control",
        "call",
        "episode",
        "session",
        "retry_after",
        "duplicate_effect",
        "refused",
        "control",
        "run_ended",
    ]
    assert {each.run for each in records} == {records[0].run}
    controls = [(each.who, each.what) for each in records if isinstance(each, Control)]
    assert controls == [("command line", "start"), ("command line", "stop")]
    ended = records[-1]
    assert isinstance(ended, RunEnded)
    assert (ended.calls, ended.dropped, ended.eligible) == (1, 0, None)


def test_the_end_says_which_rules_were_never_asked(path: Path) -> None:
    matched = {"down": 0, "never": 0}
    journal = Journal(path, Run("monday", "abc123", 7), ManualClock(), lambda: matched)
    journal.start("test")
    matched["down"] = 4
    journal.record_agent("python", 1, 2.5)
    journal.close("test")

    agent, _, ended = read(path)[-3:]
    assert isinstance(agent, AgentEnded)
    assert isinstance(ended, RunEnded)
    assert (agent.command, agent.status) == ("python", 1)
    assert ended.eligible == {"down": 4, "never": 0}


@pytest.mark.parametrize("calls", [1, BATCH - 1, BATCH, BATCH + 1, 10 * BATCH + 3])
def test_every_call_once_and_in_order(path: Path, calls: int) -> None:
    with journaling(path) as (journal, publish):
        for number in range(calls):
            publish(answered(number))
            if number % 50 == 0:
                journal.flush()

    assert [each.number for each in read(path) if isinstance(each, CallEnded)] == list(range(calls))


def test_flush_writes_what_waits(path: Path) -> None:
    with journaling(path) as (journal, publish):
        publish(answered())
        journal.flush()

        assert types(read(path))[-1] == "call"


def test_written_before_long_without_being_asked(path: Path) -> None:
    with journaling(path) as (_, publish):
        publish(answered())
        deadline = time.monotonic() + 30
        while types(read(path))[-1] != "call":
            assert time.monotonic() < deadline, "nothing was written by itself"


def test_the_next_run_is_appended(path: Path) -> None:
    for _ in range(2):
        with journaling(path):
            pass

    started = [each.run for each in read(path) if isinstance(each, RunStarted)]
    assert len(started) == len(set(started)) == 2


def test_no_secrets(path: Path) -> None:
    secretive = call(aim=route(query="api_key=hush-query&page=2&hush-bare"))
    with journaling(path) as (_, publish):
        publish(answered(about=secretive, decision=STRUCK))

    text = path.read_text()
    assert "hush" not in text
    assert "api_key=&page=" in text


def test_text_that_is_no_text(path: Path) -> None:
    odd = call(aim=route(path="/caf\udce9/ünï"))
    with journaling(path) as (_, publish):
        publish(answered(1))
        publish(answered(2, about=odd))

    targets = [each.target for each in read(path) if isinstance(each, CallEnded)]
    assert targets == ["/v1/items", "/caf?/ünï"]


def test_full_disk(caplog: pytest.LogCaptureFixture) -> None:
    with journaling(Path("/dev/full")) as (journal, publish):
        for number in range(WAITING_MOST + 5 * BATCH):
            publish(answered(number))
        journal.flush()
        waiting_is_bounded = 0 < journal.dropped < WAITING_MOST

    assert waiting_is_bounded
    # run_started, two control lines, all calls, run_ended
    assert journal.dropped == WAITING_MOST + 5 * BATCH + 4
    assert [record.message for record in caplog.records if record.levelno == logging.WARNING] == [
        "journal_not_written file=/dev/full error=No space left on device",
        f"journal_incomplete file=/dev/full dropped={journal.dropped}",
    ]


# The disk has room for 20,000 bytes, then for all: the limit on the size of files does to write() what a disk does.
DISK_WITH_SPACE_AGAIN = """
import logging, resource, sys
from pathlib import Path
from chaosproxy.core.bus import Bus
from chaosproxy.core.clock import ManualClock
from chaosproxy.telemetry.journal import Journal
from chaosproxy.telemetry.run import Run
from tests.telemetry.happenings import answered

logging.basicConfig(format="%(message)s", stream=sys.stdout)
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, most))
bus = Bus()
journal = Journal(Path("run.jsonl"), Run("monday", "abc123", 7), ManualClock())
journal.attach(bus)
journal.start("test")
for number in range(1_000):
    bus.publish(answered(number))
    if number % 100 == 0:
        journal.flush()
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
journal.close("test")
print(journal.dropped)
"""


def test_disk_with_space_again_gets_everything(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", DISK_WITH_SPACE_AGAIN],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.splitlines() == [
        "journal_not_written file=run.jsonl error=File too large",
        "journal_written_again file=run.jsonl dropped=0",
        "0",
    ]
    assert [each.number for each in read(tmp_path / "run.jsonl") if isinstance(each, CallEnded)] == list(range(1_000))


def test_killed(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, ROOT / "tests" / "telemetry" / "journal_writer.py", path],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "kill me\n"
        writer.kill()
        killed = time.monotonic()
        assert writer.wait() == -signal.SIGKILL

    left_out: list[Unreadable] = []
    records = list(read_journal(path, left_out.append))
    calls = [each for each in records if isinstance(each, CallEnded)]
    assert len(left_out) <= 1, "only the last line can be half"
    assert [each.number for each in calls] == list(range(1, len(calls) + 1))
    assert killed - calls[-1].mono < 1
    assert calls[-1].mono - calls[0].mono > 1

    with journaling(path):
        pass
    assert types(list(read_journal(path, left_out.append)))[-4:] == ["run_started", "control", "control", "run_ended"]
