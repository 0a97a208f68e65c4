"""Every query of the dashboard and the rules brings data from a real Prometheus, fed by a day that has all there is."""

import asyncio
import json
import math
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import yaml

from tests.e2e.monitoring import Prometheus, prometheus_scraping
from tests.e2e.programs import Serving, nginx, serve, wait_for

pytestmark = pytest.mark.xdist_group("prometheus")

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana" / "dashboards" / "chaosproxy.json").read_text())
RULES = ROOT / "deploy" / "prometheus"
RECORDED = [
    rule["record"] for group in yaml.safe_load((RULES / "rules.yml").read_text())["groups"] for rule in group["rules"]
]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"

UPSTREAM = """
listen 127.0.0.1:PORT;
location /page { default_type text/html; return 200 "<p>not JSON</p>"; }
location / {
    default_type application/json;
    return 200 '{"item": "A-17", "price": 129.95, "stock": 250, "due": "2026-11-20"}';
}
"""

PROFILE = """
version: 1
name: all-there-is
upstreams: {tool: http://127.0.0.1:9}
tools:
  search: {upstream: tool, path: "/search/{id}"}
  pay: {upstream: tool, path: "/pay/{id}", method: POST, effect: write, idempotency_key: "header:Idempotency-Key"}
  lookup: {upstream: tool, path: "/lookup/{id}"}
  slow: {upstream: tool, path: "/slow/{id}"}
  down: {upstream: tool, path: "/down/{id}"}
  forbidden: {upstream: tool, path: "/forbidden/{id}"}
rules:
  - {name: limited, match: {tool: search}, when: {attempts: 1}, fault: {type: rate_limit, retry_after: 1s}}
  - {name: lost, match: {tool: pay}, when: {attempts: 1}, fault: {type: lost_reply}}
  - {name: lies, match: {tool: lookup}, fault: {type: wrong_values}}
  - {name: slow, match: {tool: slow}, fault: {type: latency, delay: 50ms}}
  - {name: down, match: {tool: down}, fault: {type: server_error, status: 500}}
  - {name: forbidden, match: {tool: forbidden}, fault: {type: permission_denied}}
  - {name: does not fit, match: {path: "/page/*"}, fault: {type: wrong_values}}
recovery: {horizon: 4s, window: 4s}
"""

MOVED = (
    'calls_total{kind="retry"}',
    'responses_total{origin="injected"}',
    "faults_injected_total",
    "faults_eligible_total",
    "faults_skipped_total",
    'operations_total{result="clean"}',
    'operations_total{result="recovered"}',
    'operations_total{result="failed"}',
    'episodes_total{resolution="recovered_retry"}',
    'episodes_total{resolution="exhausted"}',
    'episodes_total{resolution="undetected"}',
    'episode_verdicts_total{verdict="appropriate"}',
    'episode_verdicts_total{verdict="inappropriate"}',
    "recovery_seconds_count",
    "recovery_attempts_count",
    "retry_wait_seconds_count",
    'retry_after_total{verdict="compliant"}',
    'retry_after_total{verdict="early"}',
    "backoff_shape_total",
    'wasted_calls_total{reason="cannot_succeed"}',
    'duplicate_effects_total{certainty="exposed"}',
    'duplicate_effects_total{certainty="confirmed"}',
    'idempotency_keys_total{verdict="rotated"}',
    'idempotency_keys_total{verdict="absent"}',
    'loops_total{kind="identical"}',
    "retry_budget_exceeded_total",
    "upstream_seconds_count",
    "overhead_seconds_count",
    "injected_delay_seconds_count",
    "requests_refused_total",
    "tunnels_total",
)
"""What the day brings: `{}` sums up what stands in the braces."""


class Step(NamedTuple):
    """One call of an agent, after a wait."""

    path: str
    wait: float = 0.0
    method: str = "GET"
    headers: Mapping[str, str] = {}


AGENTS = {
    "patient": [Step("search/1"), Step("search/1", 1.2)],
    "hasty": [Step("search/2"), Step("search/2")],
    "charges-twice": [Step("pay/1", method="POST"), Step("pay/1", method="POST")],
    "rotates-its-key": [
        Step("pay/2", method="POST", headers={"Idempotency-Key": "a"}),
        Step("pay/2", method="POST", headers={"Idempotency-Key": "b"}),
    ],
    "believes": [Step("lookup/1"), Step("fine/1", 0.1), Step("fine/2", 0.1), Step("fine/3", 0.1)],
    "insists": [Step("forbidden/1"), Step("forbidden/1", 0.1), Step("forbidden/1", 0.1)],
    "backs-off": [Step("down/1", wait) for wait in (0, 0.15, 0.3, 0.6, 1.2, 0.3, 0.3)],
    "goes-round": [Step("down/2") for _ in range(12)],
    "stops": [Step("forbidden/2"), Step("fine/4", 0.1)],
    "waits": [Step("slow/1"), Step("page/1")],
}


@pytest.fixture(scope="module")
def tool(folder: Path) -> Iterator[str]:
    with nginx(folder / "nginx", UPSTREAM) as address:
        yield address


@pytest.fixture(scope="module")
def serving(folder: Path, tool: str) -> Iterator[Serving]:
    profile = folder / "all-there-is.yaml"
    profile.write_text(PROFILE)
    with serve(str(profile), "--upstream", f"tool=http://{tool}", folder=folder / "serve") as running:
        yield running


@pytest.fixture(scope="module")
def prometheus(folder: Path, serving: Serving) -> Iterator[Prometheus]:
    recording = folder / "rules.yml"
    recording.write_text((RULES / "rules.yml").read_text().replace("interval: 30s", "interval: 500ms"))
    more = f"rule_files: [{recording}, {RULES / 'alerts.yml'}]\n"
    exemplars = "--enable-feature=exemplar-storage"
    with prometheus_scraping(serving.admin, folder / "prometheus", exemplars, more=more) as server:
        yield server


@pytest.fixture(scope="module")
def day(serving: Serving, tool: str, prometheus: Prometheus) -> Prometheus:
    """Prometheus saw us at rest, then the first of all that has no series at rest, then the day, and its end."""
    wait_for("a first scrape", lambda: prometheus.value("sum(chaosproxy_episodes_total)") == 0 or None)
    asyncio.run(work(serving, {"early-bird": [Step("slow/0"), Step("page/0")]}))
    knock(serving, b"NOT HTTP\r\n\r\n")
    seen = "sum(chaosproxy_injected_delay_seconds_count) + sum(chaosproxy_requests_refused_total)"
    wait_for("the first slow call, and the first refused one", lambda: prometheus.value(seen) == 2 or None)
    asyncio.run(work(serving, AGENTS))
    knock(serving, b"NOT HTTP\r\n\r\n")
    knock(serving, f"CONNECT {tool} HTTP/1.1\r\nHost: {tool}\r\n\r\n".encode())
    over = "sum(chaosproxy_episodes_open) == 0 and sum(chaosproxy_episodes_total) >= 9"
    wait_for("the end of all episodes", lambda: prometheus.value(over))
    return prometheus


async def work(serving: Serving, agents: Mapping[str, list[Step]]) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as http:

        async def agent(name: str, steps: list[Step]) -> None:
            for step in steps:
                await asyncio.sleep(step.wait)
                headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", **step.headers}
                body = b'{"amount": 5}' if step.method == "POST" else None
                url = serving.through(f"tool/{step.path}", name)
                try:
                    await http.request(step.method, url, headers=headers, content=body)
                except httpx.TransportError:
                    continue  # what a lost reply looks like

        await asyncio.gather(*[agent(name, steps) for name, steps in agents.items()])


def knock(serving: Serving, said: bytes) -> None:
    """Say something that is no call, and hear the answer."""
    host, _, port = serving.listen.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(said)
        connection.recv(1024)


def filled_in(query: str) -> str:
    """A query of the dashboard as Grafana sends it, with all values chosen."""
    for name in ("$__rate_interval", "$__range"):
        query = query.replace(name, "5m")
    for name in ("$profile", "$instance", "$tool", "$fault"):
        query = query.replace(name, ".*")
    assert "$" not in query
    return query


def numbers(prometheus: Prometheus, target: Mapping[str, Any]) -> list[float]:
    """What Grafana would draw."""
    query = filled_in(target["expr"])
    if target["instant"]:
        found = [[sample["value"]] for sample in prometheus.ask("query", query=query)["result"]]
    else:
        now = time.time()
        times = {"start": str(now - 60), "end": str(now), "step": "1"}
        found = [series["values"] for series in prometheus.ask("query_range", query=query, **times)["result"]]
    values = [float(value) for samples in found for _, value in samples]
    return [value for value in values if not math.isnan(value)]


PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
TARGETS = [(f"{panel['title']} {target['refId']}", target) for panel in PANELS for target in panel["targets"]]
# Nothing is undecided at the end of this day, and the column of a table shows only faults with a case.
CENSORED = "By fault B"


@pytest.mark.parametrize(
    "target", [target for name, target in TARGETS if name != CENSORED], ids=[n for n, _ in TARGETS if n != CENSORED]
)
def test_panel_shows_something(day: Prometheus, target: Mapping[str, Any]) -> None:
    assert numbers(day, target)


def test_column_of_the_undecided_is_understood(day: Prometheus) -> None:
    ((_, target),) = [each for each in TARGETS if each[0] == CENSORED]

    assert numbers(day, target | {"expr": target["expr"].removesuffix("> 0")})


@pytest.mark.parametrize("series", MOVED)
def test_the_day_had_it(day: Prometheus, series: str) -> None:
    assert (day.value(f"sum(chaosproxy_{series})") or 0) > 0


@pytest.mark.parametrize("name", ["profile", "instance", "tool", "fault"])
def test_choice_has_values(day: Prometheus, name: str) -> None:
    (variable,) = [each for each in DASHBOARD["templating"]["list"] if each["name"] == name]
    selector, _, label = variable["query"]["query"].removeprefix("label_values(").removesuffix(")").rpartition(", ")
    series = day.ask("series", **{"match[]": filled_in(selector)})

    assert {each[label] for each in series if label in each}


def test_every_rule_can_be_evaluated(day: Prometheus) -> None:
    rules = [rule for group in day.ask("rules")["groups"] for rule in group["rules"]]

    assert {(rule["name"], rule.get("lastError", "")) for rule in rules if rule["health"] == "err"} == set()
    assert len(rules) > len(RECORDED)


@pytest.mark.parametrize("record", RECORDED)
def test_recorded_has_values(day: Prometheus, record: str) -> None:
    assert day.ask("query", query=f"{record} >= 0")["result"]


@pytest.mark.parametrize(
    "histogram", ["recovery_seconds", "recovery_attempts", "retry_wait_seconds", "upstream_seconds"]
)
def test_exemplars_lead_to_traces(day: Prometheus, histogram: str) -> None:
    now = time.time()
    times = {"start": str(now - 300), "end": str(now)}
    found = day.ask("query_exemplars", query=f"chaosproxy_{histogram}_bucket", **times)

    assert {exemplar["labels"]["trace_id"] for series in found for exemplar in series["exemplars"]} == {TRACE}
