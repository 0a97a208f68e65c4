"""A proxy in this process between a scripted agent and a scripted tool, and all that it says of them."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from aiohttp import web

from chaosproxy.app import Proxy, Settings
from chaosproxy.core.events import (
    CallAnswered,
    CallReceived,
    CanaryFound,
    DuplicateEffect,
    EpisodeClosed,
    EpisodeOpened,
    Event,
    OperationClosed,
    RetryAfterJudged,
    SessionEnded,
)
from chaosproxy.profiles.loader import load_profile

E = TypeVar("E", bound=Event)

PROFILE = """
version: 1
name: what is said of an agent is true
seed: 11
upstreams: {shop: "%s"}
tools:
  find: {upstream: shop, method: GET, path: /find}
  other: {upstream: shop, method: GET, path: /other, fallback_for: [find]}
  pay: {upstream: shop, method: POST, path: /pay, effect: write}
%s
"""

_SAMPLE = re.compile(r"chaosproxy_(\w+)\{(.*)\} (\S+)")
_SUBSCRIBED = (
    CallAnswered,
    CallReceived,
    CanaryFound,
    DuplicateEffect,
    EpisodeClosed,
    EpisodeOpened,
    OperationClosed,
    RetryAfterJudged,
    SessionEnded,
)

Tool = Callable[[web.Request], Awaitable[web.StreamResponse]]
Told = tuple[int, bytes]
"""Status and body; 0 if there was no whole answer."""


class House:
    """One running proxy."""

    def __init__(self, proxy: Proxy, client: aiohttp.ClientSession, journal: Path) -> None:
        self.proxy = proxy
        self.events: list[Event] = []
        self.hits: Counter[str] = Counter()
        """Requests that the tool has read, by path and query."""
        self._client = client
        self._journal = journal
        self._news = asyncio.Event()
        for kind in _SUBSCRIBED:
            proxy.bus.subscribe(kind, self._heard)

    def _heard(self, event: Any) -> None:  # noqa: ANN401 - of any type of event, as a bus hands them out
        self.events.append(event)
        self._news.set()

    async def ask(self, path: str, timeout: float = 20, *, session: str = "run", **more: Any) -> Told:  # noqa: ANN401, ASYNC109
        """GET, or POST if there is a body; the agent's own timeout in seconds."""
        headers = {"X-Session-Id": session, **more.pop("headers", {})}
        wait = aiohttp.ClientTimeout(timeout)
        url = f"http://{self.proxy.listen}/shop{path}"
        try:
            async with self._client.request(
                "POST" if "json" in more else "GET", url, headers=headers, timeout=wait, **more
            ) as reply:
                return reply.status, await reply.read()
        except (aiohttp.ClientError, TimeoutError):
            return 0, b""

    def begins(self, path: str, **more: Any) -> asyncio.Task[Told]:  # noqa: ANN401
        """Ask, and go on; whoever asks may cancel it."""
        return asyncio.get_running_loop().create_task(self.ask(path, **more))

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until what is heard makes this true."""
        async with asyncio.timeout(20):
            while not holds():
                self._news.clear()
                await self._news.wait()

    def said(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def calls(self) -> list[CallAnswered]:
        """In the order in which they came."""
        return sorted(self.said(CallAnswered), key=lambda event: event.call.number)

    @property
    def kinds(self) -> list[str]:
        return [str(event.match.kind) for event in self.calls]

    @property
    def endings(self) -> list[tuple[str, str, int]]:
        """Of each episode: fault, resolution, attempts."""
        return [(each.fault, str(each.resolution), each.attempts) for each in self.said(EpisodeClosed)]

    @property
    def duplicates(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for each in self.said(DuplicateEffect):
            found[str(each.certainty)] += each.times
        return found

    def lines(self, kind: str) -> list[dict[str, Any]]:
        """Of the journal, once the proxy has stopped."""
        lines = [json.loads(line) for line in self._journal.read_text().splitlines()]
        return [line for line in lines if line["type"] == kind]

    def metric(self, name: str, by: str) -> dict[str, int]:
        """The sum of a counter by one of its labels, without what is 0."""
        found: Counter[str] = Counter()
        for metric, labels, value in _SAMPLE.findall(self.proxy.metrics.render("")[0].decode()):
            if metric == name:
                found[dict(re.findall(r'(\w+)="([^"]*)"', labels))[by]] += int(float(value))
        return {label: count for label, count in sorted(found.items()) if count}


@asynccontextmanager
async def house(folder: Path, tool: Tool, rules: str = "") -> AsyncIterator[House]:
    """Serves until the agent is gone: then all its runs are over by its own word."""
    found: list[House] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        await request.read()
        found[0].hits[request.path_qs] += 1
        return await tool(request)

    application = web.Application()
    application.router.add_route("*", "/{any:.*}", handle)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=512).start()
        host, port = runner.addresses[0][:2]
        profile = folder / "profile.yaml"
        profile.write_text(PROFILE % (f"http://{host}:{port}", rules))
        journal = folder / "journal.jsonl"
        proxy = Proxy(load_profile([profile], {}), Settings(journal=journal))
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client, proxy:
            found.append(House(proxy, client, journal))
            yield found[0]
            proxy.end_all_sessions()
    finally:
        await runner.cleanup()


async def good(_request: web.Request) -> web.Response:
    """The tool that nothing is wrong with."""
    return web.json_response({"ok": True})
