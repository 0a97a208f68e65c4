"""A file that survives full disks and killed writers, and says at once when it cannot be written at all."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from chaosproxy.core.errors import StartError
from chaosproxy.telemetry.backlog import Backlog
from chaosproxy.telemetry.line_file import LineFile


def write(path: Path, lines: bytes) -> None:
    backlog = Backlog(lines_most=100)
    backlog.put(lines, lines.count(b"\n"))
    file = LineFile(path)
    file.write(backlog)
    file.close()


def test_appends(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    write(path, b"one\ntwo\n")
    write(path, b"three\n")

    assert path.read_bytes() == b"one\ntwo\nthree\n"


def test_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    write(path, b"one\n")

    assert stat.filemode(path.stat().st_mode) == "-rw-------"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b"new\n"),
        (b"old\n", b"old\nnew\n"),
        (b'old\n{"half', b'old\n{"half\nnew\n'),
    ],
)
def test_half_a_line_stays_alone(tmp_path: Path, before: bytes, after: bytes) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(before)
    write(path, b"new\n")

    assert path.read_bytes() == after


def test_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"the journal .* cannot be written: Is a directory"):
        LineFile(tmp_path)


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"the journal .* cannot be written: No such file or directory"):
        LineFile(tmp_path / "nowhere" / "run.jsonl")


# A disk with room for 1,000 bytes, then for more: the limit on the size of files does to write() what a disk does.
SMALL_DISK = """
import resource, sys
from pathlib import Path
from chaosproxy.telemetry.backlog import Backlog
from chaosproxy.telemetry.line_file import LineFile

_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, most))
backlog = Backlog(10_000)
file = LineFile(Path(sys.argv[1]))
for number in range(300):
    backlog.put(b"line %d\\n" % number, 1)
    try:
        file.write(backlog)
    except OSError as error:
        print(number, error.strerror)
        break
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
backlog.put(b"space again\\n", 1)
file.write(backlog)
print(backlog.dropped)
"""


def test_goes_on_from_the_byte_where_the_disk_was_full(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    writer = subprocess.run([sys.executable, "-c", SMALL_DISK, path], capture_output=True, text=True, check=True)

    assert writer.stdout == "123 File too large\n0\n"
    assert path.read_text() == "".join(f"line {number}\n" for number in range(124)) + "space again\n"
