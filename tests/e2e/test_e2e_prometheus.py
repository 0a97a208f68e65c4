"""A real Prometheus scrapes us, and its answers about recovery are what the scripted agents' plans come to."""

import asyncio
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.e2e.monitoring import Prometheus, prometheus_scraping
from tests.e2e.programs import Serving, executable, nginx, serve, wait_for

pytestmark = pytest.mark.xdist_group("prometheus")

# The horizon is short, so that what was given up is known soon, and longer than any wait of the plan.
PROFILE = """
version: 1
name: known-plans
upstreams: {tool: http://127.0.0.1:9}
tools:
  once: {upstream: tool, path: "/once/{id}"}
  twice: {upstream: tool, path: "/twice/{id}"}
  down: {upstream: tool, path: "/down/{id}"}
  forbidden: {upstream: tool, path: "/forbidden/{id}"}
rules:
  - {name: fails once, match: {tool: once}, when: {attempts: 1}, fault: {type: server_error, status: 503}}
  - {name: fails twice, match: {tool: twice}, when: {attempts: 1-2}, fault: {type: server_error, status: 500}}
  - {name: always fails, match: {tool: down}, fault: {type: server_error, status: 502}}
  - {name: is forbidden, match: {tool: forbidden}, fault: {type: permission_denied}}
recovery: {horizon: 6s, window: 6s}
"""


class Plan(NamedTuple):
    """What so many agents do, one operation each, and what this comes to."""

    agents: int
    path: str
    attempts: int
    wait: float
    """Seconds before each further attempt."""
    resolution: str | None


QUICK, SLOW = 0.3, 2.3
"""The slow waits lie in the histogram's bucket from 2 s to 5 s, far from its end; the quick ones in buckets below."""

PLANS = (
    Plan(9, "once", 2, QUICK, "recovered_retry"),
    Plan(3, "twice", 3, QUICK, "recovered_retry"),
    Plan(8, "once", 2, SLOW, "recovered_retry"),
    Plan(3, "down", 3, QUICK, "exhausted"),
    Plan(1, "down", 1, 0, "abandoned"),
    Plan(1, "forbidden", 1, 0, "failed_fast"),
    Plan(7, "fine", 1, 0, None),
)
EPISODES = Counter({plan.resolution: 0 for plan in PLANS if plan.resolution})
for each in PLANS:
    if each.resolution:
        EPISODES[each.resolution] += each.agents
RECOVERED, DECIDED = EPISODES["recovered_retry"], EPISODES.total()

RECOVERY_RATE = """
    sum(chaosproxy_episodes_total{resolution=~"recovered_.*"})
  / sum(chaosproxy_episodes_total{resolution!="censored"})
"""
RECOVERY_P95 = "histogram_quantile(0.95, sum by (le) (chaosproxy_recovery_seconds_bucket))"


@pytest.fixture(scope="module")
def serving(folder: Path) -> Iterator[Serving]:
    profile = folder / "known-plans.yaml"
    profile.write_text(PROFILE)
    with (
        nginx(folder / "nginx", 'listen 127.0.0.1:PORT; location / { return 200 "{}"; }') as address,
        serve(str(profile), "--upstream", f"tool=http://{address}", folder=folder / "serve") as running,
    ):
        yield running


@pytest.fixture(scope="module")
def prometheus(folder: Path, serving: Serving) -> Iterator[Prometheus]:
    with prometheus_scraping(serving.admin, folder / "prometheus") as server:
        yield server


@pytest.fixture(scope="module")
def day(serving: Serving, prometheus: Prometheus) -> Prometheus:
    """Prometheus saw us at rest; then the agents did what they had planned, all at once; and it saw the end of it."""
    wait_for("a first scrape", lambda: prometheus.value("sum(chaosproxy_episodes_total)") == 0 or None)
    asyncio.run(_work(serving))
    wait_for(
        f"{DECIDED} decided episodes in Prometheus",
        lambda: prometheus.value("sum(chaosproxy_episodes_total)") == DECIDED or None,
    )
    return prometheus


async def _work(serving: Serving) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as http:

        async def agent(plan: Plan, number: int) -> None:
            url = serving.through(f"tool/{plan.path}/{number}", f"{plan.path}-{plan.attempts}-{plan.wait}-{number}")
            for attempt in range(plan.attempts):
                await asyncio.sleep(plan.wait if attempt else 0)
                response = await http.get(url)
            recovers = plan.resolution in {None, "recovered_retry"}
            assert (response.status_code == 200) == recovers, (plan, response.status_code)

        await asyncio.gather(*[agent(plan, number) for plan in PLANS for number in range(plan.agents)])


def test_promtool_finds_nothing(day: Prometheus, serving: Serving) -> None:
    metrics = httpx.get(f"http://{serving.admin}/metrics", trust_env=False).text

    command = [executable("promtool"), "check", "metrics"]
    checked = subprocess.run(command, input=metrics, capture_output=True, text=True, check=False)

    assert "chaosproxy_episodes_total" in metrics
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_scrapes_succeed(day: Prometheus) -> None:
    (target,) = day.ask("targets", state="active")["activeTargets"]

    assert (target["health"], target["lastError"]) == ("up", "")
    assert day.value("min_over_time(min(up)[1m:500ms])") == 1


def test_resolutions_are_those_of_the_plans(day: Prometheus) -> None:
    counted = day.values("sum by (resolution) (chaosproxy_episodes_total) > 0")

    assert counted == dict(EPISODES)


def test_the_recovery_rate_is_that_of_the_plans(day: Prometheus) -> None:
    assert day.value(RECOVERY_RATE) == RECOVERED / DECIDED == 0.8


def test_p95_of_the_time_to_recovery_lies_in_the_bucket_of_the_plans(day: Prometheus) -> None:
    found = day.value(RECOVERY_P95)

    # 19 of 20 recoveries: the 7th of the 8 slow ones, which Prometheus spreads evenly over their bucket.
    slow = sum(plan.agents for plan in PLANS if plan.resolution == "recovered_retry" and plan.wait == SLOW)
    place = 0.95 * RECOVERED - (RECOVERED - slow)
    assert found is not None
    assert found == pytest.approx(2 + (5 - 2) * place / slow)
    assert 2 < SLOW < found < 5


def test_the_histograms_count_each_recovery_once(day: Prometheus) -> None:
    fastest = sum(
        plan.agents * plan.wait * (plan.attempts - 1) for plan in PLANS if plan.resolution == "recovered_retry"
    )
    spent = day.value("sum(chaosproxy_recovery_seconds_sum)")

    assert day.value("sum(chaosproxy_recovery_seconds_count)") == RECOVERED
    assert spent is not None
    assert fastest <= spent < fastest + RECOVERED
    assert day.value("sum(chaosproxy_recovery_attempts_sum)") == 9 * 2 + 3 * 3 + 8 * 2


def test_calls_and_faults_are_those_of_the_plans(day: Prometheus) -> None:
    first = sum(plan.agents for plan in PLANS)
    retries = sum(plan.agents * (plan.attempts - 1) for plan in PLANS)

    assert day.values("sum by (kind) (chaosproxy_calls_total) > 0") == {"first": first, "retry": retries}
    assert day.values("sum by (rule) (chaosproxy_faults_injected_total) > 0") == {
        "fails once": 9 + 8,
        "fails twice": 3 * 2,
        "always fails": 3 * 3 + 1,
        "is forbidden": 1,
    }


def test_the_first_failure_of_its_kind_is_an_increase(day: Prometheus) -> None:
    # Only because its series stood at 0 before. Prometheus extrapolates to the ends of the minute, hence `round`.
    assert day.value('round(sum(increase(chaosproxy_episodes_total{fault="permission_denied"}[1m])))') == 1
