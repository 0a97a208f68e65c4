"""A reader that gets through any file: what it cannot read it names by its line."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.clock import ManualClock
from chaosproxy.core.errors import UsageError
from chaosproxy.telemetry.journal_reader import Unreadable, read_journal
from chaosproxy.telemetry.recording import Recorder
from chaosproxy.telemetry.records import CallEnded, Control, EpisodeEnded, Record
from chaosproxy.telemetry.run import Run
from tests.telemetry.happenings import answered, episode

RECORDER = Recorder(Run("monday", "abc123", 7, id="r1"), ManualClock())
CALL = msgspec.json.encode(RECORDER.call(answered())) + b"\n"
EPISODE = msgspec.json.encode(RECORDER.episode(episode())) + b"\n"


def read(path: Path, content: bytes) -> tuple[list[Record], list[Unreadable]]:
    path.write_bytes(content)
    left_out: list[Unreadable] = []
    return list(read_journal(path, left_out.append)), left_out


def test_records_come_as_their_types(tmp_path: Path) -> None:
    records, left_out = read(tmp_path / "j", CALL + EPISODE)

    assert [type(each) for each in records] == [CallEnded, EpisodeEnded]
    assert records == [RECORDER.call(answered()), RECORDER.episode(episode())]
    assert left_out == []


def test_cut_off_at_the_end(tmp_path: Path) -> None:
    records, left_out = read(tmp_path / "j", CALL + EPISODE + CALL[:50])

    assert len(records) == 2
    assert left_out == [Unreadable(3, "cut off before its end")]


@given(st.integers(0, len(CALL)))
def test_cut_off_anywhere(tmp_path_factory: pytest.TempPathFactory, length: int) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.jsonl"
    records, left_out = read(path, EPISODE + CALL[:length])

    # A line that lacks nothing but its newline is whole.
    whole = length >= len(CALL) - 1
    assert len(records) == 1 + whole
    assert [each.line for each in left_out] == ([] if whole or length == 0 else [2])


def later(**changes: object) -> bytes:
    return json.dumps(json.loads(EPISODE) | changes).encode() + b"\n"


@pytest.mark.parametrize(
    "line",
    [
        b"not json\n",
        b"{}\n",
        b"[1, 2]\n",
        b"\x00\x00\x00\x00\n",
        b'{"type": "call", "reason": "\xff\xfe"}\n',
        later(type="from the future"),
        later(v=2),
        later(attempts="three"),
        CALL[:50] + b"\n",
    ],
)
def test_one_bad_line_costs_one_line(tmp_path: Path, line: bytes) -> None:
    records, left_out = read(tmp_path / "j", CALL + line + EPISODE)

    assert [type(each) for each in records] == [CallEnded, EpisodeEnded]
    assert [each.line for each in left_out] == [2]
    assert left_out[0].reason


def test_says_what_is_wrong(tmp_path: Path) -> None:
    _, left_out = read(tmp_path / "j", later(resolution="resigned"))

    assert left_out == [Unreadable(1, "Invalid enum value 'resigned' - at `$.resolution`")]


def test_new_fields_and_empty_lines_do_no_harm(tmp_path: Path) -> None:
    records, left_out = read(tmp_path / "j", b"\n" + later(mood="good") + b"\n")

    assert (len(records), left_out) == (1, [])


def test_missing_journal(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the journal .*nowhere cannot be read: No such file or directory"):
        list(read_journal(tmp_path / "nowhere", lambda _: None))


def test_control_detail_comes_back(tmp_path: Path) -> None:
    line = msgspec.json.encode(RECORDER.control("admin", "stop", {"signal": "15"})) + b"\n"
    (record,), _ = read(tmp_path / "j", line)

    assert isinstance(record, Control)
    assert record.detail == {"signal": "15"}
