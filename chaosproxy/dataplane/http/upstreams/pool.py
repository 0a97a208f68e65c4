"""The connections to all tools: made, kept alive, and reused. Knows nothing of what is said on them."""

import asyncio
import logging
import socket
import ssl
import time
from collections.abc import Callable

from chaosproxy.core.errors import StartError
from chaosproxy.dataplane.http.requests.reach import P, Reach
from chaosproxy.dataplane.http.requests.routing import Origin
from chaosproxy.dataplane.http.upstreams.upstream import UpstreamConnection, UpstreamError
from chaosproxy.dataplane.http.wire import Malformed
from chaosproxy.dataplane.tls.contexts import upstream_context
from chaosproxy.profiles.models import Upstream

log = logging.getLogger("chaosproxy.pool")

IDLE_LIMIT = 55.0
"""Seconds that an unused connection is kept: a little less than servers usually do."""

IDLE_LIMIT_UNSAFE = 1.0
"""The same for requests that must not be sent twice: nobody could tell whether a connection that dies under one had
delivered it, so they do not risk a connection that the upstream may be about to close."""


def _unreached(error: Exception, origin: Origin) -> UpstreamError:
    """Why there is no connection, in words for the agent."""
    place = origin.authority
    status = 502
    match error:
        case Malformed():
            status, problem = error.status, error.detail
        case TimeoutError():
            status, problem = 504, f"no connection to {place} within {origin.settings.connect_timeout:g} s"
        case ssl.SSLCertVerificationError():
            problem = f"{place}: certificate not trusted: {error.verify_message}"
        case ssl.SSLError():
            problem = f"{place}: TLS failed: {error.reason or error}"
        case socket.gaierror():
            problem = f"{origin.host}: name not found: {error.strerror}"
        case ConnectionRefusedError():
            problem = f"{place} refused the connection"
        case OSError():
            problem = f"{place}: {error.strerror or error}"
        case _:  # the files of its certificates have changed since the profile was loaded
            problem = f"{place}: {error}"
    return UpstreamError(status, problem)


class Pool:
    """The connections to all upstreams."""

    def __init__(self, reach: Reach, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._reach = reach
        self._idle: dict[Origin, dict[UpstreamConnection, None]] = {}
        """In the order in which they were used last."""
        self._contexts: dict[Upstream, ssl.SSLContext] = {}
        """By settings, of which there are as many as the profile names upstreams, and those of all other hosts."""
        self._monotonic = monotonic

    def take(self, origin: Origin, *, unsafe: bool) -> UpstreamConnection | None:
        """An idle connection, the one used last; None if there is none fit for it."""
        idle = self._idle.get(origin)
        while idle:
            connection, _ = idle.popitem()
            if connection.transport.is_closing():
                continue
            if unsafe and self._monotonic() - connection.idle_since > IDLE_LIMIT_UNSAFE:
                idle[connection] = None
                return None
            return connection
        return None

    def give_back(self, connection: UpstreamConnection) -> None:
        """It is free for another request."""
        connection.idle_since = self._monotonic()
        idle = self._idle.get(connection.origin)
        if idle is None:
            idle = self._idle[connection.origin] = {}
        idle[connection] = None

    def forget(self, connection: UpstreamConnection) -> None:
        """It has closed."""
        idle = self._idle.get(connection.origin)
        if idle:
            idle.pop(connection, None)

    def sweep(self) -> None:
        """Close what has not been used for long: a look at the oldest of each origin, unless it is too old."""
        limit = self._monotonic() - IDLE_LIMIT
        empty: list[Origin] = []
        for origin, idle in self._idle.items():
            old: list[UpstreamConnection] = []
            for connection in idle:
                if connection.idle_since >= limit:
                    break
                old.append(connection)
            for connection in old:
                del idle[connection]
                connection.abandon()
            if not idle:
                empty.append(origin)
        for origin in empty:
            del self._idle[origin]

    def close(self) -> None:
        """Close all idle connections."""
        for idle in self._idle.values():
            while idle:
                idle.popitem()[0].abandon()

    async def connect(self, origin: Origin) -> UpstreamConnection:
        """A new connection.

        Raises:
            UpstreamError: with what went wrong, in words.
        """
        return await self.dial(lambda: UpstreamConnection(self, origin), origin, tls=origin.scheme == "https")

    async def dial(self, made: Callable[[], P], origin: Origin, *, tls: bool) -> P:
        """A new connection of any kind: its protocol.

        Raises:
            UpstreamError: with what went wrong, in words.
        """
        try:
            async with asyncio.timeout(origin.settings.connect_timeout):
                context = self._context(origin) if tls else None
                _, connection = await self._reach.connect(made, origin.host, origin.port, context)
        except (OSError, Malformed, StartError) as error:
            raise _unreached(error, origin) from None
        except Exception:
            log.exception("connect_failed")  # a mistake of ours must not look like a hang
            raise UpstreamError(502, f"{origin.authority}: the connection could not be made") from None
        return connection

    def _context(self, origin: Origin) -> ssl.SSLContext:
        context = self._contexts.get(origin.settings)
        if context is None:
            context = self._contexts[origin.settings] = upstream_context(origin.settings)
        return context
