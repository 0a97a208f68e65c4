"""What is said of an agent is compared with what it did and what the tool counted, through real sockets.

Each scene was once told wrong.
"""

import asyncio
import json
import random
from collections import Counter
from pathlib import Path

import pytest
from aiohttp import web

from chaosproxy.core.events import CallReceived, CanaryFound, EpisodeClosed, EpisodeOpened, SessionEnded
from chaosproxy.reports.building import Asked, build_report
from chaosproxy.reports.model import Report
from chaosproxy.telemetry.journal_files import JournalFile
from tests.e2e.recovery_house import House, Tool, good, house


def rule(fault: str, tool: str = "find", when: str = "{attempts: 1}") -> str:
    return f'rules:\n  - {{name: r, match: {{tool: "{tool}"}}, when: {when}, fault: {fault}}}'


async def hedged(agent: House) -> None:
    """Ask twice, drop the slower, and do something else."""
    first = agent.begins("/find?q=tea")
    await agent.until(lambda: len(agent.said(CallReceived)) == 1)
    assert await agent.ask("/find?q=tea") == (200, b'{"ok": true}')
    first.cancel()
    await agent.until(lambda: len(agent.calls) == 2)
    await agent.ask("/other")


async def test_the_loser_of_a_hedge_is_no_failure_though_a_fault_held_it_up(tmp_path: Path) -> None:
    async with house(tmp_path, good, rule("{type: latency, delay: 30s}", when="{calls: 1}")) as agent:
        await hedged(agent)
    assert agent.kinds == ["hedge", "parallel", "first"]
    assert agent.endings == []
    score = agent.proxy.scorecard.score()
    # Two things were wanted, in three calls.
    assert (score.operations, score.results, score.amplification) == (2, {"clean": 2}, 1.5)
    assert agent.metric("operations_total", "result") == {"clean": 2}
    assert [each.operations for each in agent.said(SessionEnded)] == [2]


def slow_once(done: asyncio.Event) -> Tool:
    """A tool that takes until `done` for the first request, whether or not anybody waits for it."""
    first = [True]

    async def tool(_request: web.Request) -> web.Response:
        if first:
            first.clear()
            await done.wait()
        return web.json_response({"ok": True})

    return tool


AFTER_THE_TOOL = ["malformed_json", "lost_reply", "truncated_body", "wrong_values", "late_reply, delay: 5s"]


@pytest.mark.parametrize("fault", AFTER_THE_TOOL)
async def test_who_gives_up_on_a_tool_that_runs_on_and_asks_again_has_retried(tmp_path: Path, fault: str) -> None:
    done = asyncio.Event()
    async with house(tmp_path, slow_once(done), rule(f"{{type: {fault}}}", when="{calls: 1}")) as agent:
        assert await agent.ask("/find?q=tea", 0.1) == (0, b"")
        assert await agent.ask("/find?q=tea") == (200, b'{"ok": true}')
        done.set()
        await agent.until(lambda: len(agent.calls) == 2)
    assert agent.kinds == ["first", "retry"]
    # The tool was too slow for the agent, and the fault never had its turn.
    assert agent.endings == [("upstream", "recovered_retry", 2)]
    (episode,) = agent.said(EpisodeClosed)
    assert 0.1 <= episode.detection_seconds < 2
    assert [line["reason"] for line in agent.lines("call")[-1]["skipped"]] == ["agent_left"]
    assert agent.proxy.scorecard.score().results == {"recovered": 1}
    assert agent.metric("operations_total", "result") == {"recovered": 1}


@pytest.mark.parametrize("gone_first", [False, True])
async def test_a_write_that_the_tool_does_after_the_agent_has_left_is_counted(
    tmp_path: Path, *, gone_first: bool
) -> None:
    done = asyncio.Event()
    async with house(tmp_path, slow_once(done), rule("{type: lost_reply}", "pay", "{calls: 1}")) as agent:
        await agent.ask("/pay", 0.1, json={"amount": 5})
        await agent.ask("/pay", json={"amount": 5})
        if gone_first:
            asyncio.get_running_loop().call_later(0.1, done.set)
        else:
            done.set()
            await agent.until(lambda: len(agent.calls) == 2)
    assert agent.hits["/pay"] == 2
    assert agent.duplicates == {"exposed": 1, "confirmed": 1}
    assert [(each.resolution, each.because) for each in agent.said(EpisodeClosed)] == [("recovered_retry", "blind")]


async def test_equal_calls_that_time_out_together_and_come_back_pair_up(tmp_path: Path) -> None:
    """A retry on a kept connection can be heard before the leaving that it follows."""
    async with house(tmp_path, good, rule("{type: timeout}", when="{probability: 30%}")) as agent:
        knows: Counter[str] = Counter()

        async def want() -> None:
            for attempt in range(20):
                if (await agent.ask("/find?q=tea", 0.6))[0] == 200:
                    knows["recovered" if attempt else "clean"] += 1
                    knows["retries"] += attempt
                    return

        await asyncio.gather(*[want() for _ in range(80)])
    score = agent.proxy.scorecard.score()
    assert score.operations == 80
    assert score.results == {"clean": knows["clean"], "recovered": knows["recovered"]}
    assert score.kinds["retry"] == knows["retries"] > 10
    assert {resolution for _, resolution, _ in agent.endings} == {"recovered_retry"}


@pytest.mark.parametrize(
    ("faults", "patience", "blamed"),
    [
        ("[{type: latency, delay: 20s}, {type: malformed_json}]", 0.1, "latency"),
        ("[{type: malformed_json}, {type: latency, delay: 20s}]", 0.1, "latency"),
        ("{type: latency, delay: 10ms}", 0.3, "upstream"),
        ("{type: latency, delay: 20s, phase: after_upstream}", 0.1, "upstream"),
        ("{type: slow_body, bytes_per_second: 1}", 0.1, "upstream"),
    ],
)
async def test_who_leaves_left_because_of_what_held_it_up_longest(
    tmp_path: Path, faults: str, patience: float, blamed: str
) -> None:
    done = asyncio.Event()
    async with house(tmp_path, slow_once(done), rule(faults, when="{calls: 1}")) as agent:
        await agent.ask("/find?q=tea", patience)
        await agent.until(lambda: bool(agent.said(EpisodeOpened)))
        done.set()
    assert [each.fault for each in agent.said(EpisodeOpened)] == [blamed]


async def test_who_waits_for_the_rest_of_a_body_in_vain_has_no_answer(tmp_path: Path) -> None:
    done = asyncio.Event()
    first = [True]

    async def stops_midway(request: web.Request) -> web.StreamResponse:
        if not first:
            return await good(request)
        first.clear()
        reply = web.StreamResponse(headers={"Content-Length": "100"})
        await reply.prepare(request)
        await reply.write(b'{"items": [')
        await done.wait()
        return reply

    async with house(tmp_path, stops_midway) as agent:
        assert await agent.ask("/find?q=tea", 0.5) == (0, b"")
        assert (await agent.ask("/find?q=tea"))[0] == 200
        done.set()
    assert agent.kinds == ["first", "retry"]
    assert agent.endings == [("upstream", "recovered_retry", 2)]


async def test_a_false_price_is_found_where_the_agent_pays_it(tmp_path: Path) -> None:
    async def prices(_request: web.Request) -> web.Response:
        return web.json_response({"name": "Tea", "price": 1200.5, "tax": 96.04})

    async with house(tmp_path, prices, rule("{type: wrong_values}", when="{probability: 100%}")) as agent:
        for number in range(10):
            _, told = await agent.ask(f"/find?q={number}", session=f"run-{number}")
            await agent.ask("/pay", json=json.loads(told), session=f"run-{number}")
    found = [each.call.session for each in agent.said(CanaryFound)]
    assert found == [f"run-{number}" for number in range(10)]
    assert Counter(resolution for _, resolution, _ in agent.endings) == {"undetected": 10}


async def test_who_looks_and_pays_again_all_the_same_has_avoided_nothing(tmp_path: Path) -> None:
    async with house(tmp_path, good, rule("{type: lost_reply}", "pay", "{calls: 1}")) as agent:
        await agent.ask("/pay", json={"amount": 5})
        await agent.ask("/pay/5")
        await agent.ask("/pay", json={"amount": 5})
    assert agent.hits["/pay"] == 2
    assert agent.duplicates == {"confirmed": 1}


BUSY = """
rules:
  - {name: slow, match: {tool: find}, when: {probability: 8%}, fault: {type: latency, delay: 300ms}}
  - {name: down, when: {probability: 8%}, fault: {type: server_error}}
  - {name: limited, match: {tool: find}, when: {probability: 8%}, fault: {type: rate_limit, retry_after: 20ms}}
  - {name: lost, match: {tool: pay}, when: {probability: 20%}, fault: {type: lost_reply}}
  - {name: twice, match: {tool: pay}, when: {probability: 8%}, fault: {type: duplicate_delivery}}
  - {name: hangs, when: {probability: 4%}, fault: {type: timeout}}
  - {name: lies, match: {tool: find}, when: {probability: 8%}, fault: {type: wrong_values}}
  - {name: spoilt, match: {tool: other}, when: {probability: 30%}, fault: {type: malformed_json}}
"""


class Agent:
    """One of many: tries again or does not, with keys and without, hedges, falls back, and sends things twice."""

    def __init__(self, house: House, number: int) -> None:
        self._house = house
        self._number = number
        self._dice = random.Random(number)

    async def work(self) -> None:
        for task in range(12):
            await self._dice.choice([self._find, self._pay, self._pay, self._fan, self._hedge])(task)

    async def _ask(self, path: str, timeout: float = 1, **more: object) -> int:  # noqa: ASYNC109
        return (await self._house.ask(path, timeout, session=f"run-{self._number}", **more))[0]

    async def _find(self, task: int) -> None:
        for _ in range(self._dice.randint(1, 3)):
            if await self._ask(f"/find?q={self._number}.{task}") == 200:
                return
        await self._ask(f"/other?q={self._number}.{task}")

    async def _pay(self, task: int) -> None:
        body = {"by": self._number, "amount": task}
        headers = {"Idempotency-Key": f"{self._number}.{task}"} if self._dice.random() < 0.5 else {}
        for _ in range(3):
            if await self._ask("/pay", json=body, headers=headers) == 200:
                break
        else:
            return
        if headers and self._dice.random() < 0.3:
            await self._ask("/pay", json=body, headers=headers)

    async def _fan(self, task: int) -> None:
        await asyncio.gather(*[self._ask(f"/find?fan={self._number}.{task}") for _ in range(3)])

    async def _hedge(self, task: int) -> None:
        path = f"/find?hedge={self._number}.{task}"
        both = {self._house.begins(path, session=f"run-{self._number}")}
        done, _ = await asyncio.wait(both, timeout=0.05)
        if not done:
            both.add(self._house.begins(path, session=f"run-{self._number}"))
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for each in both:
            each.cancel()
        await asyncio.gather(*both, return_exceptions=True)


class Moody:
    """A tool that fails by itself now and then, ignores keys, and counts what it executed."""

    def __init__(self) -> None:
        self._dice = random.Random(7)
        self._executed: Counter[tuple[int, int]] = Counter()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        mood = self._dice.random()
        if mood < 0.05:
            return web.json_response({"error": "busy"}, status=429, headers={"Retry-After": "0"})
        if mood < 0.1:
            return web.json_response({"error": "oops"}, status=500)
        if request.path == "/other":
            return web.Response(status=204)
        if request.path == "/pay":
            body = await request.json()
            self._executed[body["by"], body["amount"]] += 1
        return web.json_response({"ok": True, "price": 1200 + mood, "id": f"it_{mood}"})

    @property
    def beyond_the_first(self) -> int:
        return sum(times - 1 for times in self._executed.values())


async def test_there_are_four_ways_to_the_same_numbers(tmp_path: Path) -> None:
    tool = Moody()
    async with house(tmp_path, tool, BUSY) as proxy:
        await asyncio.gather(*[Agent(proxy, number).work() for number in range(30)])
    live, totals = proxy.proxy.scorecard.score(), report_of(tmp_path / "journal.jsonl").totals
    episodes = proxy.said(EpisodeClosed)

    assert len(proxy.calls) == live.calls == totals.calls
    assert live.sessions == totals.sessions == 30
    assert live.operations == totals.operations == sum(live.results.values())
    assert live.operations == sum(each.operations for each in proxy.said(SessionEnded))
    assert live.results == proxy.metric("operations_total", "result")
    assert live.kinds == totals.kinds == proxy.metric("calls_total", "kind")
    assert live.outcomes == proxy.metric("responses_total", "outcome")
    assert live.wasted == totals.wasted == proxy.metric("wasted_calls_total", "reason")
    assert live.duplicates == totals.duplicates == proxy.metric("duplicate_effects_total", "certainty")
    assert live.keys == totals.keys == proxy.metric("idempotency_keys_total", "verdict")
    assert live.retry_after == totals.retry_after == proxy.metric("retry_after_total", "verdict")
    assert live.amplification == totals.amplification
    resolutions = Counter(str(each.resolution) for each in episodes)
    assert resolutions == sum((Counter(each.resolutions) for each in live.faults), Counter())
    assert resolutions == proxy.metric("episodes_total", "resolution")
    assert resolutions == Counter(line["resolution"] for line in proxy.lines("episode"))
    assert {each.episode for each in episodes} == {each.episode for each in proxy.said(EpisodeOpened)}
    # And what the tool counted is what was confirmed.
    assert live.duplicates["confirmed"] == tool.beyond_the_first > 20


def report_of(journal: Path) -> Report:
    asked = Asked(files=(JournalFile(journal, journal.name),), generated="2026-11-23T00:00:00Z")
    return build_report(asked, lambda _: None)
