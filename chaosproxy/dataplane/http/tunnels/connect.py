"""What becomes of a CONNECT: a tunnel that nobody looks into, or one at whose near end we stand for the host.

A host that no rule can concern is joined to the agent byte for byte. For the others we end the agent's TLS here, with a
certificate of our authority, and what comes through is read as requests for that host. Decides nothing about calls.
"""

import asyncio
import ssl
from time import monotonic
from typing import cast

from chaosproxy.core.effects import Ending, Flaw, Handshake
from chaosproxy.core.events import RequestRefused, TunnelClosed, TunnelMode, TunnelOpened, TunnelReason
from chaosproxy.core.failures import Outcome
from chaosproxy.dataplane.http.agents.agent import AgentConnection, AgentHost
from chaosproxy.dataplane.http.endings import reset
from chaosproxy.dataplane.http.requests.reading import Reader
from chaosproxy.dataplane.http.requests.routing import Inside, TunnelEnd
from chaosproxy.dataplane.http.tunnel import Splice
from chaosproxy.dataplane.http.tunnels.early import Early, Held, feed
from chaosproxy.dataplane.http.tunnels.handshakes import ACCEPTED_ANYWAY, NO_CERTIFICATE, NOT_TLS, HandshakeCall
from chaosproxy.dataplane.http.tunnels.interception import Interception
from chaosproxy.dataplane.http.tunnels.sniffing import Spoken
from chaosproxy.dataplane.http.upstreams.pool import Pool
from chaosproxy.dataplane.http.upstreams.upstream import UpstreamError
from chaosproxy.dataplane.http.wire import Malformed, Request

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
"""No header: none of those that tell of a body may be there (RFC 9110, 9.3.6), and nobody needs another."""

SHUTDOWN_TIME = 120.0
"""Seconds in which an agent has to read what is left when we close a TLS connection."""

DISTRUST = "tls_distrust"
_DISTRUST = ("UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN", "CERTIFICATE_EXPIRED")
"""What alerts of clients are called that will have none of a certificate."""


class Tunnels:
    """Makes tunnels of connections."""

    def __init__(self, host: AgentHost, pool: Pool, reader: Reader, interception: Interception) -> None:
        self.host = host
        self.pool = pool
        self.interception = interception
        self._reader = reader

    def open(self, request: Request, connection: AgentConnection) -> None:
        """Begin a tunnel for this CONNECT, whose connection is then the tunnel's.

        Raises:
            Malformed: if it asks for something that is no host, or one that we do not go to.
        """
        if connection.peer.inside is not None:
            raise Malformed(501, "nested_tunnel", "a tunnel inside a tunnel is not opened here")
        end = self._reader.router.tunnel_end(request.target)
        if request.chunked or request.length():
            raise Malformed(400, "bad_framing", "CONNECT has no body")  # RFC 9110, 9.3.6
        reason = self.interception.reason(end)
        call = None
        if reason is TunnelReason.RULE and self.interception.strikes_handshakes(end):
            call = HandshakeCall(self.host.path, self._reader, request, end, connection.peer)
        tunnel = Tunnel(self, connection, end, call)
        tunnel.proxy_user = request.found.get(b"proxy-authorization")
        connection.takeover = tunnel
        tunnel.task = self.host.spawn(tunnel.run(reason))


class Tunnel:
    """One CONNECT. At first its connection tells it that the agent has left; later it has taken the transport over."""

    def __init__(self, tunnels: Tunnels, agent: AgentConnection, end: TunnelEnd, call: HandshakeCall | None) -> None:
        """`call` is the CONNECT as a call, if it is one."""
        self.task: asyncio.Task[None] | None = None
        self.proxy_user: bytes | None = None
        """What the CONNECT said to the proxy."""
        self._host = tunnels.host
        self._pool = tunnels.pool
        self._interception = tunnels.interception
        self._agent = agent
        self._end = end
        self._call = call
        self._splice: Splice | None = None
        self._opened: _Opened | None = None
        self._taken = False
        """Is the transport ours? Then its own protocol hears no more of it."""

    async def run(self, reason: TunnelReason) -> None:
        """All of it, until the connection is somebody else's."""
        try:
            if reason is TunnelReason.RULE:
                await self._intercept()
            else:
                self._interception.tell_why_not(self._end.host, reason)
                await self._go_blind(reason)
        except UpstreamError as error:
            refused = "tunnel_timeout" if error.status == 504 else "tunnel_failed"
            self._agent.refuse_tunnel(Malformed(error.status, refused, error.problem))
        except BaseException:  # cancelled, or a mistake of ours, which must not look like a hang
            self._give_up()
            raise

    # Blind

    async def _go_blind(self, reason: TunnelReason) -> None:
        """Join both connections. The agent is told that it has a way through once it has one."""
        upstream = await self._dial()
        self._agent.send(ESTABLISHED)
        self._join(upstream, self._agent.take_raw(), reason)

    async def _dial(self) -> asyncio.Transport:
        held = await self._pool.dial(Held, self._end.origin, tls=False)
        if held.transport.is_closing():
            raise UpstreamError(502, f"{self._end.origin.authority} closed the connection")
        return held.transport

    def _join(self, upstream: asyncio.Transport, said: bytes, reason: TunnelReason) -> None:
        self._opened = _Opened(self._host, self._end.authority, TunnelMode.BLIND, reason)
        self._splice = Splice(self._over)
        self._splice.join(self._agent.transport, upstream, to_upstream=said)

    def _over(self, splice: Splice) -> None:
        if self._opened is not None:
            self._opened.close(splice.bytes_up, splice.bytes_down)
        self._agent.hand_over()

    # Intercepted

    async def _intercept(self) -> None:
        """Be the host, whatever the agent speaks to it; what is neither TLS nor HTTP goes through blindly after all."""
        transport = self._agent.transport
        early = Early(transport, self._agent.take_raw())
        transport.set_protocol(early)
        self._taken = True
        transport.write(ESTABLISHED)
        if self._call is not None:
            self._call.established()
        spoken = await early.spoken(self._host.limits.greeting)
        if early.lost:
            self._give_up()
        elif spoken is Spoken.TLS:
            await self._answer_greeting(early)
        else:
            self._passed(despite=NOT_TLS)
            if spoken is Spoken.HTTP:
                self._receive("http", transport, early)
            else:
                await self._blind_after_all(early, TunnelReason.NOT_HTTP if early.data else TunnelReason.SILENT)

    async def _blind_after_all(self, early: Early, reason: TunnelReason) -> None:
        early.transport.pause_reading()
        try:
            upstream = await self._dial()
        except UpstreamError as error:
            self._failed("tunnel_failed", error.problem)
            return
        if early.lost:
            upstream.abort()
            self._give_up()
            return
        self._join(upstream, early.taken(), reason)

    async def _answer_greeting(self, early: Early) -> None:
        call = self._call
        effect = None if call is None else call.effect
        if call is not None and effect is not None and effect.flaw in (Flaw.STALLED, Flaw.CUT):
            call.struck = True
            await self._leave_unanswered(early, effect)
            return
        context = self._interception.context(self._end.host, None if effect is None else effect.flaw)
        if context is None:
            self._passed(despite=NO_CERTIFICATE)
            await self._blind_after_all(early, TunnelReason.NOT_COVERED)
            return
        if call is not None:
            call.struck = effect is not None
        inner = Early(early.transport, b"")
        transport = await self._shake_hands(early, inner, context)
        if transport is None:
            return
        if effect is not None:
            accepted = f"the agent went on with a certificate that is {effect.flaw}: it verifies none"
            self._interception.tell(self._end.host, "flaw_accepted", accepted)
        self._passed(despite=ACCEPTED_ANYWAY)
        self._receive("https", transport, inner)

    async def _shake_hands(self, early: Early, inner: Early, context: ssl.SSLContext) -> asyncio.Transport | None:
        loop = asyncio.get_running_loop()
        # It comes before what start_tls schedules: the greeting is there when the handshake begins.
        loop.call_soon(feed, early.transport, early.taken())
        try:
            transport = await loop.start_tls(
                early.transport,
                inner,
                context,
                server_side=True,
                ssl_handshake_timeout=self._host.limits.handshake,
                ssl_shutdown_timeout=SHUTDOWN_TIME,
            )
        except OSError as error:
            self._failed(*_handshake_failure(error))
            return None
        if transport is None:
            self._failed("tls_handshake", "the agent left before the handshake")
        return transport

    async def _leave_unanswered(self, early: Early, effect: Handshake) -> None:
        """The greeting has come, and gets no answer."""
        since = monotonic()
        early.taken()
        stalled = effect.flaw is Flaw.STALLED
        if stalled:
            await early.wait_until_lost(effect.seconds)
        self._end_call(Outcome.TIMEOUT if stalled else Outcome.RESET, waited=monotonic() - since if stalled else 0.0)
        if not early.lost:
            if effect.ending is Ending.RESET:
                reset(early.transport)
            else:
                early.transport.close()
        self._agent.hand_over()

    def _receive(self, scheme: str, transport: asyncio.Transport, early: Early) -> None:
        """From here on they are requests."""
        opened = _Opened(self._host, self._end.authority, TunnelMode.INTERCEPTED, TunnelReason.RULE)
        self._agent.hand_over()
        inside = Inside(scheme, self._end.host, self._end.port, self.proxy_user)
        inner = AgentConnection(self._host, inside, lambda: opened.close(0, 0))
        transport.set_protocol(cast("asyncio.Protocol", inner))
        inner.connection_made(transport)
        if early.data:
            inner.data_received(early.taken())
        if early.lost:
            inner.connection_lost(None)

    # Ends

    def _passed(self, *, despite: str) -> None:
        if self._call is not None:
            self._call.passed(despite=despite)

    def _end_call(self, outcome: Outcome, problem: str | None = None, *, waited: float = 0.0) -> None:
        if self._call is not None:
            self._call.failed(outcome, problem, waited=waited)

    def _failed(self, reason: str, why: str) -> None:
        """The agent has been told that it has a way through, and has none."""
        struck = self._call is not None and self._call.struck
        self._end_call(Outcome.UNTRUSTED if reason == DISTRUST or struck else Outcome.AGENT_LEFT, why)
        if not struck:
            self._interception.tell(self._end.host, reason, why)
            self._host.path.report(RequestRefused(reason, why, 0))
        self._agent.transport.abort()
        self._agent.hand_over()

    def _give_up(self) -> None:
        """The agent has left, or we stop."""
        self._end_call(Outcome.AGENT_LEFT)
        self._agent.transport.abort()
        if self._taken:
            self._agent.hand_over()

    # What the agent's connection tells

    def agent_left(self) -> None:
        """It has gone, and we have not taken it over."""
        self._end_call(Outcome.AGENT_LEFT)
        if self.task is not None:
            self.task.cancel()

    def close_if_idle(self) -> bool:
        """Nothing of it is a call that anybody waits for: it does not hold us up when we stop."""
        self.abort()
        return False

    def abort(self) -> None:
        """End it at once."""
        self._end_call(Outcome.AGENT_LEFT)
        if self._splice is not None:
            self._splice.abort()
            return
        if self.task is not None:
            self.task.cancel()
        self._agent.transport.abort()


class _Opened:
    """A tunnel that was reported as open, and will be reported as closed."""

    def __init__(self, host: AgentHost, place: str, mode: TunnelMode, reason: TunnelReason) -> None:
        self._report = host.path.report
        self._about = (place, mode, reason)
        self._since = monotonic()
        self._report(TunnelOpened(place, mode, reason))

    def close(self, bytes_up: int, bytes_down: int) -> None:
        place, mode, reason = self._about
        seconds = monotonic() - self._since
        self._report(
            TunnelClosed(
                host=place, mode=mode, reason=reason, bytes_up=bytes_up, bytes_down=bytes_down, seconds=seconds
            )
        )


def _handshake_failure(error: OSError) -> tuple[str, str]:
    """The reason, and what the log says of it."""
    said = error.reason or "" if isinstance(error, ssl.SSLError) else ""
    if any(alert in said for alert in _DISTRUST):
        return DISTRUST, f"the agent does not trust our CA ({_words(said)}): `chaosproxy ca new` says how it can"
    if said:
        return "tls_handshake", f"the agent's TLS handshake failed ({_words(said)})"
    if isinstance(error, ConnectionAbortedError):
        return "tls_handshake", "the agent's TLS handshake took too long"
    return "tls_handshake", "the agent left during the TLS handshake, as some do that do not trust a CA"


def _words(reason: str) -> str:
    return reason.lower().replace("_", " ")
