"""`chaosproxy run profile.yaml -- python my_agent.py`: no change to the agent, a report at the end, an exit code."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from chaosproxy.telemetry.records import RunEnded, RunStarted
from tests.e2e.programs import chaosproxy, wait_for
from tests.e2e.run_agents import Tool, agent_line, calls, records, run, tool, write_agent, write_profile

FAILS_ONCE = {"name": "the tool fails once", "when": {"attempts": 1}, "fault": {"type": "server_error", "status": 503}}
NEVER = {"name": "for nobody", "match": {"path": "/nowhere"}, "fault": {"type": "server_error"}}
RECOVERS = {"recovery_rate": {"at_least": "100%"}}

RETRIES = """
import sys, time, requests
for _ in range(3):
    answer = requests.get(sys.argv[1] + "/v1/search", timeout=20)
    if answer.status_code == 200:
        break
    time.sleep(float(answer.headers.get("Retry-After") or 0.2))
print("found", answer.json())
"""
GIVES_UP = "import sys, requests\nrequests.get(sys.argv[1] + '/v1/search', timeout=20)\n"


@pytest.fixture
def a_tool() -> Iterator[Tool]:
    with tool() as given:
        yield given


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """Where temporary files go, and nothing else."""
    folder = tmp_path / "private"
    folder.mkdir()
    return folder


# The promise


def test_an_agent_that_knows_nothing_of_it_is_judged(a_tool: Tool, tmp_path: Path, private: Path) -> None:
    profile = write_profile(tmp_path, a_tool, rules=[FAILS_ONCE], expect=RECOVERS)
    agent = write_agent(tmp_path, RETRIES)

    done = run(profile, agent=[*agent, a_tool.url], environ={"TMPDIR": str(private)})

    assert done.returncode == 0, done.stderr
    assert done.stdout == "found {'path': '/v1/search'}\n"
    assert a_tool.asked == ["GET /v1/search"]
    said = done.stderr
    assert re.match(
        r"profile  mine \(1 rule, seed 0, [0-9a-f]{12}\)\nlisten   http://127\.0\.0\.1:\d+ \(session agent", said
    )
    assert re.search(r"^PASS  mine", said, re.MULTILINE)
    assert "\x1b" not in said
    assert list(private.iterdir()) == []


def test_what_the_tool_gets_does_not_betray_us(a_tool: Tool, tmp_path: Path) -> None:
    agent = write_agent(tmp_path, RETRIES)

    run(write_profile(tmp_path, a_tool), agent=[*agent, a_tool.url])

    assert a_tool.headers[0]["host"] == a_tool.url.removeprefix("http://")
    assert "proxy-authorization" not in a_tool.headers[0]
    assert "chaos" not in json.dumps(a_tool.headers).lower()


# Exit codes


@pytest.mark.parametrize(
    ("parts", "code", "ends"),
    [
        ({"rules": [FAILS_ONCE], "expect": RECOVERS}, RETRIES, (0, "PASS")),
        ({"rules": [FAILS_ONCE], "expect": RECOVERS}, GIVES_UP, (1, "recovery_rate")),
        ({"rules": [FAILS_ONCE]}, RETRIES + "sys.exit(3)\n", (1, "agent_exit_status: 3, expected at most 0")),
        (
            {"rules": [FAILS_ONCE], "expect": {"agent_exit_status": {"at_most": 5}}},
            RETRIES + "sys.exit(3)\n",
            (0, "PASS"),
        ),
        ({"rules": [NEVER]}, RETRIES, (3, "'for nobody' never fired")),
        (
            {"rules": [FAILS_ONCE], "expect": {"recovery_rate": {"at_least": "50%", "cases": 10}}},
            RETRIES,
            (3, "too few"),
        ),
        ({"rules": [FAILS_ONCE]}, "", (3, "the agent called nothing")),
        ({"rules": [FAILS_ONCE]}, "raise RuntimeError('at once')\n", (1, "agent_exit_status: 1")),
        ({"rules": [FAILS_ONCE]}, "import os\nos.kill(os.getpid(), 9)\n", (1, "agent_exit_status: 137")),
    ],
)
def test_the_exit_code_is_the_verdict(
    parts: dict[str, object], code: str, ends: tuple[int, str], a_tool: Tool, tmp_path: Path
) -> None:
    (exit_code, said), journal = ends, tmp_path / "run.jsonl"
    agent = write_agent(tmp_path, code)
    done = run(write_profile(tmp_path, a_tool, **parts), "--journal", str(journal), agent=[*agent, a_tool.url])

    assert (done.returncode, said in done.stderr) == (exit_code, True), done.stderr

    again = chaosproxy("report", str(journal))
    assert again.returncode == exit_code, again.stderr
    first_line = re.compile(r"^(PASS|FAIL|INCONCLUSIVE) .*", re.MULTILINE)
    found, repeated = first_line.search(done.stderr), first_line.search(again.stdout)
    assert found is not None
    assert repeated is not None
    assert repeated[0] == found[0]


def test_a_broken_profile_starts_nothing(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    agent = write_agent(tmp_path, f"open({str(touched)!r}, 'w')\n")
    done = run(write_profile(tmp_path, None, rulez=[]), "--report", str(tmp_path / "out"), agent=agent)

    assert done.returncode == 2
    assert "rulez" in done.stderr
    assert not touched.exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (["pythn3-of-mine"], "the command 'pythn3-of-mine' is not found in PATH"),
        (["./agent.py"], "agent.py is not executable; say: -- python agent.py"),
        (["./scripted"], "scripted cannot be run: its interpreter"),
        (["./no-program"], "no-program cannot be run: Exec format error"),
        ([], "which command? It stands behind `--`: chaosproxy run quiet -- python my_agent.py"),
    ],
)
def test_a_command_that_cannot_be_run_is_a_usage_error(agent: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "agent.py").write_text("")
    for name, text in (("scripted", "#!/no/such/interpreter\n"), ("no-program", "\0\0\0\0")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)

    done = run("quiet", agent=agent, folder=tmp_path)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--session", "two words"], "is no name of letters, digits"),
        (["--baseline", "empty.jsonl"], "there is no run in empty.jsonl"),
        (["--baseline", "nowhere.jsonl"], "does not exist"),
        (["--report", "empty.jsonl"], "is a file"),
        (["--report", "empty.jsonl/below"], "Not a directory"),
        (["--format", "pdf"], "'pdf' is not one of"),
    ],
)
def test_wrong_options_start_nothing(arguments: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    done = run("quiet", *arguments, agent=["touch", "touched"], folder=tmp_path)

    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--journal", "/dev/full"],
            "--journal /dev/full: this is no regular file, and the report is read back from it",
        ),
        (["--journal", "nowhere/j.jsonl"], "--journal nowhere/j.jsonl: there is no folder nowhere"),
        (["--output", "nowhere/r.txt"], "the report nowhere/r.txt cannot be written: there is no folder nowhere"),
        (["--report", "/proc/nowhere"], "--report /proc/nowhere: No such file or directory"),
    ],
)
def test_what_cannot_be_written_is_said_before_the_agent_runs(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = run("quiet", *arguments, agent=["touch", "touched"], folder=tmp_path)

    assert (done.returncode, done.stderr) == (2, f"{said}\n")
    assert not (tmp_path / "touched").exists()


def test_a_report_that_cannot_be_written_is_printed(tmp_path: Path) -> None:
    done = run("quiet", "--output", "/dev/full", "--format", "html", agent=["true"], folder=tmp_path)

    assert done.returncode == 4
    assert "\nINCONCLUSIVE  quiet" in done.stderr
    assert done.stderr.endswith("chaosproxy: the report /dev/full cannot be written: No space left on device\n")


def test_a_port_that_is_taken_is_the_proxy_s_failure(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run("quiet", "--listen", address, agent=["touch", "touched"], folder=tmp_path)

    assert done.returncode == 4
    assert f"cannot listen on {address}" in done.stderr
    assert not (tmp_path / "touched").exists()


def test_an_agent_that_calls_nothing_is_told_how_clients_find_the_proxy(tmp_path: Path) -> None:
    done = run(write_profile(tmp_path, None, rules=[FAILS_ONCE]), agent=["true"])

    assert done.returncode == 3
    assert "trust_env=True" in done.stderr
    assert re.search(
        r"CHAOSPROXY_UPSTREAM_TOOL=http://127\.0\.0\.1:\d+/~agent/tool  ->  http://127\.0\.0\.1:9", done.stderr
    )


# The agent's input and output


def test_input_and_output_are_the_agent_s_own(tmp_path: Path) -> None:
    text = b"\0\xff line\r\n" * 1_000_000
    code = (
        "import sys, shutil\nshutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)\nsys.stderr.write('a word\\n')\n"
    )
    agent = write_agent(tmp_path, code)
    command = [sys.executable, "-m", "chaosproxy", "run", "quiet", "--progress", "off", "--output", "report.txt", "--"]
    done = subprocess.run([*command, *agent], input=text, capture_output=True, check=False, cwd=tmp_path, timeout=60)

    assert done.stdout == text
    assert done.stderr.startswith(b"a word\n")
    assert b"profile" not in done.stderr
    assert (tmp_path / "report.txt").read_text().startswith("INCONCLUSIVE  quiet")


def test_arguments_and_folder_are_passed_on_as_they_are(tmp_path: Path) -> None:
    agent = write_agent(tmp_path, "import os, sys\nprint(sys.argv[1:], os.getcwd())\n")
    odd = ["--help", "--", "-x", "a b", "", "'\"$(id)"]
    done = run("quiet", agent=[*agent, *odd], folder=tmp_path)

    assert done.stdout == f"{odd} {tmp_path}\n"


def test_the_environment_is_the_user_s_and_what_leads_here(tmp_path: Path) -> None:
    agent = write_agent(tmp_path, "import json, os\nprint(json.dumps(dict(os.environ)))\n")
    environ = {"MINE": "1", "NO_PROXY": "localhost,.corp.example", "OPENAI_BASE_URL": "http://127.0.0.1:9/v9"}
    done = run(write_profile(tmp_path, None), "--session", "run-7", agent=agent, environ=environ)

    seen = json.loads(done.stdout)
    listen = seen["CHAOSPROXY_URL"].removeprefix("http://")
    assert seen["MINE"] == "1"
    assert seen["HTTP_PROXY"] == seen["https_proxy"] == f"http://run-7:x@{listen}"
    assert seen["NO_PROXY"] == f".corp.example,{seen['CHAOSPROXY_ADMIN_URL'].removeprefix('http://')}"
    assert seen["OPENAI_BASE_URL"] == f"http://{listen}/~run-7/tool/v9"
    assert seen["CHAOSPROXY_SESSION"] == "run-7"
    assert seen.get("SSL_CERT_FILE") == os.environ.get("SSL_CERT_FILE")  # there is nothing to trust
    assert "note     NO_PROXY: taken out localhost" in done.stderr


def test_signals_that_python_ignores_are_not_ignored_by_the_agent(tmp_path: Path) -> None:
    bare = subprocess.run(["cat", "/proc/self/status"], capture_output=True, text=True, check=True).stdout
    done = run("quiet", agent=["cat", "/proc/self/status"], folder=tmp_path)

    def masks(status: str) -> list[int]:
        """Of the signals that there are for programs; glibc keeps two more to itself."""
        found = re.findall(r"^Sig(?:Blk|Ign):\t(\w+)", status, re.MULTILINE)
        return [int(each, 16) & 0x7FFFFFFF for each in found]

    assert masks(done.stdout) == masks(bare)


# Files


def test_the_folder_of_reports_has_every_format_with_the_same_verdict(a_tool: Tool, tmp_path: Path) -> None:
    profile = write_profile(tmp_path, a_tool, rules=[FAILS_ONCE], expect=RECOVERS)
    agent = write_agent(tmp_path, GIVES_UP)
    out = tmp_path / "new" / "out"
    for _ in range(2):  # the second run leaves nothing of the first
        done = run(profile, "--report", str(out), agent=[*agent, a_tool.url])

    assert done.returncode == 1
    assert {each.name for each in out.iterdir()} == {
        "report.html",
        "report.json",
        "report.md",
        "junit.xml",
        "journal.jsonl",
    }
    report = json.loads((out / "report.json").read_text())
    assert (report["verdict"]["result"], report["run"]["command"]) == ("fail", Path(sys.executable).name)
    assert (out / "report.md").read_text().startswith("## ❌ FAIL")
    assert "FAIL" in (out / "report.html").read_text()
    assert ET.parse(out / "junit.xml").find(".//failure") is not None  # noqa: S314  our own
    kinds = [type(each) for each in records(out / "journal.jsonl")]
    assert (kinds.count(RunStarted), kinds[-1]) == (1, RunEnded)
    assert chaosproxy("report", str(out / "journal.jsonl")).returncode == 1


def test_a_journal_is_appended_to_and_the_report_is_of_this_run_alone(a_tool: Tool, tmp_path: Path) -> None:
    journal, agent = tmp_path / "all.jsonl", write_agent(tmp_path, RETRIES)
    profile = write_profile(tmp_path, a_tool, rules=[FAILS_ONCE])
    failed = run(profile, "--journal", str(journal), agent=["false"])
    done = run(profile, "--journal", str(journal), "--report", str(tmp_path / "out"), agent=[*agent, a_tool.url])

    assert (failed.returncode, done.returncode) == (1, 0)
    assert [each.run for each in records(journal) if isinstance(each, RunStarted)] != []
    assert sum(isinstance(each, RunStarted) for each in records(journal)) == 2
    assert {each.session for each in calls(journal)} == {"agent"}


def test_the_journal_tells_how_the_agent_ended_and_no_argument_of_it(a_tool: Tool, tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"
    run("quiet", "--journal", str(journal), agent=["sh", "-c", "exit 7 # token-of-mine"])

    line = agent_line(journal)
    assert (line.command, line.status) == ("sh", 7)
    assert 0 < line.seconds < 30
    assert "token-of-mine" not in journal.read_text()


def test_the_report_can_be_had_in_another_format(tmp_path: Path) -> None:
    done = run("quiet", "--format", "json", "--output", "r.json", agent=["true"], folder=tmp_path)

    assert json.loads((tmp_path / "r.json").read_text())["verdict"]["exit_code"] == done.returncode == 3


def test_a_baseline_is_compared_with(a_tool: Tool, tmp_path: Path) -> None:
    agent = write_agent(tmp_path, RETRIES)
    calm, out = tmp_path / "calm.jsonl", tmp_path / "out"
    run(write_profile(tmp_path, a_tool), "--journal", str(calm), agent=[*agent, a_tool.url])
    profile = write_profile(tmp_path, a_tool, rules=[FAILS_ONCE])
    run(profile, "--baseline", str(calm), "--report", str(out), agent=[*agent, a_tool.url])

    assert json.loads((out / "report.json").read_text())["control"]["source"] == "calm.jsonl"


# Nothing is left


LEAVES_A_DAEMON = """
import os, subprocess, sys
child = subprocess.Popen(["sleep", "600"], start_new_session=True, stdin=-3, stdout=-3, stderr=-3)
print(child.pid)
"""


def test_a_process_that_the_agent_leaves_is_told_of_and_lives(tmp_path: Path, private: Path) -> None:
    done = run("quiet", agent=write_agent(tmp_path, LEAVES_A_DAEMON), environ={"TMPDIR": str(private)})
    pid = int(done.stdout)
    try:
        assert f"note     still there, and started by the agent: sleep (pid {pid})" in done.stderr
        os.kill(pid, 0)
    finally:
        os.kill(pid, signal.SIGKILL)
    assert list(private.iterdir()) == []


def test_children_that_end_with_the_agent_are_not_told_of(tmp_path: Path) -> None:
    done = run("quiet", agent=["sh", "-c", "sleep 0.01 & wait; echo done | cat"])

    assert done.stdout == "done\n"
    assert "still there" not in done.stderr


def test_a_hanging_call_of_an_agent_that_has_ended_holds_nothing_up(a_tool: Tool, tmp_path: Path) -> None:
    hangs = {"name": "hangs", "fault": {"type": "timeout", "after": "10m"}}
    code = (
        "import sys, requests\ntry:\n    requests.get(sys.argv[1], timeout=0.3)\nexcept requests.Timeout:\n    pass\n"
    )
    journal = tmp_path / "run.jsonl"
    agent = write_agent(tmp_path, code)
    done = run(write_profile(tmp_path, a_tool, rules=[hangs]), "--journal", str(journal), agent=[*agent, a_tool.url])

    (call,) = calls(journal)
    assert (str(call.outcome), call.seconds < 10) == ("timeout", True), done.stderr


def test_killed_without_a_word_the_agent_s_calls_fail_and_none_gets_past_us(a_tool: Tool, tmp_path: Path) -> None:
    code = """
import os, pathlib, signal, sys, time, requests
os.kill(os.getppid(), signal.SIGKILL)
try:
    for _ in range(1000):
        requests.get(sys.argv[1] + "/alone", timeout=5)
        time.sleep(0.01)
except requests.ConnectionError:
    pathlib.Path("refused").write_text("")
"""
    agent, environ = [*write_agent(tmp_path, code), a_tool.url], {"TMPDIR": str(tmp_path)}
    done = run(write_profile(tmp_path, a_tool), agent=agent, environ=environ, folder=tmp_path)

    assert done.returncode == -signal.SIGKILL
    wait_for("the agent's end", lambda: True if (tmp_path / "refused").exists() else None)
