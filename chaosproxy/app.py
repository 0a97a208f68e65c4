"""The composition root: the one file that knows every room, and in which order a call passes through them."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

import msgspec

from chaosproxy import __version__
from chaosproxy.admin.routes import Status, Views
from chaosproxy.admin.server import AdminServer
from chaosproxy.core.answer import Answer
from chaosproxy.core.call import Call, Match
from chaosproxy.core.clock import Clock, SystemClock
from chaosproxy.core.decision import Decision
from chaosproxy.core.events import Bus, CallAnswered, CallReceived, Event, FaultInjected, SessionEnded
from chaosproxy.dataplane.http.listener import Listener, Surroundings
from chaosproxy.dataplane.http.reading import Reader
from chaosproxy.dataplane.http.routing import Router
from chaosproxy.engine.engine import Engine
from chaosproxy.profiles.loader import LoadedProfile
from chaosproxy.recovery.expectations import RunVerdict
from chaosproxy.recovery.scorecard import Scorecard
from chaosproxy.recovery.tracker import Tracker
from chaosproxy.telemetry.journal import Journal
from chaosproxy.telemetry.metrics import Metrics
from chaosproxy.telemetry.recording import Run

TICK_EVERY = 1.0
"""Seconds between looks at what has been given up."""

GRACE = 10.0
"""Seconds that calls in flight have to end in when we stop."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a proxy runs, beside its profile."""

    listen: tuple[str, int] = ("127.0.0.1", 0)
    """Where agents connect; port 0 picks a free one."""
    admin: tuple[str, int] = ("127.0.0.1", 0)
    """Where metrics and health are."""
    admin_token: str | None = None
    """Needed where the admin address can be reached from other machines."""
    journal: Path | None = None
    """The file that the journal is appended to; none is written without."""


class CallThroughHouse:
    """The path of one call, in order: matched, judged, told; and at its end, told again."""

    def __init__(self, tracker: Tracker, engine: Engine, bus: Bus) -> None:
        self._tracker = tracker
        self._engine = engine
        self._publish = bus.publish

    def begin(self, call: Call) -> tuple[Match, Decision]:
        """What operation the call belongs to, and what is to happen to it."""
        match = self._tracker.received(call)
        self._publish(CallReceived(call, match))
        decision = self._engine.judge(call, match.attempt, call.received)
        if decision.injections:
            self._publish(FaultInjected(call, decision))
        return match, decision

    def end(self, call: Call, match: Match, decision: Decision, answer: Answer) -> None:
        """The call is over."""
        self._engine.finished(decision)
        event = CallAnswered(call, match, decision, answer)
        self._publish(event)
        # The journal has the call's line before the lines of what follows from it.
        self._tracker.answered(event)

    def report(self, event: Event) -> None:
        """Something that is not a call."""
        self._publish(event)


class Proxy:
    """A whole proxy in the running loop: `async with Proxy(loaded, settings) as proxy`."""

    def __init__(self, loaded: LoadedProfile, settings: Settings, clock: Clock | None = None) -> None:
        """Open nothing yet, but fail here for what cannot work.

        Raises:
            StartError: if the journal cannot be written or the admin address needs a token.
        """
        clock = clock or SystemClock()
        profile = loaded.profile
        self.loaded = loaded
        self.bus = Bus()
        self.engine = Engine(profile)
        self.tracker = Tracker(profile.recovery, profile.sessions, self.bus.publish)
        self.journal = None
        if settings.journal is not None:
            self.journal = Journal(settings.journal, Run(profile.name, loaded.digest, profile.seed), clock)
        self.metrics = Metrics(profile, loaded.digest, self.engine, self.tracker, self.journal)
        self.scorecard = Scorecard()
        self._subscribe()
        host, _ = settings.listen
        self._own_addresses: set[tuple[str, int]] = set()
        router = Router(profile, self._own_addresses, open_to_others=host not in ("127.0.0.1", "::1", "localhost"))
        path = CallThroughHouse(self.tracker, self.engine, self.bus)
        self._listener = Listener(Surroundings(Reader(profile, router), path, loaded.dialects, clock.wall))
        views = Views(self.metrics.render, self._ready, self._status)
        self._admin = AdminServer(*settings.admin, views, settings.admin_token)
        self._settings = settings
        self._accepting = False
        self._started = monotonic()
        self._ticker: asyncio.TimerHandle | None = None
        self.listen = ""
        """Where agents connect, once started: `127.0.0.1:8080`."""
        self.admin = ""
        """Where the admin port is, once started."""

    def _subscribe(self) -> None:
        self.metrics.attach(self.bus)
        self.scorecard.attach(self.bus)
        if self.journal is not None:
            self.journal.attach(self.bus)
        self.bus.subscribe(SessionEnded, lambda event: self.engine.forget_session(event.session))

    async def start(self) -> None:
        """Open both ports and begin the journal.

        Raises:
            StartError: if a port cannot be had; then neither is open.
        """
        async with AsyncExitStack() as undo:
            host, port = await self._listener.start(*self._settings.listen)
            undo.push_async_callback(self._listener.stop, 0)
            await self._admin.start()
            undo.pop_all()
        self.listen = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.admin = self._admin.address
        admin_host, _, admin_port = self.admin.rpartition(":")
        self._own_addresses |= {(host, port), (admin_host.strip("[]"), int(admin_port))}
        if self.journal is not None:
            self.journal.start("operator", {"listen": self.listen, "admin": self.admin})
        self._accepting = True
        self._started = monotonic()
        self._tick()

    async def stop(self, grace: float = GRACE, *, why: str = "stopped") -> None:
        """Accept no more, let calls in flight end, censor what is undecided, and close the journal."""
        self._accepting = False
        await self._listener.stop(grace)
        if self._ticker is not None:
            self._ticker.cancel()
        self.tracker.stop(monotonic())
        await self._admin.stop()
        if self.journal is not None:
            await asyncio.get_running_loop().run_in_executor(None, self.journal.close, "operator", {"why": why})

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def end_session(self, session: str) -> None:
        """The agent run is over by its own word: what it left undone is decided now."""
        self.tracker.end_session(session, monotonic())

    def verdict(self) -> RunVerdict:
        """What the profile's expectations come to so far."""
        profile = self.loaded.profile
        return self.scorecard.judge(profile.expect, [rule.name for rule in profile.rules])

    def _tick(self) -> None:
        self.tracker.tick(monotonic())
        self._ticker = asyncio.get_running_loop().call_later(TICK_EVERY, self._tick)

    def _ready(self) -> bool:
        return self._accepting

    def _status(self) -> Status:
        totals = self.metrics.totals()
        return Status(
            version=__version__,
            profile=self.loaded.profile.name,
            digest=self.loaded.digest,
            seed=self.loaded.profile.seed,
            listen=self.listen,
            uptime_seconds=round(monotonic() - self._started, 3),
            calls=totals.calls,
            faults_injected=totals.faults_injected,
            episodes_open=totals.episodes_open,
            sessions_active=totals.sessions_active,
        )
