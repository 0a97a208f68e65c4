"""Real agents, unchanged, through `chaosproxy run`: does the report tell what each of them did?

The agents are those of examples/, and stand.py says what the tools really did.
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.e2e.programs import CHAOSPROXY, surroundings

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

HEAD = """
version: 1
name: told
seed: 5
upstreams:
  shop: "${SHOP_URL}"
  openai: {url: "${MODEL_URL}/v1", dialect: openai}
  anthropic: {url: "${MODEL_URL}", dialect: anthropic}
tools:
  search: {upstream: shop, method: GET, path: /v1/search}
  archive: {upstream: shop, method: GET, path: /v1/archive, fallback_for: search}
  charge: {upstream: shop, method: POST, path: /v1/charges, effect: write}
  chat: {upstream: openai, method: POST, path: /v1/chat/completions, effect: read}
  messages: {upstream: anthropic, method: POST, path: /v1/messages, effect: read}
rules:
"""


class Told(NamedTuple):
    """What the report says, and what the stand says."""

    status: int
    report: Mapping[str, Any]
    truth: Mapping[str, int]

    def episodes(self, tool: str) -> list[Mapping[str, Any]]:
        return sorted(
            (each for each in self.report["episodes"] if each["tool"] == tool), key=lambda each: each["start"]
        )

    def calls(self) -> dict[int, Mapping[str, Any]]:
        return {call["number"]: call for session in self.report["sessions"] for call in session["timeline"]}

    def waits(self, episode: Mapping[str, Any]) -> list[float]:
        """Seconds between the attempts of an episode."""
        calls = [self.calls()[number] for number in episode["calls"]]
        return [after["start"] - before["start"] - before["seconds"] for before, after in pairwise(calls)]


def run(tmp_path: Path, agent: str, rules: str, *, tail: str = "") -> Told:
    (tmp_path / "profile.yaml").write_text(HEAD + rules + tail)
    command = [sys.executable, str(EXAMPLES / "stand.py"), "--", CHAOSPROXY, "run", "profile.yaml"]
    command += ["--report", "out", "--", sys.executable, str(EXAMPLES / f"{agent}.py")]
    done = subprocess.run(
        command, cwd=tmp_path, env=surroundings(), capture_output=True, text=True, timeout=110, check=False
    )
    report = tmp_path / "out" / "report.json"
    assert report.exists(), done.stdout + done.stderr
    truth = dict(re.findall(r"^stand: \w+: (.+): (\d+)$", done.stderr, re.MULTILINE))
    return Told(done.returncode, json.loads(report.read_text()), {what: int(count) for what, count in truth.items()})


@pytest.mark.parametrize(
    ("agent", "tool", "path"),
    [
        ("openai_sdk", "chat", "POST /v1/chat/completions"),
        ("anthropic_sdk", "messages", "POST /v1/messages"),
    ],
)
def test_an_sdks_own_retries_are_seen_as_its_own(tmp_path: Path, agent: str, tool: str, path: str) -> None:
    rules = f"""
  - {{name: twice, match: {{tool: {tool}}}, when: {{calls: 1-2}}, fault: {{type: server_error}}}}
  - name: told to wait
    match: {{tool: {tool}}}
    when: {{calls: 4}}
    fault: {{type: overloaded, retry_after: 1s}}
  - {{name: never mend, match: {{tool: {tool}}}, when: {{calls: 6}}, fault: {{type: permission_denied}}}}
"""
    told = run(tmp_path, agent, rules)
    twice, waited, denied = told.episodes(tool)
    assert (twice["fault"], twice["resolution"], twice["attempts"]) == ("server_error", "recovered_retry", 3)
    first, second = told.waits(twice)
    # 0.5 s times 2 to the n, less up to a quarter of it; and the time that it takes them to get going.
    assert 0.375 <= first <= 0.5 + 0.3
    assert 0.75 <= second <= 1.0 + 0.3
    assert (waited["fault"], waited["resolution"], waited["verdict"]) == (
        "overloaded",
        "recovered_retry",
        "appropriate",
    )
    assert 1.0 <= told.waits(waited)[0] <= 1.5
    assert [wait["verdict"] for wait in told.report["waits"]] == ["compliant"]
    assert (denied["resolution"], denied["verdict"], denied["attempts"]) == ("failed_fast", "appropriate", 1)
    assert told.report["totals"]["retries"] == {"sdk": 3}
    assert told.truth[path] == 2, "three questions, one of them refused at the door"
    assert told.status == 1, "the agent says itself that it failed"


def test_tenacitys_retries_are_retries_without_a_mark(tmp_path: Path) -> None:
    rules = """
  - {name: three times, match: {tool: search, query: {q: "blue*"}}, when: {attempts: 1-3}, fault: {type: server_error}}
  - {name: for good, match: {tool: search, query: {q: "lime*"}}, fault: {type: server_error, status: 503}}
"""
    told = run(tmp_path, "tenacity_tools", rules)
    blue, lime = told.episodes("search")
    assert (blue["resolution"], blue["attempts"]) == ("recovered_retry", 4)
    waits = told.waits(blue)
    assert all(0.3 * 2**n <= wait <= 0.3 * 2**n + 0.4 for n, wait in enumerate(waits))
    assert (lime["resolution"], lime["attempts"]) == ("exhausted", 5)
    assert told.report["totals"]["retries"] == {"unknown": 7}
    (row,) = told.report["backoff"]
    # Of three waits on a busy machine the shape may come out as linear; of four it does not.
    assert row["layer"] == "unknown"
    assert set(row["shapes"]) <= {"exponential", "linear"}
    assert row["shapes"]["exponential"] >= 1
    assert sum(row["shapes"].values()) == 2
    assert told.report["totals"]["loops"] == {}
    assert told.truth["GET /v1/search"] == 9


SHOP = """
  - {name: overloaded, match: {tool: search}, when: {calls: 1}, fault: {type: server_error, status: 503}}
  - name: charged, and not told
    match: {tool: charge}
    when: {calls: 2}
    fault: {type: connection_reset, phase: after_upstream}
  - {name: model down, match: {tool: chat}, when: {calls: 3}, fault: {type: server_error}}
  - {name: down for good, match: {tool: search}, when: {calls: 4-6}, fault: {type: server_error, status: 503}}
"""


def test_a_langgraph_agents_story_is_told_rightly(tmp_path: Path) -> None:
    told = run(tmp_path, "langgraph_shop", SHOP, tail="expect: {duplicate_effects: {at_most: 0}}")
    first, second = told.episodes("search")
    (charged,) = told.episodes("charge")
    (model,) = told.episodes("chat")
    calls = told.calls()

    assert (first["resolution"], first["verdict"]) == ("recovered_retry", "appropriate")
    assert calls[first["calls"][1]]["layer"] == "model", "the error went to the model, which asked again"
    assert (model["resolution"], calls[model["calls"][1]]["layer"]) == ("recovered_retry", "sdk")
    assert (second["resolution"], calls[second["ended_by"]]["tool"]) == ("recovered_fallback", "archive")

    assert (charged["resolution"], charged["verdict"], charged["because"]) == (
        "recovered_retry",
        "inappropriate",
        "blind",
    )
    duplicates = {row["certainty"]: row["times"] for row in told.report["duplicates"]}
    really = sum(count - 1 for what, count in told.truth.items() if what.startswith("charged "))
    assert duplicates["confirmed"] == really == 1
    assert told.report["verdict"]["result"] == "fail"
    assert told.status == 1
    assert "executed it twice" in charged["story"]
