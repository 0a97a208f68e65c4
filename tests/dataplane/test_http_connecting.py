"""Names that stand for several addresses: one that does not answer, or refuses, does not keep us from the others."""

import asyncio
import socket
import time
from collections.abc import Iterator

import pytest

from chaosproxy.dataplane.http.requests.reach import Reach
from tests.doubles.streams import soon
from tests.doubles.upstream import ScriptedUpstream


@pytest.fixture
def black_hole(tool: ScriptedUpstream) -> Iterator[str]:
    """An address that answers no SYN on the tool's port: whoever listens there has accepted all that it ever will."""
    port = tool.address[1]
    with socket.socket() as full:
        full.bind(("127.0.0.2", port))
        full.listen(0)
        waiting = [socket.socket() for _ in range(8)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.2", port))
        yield "127.0.0.2"
        for each in waiting:
            each.close()


def reach_of(*addresses: str) -> Reach:
    async def look_up(_host: str, _port: int) -> list[str]:
        return list(addresses)

    return Reach(set(), look_up)


async def test_address_that_does_not_answer_holds_nothing_up(tool: ScriptedUpstream, black_hole: str) -> None:
    began = time.monotonic()
    transport, _ = await soon(reach_of(black_hole, "127.0.0.1").connect(asyncio.Protocol, "two.test", tool.address[1]))
    assert transport.get_extra_info("peername")[0] == "127.0.0.1"
    assert time.monotonic() - began < 5, "a SYN is sent again for two minutes"
    transport.abort()


async def test_address_that_refuses_holds_nothing_up(tool: ScriptedUpstream) -> None:
    transport, _ = await soon(
        reach_of("127.0.0.3", "::1", "127.0.0.1").connect(asyncio.Protocol, "three.test", tool.address[1])
    )
    assert transport.get_extra_info("peername")[0] == "127.0.0.1"
    transport.abort()


async def test_all_that_refuse_are_a_refusal(free_port: int) -> None:
    with pytest.raises(ConnectionRefusedError):
        await soon(reach_of("127.0.0.1", "127.0.0.3").connect(asyncio.Protocol, "two.test", free_port))
