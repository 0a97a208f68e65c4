"""The commands, as a user meets them: quick help that tells the truth, plain output in pipes, errors that help."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import httpx
import jsonschema  # type: ignore[import-untyped]  # it comes without types
import pytest
import yaml

import chaosproxy
from chaosproxy.cli import COMMANDS
from chaosproxy.telemetry.journal_reader import Unreadable, read_journal
from chaosproxy.telemetry.records import CallEnded, RunStarted
from tests.e2e.programs import CHAOSPROXY, Program, nginx, serve, started, surroundings, wait_for
from tests.e2e.programs import chaosproxy as run

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted((ROOT / "fault_profiles").rglob("*.yaml"), key=lambda path: path.stem)
FAULTS = sorted(path.stem for path in (ROOT / "chaosproxy" / "faults").glob("[!_]*.py"))

TEN_MISTAKES = """\
version: 2
name: ""
sead: 1
upstreams:
  tool: ftp://127.0.0.1
tools:
  find: {upstream: tol, path: /v1}
rules:
  - name: one
    match: {methd: GET}
    when: {probability: 130%}
    fault: {type: rate_limt}
  - name: two
    fault: {type: latency, delay: 5 parsecs}
safety: {max_active: 0}
"""

CHANCE = """
version: 1
name: chance
seed: 7
upstreams: {tool: http://127.0.0.1:9}
tools: {find: {upstream: tool, method: GET, path: /find}}
rules:
  - {name: sometimes slow, when: {probability: 30%}, fault: {type: latency, delay: 1ms}}
  - {name: sometimes broken, when: {probability: 30%}, fault: {type: server_error}}
"""


def good(*arguments: str, folder: Path | None = None) -> str:
    """What a command prints that must go well."""
    done = run(*arguments, folder=folder)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


# Help


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_and_comes_at_once(command: str) -> None:
    def seconds() -> float:
        began = monotonic()
        text = good(command, "--help")
        assert f"Example: chaosproxy {command}" in text
        return monotonic() - began

    # The machine may be busy with other tests; a help that is slow by itself is slow every time.
    assert any(seconds() < 1 for _ in range(5))


def test_the_help_of_all_names_every_command() -> None:
    text = good("--help")

    assert re.findall(r"^  ([a-z]+)  +\S", text.partition("Commands:")[2], re.MULTILINE) == list(COMMANDS)
    assert good("-h") == text


def test_the_examples_of_the_help_work(tmp_path: Path) -> None:
    def example(command: str) -> str:
        text = " ".join(good(command, "--help").split())
        return text.partition("Example: ")[2]

    environ = surroundings({"PATH": f"{Path(CHAOSPROXY).parent}:{os.environ['PATH']}"})
    for command in ("profiles", "check", "simulate", "faults", "schema"):  # the first writes what the second reads
        shell = ["bash", "-euc", example(command)]
        done = subprocess.run(shell, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), command
    assert {each.name for each in tmp_path.iterdir()} == {"my-profile.yaml", "profile.schema.json"}


@pytest.mark.parametrize("command", [[CHAOSPROXY], [sys.executable, "-m", "chaosproxy"]], ids=["script", "module"])
def test_the_version_is_told_either_way(command: list[str], tmp_path: Path) -> None:
    done = subprocess.run([*command, "--version"], cwd=tmp_path, capture_output=True, text=True, check=False)

    told = done.stdout.replace(" (compiled)", "")  # which it says where it is
    assert (done.returncode, told) == (0, f"chaosproxy, version {chaosproxy.__version__}\n")


def test_as_a_module_it_is_the_same_program(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "chaosproxy", "check", "rate-limited"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, env=surroundings())

    assert done.stdout == good("check", "rate-limited")


# Catalogue, profiles, schema


def test_the_catalogue_lists_every_fault_by_family() -> None:
    lines = good("faults").splitlines()

    assert [line for line in lines if line.isupper()][:3] == ["TIMING", "CONNECTION", "LIMITS"]
    listed = [line.split()[0] for line in lines if line.startswith("  ")]
    assert sorted(listed) == FAULTS
    assert listed != FAULTS
    assert all(line.rstrip().endswith((".", "401", "403", "504")) for line in lines if line.startswith("  "))


def test_a_family_is_shown_with_an_example_of_each() -> None:
    text = good("faults", "--family", "limits")

    assert [line for line in text.splitlines() if line.isupper()] == ["LIMITS"]
    assert "fault: {type: rate_limit, limit: 30, per: 1m, dialect: openai}" in text
    assert text.count("      - name: ") == len(re.findall(r"^  [a-z]", text, re.MULTILINE))


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (["429"], "rate_limit"),
        (["throttl"], "rate_limit"),
        (["cut", "off"], "truncated_body"),
        (["--search", "ECONNRESET"], "connection_reset"),
        (["--search", "rate_limit"], "rate_limit"),
    ],
)
def test_a_fault_is_found_by_what_people_call_it(asked: list[str], name: str) -> None:
    text = good("faults", *asked)

    assert re.search(rf"^  {name} .+\[.+\]$", text, re.MULTILINE)
    assert name in [fault["name"] for fault in json.loads(good("faults", *asked, "--json"))]
    assert text.startswith("No fault is called ") is (asked[0] != "--search")


def test_the_page_of_a_fault_tells_all_about_it() -> None:
    page = good("faults", "rate_limit")

    for part in (
        "## rate_limit",
        "What the agent sees",
        "What a healthy agent does",
        "Seen in the wild",
        "| `limit` |",
    ):
        assert part in page
    assert "fault: {type: rate_limit, limit: 30, per: 1m, dialect: openai}" in page


def test_the_catalogue_as_json_is_for_scripts() -> None:
    faults = json.loads(good("faults", "--json"))
    (one,) = json.loads(good("faults", "rate_limit", "--json"))

    assert [fault["name"] for fault in faults] == FAULTS
    assert one in faults
    assert {"limit", "per", "algorithm", "scope"} <= {setting["name"] for setting in one["settings"]}


def test_the_shipped_profiles_are_listed_by_group_and_can_be_had() -> None:
    lines = good("profiles").splitlines()

    assert [line for line in lines if line.isupper()] == ["TO LEARN FROM", "WHAT HAPPENED TO SOMEBODY"]
    listed = [line.split()[0] for line in lines if line.startswith("  ")]
    assert sorted(listed) == [path.stem for path in SHIPPED]
    assert listed.index("stripe-lost-response") > listed.index("throttled-llm")
    for path in SHIPPED:
        assert good("profiles", path.stem) == path.read_text()


def test_the_shipped_profiles_as_json_are_for_scripts() -> None:
    records = {each["name"]: each for each in json.loads(good("profiles", "--json"))}

    assert list(records) == [path.stem for path in SHIPPED]
    assert records["retry-after-70s"]["group"] == "incidents"
    assert records["rate-limited"]["faults"] == ["rate_limit"]


@pytest.mark.parametrize("name", ["quiet", "rate-limited", "bad-monday"])
def test_a_profile_is_explained_rule_by_rule(name: str) -> None:
    rules = yaml.safe_load((ROOT / "fault_profiles" / f"{name}.yaml").read_text()).get("rules", [])

    heading, *sentences = good("check", name).splitlines()

    assert heading.startswith(f"`{name}` (digest ")
    explained = [found for line in sentences if (found := re.fullmatch(r"(\d+)\. \S.+\. \[(.+)\]", line))]
    assert [(int(each[1]), each[2]) for each in explained] == [(nth, rule["name"]) for nth, rule in enumerate(rules, 1)]


def test_the_schema_is_one_and_knows_right_from_wrong() -> None:
    schema = json.loads(good("schema"))

    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for path in SHIPPED:
        # An editor sees the default of `${TOOL_URL:-http://…}`, as a user without that variable gets it.
        text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", path.read_text())
        assert list(validator.iter_errors(yaml.safe_load(text))) == []
    assert list(validator.iter_errors(yaml.safe_load(TEN_MISTAKES)))


def test_a_warning_is_said_beside_the_explanation_and_is_a_mistake_if_that_is_asked_for(tmp_path: Path) -> None:
    profile = tmp_path / "hardly.yaml"
    profile.write_text(
        CHANCE.replace("fault: {type: server_error}}", "fault: {type: latency, delay: 1s}, continue: true}")
    )

    done = run("check", str(profile))
    assert done.returncode == 0
    assert re.fullmatch(rf"warning: {profile}:\d+:\d+: rules\[1\]\.continue: .+\n", done.stderr)
    assert "1. 30% of all calls" in done.stdout

    strict = run("check", "--strict", str(profile))
    assert (strict.returncode, strict.stdout) == (2, done.stdout)
    assert strict.stderr == f"{done.stderr}1 warning, and --strict\n"
    said = json.loads(run("check", "--json", str(profile)).stdout)
    assert [each["path"] for each in said["warnings"]] == ["rules[1].continue"]
    assert said["sentences"] == done.stdout.splitlines()


# What would happen


def test_what_is_simulated_is_the_same_each_time(tmp_path: Path) -> None:
    profile = tmp_path / "chance.yaml"
    profile.write_text(CHANCE)
    asked = ("simulate", str(profile), "--calls", "30", "--sessions", "2", "--retries", "1", "--all")

    for_people, again = good(*asked), good(*asked)
    for_scripts = [json.loads(line) for line in good(*asked, "--json").splitlines()]

    assert for_people == again
    # The timeline has a character a call, and the same story as the records.
    signs = {(None, 1): ".", (None, 2): ",", ("sometimes slow", 1): "A", ("sometimes slow", 2): "a"}
    signs |= {("sometimes broken", 1): "B", ("sometimes broken", 2): "b"}
    for session in ("sim-1", "sim-2"):
        drawn = re.findall(rf"^{session}  (\S+)$", for_people, re.MULTILINE)
        assert "".join(drawn) == "".join(
            signs[each["rule"], each["attempt"]] for each in for_scripts if each["session"] == session
        )
    hits = [each for each in for_scripts if each["rule"] is not None]
    listed = re.findall(r"^[AB]  (?:\S+ )+ +sim-.+$", for_people, re.MULTILINE)
    assert len(listed) == len(hits)
    assert for_people.endswith(f"\n{len(hits)} of {len(for_scripts)} calls hit\n")
    assert 0 < len(hits) < len(for_scripts)
    assert good(*asked, "--seed", "8") != for_people


def test_what_is_simulated_is_counted_by_rule(tmp_path: Path) -> None:
    profile = tmp_path / "chance.yaml"
    profile.write_text(CHANCE)
    asked = ("simulate", str(profile), "--calls", "100")

    records = [json.loads(line) for line in good(*asked, "--json").splitlines()]
    slow = sum(each["rule"] == "sometimes slow" for each in records)
    broken = sum(each["rule"] == "sometimes broken" for each in records)
    counted = re.findall(r"^([AB])  sometimes \S+ +(\d+) +(\d+) +(\S+)%$", good(*asked), re.MULTILINE)
    assert [(sign, int(eligible), int(hit)) for sign, eligible, hit, _ in counted] == [
        ("A", 100, slow),
        ("B", 100 - slow, broken),
    ]


def test_the_time_that_a_profile_goes_by_is_on_the_axis() -> None:
    text = good("simulate", "storm-and-calm", "--sessions", "2")

    axis, phases, ramp, *_ = text.partition("\n\n")[2].splitlines()
    assert axis.split() == ["0s", "1m", "20s", "2m", "40s", "4m", "5m", "20s", "6m", "40s"]
    assert re.fullmatch(r"phases +\|calm +\|storm +\|calm again", phases)
    assert re.fullmatch(r"C is on +_+1\d+7+_+", ramp)


def test_what_is_simulated_fits_a_narrow_terminal() -> None:
    shown = on_a_terminal("simulate", "bad-monday", "--sessions", "3", "--calls", "100", "--retries", "2", columns=80)

    assert max(map(len, re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines())) <= 80


def test_what_is_simulated_is_what_happens(tmp_path: Path) -> None:
    profile = tmp_path / "chance.yaml"
    profile.write_text(CHANCE)
    journal = tmp_path / "run.jsonl"
    asked = ("simulate", str(profile), "--tool", "find", "--calls", "25", "--sessions", "2", "--json")
    foreseen = [json.loads(line) for line in good(*asked).splitlines()]

    with (
        nginx(tmp_path / "nginx", 'listen 127.0.0.1:PORT; location / { return 200 "{}"; }') as address,
        serve(
            str(profile), "--upstream", f"tool=http://{address}", "--journal", str(journal), folder=tmp_path / "serve"
        ) as serving,
        httpx.Client(trust_env=False) as http,
    ):
        for each in foreseen:
            http.get(serving.through("tool" + each["target"], each["session"]))

    unreadable: list[Unreadable] = []
    happened = [each for each in read_journal(journal, unreadable.append) if isinstance(each, CallEnded)]
    assert unreadable == []
    assert [(each.session, each.rule, each.draw) for each in happened] == [
        (each["session"], each["rule"], each["draw"]) for each in foreseen
    ]
    assert len({each.rule for each in happened}) == 3


# Mistakes


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["srve"], "no command is called 'srve'; did you mean serve?"),
        (["faults", "rate_limt"], "no fault is called 'rate_limt'; did you mean rate_limit?"),
        (["faults", "--search", "rain in spain"], "no fault is called 'rain in spain'"),
        (["faults", "--family", "limit"], "no family is called 'limit'; did you mean limits?"),
        (["profiles", "rate-limted"], "no shipped profile is called 'rate-limted'; did you mean rate-limited?"),
        (["check", "rate-limted"], "did you mean `rate-limited`?"),
        (["serve", "bad-mondy"], "did you mean `bad-monday`?"),
        (["serve", "quiet", "--lissten", "127.0.0.1:0"], "--listen"),
        (["serve", "quiet", "--listen", "nowhere"], "'nowhere' is not HOST:PORT"),
        (["serve", "quiet", "--upstream", "nowhere"], "'nowhere' is not NAME=URL"),
        (["serve"], "Missing argument 'PROFILE...'"),
        (["simulate", "bad-monday", "--tool", "chrge"], "(there are: find, charge, receipt)"),
        (["simulate", "bad-monday", "--tool", "charge", "--interval", "soon"], "--interval: expected a duration"),
        (["simulate", "bad-monday", "--interval", "0s"], "--interval: expected more than 0s"),
        (["simulate", "bad-monday", "--calls", "3", "--for", "3m"], "--calls and --for: give one of them"),
        (["simulate", "bad-monday", "--body", "[1]"], "--body: expected a JSON object"),
        (["simulate", "bad-monday", "--body", "{"], "--body: expected JSON"),
        (["simulate", "quiet"], "the profile declares no upstream that could be called"),
    ],
    ids=" ".join,
)
def test_a_mistake_on_the_command_line_is_exit_2_and_a_hint(arguments: list[str], says: str) -> None:
    done = run(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [["check"], ["serve", "--journal", "run.jsonl"], ["simulate", "--tool", "find"]])
def test_ten_mistakes_are_ten_located_lines(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text(TEN_MISTAKES)

    done = run(*command, "wrong.yaml", folder=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    located = [
        re.fullmatch(r"wrong\.yaml:(\d+):(\d+): ([\w.\[\]]+): (expected .+)", line) for line in done.stderr.splitlines()
    ]
    assert [(int(each[1]), each[3]) for each in located if each] == [
        (1, "version"),
        (2, "name"),
        (3, "sead"),
        (5, "upstreams.tool"),
        (7, "tools.find.upstream"),
        (10, "rules[0].match.methd"),
        (11, "rules[0].when.probability"),
        (12, "rules[0].fault.type"),
        (14, "rules[1].fault.delay"),
        (15, "safety.max_active"),
    ]
    assert len(located) == 10
    lines = TEN_MISTAKES.splitlines()
    pointed_at = [lines[int(each[1]) - 1][int(each[2]) - 1 :] for each in located if each]
    starts = ("2", '""', "sead", "ftp:", "tol", "methd", "130%", "rate_limt", "5 parsecs", "0")
    assert all(text.startswith(start) for text, start in zip(pointed_at, starts, strict=True))
    assert done.stderr.count("did you mean") == 4
    assert [each.name for each in tmp_path.iterdir()] == ["wrong.yaml"]  # nothing was begun


# Pipes, terminals, the environment

PRINTING = {
    "help": ["--help"],
    "version": ["--version"],
    "a help": ["serve", "--help"],
    "faults": ["faults"],
    "faults as json": ["faults", "--json"],
    "profiles": ["profiles"],
    "schema": ["schema"],
    "check": ["check", "bad-monday"],
    "simulate": ["simulate", "bad-monday", "--tool", "find"],
    "simulate as json": ["simulate", "bad-monday", "--tool", "find", "--json"],
    "demo": ["demo"],
}


@pytest.fixture
def closed_pipe() -> Iterator[int]:
    """The writing end of a pipe that nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@pytest.mark.parametrize("arguments", PRINTING.values(), ids=PRINTING)
def test_a_reader_that_has_gone_is_no_error(arguments: list[str], closed_pipe: int) -> None:
    command = [CHAOSPROXY, *arguments]
    done = subprocess.run(command, stdout=closed_pipe, stderr=subprocess.PIPE, text=True, check=False, timeout=60)

    assert (done.returncode, done.stderr) == (0, "")


def test_the_first_line_can_be_had_alone() -> None:
    command = ["bash", "-o", "pipefail", "-c", f"{CHAOSPROXY} schema | head -1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "{\n", "")


def test_a_proxy_serves_on_when_nobody_reads_what_it_prints(closed_pipe: int, tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    ports = ("--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--ready-file", str(ready))
    with Program(CHAOSPROXY, "serve", "quiet", *ports, folder=tmp_path, out=closed_pipe) as program:
        text = program.wait_for("the ready file", lambda: ready.read_text() if ready.exists() else None)
        health = httpx.get(f"http://{json.loads(text)['admin']}/healthz", trust_env=False)

        assert health.status_code == 200
        assert (program.end(), program.err) == (0, "")


@pytest.mark.parametrize("name", ["faults", "profiles", "simulate"])
def test_a_terminal_gets_colour_and_a_pipe_does_not(name: str) -> None:
    assert "\x1b" not in good(*PRINTING[name])
    assert "\x1b[" in on_a_terminal(*PRINTING[name])


def on_a_terminal(*arguments: str, columns: int = 100) -> str:
    """What a command shows on a terminal, escape codes included."""
    ours, theirs = pty.openpty()
    environ = surroundings({"TERM": "xterm-256color", "COLUMNS": str(columns)})
    environ.pop("NO_COLOR", None)
    with subprocess.Popen([CHAOSPROXY, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environ) as process:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:  # the other end is closed: how a terminal ends
            pass
        finally:
            os.close(ours)
        assert process.wait(30) == 0
    return shown.decode()


def test_every_option_of_serve_can_come_from_the_environment(tmp_path: Path) -> None:
    journal = tmp_path / "from-the-environment.jsonl"
    environ = {
        "CHAOSPROXY_LISTEN": "127.0.0.1:0",
        "CHAOSPROXY_ADMIN": "0.0.0.0:0",  # where it asks for the token
        "CHAOSPROXY_JOURNAL": str(journal),
        "CHAOSPROXY_SEED": "4711",
        "CHAOSPROXY_UPSTREAM": "one=http://127.0.0.1:9001 two=http://127.0.0.1:9002",
        "CHAOSPROXY_ADMIN_TOKEN": "a-token-of-the-environment",
    }

    with started(CHAOSPROXY, "serve", "quiet", folder=tmp_path, environ=environ) as serving:
        with_token = {"Authorization": "Bearer a-token-of-the-environment"}
        status = f"http://127.0.0.1:{serving.admin.rpartition(':')[2]}/api/v1/status"
        assert httpx.get(status, trust_env=False).status_code == 401
        assert httpx.get(status, headers=with_token, trust_env=False).json()["seed"] == 4711
        announced = serving.program.out
        assert f"listen   http://{serving.listen}\n" in announced
        assert f"http://{serving.listen}/one/  ->  http://127.0.0.1:9001\n" in announced
        assert f"http://{serving.listen}/two/  ->  http://127.0.0.1:9002\n" in announced
        assert f"admin    http://{serving.admin}/metrics\n" in announced
        assert "a-token" not in announced
        ready = json.loads((tmp_path / "ready.json").read_text())
        assert ready == {"listen": serving.listen, "admin": serving.admin, "pid": serving.program.process.pid}

    assert not (tmp_path / "ready.json").exists()
    unreadable: list[Unreadable] = []
    begun = next(read_journal(journal, unreadable.append))
    assert isinstance(begun, RunStarted)
    assert (begun.seed, begun.version, unreadable) == (4711, chaosproxy.__version__, [])


def test_the_command_line_outranks_the_environment(tmp_path: Path) -> None:
    environ = {"CHAOSPROXY_SEED": "1", "CHAOSPROXY_LISTEN": "not an address"}

    with serve("quiet", "--seed", "2", folder=tmp_path, environ=environ) as serving:
        text = wait_for("the announcement", lambda: re.search(r"seed (\d+)", serving.program.out))

    assert text[1] == "2"
