"""Nothing changes: every conversation, direct and through the quiet proxy, and what both sides heard, compared."""

import ssl
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

import pytest

from chaosproxy.dataplane.tls.authority import Authority
from chaosproxy.dataplane.tls.contexts import AgentContexts
from tests.differential.answering import ANSWERING
from tests.differential.asking import ASKING
from tests.differential.comparing import comparable
from tests.differential.encrypted import Encrypted
from tests.differential.playing import Conversation, Heard, Step, Way, play
from tests.doubles.plane import Plane
from tests.doubles.streams import Stream
from tests.doubles.tls import TlsFront
from tests.doubles.upstream import ScriptedUpstream

CONVERSATIONS = (*ASKING, *ANSWERING)

AUTHORITY = Authority.create(["127.0.0.1"])
"""Of both the tool's certificate and the proxy's."""

CONCERNED = {"name": "concerns the host, but no call that is made here", "fault": {"type": "server_error"}}


@pytest.fixture
async def tool() -> AsyncIterator[ScriptedUpstream]:
    upstream = ScriptedUpstream()
    upstream.start()
    yield upstream
    await upstream.stop()


@pytest.fixture
async def plane(tool: ScriptedUpstream) -> AsyncIterator[Plane]:
    running = Plane({"upstreams": {"tool": tool.url}})
    await running.start()
    yield running
    await running.stop()


async def directly(conversation: Conversation, tool: ScriptedUpstream) -> Heard:
    made: list[Stream] = []

    async def connect() -> Stream:
        made.append(await Stream.connect(tool.address))
        return made[0]

    heard = await play(conversation, tool, connect(), Way(b"", tool.authority))
    made[0].close()
    return heard


def test_there_are_many_and_each_has_a_name_of_its_own() -> None:
    assert len(CONVERSATIONS) >= 150
    assert len({each.name for each in CONVERSATIONS}) == len(CONVERSATIONS)


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda each: each.name)
async def test_a_gateway_changes_nothing(conversation: Conversation, tool: ScriptedUpstream, plane: Plane) -> None:
    host = b"%b:%d" % (plane.address[0].encode(), plane.address[1])

    straight = await directly(conversation, tool)
    relayed = await play(conversation, tool, plane.agent(), Way(b"/tool", host))

    assert straight.responses
    assert comparable(relayed) == comparable(straight)


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda each: each.name)
async def test_a_forward_proxy_changes_nothing(
    conversation: Conversation, tool: ScriptedUpstream, plane: Plane
) -> None:
    straight = await directly(conversation, tool)
    relayed = await play(conversation, tool, plane.agent(), Way(b"http://" + tool.authority, tool.authority))

    assert straight.responses
    assert comparable(relayed) == comparable(straight)


async def tunnel(plane: Plane, address: tuple[str, int]) -> Stream:
    """A connection through the proxy, after its CONNECT."""
    place = f"{address[0]}:{address[1]}"
    agent = await plane.agent()
    await agent.send(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
    assert (await agent.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    agent.heard.clear()
    return agent


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda each: each.name)
async def test_a_tunnel_that_no_rule_concerns_changes_no_byte(
    conversation: Conversation, tool: ScriptedUpstream, plane: Plane
) -> None:
    straight = await directly(conversation, tool)
    relayed = await play(conversation, tool, tunnel(plane, tool.address), Way(b"", tool.authority))

    assert relayed == straight


@pytest.fixture
async def front(tool: ScriptedUpstream) -> AsyncIterator[TlsFront]:
    """The tool, reached by TLS."""
    running = TlsFront(AgentContexts(AUTHORITY).context("127.0.0.1"), tool.address)
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def opened(front: TlsFront, tmp_path: Path) -> AsyncIterator[Plane]:
    """A proxy that opens tunnels to the tool."""
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.certificate_pem)
    upstream = {"url": f"https://127.0.0.1:{front.port}", "ca": str(tmp_path / "ca.pem")}
    running = Plane({"upstreams": {"tool": upstream}, "rules": [CONCERNED]}, authority=AUTHORITY)
    await running.start()
    yield running
    await running.stop()


@pytest.mark.parametrize(
    "conversation", [each for each in CONVERSATIONS if Step.RESET not in each.server], ids=lambda each: each.name
)
async def test_a_tunnel_that_we_open_changes_nothing(
    conversation: Conversation, tool: ScriptedUpstream, front: TlsFront, opened: Plane
) -> None:
    way = Way(b"", b"127.0.0.1:%d" % front.port)
    trusting = ssl.create_default_context(cadata=AUTHORITY.certificate_pem.decode())

    async def encrypted(connecting: Coroutine[Any, Any, Stream]) -> Encrypted:
        made.append(await connecting)
        return await Encrypted.over(made[-1], trusting)

    made: list[Stream] = []
    straight = await play(conversation, tool, encrypted(Stream.connect(("127.0.0.1", front.port))), way)
    relayed = await play(conversation, tool, encrypted(tunnel(opened, ("127.0.0.1", front.port))), way)
    made[0].close()

    assert straight.responses
    assert comparable(relayed) == comparable(straight)
