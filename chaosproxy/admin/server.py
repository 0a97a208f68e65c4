"""The admin port itself: opens it, guards it, closes it. What it answers is in `routes`."""

import errno
import os
from socket import gaierror

from aiohttp import web

from chaosproxy.admin.guard import is_loopback, same_machine_only, token_required
from chaosproxy.admin.problems import errors_as_problems
from chaosproxy.admin.routes import Routes, Views, never_cached
from chaosproxy.core.errors import StartError

SHUTDOWN_SECONDS = 2.0
"""How long a request in flight may take to end when we stop."""


class AdminServer:
    """The admin port on `host` and `port`; 0 picks a free one."""

    def __init__(self, host: str, port: int, views: Views, token: str | None = None) -> None:
        """`token` guards every route but health unless `host` is loopback.

        Raises:
            StartError: `host` can be reached from elsewhere and there is no token.
        """
        self._host = host
        self._port = port
        self._runner = web.AppRunner(
            self._application(views, token or ""), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS
        )

    @property
    def address(self) -> str:
        """Where it listens, once started: `127.0.0.1:9464`, `[::1]:9464`."""
        return _join(*self._runner.addresses[0][:2])

    async def start(self) -> None:
        """Open the port.

        Raises:
            StartError: it is in use, or cannot be opened.
        """
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise StartError(_why(_join(self._host, self._port), error)) from error

    async def stop(self) -> None:
        """Let the requests in flight end, and close the port. Harmless if it was never open."""
        await self._runner.cleanup()

    def _application(self, views: Views, token: str) -> web.Application:
        if is_loopback(self._host):
            guard = same_machine_only(self._host)
        elif token:
            guard = token_required(token)
        else:
            raise StartError(
                f"the admin address {_join(self._host, self._port)} can be reached from other machines: "
                "set CHAOSPROXY_ADMIN_TOKEN to a secret, or choose 127.0.0.1 with --admin"
            )
        application = web.Application(middlewares=[errors_as_problems, guard])
        application.add_routes(Routes(views).table())
        application.on_response_prepare.append(never_cached)
        return application


def _join(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _why(address: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"{address} is already in use: choose another with --admin HOST:PORT, or port 0 for a free one"
    # asyncio wraps the system's words in its own; a name that does not resolve has only its own.
    why = error.strerror if isinstance(error, gaierror) or not error.errno else os.strerror(error.errno)
    return f"the admin address {address} cannot be opened ({why}): choose another with --admin HOST:PORT"
