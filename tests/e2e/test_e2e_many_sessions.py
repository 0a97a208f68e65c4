"""Two hundred agents at once, each with a plan that the proxy does not know: what it reports must be the plan."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web

from chaosproxy.app import Proxy, Settings
from chaosproxy.core.events import (
    CallAnswered,
    CallReceived,
    Certainty,
    DuplicateEffect,
    EpisodeClosed,
    FaultInjected,
    Resolution,
    SessionEnded,
)
from chaosproxy.profiles.loader import load_profile

SESSIONS = 200

PROFILE = """
version: 1
name: known-plans
seed: 11
upstreams: {shop: "%s"}
tools:
  item: {upstream: shop, method: GET, path: "/item/{id}"}
  charge: {upstream: shop, method: POST, path: /charge, idempotency_key: header:Idempotency-Key}
  maybe: {upstream: shop, method: GET, path: "/maybe/{id}"}
rules:
  - {name: once, match: {path: "/item/once*"}, when: {attempts: 1}, fault: {type: server_error}}
  - {name: twice, match: {path: "/item/twice*"}, when: {attempts: 1-2}, fault: {type: server_error, status: 502}}
  - {name: down, match: {path: "/item/down*"}, fault: {type: server_error, status: 503}}
  - {name: denied, match: {path: "/item/denied*"}, fault: {type: permission_denied}}
  - name: lost
    match: {tool: charge, body: {order: "lost*"}}
    when: {attempts: 1}
    fault: {type: connection_reset, phase: after_upstream}
  - {name: chance, match: {tool: maybe}, when: {probability: 30%%}, fault: {type: server_error}}
"""


@dataclass
class Plan:
    """What one agent will do, and what must therefore be reported of it."""

    name: str
    steps: list[str]
    episodes: Counter[tuple[Resolution, int]] = field(default_factory=Counter)
    duplicates: int = 0
    retries: int = 0

    def __post_init__(self) -> None:
        for step in self.steps:
            resolution, attempts, duplicates = STEPS[step]
            copies = 2 if step == "twins" else 1
            if resolution is not None:
                self.episodes[resolution, attempts] += copies
            self.duplicates += duplicates
            self.retries += copies * (attempts - 1)


STEPS: dict[str, tuple[Resolution | None, int, int]] = {
    "clean": (None, 1, 0),
    "once": (Resolution.RECOVERED_RETRY, 2, 0),
    "twice": (Resolution.RECOVERED_RETRY, 3, 0),
    "twins": (Resolution.RECOVERED_RETRY, 2, 0),
    "exhaust": (Resolution.EXHAUSTED, 3, 0),
    "abandon": (Resolution.ABANDONED, 1, 0),
    "denied": (Resolution.FAILED_FAST, 1, 0),
    "lost keyless": (Resolution.RECOVERED_RETRY, 2, 1),
    "lost keyed": (Resolution.RECOVERED_RETRY, 2, 0),
    "pay twice on purpose": (None, 1, 0),
}


class Shop:
    """Charges whatever it is asked to, except twice under one key; counts what it did."""

    def __init__(self) -> None:
        self.executions: Counter[str] = Counter()
        self._by_key: dict[str, str] = {}

    async def item(self, request: web.Request) -> web.Response:
        return web.json_response({"id": request.match_info["id"]})

    async def charge(self, request: web.Request) -> web.Response:
        order = (await request.json())["order"]
        key = request.headers.get("Idempotency-Key")
        if key in self._by_key:
            return web.Response(text=self._by_key[key], headers={"Idempotent-Replayed": "true"})
        self.executions[order] += 1
        reply = json.dumps({"id": f"ch_{order}_{self.executions[order]}"})
        if key is not None:
            self._by_key[key] = reply
        return web.Response(text=reply)


@asynccontextmanager
async def shop_running() -> AsyncIterator[tuple[Shop, str]]:
    shop = Shop()
    application = web.Application()
    application.add_routes(
        [web.get("/item/{id}", shop.item), web.get("/maybe/{id}", shop.item), web.post("/charge", shop.charge)]
    )
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield shop, "http://{}:{}".format(*runner.addresses[0][:2])
    finally:
        await runner.cleanup()


class Agent:
    """Carries out a plan. Its steps overlap, and the plans of all agents run at once."""

    def __init__(self, plan: Plan, base: str, http: aiohttp.ClientSession) -> None:
        self._plan = plan
        self._base = f"{base}/~{plan.name}/shop"
        self._http = http

    async def run(self) -> None:
        await asyncio.gather(*[self._step(step, f"{number}") for number, step in enumerate(self._plan.steps)])

    async def _step(self, step: str, number: str) -> None:
        if step == "twins":
            await asyncio.gather(self._get(f"once-{number}", 2), self._get(f"once-{number}", 2))
        elif step.startswith("lost"):
            key = {"Idempotency-Key": f"{self._plan.name}-{number}"} if step.endswith("keyed") else {}
            await self._pay(f"lost-{self._plan.name}-{number}", key, tries=2)
        elif step == "pay twice on purpose":
            for _ in range(2):
                await self._pay(f"again-{self._plan.name}-{number}", {}, tries=1)
        else:
            path = {"exhaust": "down", "abandon": "down"}.get(step, step)
            await self._get(f"{path}-{number}", STEPS[step][1])

    async def _get(self, item: str, tries: int) -> None:
        for _ in range(tries):
            try:
                async with self._http.get(f"{self._base}/item/{item}") as response:
                    await response.read()
            except aiohttp.ClientError:
                continue

    async def _pay(self, order: str, headers: dict[str, str], tries: int) -> None:
        for _ in range(tries):
            try:
                async with self._http.post(f"{self._base}/charge", json={"order": order}, headers=headers) as response:
                    await response.read()
            except aiohttp.ClientError:
                continue


class Report:
    """What the proxy says of each session."""

    def __init__(self, proxy: Proxy) -> None:
        self.episodes: dict[str, Counter[tuple[Resolution, int]]] = {}
        self.duplicates: Counter[str] = Counter()
        self.retries: Counter[str] = Counter()
        self.hit: set[tuple[str, str, str]] = set()
        self.ended: set[str] = set()
        self.executed: Counter[str] = Counter()
        proxy.bus.subscribe(EpisodeClosed, self._closed)
        proxy.bus.subscribe(DuplicateEffect, self._count_duplicate)
        proxy.bus.subscribe(CallReceived, self._received)
        proxy.bus.subscribe(FaultInjected, self._struck)
        proxy.bus.subscribe(CallAnswered, self._answered)
        proxy.bus.subscribe(SessionEnded, lambda event: self.ended.add(event.session))

    def _closed(self, event: EpisodeClosed) -> None:
        self.episodes.setdefault(event.session, Counter())[event.resolution, event.attempts] += 1

    def _count_duplicate(self, event: DuplicateEffect) -> None:
        if event.certainty is Certainty.CONFIRMED:
            self.duplicates[event.call.session] += event.times

    def _received(self, event: CallReceived) -> None:
        if event.match.attempt > 1:
            self.retries[event.call.session] += 1

    def _struck(self, event: FaultInjected) -> None:
        self.hit.add((event.call.session, event.call.route.path, event.call.fingerprint))

    def _answered(self, event: CallAnswered) -> None:
        if event.call.route.tool == "charge" and event.answer.truth == "executed" and not event.answer.replayed:
            self.executed[event.call.session] += 1


def make_plans(seed: int) -> list[Plan]:
    dice = random.Random(seed)
    return [
        Plan(f"agent-{number}", [dice.choice(list(STEPS)) for _ in range(dice.randint(1, 6))])
        for number in range(SESSIONS)
    ]


@asynccontextmanager
async def proxy_before(url: str, folder: Path) -> AsyncIterator[Proxy]:
    profile = folder / "plans.yaml"
    profile.write_text(PROFILE % url)
    async with Proxy(load_profile([profile], {}), Settings()) as proxy:
        yield proxy


def without_pool() -> aiohttp.TCPConnector:
    """One connection a request: aiohttp repeats by itself what failed on a kept one, and a plan knows every request."""
    return aiohttp.TCPConnector(limit=0, force_close=True)


async def test_every_plan_is_reported_as_it_was(tmp_path: Path) -> None:
    plans = make_plans(seed=5)
    async with (
        shop_running() as (shop, url),
        proxy_before(url, tmp_path) as proxy,
        aiohttp.ClientSession(connector=without_pool()) as http,
    ):
        report = Report(proxy)
        await asyncio.gather(*[Agent(plan, f"http://{proxy.listen}", http).run() for plan in plans])
        for plan in plans:
            proxy.end_session(plan.name)

    names = [plan.name for plan in plans]
    assert {name: report.episodes.get(name, Counter()) for name in names} == {p.name: p.episodes for p in plans}
    assert {name: report.duplicates[name] for name in names} == {plan.name: plan.duplicates for plan in plans}
    assert {name: report.retries[name] for name in names} == {plan.name: plan.retries for plan in plans}
    assert report.ended == set(names)
    assert report.executed.total() == shop.executions.total()
    assert sum(plan.duplicates for plan in plans) > 20
    assert sum(plan.episodes.total() for plan in plans) > 300


async def calls_hit(order: Iterable[int], folder: Path) -> set[tuple[str, str, str]]:
    """The calls that chance hits when the agents start in this order."""
    async with (
        shop_running() as (_, url),
        proxy_before(url, folder) as proxy,
        aiohttp.ClientSession(connector=without_pool()) as http,
    ):
        report = Report(proxy)

        async def ask(session: int, number: int) -> None:
            async with http.get(f"http://{proxy.listen}/~agent-{session}/shop/maybe/{number}") as response:
                await response.read()

        await asyncio.gather(*[ask(session, number) for session in order for number in range(5)])
    return report.hit


async def test_one_seed_hits_the_same_calls_in_any_order(tmp_path: Path) -> None:
    forwards = await calls_hit(range(SESSIONS), tmp_path)
    order = list(range(SESSIONS))
    random.Random(1).shuffle(order)
    shuffled = await calls_hit(order, tmp_path)

    assert forwards == shuffled
    assert 0.25 < len(forwards) / (SESSIONS * 5) < 0.35
