"""Lines of any file: plain or packed, whole or broken, and never more of it in memory than a block and a line."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.errors import UsageError
from chaosproxy.telemetry.journal_files import BLOCK, LONGEST_LINE, Damage, JournalFile, lines_of

ALPHABET = b"ab\n\r\x00\x1f\x8b\xff"


def lines(path: Path) -> list[tuple[int, bytes | Damage]]:
    return list(lines_of(JournalFile(path, path.name), lambda _: None))


@given(content=st.lists(st.sampled_from([ALPHABET[at : at + 1] for at in range(len(ALPHABET))])).map(b"".join))
def test_lines_are_what_stands_between_line_ends(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    for packed in (False, True):
        if content.startswith(b"\x1f\x8b") and not packed:
            continue
        path.write_bytes(gzip.compress(content) if packed else content)

        expected = content.split(b"\n")
        whole = expected[:-1] if expected[-1] == b"" else expected
        assert lines(path) == list(enumerate(whole, 1))


@pytest.mark.parametrize("line", [b"x" * 100, b"y" * (BLOCK - 1), b"z" * BLOCK, b"w" * (2 * BLOCK + 7)])
def test_lines_may_reach_over_blocks(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes((line + b"\n") * 3 + b"end")

    assert lines(path) == [(1, line), (2, line), (3, line), (4, b"end")]


def test_a_line_without_end_is_left_out_and_the_next_is_read(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(b"a\n" + b"x" * (LONGEST_LINE + 2 * BLOCK) + b"\nb\n")

    assert lines(path) == [(1, b"a"), (2, Damage("longer than 16 MiB")), (3, b"b")]


def test_a_packed_file_that_was_cut(tmp_path: Path) -> None:
    content = b"".join(b"%d\n" % number for number in range(50_000))
    path = tmp_path / "run.jsonl.gz"
    path.write_bytes(gzip.compress(content)[:-5_000])

    found = lines(path)

    whole = [line for _, line in found if isinstance(line, bytes)]
    assert content.startswith(b"\n".join(whole))
    assert len(whole) > 1_000
    assert [line for _, line in found if isinstance(line, Damage)] == [Damage("cut off before its end")]


def test_a_packed_file_that_was_damaged(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(b"".join(b"%d\n" % number for number in range(50_000))))
    packed[len(packed) // 2] ^= 0xFF
    path = tmp_path / "run.jsonl.gz"
    path.write_bytes(packed)

    damages = [line for _, line in lines(path) if isinstance(line, Damage)]

    assert damages == [Damage("damaged from here on (gzip)")]


def test_packed_files_that_were_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl.gz"
    path.write_bytes(gzip.compress(b"a\n") + gzip.compress(b"b\n"))

    assert lines(path) == [(1, b"a"), (2, b"b")]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_progress_comes_to_the_size_of_the_file(tmp_path: Path, pack: type[bytes]) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(pack(b"".join(b"line %d\n" % number for number in range(300_000))))
    steps: list[int] = []

    list(lines_of(JournalFile(path, "run"), steps.append))

    assert sum(steps) == path.stat().st_size


@pytest.mark.parametrize(("name", "reason"), [("nowhere", "No such file or directory"), (".", "Is a directory")])
def test_what_is_no_file_is_said_in_a_sentence(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(UsageError, match=rf"^the journal .* cannot be read: .*{reason}"):
        list(lines_of(JournalFile(tmp_path / name, name), lambda _: None))


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.touch()

    assert lines(path) == []
