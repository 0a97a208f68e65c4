"""Ways through the proxy in the hands of a test: who signs for whom, and how a tunnel is made."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from chaosproxy.dataplane.http.agents.limits import Limits
from chaosproxy.dataplane.tls.authority import Authority
from tests.doubles.plane import Plane
from tests.doubles.streams import Stream
from tests.doubles.tls import TlsFront, TlsStream

OURS = Authority.create(["127.0.0.1"])
"""Who signs in the proxy's name."""

THEIRS = Authority.create(["127.0.0.1"])
"""Who signed the tool's own certificate."""

RULE = {"name": "everything", "fault": {"type": "server_error"}}
QUICK = Limits(greeting=0.1)
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority.certificate_pem.decode())


def connect(place: str, *headers: str) -> bytes:
    return "\r\n".join([f"CONNECT {place} HTTP/1.1", f"Host: {place}", *headers, "", ""]).encode()


async def opened(plane: Plane, place: str, *headers: str) -> Stream:
    """An agent that has a way through."""
    agent = await plane.agent()
    await agent.send(connect(place, *headers))
    assert await agent.until(b"\r\n\r\n") == ESTABLISHED
    return agent


async def through(plane: Plane, front: TlsFront, *headers: str, trust: Authority = OURS) -> TlsStream:
    """The same, and TLS in it."""
    agent = await opened(plane, f"127.0.0.1:{front.port}", *headers)
    tls = TlsStream(agent, trusting(trust), "127.0.0.1")
    await tls.handshake()
    return tls


@asynccontextmanager
async def running(profile: Mapping[str, Any], **kinds: Any) -> AsyncIterator[Plane]:  # noqa: ANN401  what Plane takes
    plane = Plane(profile, **kinds)
    await plane.start()
    try:
        yield plane
    finally:
        await plane.stop()


def get(host: str = "127.0.0.1", path: str = "/v1/items?q=1", *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {host}", *headers, "", ""]).encode()
