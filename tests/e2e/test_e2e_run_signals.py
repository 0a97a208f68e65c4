"""Signals and terminals: each reaches the agent once, a TTY stays a TTY, and whoever does not stop is stopped."""

import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.programs import PATIENCE, Program, poll, wait_for
from tests.e2e.run_agents import agent_line, run_command, write_agent, write_profile
from tests.e2e.terminals import CTRL_BACKSLASH, CTRL_C, CTRL_Z, Terminal

# Says each signal that comes, and ends when `go` is there.
LISTENS = """
import os, pathlib, signal, sys, time
def heard(number, _frame):
    print("heard", signal.Signals(number).name, flush=True)
for name in sys.argv[1:]:
    signal.signal(getattr(signal, name), heard)
print("agent", os.getpid(), "ready", sys.stdin.isatty(), sys.stdout.isatty(), flush=True)
until = time.monotonic() + 60
while not pathlib.Path("go").exists() and time.monotonic() < until:
    time.sleep(0.02)
print("bye", flush=True)
"""


def listening(folder: Path, *names: str) -> list[str]:
    return [*write_agent(folder, LISTENS), *names]


def gone(pid: int) -> bool | None:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # A zombie whose parent is of this test's own making, and gone, is as good as gone.
    return True if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z" else None


def agent_of(text: str) -> int:
    found = re.search(r"agent (\d+) ready", text)
    assert found is not None
    return int(found[1])


@pytest.fixture
def private(tmp_path: Path) -> Path:
    folder = tmp_path / "private"
    folder.mkdir()
    return folder


def on_terminal(folder: Path, *names: str, arguments: tuple[str, ...] = ()) -> Terminal:
    command = run_command("quiet", "--progress", "off", *arguments, agent=listening(folder, *names))
    return Terminal(command, folder, {"TMPDIR": str(folder / "private"), "NO_COLOR": "1"})


# On a terminal


def test_the_agent_has_the_terminal(tmp_path: Path, private: Path) -> None:
    (tmp_path / "go").touch()
    with on_terminal(tmp_path) as terminal:
        assert terminal.end() == 3
        assert re.search(r"agent \d+ ready True True", terminal.text)


def test_ctrl_c_reaches_the_agent_once_and_ends_the_run(tmp_path: Path, private: Path) -> None:
    with on_terminal(tmp_path, "SIGINT", "SIGUSR1", arguments=("--journal", "run.jsonl")) as terminal:
        terminal.until("ready")
        ours = os.getsid(terminal.process.pid)
        os.kill(ours, signal.SIGSTOP)  # or a second one could come so soon that the agent takes both for one
        terminal.press(CTRL_C)
        terminal.until("heard SIGINT")
        os.kill(ours, signal.SIGCONT)
        os.kill(ours, signal.SIGUSR1)  # passed on after all that came before it
        terminal.until("heard SIGUSR1")
        (tmp_path / "go").touch()

        assert terminal.end() == 130
        assert terminal.text.count("heard SIGINT") == 1
        assert "INCONCLUSIVE  quiet" in terminal.text  # the report is there all the same
    assert agent_line(tmp_path / "run.jsonl").status == 0
    assert list(private.iterdir()) == []


def test_ctrl_c_ends_an_agent_that_does_not_listen(tmp_path: Path, private: Path) -> None:
    with on_terminal(tmp_path, arguments=("--journal", "run.jsonl")) as terminal:
        terminal.until("ready")
        terminal.press(CTRL_C)

        assert terminal.end() == 130
        assert terminal.text.count("KeyboardInterrupt") == 1
    assert agent_line(tmp_path / "run.jsonl").status == 128 + signal.SIGINT
    assert list(private.iterdir()) == []


def test_ctrl_c_twice_kills_an_agent_that_goes_on(tmp_path: Path, private: Path) -> None:
    with on_terminal(tmp_path, "SIGINT", "SIGTERM") as terminal:
        agent = agent_of(terminal.until("ready"))
        terminal.press(CTRL_C)
        terminal.until("heard SIGINT")
        terminal.press(CTRL_C)

        assert terminal.end() == 130
        assert gone(agent)
        assert "agent python" in terminal.text
    assert list(private.iterdir()) == []


def test_who_waits_after_a_ctrl_c_is_told_what_helps(tmp_path: Path, private: Path) -> None:
    with on_terminal(tmp_path, "SIGINT") as terminal:
        terminal.until("ready")
        terminal.press(CTRL_C)
        terminal.until("the agent goes on; Ctrl-C twice within 3 seconds kills it")
        (tmp_path / "go").touch()

        assert terminal.end() == 130


TALKS = """
import sys, urllib.request
try:
    print("ready", flush=True)
    sys.stdin.readline()
except KeyboardInterrupt:
    print("what instead?", flush=True)
print("you said", sys.stdin.readline().strip(), flush=True)
try:
    urllib.request.urlopen(sys.argv[1])
except OSError:
    pass
"""


def test_an_agent_that_talks_with_its_user_may_be_interrupted_and_go_on(tmp_path: Path) -> None:
    profile = write_profile(tmp_path, None, expect={"agent_exit_status": {"at_most": 0}})
    agent = [*write_agent(tmp_path, TALKS), "http://127.0.0.1:9/"]
    with Terminal(run_command(profile, agent=agent), tmp_path, {"NO_COLOR": "1"}) as terminal:
        terminal.until("ready")
        terminal.press(CTRL_C)
        terminal.until("what instead?")
        terminal.press(b"go on\n")

        assert terminal.end() == 0
        terminal.until("you said go on", "PASS  mine")


def test_a_signal_to_us_alone_is_passed_on_once(tmp_path: Path, private: Path) -> None:
    with on_terminal(tmp_path, "SIGINT", "SIGUSR1", "SIGUSR2") as terminal:
        terminal.until("ready")
        ours = os.getsid(terminal.process.pid)
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT):
            os.kill(ours, number)
            terminal.until(f"heard {number.name}")
        (tmp_path / "go").touch()

        assert terminal.end() == 130
        assert re.findall(r"heard (\w+)", terminal.text) == ["SIGUSR1", "SIGUSR2", "SIGINT"]


def test_quit_ends_the_agent_and_we_tell(tmp_path: Path, private: Path) -> None:
    with on_terminal(tmp_path) as terminal:
        terminal.until("ready")
        terminal.press(CTRL_BACKSLASH)

        assert terminal.end() == 130
        assert "status 131" in terminal.text


def test_a_terminal_that_goes_away_takes_the_agent_along(tmp_path: Path, private: Path) -> None:
    with on_terminal(tmp_path) as terminal:
        agent = agent_of(terminal.until("ready"))
        terminal.hang_up()

        assert terminal.process.wait(PATIENCE) in (130, 4)
        wait_for("the agent's end", lambda: gone(agent))
    assert list(private.iterdir()) == []


def test_a_job_can_be_stopped_and_go_on_in_a_shell(tmp_path: Path, private: Path) -> None:
    command = run_command("quiet", "--progress", "off", agent=listening(tmp_path, "SIGCONT"))
    environ = {"PS1": "prompt> ", "TMPDIR": str(private), "HISTFILE": "/dev/null"}
    with Terminal(["bash", "--norc", "--noprofile", "-i"], tmp_path, environ) as terminal:
        terminal.until("prompt> ")
        terminal.press(" ".join(command).encode() + b"\n")
        terminal.until("ready")
        terminal.press(CTRL_Z)
        terminal.until("Stopped", "prompt> ")
        terminal.press(b"fg\n")
        terminal.until("Stopped", "heard SIGCONT")
        (tmp_path / "go").touch()
        terminal.until("heard SIGCONT", "bye", "INCONCLUSIVE")
        terminal.press(b"echo status $?; exit\n")
        terminal.until("status 3")
        terminal.end()


def test_the_agent_is_told_of_a_new_size(tmp_path: Path, private: Path) -> None:
    with on_terminal(tmp_path, "SIGWINCH") as terminal:
        terminal.until("ready")
        terminal.resize(30, 90)
        terminal.until("heard SIGWINCH")
        (tmp_path / "go").touch()
        assert terminal.end() == 3


def test_the_run_is_shown_at_the_bottom_and_the_agent_s_lines_stay_whole(tmp_path: Path, private: Path) -> None:
    lines = "for n in $(seq 100); do echo line $n of the agent; echo error $n of it >&2; sleep 0.01; done"
    with Terminal(run_command("quiet", agent=["sh", "-c", lines]), tmp_path, {"NO_COLOR": "1"}) as terminal:
        assert terminal.end() == 3
        shown = re.sub(r"\x1bD\x1b\[1A|\x1b7.*?\x1b8", "", terminal.text)  # all that leaves the cursor where it was
        assert re.findall(r"\n(line \d+ of the agent)\r", shown) == [f"line {n} of the agent" for n in range(1, 101)]
        assert re.findall(r"\n(error \d+ of it)\r", shown) == [f"error {n} of it" for n in range(1, 101)]
        assert "0 calls  0 faults  0 episodes open" in terminal.text
        assert terminal.text.rindex("\x1b[r") > terminal.text.rindex("episodes open")  # all lines scroll again


# Without one


class Detached(Program):
    """A run without a terminal."""

    def __init__(self, folder: Path, *names: str, agent: list[str] | None = None) -> None:
        command = run_command("quiet", agent=agent or listening(folder, *names))
        super().__init__("setsid", *command, folder=folder, environ={"TMPDIR": str(folder / "private")})

    def ready(self) -> int:
        return agent_of(self.wait_for("the agent", lambda: self.out if "ready" in self.out else None))

    def heard(self, name: str) -> None:
        self.wait_for(name, lambda: True if f"heard {name}" in self.out else None)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"])
def test_asked_to_stop_the_agent_gets_its_chance(name: str, tmp_path: Path, private: Path) -> None:
    with Detached(tmp_path, name) as program:
        program.ready()
        program.process.send_signal(getattr(signal, name))
        program.heard(name)
        (tmp_path / "go").touch()

        assert program.process.wait(PATIENCE) == 130
        assert program.out.count(f"heard {name}") == 1
        assert program.out.endswith("bye\n")
        assert "INCONCLUSIVE  quiet" in program.err
    assert list(private.iterdir()) == []


def test_the_whole_of_the_agent_is_asked(tmp_path: Path, private: Path) -> None:
    """A shell between us and the agent would keep a signal to itself."""
    words = " ".join(listening(tmp_path))
    with Detached(tmp_path, agent=["sh", "-c", f"{words}; true"]) as program:
        agent = program.ready()
        program.process.send_signal(signal.SIGTERM)

        assert program.process.wait(PATIENCE) == 130
        wait_for("the agent's end", lambda: gone(agent))
        assert "still there" not in program.err


def test_an_agent_that_will_not_stop_is_killed_after_a_while(tmp_path: Path, private: Path) -> None:
    with Detached(tmp_path, "SIGTERM") as program:
        agent = program.ready()
        began = time.monotonic()
        program.process.send_signal(signal.SIGTERM)

        assert program.process.wait(PATIENCE) == 130
        assert time.monotonic() - began > 4.5
        assert gone(agent)
        assert "status 137" in program.err
    assert list(private.iterdir()) == []


def test_stopped_while_the_report_is_written_nothing_is_left(tmp_path: Path, private: Path) -> None:
    os.mkfifo(tmp_path / "nobody-reads")
    command = run_command("quiet", "--output", "nobody-reads", "--format", "text", "--journal", "j", agent=["true"])
    with Program(*command, folder=tmp_path, environ={"TMPDIR": str(private)}) as program:
        journal = tmp_path / "j"
        program.wait_for("the end", lambda: (journal.exists() and "run_ended" in journal.read_text()) or None)
        program.process.send_signal(signal.SIGTERM)

        assert program.process.wait(PATIENCE) == 130
    assert list(private.iterdir()) == []


def test_what_is_ignored_on_purpose_stays_ignored(tmp_path: Path, private: Path) -> None:
    command = run_command("quiet", agent=listening(tmp_path))
    environ = {"TMPDIR": str(private)}
    with Program("nohup", *command, folder=tmp_path, environ=environ) as program:
        program.wait_for("the agent", lambda: True if "ready" in program.out else None)
        program.process.send_signal(signal.SIGHUP)
        assert poll(program.process.poll, 0.5) is None
        (tmp_path / "go").touch()
        assert program.process.wait(PATIENCE) == 3


def test_a_stop_before_the_agent_has_begun_begins_nothing(tmp_path: Path, private: Path) -> None:
    command = run_command("quiet", agent=["touch", "touched"])
    code = (
        "import os, signal\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
        f"os.execv({command[0]!r}, {command!r})\n"
    )
    with Program(sys.executable, "-c", code, folder=tmp_path, environ={"TMPDIR": str(private)}) as program:
        assert program.process.wait(PATIENCE) == 130
        assert program.err.endswith("interrupted before the agent was started\n")
    assert not (tmp_path / "touched").exists()
    assert list(private.iterdir()) == []
