"""Real clients that fetch an https URL through a proxy's CONNECT, all asked the same way, trusting one authority."""

import asyncio
import json
import ssl
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import aiohttp
import httpx
import requests

from tests.e2e.programs import executable, surroundings

PATIENCE = 4.0
"""Seconds after which a client gives up a call."""


class Fetched(NamedTuple):
    """What a client was told, or what it complained of."""

    status: int
    body: str
    complaint: str = ""


TunnelClient = Callable[[str, str, Path], Fetched]
"""(URL, the proxy's URL, a file with the authorities to trust)"""


def with_curl(url: str, proxy: str, trust: Path) -> Fetched:
    command = [executable("curl"), "--silent", "--show-error", "--proxy", proxy, "--cacert", str(trust)]
    command += ["--max-time", str(PATIENCE), "--write-out", "\n%{http_code}", url]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=surroundings())
    body, _, status = done.stdout.rpartition("\n")
    return Fetched(int(status), body, done.stderr)


def with_requests(url: str, proxy: str, trust: Path) -> Fetched:
    with requests.Session() as session:
        session.trust_env = False
        try:
            response = session.get(url, proxies={"https": proxy}, verify=str(trust), timeout=PATIENCE)
        except requests.exceptions.RequestException as error:
            return Fetched(0, "", str(error))
    return Fetched(response.status_code, response.text)


def with_httpx(url: str, proxy: str, trust: Path) -> Fetched:
    context = ssl.create_default_context(cafile=str(trust))
    try:
        with httpx.Client(proxy=proxy, verify=context, trust_env=False, timeout=PATIENCE) as client:
            response = client.get(url)
    except httpx.HTTPError as error:
        return Fetched(0, "", f"{type(error).__name__} {error}")
    return Fetched(response.status_code, response.text)


def with_aiohttp(url: str, proxy: str, trust: Path) -> Fetched:
    context = ssl.create_default_context(cafile=str(trust))
    patience = aiohttp.ClientTimeout(total=PATIENCE)

    async def fetch() -> Fetched:
        async with aiohttp.ClientSession(timeout=patience) as session:
            try:
                async with session.get(url, proxy=proxy, ssl=context) as response:
                    return Fetched(response.status, await response.text())
            except (aiohttp.ClientError, TimeoutError) as error:
                return Fetched(0, "", f"{type(error).__name__} {error} {error.__cause__!r}")

    return asyncio.run(fetch())


NODE = """
const http = require("http"), https = require("https");
const [url, proxy, patience] = [new URL(process.argv[1]), new URL(process.argv[2]), Number(process.argv[3])];
const say = (said) => { process.stdout.write(JSON.stringify(said)); process.exit(0); };
const complain = (error) => say([0, "", `${error.code}: ${error.message}`]);
setTimeout(() => complain({ code: "TIMEOUT", message: "no answer" }), patience * 1000);
const user = Buffer.from(`${proxy.username}:${proxy.password}`).toString("base64");
const place = `${url.hostname}:${url.port || 443}`;
const headers = proxy.username ? { "Proxy-Authorization": `Basic ${user}` } : {};
http.request({ host: proxy.hostname, port: proxy.port, method: "CONNECT", path: place, headers })
    .on("connect", (answer, socket) => {
        if (answer.statusCode !== 200) { complain({ code: "CONNECT", message: answer.statusCode }); }
        https.get(url, { socket, agent: false, servername: url.hostname }, (response) => {
            let body = "";
            response.on("data", (data) => { body += data; });
            response.on("end", () => say([response.statusCode, body, ""]));
        }).on("error", complain);
    }).on("error", complain).end();
"""


def with_node(url: str, proxy: str, trust: Path) -> Fetched:
    environ = surroundings({"NODE_EXTRA_CA_CERTS": str(trust)})
    command = [executable("node"), "--eval", NODE, url, proxy, str(PATIENCE)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environ, timeout=60)
    return Fetched(*json.loads(done.stdout))


TUNNEL_CLIENTS: Mapping[str, TunnelClient] = {
    "curl": with_curl,
    "requests": with_requests,
    "httpx": with_httpx,
    "aiohttp": with_aiohttp,
    "node": with_node,
}
