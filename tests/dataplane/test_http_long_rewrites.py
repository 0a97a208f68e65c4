"""A rewrite that takes long keeps nobody else waiting, and does not outlive its call."""

import asyncio
import threading

import pytest

from chaosproxy.core.answer import Reply
from chaosproxy.core.decision import QUIET
from chaosproxy.core.effects import Rewrite
from chaosproxy.core.failures import Outcome
from chaosproxy.dataplane.http.misbehaving.rendering import LONG
from tests.doubles.plane import Plane, deciding
from tests.doubles.streams import WAIT
from tests.doubles.upstream import ScriptedUpstream

LARGE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (LONG + 1) + b"x" * (LONG + 1)
GET = b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"


class Slow:
    """Takes as long as it is not told to go on."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.may_go_on = threading.Event()

    def __call__(self, reply: Reply) -> Reply:
        self.begun.set()
        said = b"went on" if self.may_go_on.wait(WAIT) else b"waited in vain"
        return Reply(reply.status, reply.reason, reply.headers, said)


async def _begun(slow: Slow) -> None:
    """Wait until the rewrite is under way, in whatever thread."""
    await asyncio.to_thread(slow.begun.wait, WAIT)


@pytest.fixture
def slow() -> Slow:
    return Slow()


async def test_others_are_answered_meanwhile(plane: Plane, tool: ScriptedUpstream, slow: Slow) -> None:
    tool.says(LARGE)
    plane.injects(Rewrite(slow, "slow"))
    agent = await plane.agent()
    await agent.send(GET)
    await plane.path.calls.nth(1)
    plane.path.decide = lambda _call: QUIET

    assert len((await plane.ask(GET)).body) == LONG + 1
    slow.may_go_on.set()
    assert (await agent.response()).body == b"went on"


async def test_an_agent_that_leaves_ends_the_call(plane: Plane, tool: ScriptedUpstream, slow: Slow) -> None:
    tool.says(LARGE)
    plane.injects(Rewrite(slow, "slow"))
    agent = await plane.agent()
    await agent.send(GET)
    await _begun(slow)
    agent.close()

    answer = await plane.answer()
    slow.may_go_on.set()
    assert (answer.outcome, answer.executions) == (Outcome.AGENT_LEFT, 1)


async def test_a_rewrite_that_says_it_is_slow_is_done_beside_too(
    plane: Plane, tool: ScriptedUpstream, slow: Slow
) -> None:
    tool.says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    plane.path.decide = lambda call: deciding(Rewrite(slow, "slow", slow=True)) if call.number == 1 else QUIET
    agent = await plane.agent()
    await agent.send(GET)
    await _begun(slow)

    assert (await plane.ask(GET)).body == b"ok"
    slow.may_go_on.set()
    assert (await agent.response()).body == b"went on"
