"""The composition root: the one file that knows every room, and in which order a call passes through them."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Self

import msgspec

from chaosproxy import __version__
from chaosproxy.admin.routes import Status, Views
from chaosproxy.admin.server import AdminServer
from chaosproxy.core.bus import Bus
from chaosproxy.core.clock import Clock, SystemClock
from chaosproxy.core.errors import StartError
from chaosproxy.core.events import SessionEnded, TunnelReason
from chaosproxy.dataplane.http.listener import Listener, Surroundings
from chaosproxy.dataplane.http.requests.reading import Reader
from chaosproxy.dataplane.http.requests.routing import Router, TunnelEnd
from chaosproxy.dataplane.http.tunnels.interception import Interception
from chaosproxy.dataplane.http.wire import Malformed
from chaosproxy.dataplane.tls.contexts import AgentContexts
from chaosproxy.engine.concerns import Concerns
from chaosproxy.engine.engine import Engine
from chaosproxy.passage import CallThroughHouse
from chaosproxy.profiles.loader import LoadedProfile
from chaosproxy.profiles.models import Profile
from chaosproxy.recovery.following.tracker import Tracker
from chaosproxy.recovery.scoring.expectations import RunVerdict
from chaosproxy.recovery.scoring.scorecard import Scorecard
from chaosproxy.recovery.scoring.terms import Terms
from chaosproxy.telemetry.journal import Journal
from chaosproxy.telemetry.metrics import Metrics
from chaosproxy.telemetry.outlines import run_of
from chaosproxy.telemetry.run import Run

if TYPE_CHECKING:  # who relays without interception need not wait for `cryptography`
    from chaosproxy.dataplane.tls.authority import Authority

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
    authority: "Authority | None" = None
    """Who signs what agents are shown in intercepted tunnels; without it, none is intercepted."""


class Proxy:
    """A whole proxy in the running loop: `async with Proxy(loaded, settings) as proxy`."""

    def __init__(self, loaded: LoadedProfile, settings: Settings, clock: Clock | None = None) -> None:
        """Open nothing yet, but fail here for what cannot work.

        Raises:
            StartError: if the journal cannot be written, the admin address needs a token, or others than this machine
                could use us for hosts that nobody named.
        """
        clock = clock or SystemClock()
        profile = loaded.profile
        self.loaded = loaded
        self.bus = Bus()
        self.engine = Engine(profile)
        self.tracker = Tracker(profile, self.bus.publish)
        self._run = run_of(profile, loaded.digest)
        self.journal = _journal(settings.journal, self._run, clock, self.engine)
        self.metrics = Metrics(profile, loaded.digest, self.engine, self.tracker, self.journal)
        self.scorecard = Scorecard(Terms.of(profile))
        self._subscribe()
        self._own_addresses: set[tuple[str, int]] = set()
        self._router = _router(profile, settings.listen[0], self._own_addresses)
        self._interception = _interception(profile, settings.authority, clock)
        calls = CallThroughHouse(self.tracker, self.engine, self.bus)
        reader = Reader(profile, self._router)
        self._listener = Listener(Surroundings(reader, calls, loaded.dialects, clock.wall, self._interception))
        self.tracker.before_twin = self._listener.let_leavers_go
        views = Views(self.metrics.render, lambda: self._accepting, self._status)
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
        self._router.here.add((host, port))
        if self.journal is not None:
            self.journal.start("operator", {"listen": self.listen, "admin": self.admin})
        self._accepting = True
        self._started = monotonic()
        self.engine.begin(self._started)
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

    @property
    def run_id(self) -> str:
        """By which the journal knows this run."""
        return self._run.id

    def end_session(self, session: str) -> None:
        """The agent run is over by its own word: what it left undone is decided now."""
        self.tracker.end_session(session, monotonic())

    def end_all_sessions(self) -> None:
        """As `end_session`, of all that there are: whoever made the calls is over."""
        self.tracker.end_all(monotonic())

    def also_at(self, host: str, port: int) -> None:
        """Agents' traffic comes to us from this address too: a request to it would go round in circles."""
        self._own_addresses.add((host, port))

    def looks_into(self, host: str, port: int) -> bool:
        """Is TLS to there intercepted?"""
        end = self._tunnel_end(host, port)
        return end is not None and self._interception.reason(end) is TunnelReason.RULE

    def spoils_tls(self, host: str, port: int) -> bool:
        """Could a rule strike a TLS handshake with this host?"""
        end = self._tunnel_end(host, port)
        return end is not None and self._interception.strikes_handshakes(end)

    def _tunnel_end(self, host: str, port: int) -> TunnelEnd | None:
        try:
            return self._router.tunnel_end(f"[{host}]:{port}".encode() if ":" in host else f"{host}:{port}".encode())
        except Malformed:
            return None

    def tunnels(self) -> list[tuple[str, TunnelReason]]:
        """The hosts that agents may reach by https, as the profile names them, and whether we can look into that."""
        return [(end.origin.authority, self._interception.reason(end)) for end in self._router.known_ends()]

    def verdict(self, agent_status: int | None = None) -> RunVerdict:
        """What the profile's expectations come to so far; `agent_status` is that of a command which we started."""
        return self.scorecard.judge(self.engine.eligible_counts(), agent_status)

    def _tick(self) -> None:
        self.tracker.tick(monotonic())
        self._ticker = asyncio.get_running_loop().call_later(TICK_EVERY, self._tick)

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


def _journal(path: Path | None, run: Run, clock: Clock, engine: Engine) -> Journal | None:
    """The journal, open to append.

    Raises:
        StartError: it cannot be written.
    """
    return None if path is None else Journal(path, run, clock, engine.eligible_counts)


def _router(profile: Profile, listen: str, own: set[tuple[str, int]]) -> Router:
    """What finds the way of each request.

    Raises:
        StartError: for a proxy that would be open to everybody, or be of use to nobody.
    """
    open_to_others = listen not in ("127.0.0.1", "::1", "localhost")
    hosts = profile.safety.hosts
    if open_to_others and any(set(host.partition(":")[0]) <= set("*?.") for host in hosts or ()):
        raise StartError(
            f"listening on {listen} with a pattern for all hosts in safety.hosts would relay for everybody; "
            "name the hosts there, or listen on 127.0.0.1"
        )
    if open_to_others and not hosts and not profile.upstreams:
        raise StartError(
            f"listening on {listen}, safety.hosts and upstreams are all that can be reached, and there are none; "
            "name them (or --upstream NAME=URL), or listen on 127.0.0.1"
        )
    return Router(profile, own, open_to_others=open_to_others)


def _interception(profile: Profile, authority: "Authority | None", clock: Clock) -> Interception:
    """Which tunnels are looked into, and with whose certificates."""
    return Interception(Concerns(profile), None if authority is None else AgentContexts(authority, clock))
