"""What of a journal could not be read is told once for each kind, and which runs it holds is found all the same."""

from pathlib import Path

import msgspec
import pytest

from chaosproxy.telemetry.journal_files import JournalFile
from chaosproxy.telemetry.journal_reader import KINDS_MOST, RunFound, Troubles, Unreadable, read_records, runs_in
from chaosproxy.telemetry.records import Control, RunEnded, RunStarted

STARTED = RunStarted(1, "2026-11-23T08:00:00.000000Z", 5.0, "r1", "monday", "abc", 7, "0.1")
ENDED = RunEnded(1, "2026-11-23T08:00:01.000000Z", 6.0, "r1", 1.0, 0, 0)


def line(record: object, **changes: object) -> bytes:
    return msgspec.json.encode(msgspec.to_builtins(record) | changes) + b"\n"


def read(path: Path, content: bytes) -> tuple[int, tuple[str, ...]]:
    path.write_bytes(content)
    troubles = Troubles()
    file = JournalFile(path, str(path))
    records = list(read_records(file, lambda found: troubles.add(file.name, found), lambda _: None))
    return len(records), troubles.told()


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (b'{"type":"call","v":1,"at":"2026\n', "cut off before its end"),
        (b"garbage\n", "not a line of a journal"),
        (b"\x00\x00\x00\n", "not a line of a journal"),
        (b"\xff\xfe\n", "not a line of a journal"),
        (b"[" * 100_000 + b"\n", "not a line of a journal"),
        (b"[" * 100_000 + b"]" * 100_000 + b"\n", "not a line of a journal"),
        (line(ENDED, v=2), "written by a newer version (v 2)"),
        (line(ENDED, type="dream"), "of a type that this version does not know (dream)"),
        (line(ENDED, type="\x1b[31m\n" + "x" * 500), "of a type that this version does not know (?[31m?" + "x" * 113),
        (line(ENDED, calls="three"), "Expected `int`, got `str` - at `$.calls`"),
    ],
)
def test_each_kind_is_named_and_the_rest_is_read(tmp_path: Path, bad: bytes, told: str) -> None:
    records, troubles = read(tmp_path / "run.jsonl", line(STARTED) + bad + line(ENDED))

    assert records == 2
    assert len(troubles) == 1
    assert troubles[0].startswith(f"run.jsonl: 1 line left out, at line 2: {told}")
    assert len(troubles[0]) < 250


def test_many_of_a_kind_are_one_sentence(tmp_path: Path) -> None:
    content = line(STARTED) + b"garbage\n" * 1_000 + line(ENDED, v=3) * 4 + line(ENDED) + b'{"type":"ca'

    records, troubles = read(tmp_path / "run.jsonl", content)

    assert records == 2
    assert troubles == (
        "run.jsonl: 1000 lines left out, first at line 2: not a line of a journal",
        "run.jsonl: 4 lines left out, first at line 1002: written by a newer version (v 3)",
        "run.jsonl: 1 line left out, at line 1007: cut off before its end",
    )


def test_a_million_kinds_are_told_shortly() -> None:
    troubles = Troubles()
    for number in range(5_000):
        troubles.add("run.jsonl", Unreadable(number + 1, f"kind {number}"))

    told = troubles.told()

    assert len(told) == KINDS_MOST + 1
    assert told[-1] == (
        f"run.jsonl: {5_000 - KINDS_MOST} lines left out, first at line {KINDS_MOST + 1}: unreadable in other ways"
    )


def test_runs_are_found_in_their_order(tmp_path: Path) -> None:
    other = msgspec.structs.replace(STARTED, run="r2", profile="tuesday")
    lost = Control(1, ENDED.at, 7.0, "r3", "me", "start", {})
    path = tmp_path / "run.jsonl"
    path.write_bytes(
        line(STARTED)
        + line(ENDED)
        + b"garbage\n"
        + line(other)
        + line(ENDED)
        + line(lost)
        + line(STARTED, run="r9", v=2)
    )

    assert runs_in(JournalFile(path, "run"), lambda _: None) == (
        RunFound("r1", STARTED),
        RunFound("r2", other),
        RunFound("r3", None),
    )
