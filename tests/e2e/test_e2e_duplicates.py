"""A tool that counts its executions, agents that send writes again in every way, and our count beside the tool's."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from chaosproxy.app import Proxy, Settings
from chaosproxy.core.events import Certainty, DuplicateEffect
from chaosproxy.profiles.loader import load_profile

ORDERS = 60
ATTEMPTS = 5

PROFILE = """
version: 1
name: replies get lost
seed: %d
upstreams: {shop: "%s"}
tools:
  charge: {upstream: shop, method: POST, path: /charge, effect: write}
rules:
  - name: executed, and the reply is lost
    when: {probability: 35%%}
    fault: {type: connection_reset, phase: after_upstream}
  - name: executed, and the reply is garbage
    when: {probability: 10%%}
    fault: {type: truncated_body}
  - name: never executed
    when: {probability: 15%%}
    fault: {type: server_error}
  - name: executed twice by the network
    when: {probability: 10%%}
    fault: {type: duplicate_delivery}
"""


class Keys(StrEnum):
    """What the tool makes of keys."""

    HONOURED_ALOUD = "honoured, and replays are marked"
    HONOURED = "honoured, and replays are equal bytes"
    IGNORED = "ignored, with a new id each time"
    IGNORED_ALIKE = "ignored, and every reply is the same"


class Habit(StrEnum):
    """What the agent does about keys."""

    NONE = "no key"
    SAME = "one key an order"
    ROTATED = "a new key each time"


class Shop:
    """Counts what it executed, by order."""

    def __init__(self, keys: Keys) -> None:
        self.executed: Counter[str] = Counter()
        self._keys = keys
        self._replies: dict[str, bytes] = {}

    async def charge(self, request: web.Request) -> web.Response:
        order = (await request.json())["order"]
        key = request.headers.get("Idempotency-Key")
        honoured = self._keys in (Keys.HONOURED, Keys.HONOURED_ALOUD) and key is not None
        if honoured and key in self._replies:
            aloud = {"Idempotent-Replayed": "true"} if self._keys is Keys.HONOURED_ALOUD else {}
            return web.Response(body=self._replies[key], content_type="application/json", headers=aloud)
        self.executed[order] += 1
        alike = self._keys is Keys.IGNORED_ALIKE
        reply = json.dumps({"ok": True} if alike else {"ok": True, "id": f"ch_{self.executed.total()}"}).encode()
        if key is not None:
            self._replies[key] = reply
        return web.Response(body=reply, content_type="application/json")

    @property
    def beyond_the_first(self) -> int:
        return sum(count - 1 for count in self.executed.values())

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        application = web.Application()
        application.add_routes([web.post("/charge", self.charge)])
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            yield f"http://{host}:{port}"
        finally:
            await runner.cleanup()


class Agent:
    """Sends each order until it has a good reply, or has had enough; the time of sending stands in each body."""

    def __init__(self, url: str, habit: Habit, dice: random.Random) -> None:
        self._url = url
        self._habit = habit
        self._dice = dice
        self._sent = 0

    async def work(self) -> None:
        async with aiohttp.ClientSession() as client, asyncio.TaskGroup() as group:
            for order in range(ORDERS):
                group.create_task(self._order(client, f"order-{order}"))

    async def _order(self, client: aiohttp.ClientSession, order: str) -> None:
        key = self._dice.randbytes(8).hex()
        for _ in range(ATTEMPTS):
            self._sent += 1
            body = {"order": order, "amount": 1900, "timestamp": 1_795_000_000 + self._sent}
            if self._habit is Habit.ROTATED:
                key = self._dice.randbytes(8).hex()
            headers = {} if self._habit is Habit.NONE else {"Idempotency-Key": key}
            try:
                async with client.post(f"{self._url}/charge", json=body, headers=headers) as response:
                    json.loads(await response.read())
                    if response.ok:
                        return
            except (aiohttp.ClientError, ValueError):
                pass


@pytest.mark.parametrize("habit", Habit)
@pytest.mark.parametrize("keys", Keys)
async def test_what_we_confirm_is_what_the_tool_counted(tmp_path: Path, keys: Keys, habit: Habit) -> None:
    shop = Shop(keys)
    seen: Counter[Certainty] = Counter()

    def count(event: DuplicateEffect) -> None:
        seen[event.certainty] += event.times

    async with shop.open() as url:
        path = tmp_path / "profile.yaml"
        seed = 100 * list(Keys).index(keys) + list(Habit).index(habit)
        path.write_text(PROFILE % (seed, url))
        proxy = Proxy(load_profile([path], {}), Settings())
        proxy.bus.subscribe(DuplicateEffect, count)
        async with proxy:
            await Agent(f"http://{proxy.listen}/shop", habit, random.Random(seed)).work()
    confirmed = seen[Certainty.CONFIRMED]
    assert confirmed == shop.beyond_the_first
    if habit is Habit.SAME and keys in (Keys.HONOURED, Keys.HONOURED_ALOUD):
        assert confirmed == 0
        assert seen[Certainty.AVOIDED] > 0
    else:
        assert confirmed > ORDERS / 5, "or this test shows nothing"
