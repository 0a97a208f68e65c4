"""The bad day: starts the shop, a proxy in front of it and both agents, and hands back what became of them."""

import asyncio
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import msgspec

from chaosproxy.app import Proxy, Settings
from chaosproxy.core.call import ToolEffect
from chaosproxy.core.events import (
    CallAnswered,
    Certainty,
    DuplicateEffect,
    EpisodeClosed,
    RetryAfterJudged,
    RetryAfterVerdict,
)
from chaosproxy.core.failures import Outcome
from chaosproxy.demo.agents import ORDERS, Careful, Careless, Shopper
from chaosproxy.demo.tool_api import ShopTools
from chaosproxy.profiles.loader import LoadedProfile, load_profile
from chaosproxy.recovery.scoring.expectations import RunVerdict
from chaosproxy.recovery.scoring.scorecard import Scorecard
from chaosproxy.recovery.scoring.terms import Terms

AGENTS: tuple[type[Shopper], ...] = (Careful, Careless)


class Line(msgspec.Struct, frozen=True):
    """Something to show while it happens."""

    agent: str
    who: str
    """`proxy` for what was done to the agent and what the proxy saw, `agent` for what the agent says."""
    text: str


class Card(msgspec.Struct, frozen=True):
    """How one agent came through the day."""

    agent: str
    orders_done: int
    rows: int
    """Its charges in the database."""
    orders_charged: int
    """Orders that have at least one."""
    scorecard: Scorecard
    verdict: RunVerdict
    episodes: tuple[EpisodeClosed, ...]


class Day(msgspec.Struct, frozen=True):
    """The day that was."""

    cards: tuple[Card, ...]
    orders: int
    metrics_url: str
    metrics: str
    """The text that /metrics gave at the end of the day."""


class Stage:
    """One day, from opening to closing time. `show` is called with each line as it happens."""

    def __init__(self, show: Callable[[Line], None], folder: Path, journal: Path | None = None) -> None:
        self._show = show
        self._tools = ShopTools(folder / "shop.sqlite")
        self._journal = journal
        self._scorecards: dict[str, Scorecard] = {}
        self._episodes: dict[str, list[EpisodeClosed]] = {each.name: [] for each in AGENTS}

    async def play(self, after: Callable[[Day], "asyncio.Future[None] | None"]) -> Day:
        """Play the day. `after` is told of its end and may give something to wait for before the proxy closes."""
        url = await self._tools.start()
        try:
            loaded = load_bad_day(url)
            async with Proxy(loaded, Settings(journal=self._journal)) as proxy:
                self._listen(proxy)
                agents = [self._agent(kind, proxy) for kind in AGENTS]
                await asyncio.gather(*[self._work(agent, proxy) for agent in agents])
                day = await self._evening(agents, proxy)
                wait_for = after(day)
                if wait_for is not None:
                    await wait_for
                return day
        finally:
            await self._tools.stop()

    def _agent(self, kind: type[Shopper], proxy: Proxy) -> Shopper:
        base = f"http://{proxy.listen}/~{kind.name}"
        return kind(f"{base}/search", f"{base}/payments", lambda who, text: self._show(Line(who, "agent", text)))

    async def _work(self, agent: Shopper, proxy: Proxy) -> None:
        await agent.work()
        proxy.end_session(agent.name)

    async def _evening(self, agents: list[Shopper], proxy: Proxy) -> Day:
        url = f"http://{proxy.admin}/metrics"
        async with aiohttp.ClientSession() as http, http.get(url) as response:
            metrics = await response.text()
        return Day(tuple(self._card(agent) for agent in agents), ORDERS, url, metrics)

    def _card(self, agent: Shopper) -> Card:
        scorecard = self._scorecards[agent.name]
        return Card(
            agent=agent.name,
            orders_done=agent.orders_done,
            rows=self._tools.charges(agent.name),
            orders_charged=self._tools.orders_charged(agent.name),
            scorecard=scorecard,
            verdict=scorecard.judge(),
            episodes=tuple(self._episodes[agent.name]),
        )

    # What the proxy saw

    def _listen(self, proxy: Proxy) -> None:
        terms = Terms.of(proxy.loaded.profile)
        for agent in AGENTS:
            self._scorecards[agent.name] = scorecard = Scorecard(terms, only=agent.name)
            scorecard.attach(proxy.bus)
        proxy.bus.subscribe(CallAnswered, self._answered)
        proxy.bus.subscribe(DuplicateEffect, self._duplicated)
        proxy.bus.subscribe(RetryAfterJudged, self._hint_judged)
        proxy.bus.subscribe(EpisodeClosed, self._closed)

    def _answered(self, event: CallAnswered) -> None:
        if not event.decision.injections or event.answer.skipped is not None:
            return
        faults = " + ".join(injection.fault for injection in event.decision.injections)
        tool = event.call.route.tool
        executed = event.answer.truth == "executed"
        lost = executed and event.call.route.effect is ToolEffect.WRITE and event.answer.outcome is not Outcome.OK
        told = "the tool did run, its reply is lost" if lost else str(event.answer.outcome)
        self._show(Line(event.call.session, "proxy", f"{tool}: {faults} ({told})"))

    def _duplicated(self, event: DuplicateEffect) -> None:
        if event.certainty is Certainty.CONFIRMED:
            text = f"{event.call.route.tool}: CHARGED TWICE (seen at the upstream)"
            self._show(Line(event.call.session, "proxy", text))

    def _hint_judged(self, event: RetryAfterJudged) -> None:
        if event.verdict is RetryAfterVerdict.EARLY and event.waited is not None:
            text = f"{event.tool}: was asked to wait {event.asked:.0f} s, came back after {event.waited * 1000:.0f} ms"
            self._show(Line(event.session, "proxy", text))

    def _closed(self, event: EpisodeClosed) -> None:
        self._episodes.setdefault(event.session, []).append(event)


def load_bad_day(url: str) -> LoadedProfile:
    """The demo's profile, for tools at this URL."""
    with as_file(files("chaosproxy.demo") / "bad_day.yaml") as path:
        return load_profile([path], {"DEMO_TOOLS": url})


async def play_day(
    show: Callable[[Line], None],
    journal: Path | None = None,
    after: Callable[[Day], "asyncio.Future[None] | None"] = lambda _day: None,
) -> Day:
    """Play the bad day in a folder that is thrown away afterwards."""
    with TemporaryDirectory(prefix="shop-") as folder:
        return await Stage(show, Path(folder), journal).play(after)
