"""Who may talk to the admin port: on loopback whoever is on this machine, elsewhere whoever has the token.

On loopback a web page may try to reach us through the user's browser (DNS rebinding); the Host and Origin headers,
which a page cannot choose, give it away. Knows what is health, and no other route.
"""

from hmac import compare_digest
from http import HTTPStatus
from ipaddress import ip_address

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from chaosproxy.admin.problems import problem

HEALTH = frozenset({"/healthz", "/readyz"})
"""Routes that an orchestrator asks, which has no token."""


def is_loopback(host: str) -> bool:
    """Is `host` this machine only? A name other than `localhost` is not trusted to be."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def same_machine_only(host: str) -> Middleware:
    """Refuse requests that name another host than `host` (which is loopback), localhost, 127.0.0.1 or ::1; any port."""
    ours = {"localhost", "127.0.0.1", "::1", host.lower()}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        asked = request.headers.get("Host", "")
        origin = request.headers.get("Origin")
        if _host_alone(asked) not in ours:
            return problem(HTTPStatus.FORBIDDEN, f"this is not {asked or 'a host without a name'}; ask for localhost")
        if origin is not None and _host_alone(origin.partition("://")[2]) not in ours:
            return problem(HTTPStatus.FORBIDDEN, f"pages of {origin} may not ask here")
        return await handler(request)

    return check


def token_required(token: str) -> Middleware:
    """Refuse requests without `Authorization: Bearer <token>`, but for health. Compared in constant time."""
    expected = token.encode()

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        right = compare_digest(given.strip().encode(errors="surrogateescape"), expected)
        if request.path in HEALTH or (right and scheme.lower() == "bearer"):
            return await handler(request)
        detail = "this needs the header Authorization: Bearer, with the token in CHAOSPROXY_ADMIN_TOKEN"
        return problem(HTTPStatus.UNAUTHORIZED, detail, {"WWW-Authenticate": 'Bearer realm="chaosproxy admin"'})

    return check


def _host_alone(authority: str) -> str:
    """`[::1]:9464` -> `::1`, `LocalHost:9464` -> `localhost`."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0].lower()
    return authority.partition(":")[0].lower()
