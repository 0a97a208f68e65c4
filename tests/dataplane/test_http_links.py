"""Sessions by MCP's own ids: one agent run keeps its name although the server has forgotten it."""

from collections.abc import AsyncIterator

import pytest

from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import FailureKind, Phase
from chaosproxy.dataplane.http.requests.links import REMEMBERED, Links
from tests.doubles.plane import Plane
from tests.doubles.upstream import Say, ScriptedUpstream

OPEN = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}'
CALL = b'{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"find"}}'
GONE = Say((b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",))
FINE = Say((b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",))


def opened(link: bytes) -> Say:
    return Say((b"HTTP/1.1 200 OK\r\nmcp-session-id: %b\r\nContent-Length: 2\r\n\r\n{}" % link,))


@pytest.fixture
async def plane(tool: ScriptedUpstream) -> AsyncIterator[Plane]:
    running = Plane({"upstreams": {"tool": tool.url}, "sessions": {"from": ["path", "mcp", "client"]}})
    await running.start()
    yield running
    await running.stop()


async def ask(
    plane: Plane, body: bytes, link: bytes = b"", who: bytes = b"Bearer a", path: bytes = b"/tool/mcp"
) -> str:
    """The session of the call."""
    named = b"Mcp-Session-Id: %b\r\n" % link if link else b""
    await plane.ask(
        b"POST %b HTTP/1.1\r\nHost: a\r\nAuthorization: %b\r\n%bContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (path, who, named, len(body), body)
    )
    number = len(plane.path.answers)
    await plane.answer(number)
    return plane.path.calls.all[-1].session


async def test_a_lost_session_goes_on_under_its_name(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says_in_turn(opened(b"one"), FINE, GONE, opened(b"two"), FINE, GONE, opened(b"three"), FINE)

    first = await ask(plane, OPEN)
    name = await ask(plane, CALL, b"one")
    assert name != first
    assert name.startswith("mcp-")
    assert "one" not in name, "an id is a secret"
    assert await ask(plane, CALL, b"one") == name
    assert await ask(plane, OPEN) == name, "opening it anew belongs to it"
    assert await ask(plane, CALL, b"two") == name
    assert await ask(plane, CALL, b"two") == name
    assert await ask(plane, OPEN) == name
    assert await ask(plane, CALL, b"three") == name
    links = [call.link for call in plane.path.calls.all]
    assert len({*links}) == 4, "the link tells one from the other"
    assert links[0] is links[3] is None


async def test_a_lost_session_of_ours_is_one_too(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says_in_turn(FINE, opened(b"two"), FINE)
    name = await ask(plane, CALL, b"one")
    decide = plane.path.decide
    plane.injects(Reject(FailureKind.NOT_FOUND, Phase.BEFORE_UPSTREAM))
    assert await ask(plane, CALL, b"one") == name
    plane.path.decide = decide
    await ask(plane, OPEN)

    assert await ask(plane, CALL, b"two") == name


async def test_another_client_opens_a_session_of_its_own(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says_in_turn(GONE, opened(b"two"), FINE)
    name = await ask(plane, CALL, b"one")

    assert await ask(plane, OPEN, who=b"Bearer b") != name
    assert await ask(plane, CALL, b"two", who=b"Bearer b") != name


async def test_a_second_session_of_a_client_is_another(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says_in_turn(FINE, opened(b"two"), FINE)
    name = await ask(plane, CALL, b"one")
    await ask(plane, OPEN)

    assert await ask(plane, CALL, b"two") != name


async def test_a_session_that_is_named_otherwise_keeps_that_name(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says_in_turn(GONE, opened(b"two"), FINE)

    assert await ask(plane, CALL, b"one", path=b"/~run42/tool/mcp") == "run42"
    assert await ask(plane, OPEN, path=b"/~run42/tool/mcp") == "run42"
    assert await ask(plane, CALL, b"two", path=b"/~run42/tool/mcp") == "run42"


def test_no_more_is_remembered_than_there_is_room_for() -> None:
    links = Links(lambda secret: secret.decode())
    for number in range(REMEMBERED + 10):
        links.name(f"id-{number}", f"client-{number}", opens=False)

    assert len(links._clients) == REMEMBERED
