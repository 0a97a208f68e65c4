"""`chaosproxy report` as a user and a CI system meet it: what is printed, what is written, the exit code."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import NamedTuple, Protocol

import pytest
from msgspec.structs import replace

from chaosproxy import cli
from chaosproxy.cli.options import REPORT_FORMATS
from chaosproxy.reports.formats import FORMATS
from chaosproxy.telemetry.records import CallEnded, RunEnded
from tests.reports.sample import write
from tests.reports.sample_journal import RUN, sample_lines

LINES = sample_lines(6)
PROGRAM = [sys.executable, "-m", "chaosproxy", "report"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "run.jsonl"
    write(path, LINES)
    return path


class Done(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: bytes
    stderr: bytes


class Report(Protocol):
    """The command, in this process."""

    def __call__(self, *arguments: "str | Path") -> Done: ...


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Report:
    """Most of what is asked here needs no process of its own."""

    def call(*arguments: "str | Path") -> Done:
        monkeypatch.setattr(sys, "argv", ["chaosproxy", "report", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        assert isinstance(stop.value.code, int)
        return Done(stop.value.code, *capfdbinary.readouterr())

    return call


def process(
    *arguments: "str | Path", given: bytes = b"", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """The command as a program."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CHAOSPROXY_")}
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)], input=given, capture_output=True, check=False, env=inherited | (env or {})
    )


def test_a_failed_run(report: Report, run: Path) -> None:
    done = report(run)

    assert done.returncode == 1
    assert done.stdout.startswith(b"FAIL  bad-monday")
    assert b"\x1b" not in done.stdout
    assert done.stderr == b""


def test_all_is_well(report: Report, tmp_path: Path) -> None:
    fine = [line for line in LINES if isinstance(line, CallEnded) and line.attempt == 1 and line.status == 200]
    quiet = [line for line in fine if not line.faults]
    ended = replace(next(line for line in LINES if isinstance(line, RunEnded)), calls=len(quiet))
    write(tmp_path / "run.jsonl", [LINES[0], *quiet, ended])
    (tmp_path / "lenient.yaml").write_text(
        "version: 1\nname: lenient\nupstreams: {shop: {url: 'http://127.0.0.1:9'}}\n"
        "expect: {operation_success: {at_least: 50%}}\n"
    )

    done = report(tmp_path / "run.jsonl", "--profile", tmp_path / "lenient.yaml")

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"PASS  ")


def test_inconclusive(report: Report, tmp_path: Path) -> None:
    old = [line for line in LINES if isinstance(line, CallEnded) and line.status == 200]
    write(tmp_path / "run.jsonl", old)

    done = report(tmp_path / "run.jsonl")

    assert done.returncode == 3
    assert b"the journal does not say what was expected of the run (give the profile with --profile)" in done.stdout


@pytest.mark.parametrize("form", ["text", "json", "html", "markdown", "junit"])
def test_each_format_is_printed(report: Report, run: Path, form: str) -> None:
    done = report(run, "--format", form)

    assert done.returncode == 1
    assert done.stdout
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("name", "begins"),
    [("r.html", "<!"), ("r.md", "## "), ("r.xml", "<?xml"), ("r.json", "{"), ("r.txt", "FAIL"), ("r", "{")],
)
def test_output_is_written_in_the_format_that_its_name_says(
    report: Report, run: Path, tmp_path: Path, name: str, begins: str
) -> None:
    path = tmp_path / name
    path.write_text("what was there before")
    more = ["--format", "json"] if name == "r" else []

    done = report(run, "--output", path, *more)

    assert done.returncode == 1
    assert done.stdout.decode() == f"verdict  FAIL\nreport   {path}\n"
    assert path.read_text(encoding="utf-8").lstrip().startswith(begins)
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_output_whose_name_says_no_format(report: Report, run: Path, tmp_path: Path) -> None:
    done = report(run, "--output", tmp_path / "report.pdf")

    assert done.returncode == 2
    assert done.stderr.decode().count("\n") == 1
    assert b"its name says no format (.txt, .json, .html" in done.stderr


def test_output_that_cannot_be_written(report: Report, run: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere" / "r.html", Path("/proc/r.html")):
        done = report(run, "--output", path)
        assert done.returncode == 4
        assert done.stderr.decode().startswith(f"chaosproxy: the report {path} cannot be written: ")
        assert done.stdout == b""


def test_a_full_disk(run: Path) -> None:
    done = process(run, "--output", "/dev/full", "--format", "json")

    assert done.returncode == 4
    assert done.stderr == b"chaosproxy: the report /dev/full cannot be written: No space left on device\n"


def test_a_disk_that_is_full_half_way(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("what was there before")
    limited = (
        "import resource as r, runpy, sys; r.setrlimit(r.RLIMIT_FSIZE, (50_000, 50_000)); sys.argv[0] = 'report'; "
    )
    program = f"{limited}runpy.run_module('chaosproxy', run_name='__main__')"

    done = subprocess.run(
        [sys.executable, "-c", program, "report", str(run), "--output", str(path)], capture_output=True, check=False
    )

    assert done.returncode == 4
    assert done.stderr.decode() == f"chaosproxy: the report {path} cannot be written: File too large\n"
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("report.json", "what was there before")]


def test_output_to_a_pipe(run: Path) -> None:
    assert process(run, "--output", "/dev/stdout", "--format", "json").stdout.startswith(b"{")


def test_from_the_standard_input(run: Path) -> None:
    for given in (run.read_bytes(), gzip.compress(run.read_bytes())):
        done = process("-", "--format", "json", given=given)
        assert done.returncode == 1
        assert json.loads(done.stdout)["run"]["journals"] == ["standard input"]


def test_from_a_pipe(run: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=lambda: pipe.write_bytes(run.read_bytes()))
    writer.start()
    try:
        told, _, commands = process(run).stdout.partition(b"\nWhere to look next")
        assert commands
        assert process(pipe).stdout == told
    finally:
        writer.join()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "which journal? chaosproxy report run.jsonl"),
        (["nowhere.jsonl"], "the journal nowhere.jsonl cannot be read: No such file or directory"),
        (["/"], "the journal / cannot be read: Is a directory"),
        (["/dev/zero"], "the journal /dev/zero cannot be read: this is neither a file nor a pipe"),
        (["-", "-"], "- is the standard input, which can be read only once"),
        (["/dev/null", "--run", "x"], "the journal /dev/null cannot be read: this is neither"),
        (["RUN", "--run", "x"], f"there is no run 'x' in RUN; there are: {RUN}"),
        (["RUN", "--baseline", "nowhere"], "the journal nowhere cannot be read: No such file or directory"),
        (["RUN", "--profile", "nowhere.yaml"], "nowhere.yaml"),
        (["RUN", "--why", "nobody"], "there is no session 'nobody' in this run"),
        (["RUN", "--format", "pdf"], "'pdf' is not one of"),
    ],
)
def test_what_is_asked_wrongly_is_said_in_a_sentence(
    report: Report, run: Path, arguments: list[str], said: str
) -> None:
    done = report(*[str(run) if each == "RUN" else each for each in arguments])

    assert done.returncode == 2
    assert said.replace("RUN", str(run)) in done.stderr.decode()
    assert b"Traceback" not in done.stderr
    assert done.stdout == b""


def test_why(report: Report, run: Path) -> None:
    done = report(run, "--why", "agent-1")

    assert done.returncode == 0
    assert done.stdout.startswith(b"session agent-1: ")


def test_the_schema_is_printed(report: Report, run: Path) -> None:
    done = report("--schema")

    assert done.returncode == 0
    assert json.loads(done.stdout)["$id"] == "urn:chaosproxy:report:1"


def test_the_options_know_the_formats_that_there_are() -> None:
    assert REPORT_FORMATS == FORMATS


def test_options_come_from_the_environment(run: Path) -> None:
    assert process(run, env={"CHAOSPROXY_FORMAT": "json"}).stdout.startswith(b"{")


def test_an_output_that_knows_few_characters(run: Path) -> None:
    done = process(run, env={"PYTHONIOENCODING": "ascii"})

    assert done.returncode == 1
    assert done.stdout.startswith(b"FAIL")


def test_a_broken_pipe_changes_no_verdict(run: Path, tmp_path: Path) -> None:
    with subprocess.Popen([*PROGRAM, str(run), "--format", "html"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait() == 1, "who reads no further changes no verdict"


def test_a_standard_output_that_is_full_is_no_verdict(run: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*PROGRAM, str(run)], stdout=full, stderr=subprocess.PIPE, check=False)

    assert done.returncode == 4
    assert done.stderr == b"chaosproxy: the standard output cannot be written: No space left on device\n"


def test_what_came_from_a_pipe_is_not_named_as_a_file(run: Path) -> None:
    assert b"Where to look next" not in process("-", given=run.read_bytes()).stdout
    assert f"chaosproxy report {run} --why".encode() in process(run).stdout


def test_a_journal_of_a_newer_version_is_called_that(report: Report, run: Path, tmp_path: Path) -> None:
    newer = tmp_path / "newer.jsonl"
    newer.write_text(run.read_text().replace('"v":1', '"v":2'))

    done = report(newer)

    assert done.returncode == 2
    assert done.stderr.decode() == f"there is no run in {newer}: it was written by a newer version (v 2)\n"


def test_replicas(report: Report, run: Path, tmp_path: Path) -> None:
    write(tmp_path / "two.jsonl", [replace(line, run="r2") for line in LINES])

    done = report(run, tmp_path / "two.jsonl", "--format", "json")

    assert done.returncode == 1
    assert json.loads(done.stdout)["run"]["journals"] == ["run.jsonl", "two.jsonl"]


def test_help_has_examples_and_loads_little() -> None:
    program = (
        "import sys; from chaosproxy.cli.report import command; print('msgspec' in sys.modules, 'rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert done.stdout == b"False False\n"
    shown = process("--help").stdout
    assert b"More examples:\n    chaosproxy report run.jsonl\n" in shown
    assert list(cli.COMMANDS).index("capture") < list(cli.COMMANDS).index("report") < list(cli.COMMANDS).index("demo")
