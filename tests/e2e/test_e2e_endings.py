"""How a proxy ends: asked to, in the middle of traffic; and killed."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from chaosproxy.telemetry.journal_reader import Unreadable, read_journal

PROFILE = """
version: 1
name: endings
upstreams: {tool: "%s"}
rules:
  - {name: down, match: {path: /down}, fault: {type: server_error}}
  - {name: silence, match: {path: /silent}, fault: {type: timeout, after: 10m}}
"""

PATIENCE = 15.0
"""Seconds that anything here may take on a slow machine."""


class SlowTool:
    """Answers /slow when it is told to."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def slow(self, _request: web.Request) -> web.Response:
        self.asked.set()
        await self.may_answer.wait()
        return web.Response(text="late but whole")

    async def quick(self, _request: web.Request) -> web.Response:
        return web.Response(text="quick")


@asynccontextmanager
async def tool_running() -> AsyncIterator[tuple[SlowTool, str]]:
    tool = SlowTool()
    application = web.Application()
    application.add_routes([web.get("/slow", tool.slow), web.get("/{any}", tool.quick)])
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield tool, "http://{}:{}".format(*runner.addresses[0][:2])
    finally:
        tool.may_answer.set()
        await runner.cleanup()


class Served:
    """A `chaosproxy serve` process."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        self.url = url

    async def ended(self) -> tuple[int, str]:
        """The exit code and what it had printed on both outputs."""
        out, _ = await asyncio.wait_for(self.process.communicate(), PATIENCE)
        assert self.process.returncode is not None
        return self.process.returncode, out.decode()


@asynccontextmanager
async def serving(tool: str, folder: Path) -> AsyncIterator[Served]:
    profile, ready = folder / "endings.yaml", folder / "ready.json"
    profile.write_text(PROFILE % tool)
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "chaosproxy", "serve", str(profile)],
        *["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"],
        *["--journal", str(folder / "journal.jsonl"), "--ready-file", str(ready)],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(PATIENCE):
            while not ready.exists() and process.returncode is None:
                await asyncio.sleep(0.02)
        yield Served(process, f"http://{json.loads(ready.read_text())['listen']}/tool")
    finally:
        with suppress(ProcessLookupError):
            process.kill()


@pytest.fixture
def unreadable() -> Iterator[list[Unreadable]]:
    """Lines that a journal's reader had to leave out: none, in the end."""
    lines: list[Unreadable] = []
    yield lines
    assert lines == []


async def get(http: aiohttp.ClientSession, url: str) -> tuple[int, str]:
    async with http.get(url) as response:
        return response.status, await response.text()


async def test_asked_to_stop_it_lets_calls_end_and_censors_what_is_open(
    tmp_path: Path, unreadable: list[Unreadable]
) -> None:
    async with tool_running() as (tool, url), serving(url, tmp_path) as served, aiohttp.ClientSession() as http:
        assert (await get(http, f"{served.url}/down"))[0] == 500
        in_flight = asyncio.ensure_future(get(http, f"{served.url}/slow"))
        hanging = asyncio.ensure_future(get(http, f"{served.url}/silent"))
        await asyncio.wait_for(tool.asked.wait(), PATIENCE)
        served.process.send_signal(signal.SIGTERM)
        with pytest.raises(aiohttp.ClientError):
            await asyncio.wait_for(hanging, PATIENCE)  # a hanging call ends at once
        tool.may_answer.set()

        assert await asyncio.wait_for(in_flight, PATIENCE) == (200, "late but whole")
        code, printed = await served.ended()

    assert code == 0, printed
    assert "stopped  3 calls, 2 of them faulted" in printed
    lines = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text().splitlines()]
    assert len(list(read_journal(tmp_path / "journal.jsonl", unreadable.append))) == len(lines)
    episodes = {line["fault"]: line["resolution"] for line in lines if line["type"] == "episode"}
    assert episodes == {"server_error": "censored", "timeout": "censored"}
    slow = next(line for line in lines if line["type"] == "call" and line["target"] == "/slow")
    assert (slow["status"], slow["outcome"], slow["upstream_truth"]) == (200, "ok", "executed")
    assert lines[-1]["type"] == "run_ended"
    assert not (tmp_path / "ready.json").exists()


async def test_ctrl_c_is_a_clean_stop_too(tmp_path: Path) -> None:
    async with tool_running() as (_, url), serving(url, tmp_path) as served:
        served.process.send_signal(signal.SIGINT)
        code, printed = await served.ended()

    assert code == 0, printed
    assert "Traceback" not in printed


async def test_killed_it_leaves_a_journal_that_reads_cleanly(tmp_path: Path, unreadable: list[Unreadable]) -> None:
    journal = tmp_path / "journal.jsonl"
    async with tool_running() as (_, url), serving(url, tmp_path) as served, aiohttp.ClientSession() as http:
        began = asyncio.get_running_loop().time()
        answered: list[float] = []
        while asyncio.get_running_loop().time() < began + 2.5:
            assert (await get(http, f"{served.url}/quick"))[0] == 200
            answered.append(asyncio.get_running_loop().time())
        served.process.kill()
        killed = asyncio.get_running_loop().time()
        await served.process.wait()

    calls = [record for record in read_journal(journal, unreadable.append) if type(record).__name__ == "CallEnded"]
    older = [at for at in answered if at < killed - 1.0]
    assert len(older) > 10
    assert len(older) <= len(calls) <= len(answered)
