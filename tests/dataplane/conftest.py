"""A tool, and a listener in front of it, for each test; in both loops that the proxy may run in."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop

from tests.doubles.plane import Plane
from tests.doubles.upstream import ScriptedUpstream


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


@pytest.fixture
async def tool() -> AsyncIterator[ScriptedUpstream]:
    upstream = ScriptedUpstream()
    upstream.start()
    yield upstream
    await upstream.stop()


@pytest.fixture
async def plane(tool: ScriptedUpstream, free_port: int) -> AsyncIterator[Plane]:
    """Reaches the tool as `/tool/...`, and under `/gone/...` a port that refuses."""
    running = Plane({"upstreams": {"tool": tool.url, "gone": f"http://127.0.0.1:{free_port}"}})
    await running.start()
    yield running
    await running.stop()
