"""What the admin port answers. Each handler asks one of the `Views` and puts it on the wire."""

from collections.abc import Callable
from http import HTTPStatus

import msgspec
from aiohttp import web
from aiohttp.hdrs import ACCEPT, CACHE_CONTROL, CONTENT_TYPE

from chaosproxy.admin.problems import problem


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """`GET /api/v1/status`."""

    version: str
    profile: str
    """The profile's name."""
    digest: str
    seed: int
    listen: str
    """Where agents connect: `127.0.0.1:8080`."""
    uptime_seconds: float
    calls: int
    faults_injected: int
    episodes_open: int
    sessions_active: int


class Views(msgspec.Struct, frozen=True):
    """Where the answers come from."""

    metrics: Callable[[str], tuple[bytes, str]]
    """From an Accept header to the metrics' text and its content type."""
    ready: Callable[[], bool]
    """Does the listener accept connections?"""
    status: Callable[[], Status]


_INDEX = """\
chaosproxy admin

/metrics        metrics, as Prometheus text or OpenMetrics
/healthz        200 while the process is alive
/readyz         200 while agents can connect
/api/v1/status  what runs, and how far it is (JSON)
"""


class Routes:
    """The handlers, bound to their views."""

    def __init__(self, views: Views) -> None:
        self._views = views

    def table(self) -> list[web.RouteDef]:
        """All routes, for an aiohttp application."""
        return [
            web.get("/", self._index),
            web.get("/metrics", self._metrics),
            web.get("/healthz", self._health),
            web.get("/readyz", self._readiness),
            web.get("/api/v1/status", self._status),
        ]

    async def _index(self, _request: web.Request) -> web.Response:
        return web.Response(text=_INDEX)

    async def _metrics(self, request: web.Request) -> web.Response:
        body, content_type = self._views.metrics(",".join(request.headers.getall(ACCEPT, [])))
        return web.Response(body=body, headers={CONTENT_TYPE: content_type})

    async def _health(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readiness(self, _request: web.Request) -> web.Response:
        if self._views.ready():
            return web.Response(text="ready\n")
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "the proxy does not accept connections")

    async def _status(self, _request: web.Request) -> web.Response:
        return web.Response(body=msgspec.json.encode(self._views.status()), content_type="application/json")


async def never_cached(_request: web.Request, response: web.StreamResponse) -> None:
    """Every answer is about this moment; and a browser must not guess that it is a page."""
    response.headers[CACHE_CONTROL] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
