"""Nothing changes: every conversation, direct and through the quiet proxy, and what both sides heard, compared."""

from collections.abc import AsyncIterator

import pytest

from tests.differential.answering import ANSWERING
from tests.differential.asking import ASKING
from tests.differential.comparing import comparable
from tests.differential.playing import Conversation, Heard, Way, play
from tests.doubles.plane import Plane
from tests.doubles.streams import Stream
from tests.doubles.upstream import ScriptedUpstream

CONVERSATIONS = (*ASKING, *ANSWERING)


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
    agent = await Stream.connect(tool.address)
    try:
        return await play(conversation, tool, agent, Way(b"", tool.authority))
    finally:
        agent.close()


def test_there_are_many_and_each_has_a_name_of_its_own() -> None:
    assert len(CONVERSATIONS) >= 150
    assert len({each.name for each in CONVERSATIONS}) == len(CONVERSATIONS)


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda each: each.name)
async def test_a_gateway_changes_nothing(conversation: Conversation, tool: ScriptedUpstream, plane: Plane) -> None:
    host = b"%b:%d" % (plane.address[0].encode(), plane.address[1])

    straight = await directly(conversation, tool)
    relayed = await play(conversation, tool, await plane.agent(), Way(b"/tool", host))

    assert straight.responses
    assert comparable(relayed) == comparable(straight)


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda each: each.name)
async def test_a_forward_proxy_changes_nothing(
    conversation: Conversation, tool: ScriptedUpstream, plane: Plane
) -> None:
    straight = await directly(conversation, tool)
    relayed = await play(conversation, tool, await plane.agent(), Way(b"http://" + tool.authority, tool.authority))

    assert straight.responses
    assert comparable(relayed) == comparable(straight)
