"""A reverse proxy as one would write it with aiohttp, on uvloop: `aiohttp_relay.py PORT UPSTREAM_PORT`."""

import sys
from collections.abc import AsyncIterator

import uvloop
from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web

HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"},
)


def relay(upstream_port: int) -> web.Application:
    """An application that passes every call to 127.0.0.1:`upstream_port`, and its answer back."""
    upstream = f"http://127.0.0.1:{upstream_port}"
    session = web.AppKey("session", ClientSession)

    async def client(app: web.Application) -> AsyncIterator[None]:
        connector = TCPConnector(limit=0, keepalive_timeout=3600)
        async with ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=DummyCookieJar(),
            timeout=ClientTimeout(total=300),
        ) as app[session]:
            yield

    async def handle(request: web.Request) -> web.Response:
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP]
        body = await request.read() if request.body_exists else None
        async with request.app[session].request(
            request.method, upstream + request.raw_path, headers=headers, data=body, allow_redirects=False
        ) as answer:
            kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP]
            return web.Response(status=answer.status, headers=kept, body=await answer.read())

    app = web.Application()
    app.cleanup_ctx.append(client)
    app.router.add_route("*", "/{path:.*}", handle)
    return app


if __name__ == "__main__":
    port, upstream_port = map(int, sys.argv[1:])
    web.run_app(
        relay(upstream_port), host="127.0.0.1", port=port, access_log=None, print=None, loop=uvloop.new_event_loop()
    )
