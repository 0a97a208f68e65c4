"""Processes are known by a mark in their environment, however they detach themselves."""

import os
import subprocess
import sys

from chaosproxy.launch.processes import group_of, marked

WAITING = "import sys; print(flush=True); sys.stdin.read()"


def waiting(mark: str) -> subprocess.Popen[bytes]:
    """A process in a session of its own that carries the mark, and ends when its input does."""
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "A_MARK": mark},
        start_new_session=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_only_those_with_the_very_value_are_found() -> None:
    with waiting("http://127.0.0.1:4012") as one, waiting("http://127.0.0.1:40123") as other:
        found = marked("A_MARK", "http://127.0.0.1:4012")
        assert [each.pid for each in found] == [one.pid]
        assert "python" in found[0].name.lower()
        assert group_of(one.pid) == one.pid
        one.communicate()
        other.communicate()

    assert marked("A_MARK", "http://127.0.0.1:4012") == []
    assert group_of(one.pid) is None
