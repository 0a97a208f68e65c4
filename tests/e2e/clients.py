"""HTTP clients of many makers, asked the same way; and what each was told, in a form that can be compared."""

import asyncio
import base64
import io
import json
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import aiohttp
import httpx
import requests
import urllib3
from yarl import URL

from tests.e2e.programs import executable, surroundings

HOP_BY_HOP = {"connection", "keep-alive"}
"""About one connection only, and so the proxy's own affair. Transfer-Encoding is not here: it passes as it came."""


@dataclass(frozen=True)
class Ask:
    """A request."""

    method: str = "GET"
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True)
class Told:
    """An answer: the headers in order, in their spelling, two of one name twice; the body as it was encoded."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def values(self, name: str) -> list[str]:
        return [value for each, value in self.headers if each.lower() == name.lower()]


Client = Callable[[Ask, str, str | None], Told]
"""(what to ask, the URL in front of the path, the proxy's URL or None) -> what it was told."""


def curl(ask: Ask, base: str, proxy: str | None) -> Told:
    """By the proxy variable that it reads; `--raw` shows the body with the framing that was on the wire."""
    command = [executable("curl"), "--silent", "--show-error", "--include", "--raw", "--path-as-is", "--max-time", "20"]
    command += ["--head"] if ask.method == "HEAD" else ["--request", ask.method]
    for name, value in ask.headers.items():
        command += ["--header", f"{name}: {value}"]
    if ask.body is not None:
        command += ["--data-binary", "@-"]
    environ = surroundings({"http_proxy": proxy} if proxy else {})
    done = subprocess.run([*command, base + ask.path], input=ask.body, capture_output=True, check=False, env=environ)
    assert done.returncode == 0, done.stderr.decode()
    head, body = _after_interim(done.stdout)
    status_line, *lines = head.decode("latin-1").split("\r\n")
    _, status, reason = [*status_line.split(" ", 2), ""][:3]
    headers = _comparable((name, value) for name, _, value in (line.partition(":") for line in lines))
    chunked = ("Transfer-Encoding", "chunked") in headers and ask.method != "HEAD"
    return Told(int(status), reason, headers, _unchunked(body) if chunked else body)


def with_httpx(ask: Ask, base: str, proxy: str | None) -> Told:
    with (
        httpx.Client(proxy=proxy, trust_env=False, timeout=20) as client,
        client.stream(ask.method, base + ask.path, headers=dict(ask.headers), content=ask.body) as response,
    ):
        headers = _comparable((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw)
        return Told(response.status_code, response.reason_phrase, headers, b"".join(response.iter_raw()))


def with_requests(ask: Ask, base: str, proxy: str | None) -> Told:
    with requests.Session() as session:
        session.trust_env = False
        response = session.request(
            ask.method,
            base + ask.path,
            headers=dict(ask.headers),
            data=ask.body,
            proxies={"http": proxy} if proxy else None,
            allow_redirects=False,
            stream=True,
            timeout=20,
        )
        with response:
            headers = _comparable(response.raw.headers.iteritems())
            body = response.raw.read(decode_content=False)
        return Told(response.status_code, response.reason, headers, body)


def with_urllib3(ask: Ask, base: str, proxy: str | None) -> Told:
    # To a proxy it says Accept by itself, and to a server it does not.
    pool = urllib3.ProxyManager(proxy) if proxy else urllib3.PoolManager()
    with pool:
        response = pool.request(
            ask.method,
            base + ask.path,
            headers={"Accept": "*/*", **ask.headers},
            body=ask.body,
            redirect=False,
            retries=False,
            preload_content=False,
            timeout=20,
        )
        headers = _comparable(response.headers.iteritems())
        return Told(response.status, response.reason or "", headers, response.read(decode_content=False))


def with_aiohttp(ask: Ask, base: str, proxy: str | None) -> Told:
    async def tell() -> Told:
        async with (
            aiohttp.ClientSession(auto_decompress=False, timeout=aiohttp.ClientTimeout(20)) as session,
            session.request(
                ask.method,
                URL(base + ask.path, encoded=True),
                headers=dict(ask.headers),
                data=None if ask.body is None else io.BytesIO(ask.body),
                allow_redirects=False,
                proxy=proxy,
            ) as response,
        ):
            pairs = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers)
            return Told(response.status, response.reason or "", _comparable(pairs), await response.read())

    return asyncio.run(tell())


NODE = """
const [method, url, proxy, headers, body] = JSON.parse(process.argv[1])
const { hostname, port, pathname, search, host } = new URL(url)
const path = url.slice(url.indexOf(host) + host.length)
const to = proxy ? new URL(proxy) : { hostname, port }
const options = { method, headers: { Host: host, ...headers }, host: to.hostname, port: to.port, agent: false }
const request = require('node:http').request({ ...options, path: proxy ? url : path }, response => {
  const parts = []
  response.on('data', part => parts.push(part))
  response.on('end', () => {
    const raw = []
    for (let at = 0; at < response.rawHeaders.length; at += 2) raw.push(response.rawHeaders.slice(at, at + 2))
    const body = Buffer.concat(parts).toString('base64')
    console.log(JSON.stringify({ status: response.statusCode, reason: response.statusMessage, raw, body }))
  })
})
body ? process.stdin.pipe(request) : request.end()
"""


def with_node(ask: Ask, base: str, proxy: str | None) -> Told:
    """`node:http`, which shows headers as they came; `fetch` does not."""
    headers = dict(ask.headers)
    if ask.body is not None:
        headers["Content-Length"] = str(len(ask.body))
    asked = json.dumps([ask.method, base + ask.path, proxy, headers, ask.body is not None])
    command = [executable("node"), "--eval", NODE, asked]
    done = subprocess.run(
        command, input=ask.body or b"", capture_output=True, check=False, timeout=30, env=surroundings()
    )
    assert done.returncode == 0, done.stderr.decode()
    told = json.loads(done.stdout)
    pairs = _comparable((name, value) for name, value in told["raw"])
    return Told(told["status"], told["reason"], pairs, base64.b64decode(told["body"]))


def _comparable(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Without what is about one connection, with one moment for all, and without the blanks around values, which are no
    part of them (RFC 9110, 5.5).
    """
    return tuple(
        (name, "a date" if name.lower() == "date" else value.strip(" \t"))
        for name, value in headers
        if name.lower() not in HOP_BY_HOP
    )


def _after_interim(raw: bytes) -> tuple[bytes, bytes]:
    """Head and body, past the 1xx that curl shows too."""
    head, _, body = raw.partition(b"\r\n\r\n")
    while int(head.split(b" ", 2)[1]) < HTTPStatus.OK:
        head, _, body = body.partition(b"\r\n\r\n")
    return head, body


def _unchunked(framed: bytes) -> bytes:
    """The body of complete chunked framing. Where its chunks begin is nobody's promise."""
    body = b""
    while True:
        size, _, framed = framed.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        if length == 0:
            assert framed == b"\r\n", f"after the last chunk: {framed!r}"
            return body
        assert framed[length : length + 2] == b"\r\n", "a chunk of another size than it says"
        body, framed = body + framed[:length], framed[length + 2 :]


CLIENTS: Mapping[str, Client] = {
    "aiohttp": with_aiohttp,
    "curl": curl,
    "httpx": with_httpx,
    "node": with_node,
    "requests": with_requests,
    "urllib3": with_urllib3,
}
