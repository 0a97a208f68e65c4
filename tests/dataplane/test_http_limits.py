"""How much may be open at once, and how long each phase may take. Deadlines are looked at, not waited for."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from chaosproxy.core.effects import Hang
from chaosproxy.core.failures import Outcome, Phase
from chaosproxy.dataplane.http.agents.agent import AgentConnection
from chaosproxy.dataplane.http.agents.descriptors import connections_for, raise_limit
from chaosproxy.dataplane.http.agents.limits import DEFAULTS, Limits
from chaosproxy.dataplane.http.agents.refusals import QUIET_TIME, RefusalLog
from chaosproxy.dataplane.http.wire import Malformed
from tests.doubles.plane import Plane
from tests.doubles.streams import End, Stream, soon, until_true
from tests.doubles.upstream import ScriptedUpstream, Then

GET = b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /tool/x HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"


def only(plane: Plane) -> AgentConnection:
    (connection,) = plane.listener._connections
    return connection


Start = Callable[..., Awaitable[Plane]]


@pytest.fixture
async def started(tool: ScriptedUpstream) -> AsyncIterator[Start]:
    """Starts planes with limits of their own, and stops them however the test ends."""
    running: list[Plane] = []

    async def start(limits: Limits = DEFAULTS, **settings: str) -> Plane:
        plane = Plane({"upstreams": {"tool": {"url": tool.url, **settings}}}, limits=limits)
        await plane.start()
        running.append(plane)
        return plane

    yield start
    for plane in running:
        await plane.stop()


def reasons(plane: Plane) -> list[str]:
    return [each.reason for each in plane.path.refused.all]


# Connections


async def test_one_connection_too_many_is_told_so_and_counted(started: Start) -> None:
    plane = await started(Limits(connections=2))
    agents = [await plane.agent() for _ in range(2)]
    await plane.path.connected.nth(2)

    said, end = await (await plane.agent()).ended()
    assert said.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nConnection: close\r\n" in said
    assert end is End.FIN
    assert reasons(plane) == ["too_many_connections"]
    await agents[0].send(GET)
    assert (await agents[0].response()).status == 200, "the others are served"


async def test_place_of_one_that_left_is_free_again(started: Start) -> None:
    plane = await started(Limits(connections=1))
    first = await plane.agent()
    await plane.path.connected.first()
    first.close()
    await plane.all_gone()

    assert (await plane.ask(GET)).status == 200
    assert not reasons(plane)


async def test_those_far_beyond_the_limit_are_not_even_told(started: Start) -> None:
    """Or telling them would take as many connections as serving them."""
    plane = await started(Limits(connections=1, told=3))
    agents = [await plane.agent() for _ in range(8)]
    await plane.path.connected.nth(8 + 4)

    assert len(plane.listener._connections) == 1 + 3
    assert reasons(plane) == ["too_many_connections"] * 7
    del agents


def test_some_files_are_kept_for_tools() -> None:
    assert connections_for(1024, 16_384) == 672
    assert connections_for(1_000_000, 16_384) == 16_384
    assert connections_for(64, 16_384) == 1
    assert connections_for(raise_limit(), 1) == 1


async def test_silent_connections_keep_nobody_from_being_served(started: Start) -> None:
    plane = await started(DEFAULTS)
    silent = [await Stream.connect(plane.address) for _ in range(1000)]
    await plane.path.connected.nth(1000)

    assert (await plane.ask(GET)).status == 200
    for connection in tuple(plane.listener._connections):
        connection.patience.look(connection.patience.deadline)
    await plane.all_gone()
    assert set(reasons(plane)) == {"silent_connection"}
    assert len(plane.path.refused) == 1000
    assert len(plane.listener.deadlines) == 0
    for each in silent:
        each.close()


# Deadlines


async def test_silent_connection_is_closed(plane: Plane) -> None:
    agent = await plane.agent()
    await plane.path.connected.first()
    patience = only(plane).patience

    assert patience.look(patience.deadline - 0.1) == patience.deadline
    patience.look(patience.deadline + 0.1)
    assert await agent.ended() == (b"", End.FIN)
    assert reasons(plane) == ["silent_connection"]


async def test_head_of_a_byte_a_second_has_one_deadline(plane: Plane) -> None:
    agent = await plane.agent()
    await plane.path.connected.first()
    patience = only(plane).patience
    silence = patience.deadline
    await agent.send(b"G")
    while patience.deadline == silence:
        await asyncio.sleep(0)
    until = patience.deadline
    incoming = only(plane).incoming
    for count, byte in enumerate(b"ET /tool/x HTTP/1.1", 2):
        await agent.send(bytes([byte]))
        await until_true(lambda count=count: incoming._head_bytes == count)  # type: ignore[misc]  # of now

    assert patience.deadline == until, "it does not move with the bytes"
    patience.look(until + 0.1)
    said, end = await agent.ended()
    assert said.startswith(b"HTTP/1.1 408 ")
    assert end is End.FIN
    assert reasons(plane) == ["slow_request"]


async def test_empty_lines_are_not_the_beginning_of_a_request(plane: Plane) -> None:
    agent = await plane.agent()
    await plane.path.connected.first()
    patience = only(plane).patience
    until = patience.deadline
    await agent.send(*[b"\r\n"] * 20)
    await until_true(lambda: only(plane).incoming._head_bytes == 40)

    assert patience.deadline == until


async def test_each_head_has_a_deadline_of_its_own(plane: Plane) -> None:
    agent = await plane.agent()
    for _ in range(2):
        await agent.send(GET[:10])
        patience = only(plane).patience
        while not patience.heading:
            await asyncio.sleep(0)
        until = patience.deadline
        await agent.send(GET[10:])
        await agent.response()
        assert patience.deadline > until, "it is idle now, for longer"


async def test_also_one_that_came_together_with_the_end_of_the_last(plane: Plane) -> None:
    agent = await plane.agent()
    await agent.send(GET[:10])
    await plane.path.connected.first()
    patience = only(plane).patience
    await until_true(lambda: patience.heading)
    until = patience.deadline
    await agent.send(GET[10:] + GET[:10])
    await agent.response()

    await until_true(lambda: patience.heading)
    assert patience.deadline > until


async def test_body_that_moves_has_time_and_one_that_stalls_has_not(plane: Plane) -> None:
    agent = await plane.agent()
    await agent.send(POST)
    await plane.path.connected.first()
    connection = only(plane)
    seen = set()
    for byte in b'{"a": 1':
        while connection.incoming.receiving is None or connection.patience.deadline in seen:
            await asyncio.sleep(0)
        seen.add(connection.patience.deadline)
        await agent.send(bytes([byte]))
    assert len(seen) == 7, "each byte gives it time"

    connection.patience.look(connection.patience.deadline + 1)
    assert (await agent.ended())[0].startswith(b"HTTP/1.1 408 ")


async def test_kept_connection_is_closed_when_it_is_not_used(plane: Plane) -> None:
    agent = await plane.agent()
    await agent.send(GET)
    await agent.response()
    patience = only(plane).patience

    patience.look(patience.deadline - 0.1)
    await agent.send(GET)
    assert (await agent.response()).status == 200
    patience.look(patience.deadline + 0.1)
    assert await agent.ended() == (b"", End.FIN)
    assert not reasons(plane), "nothing was refused"


async def test_listener_looks_by_itself(started: Start) -> None:
    plane = await started(Limits(silence=0.1, idle=0.1, head=0.1, linger=0.1))
    silent, idle, slow = [await plane.agent() for _ in range(3)]
    await idle.send(GET)
    await idle.response()
    await slow.send(b"GET")

    assert await soon(silent.ended()) == (b"", End.FIN)
    assert await soon(idle.ended()) == (b"", End.FIN)
    assert (await soon(slow.ended()))[0].startswith(b"HTTP/1.1 408 ")
    await plane.all_gone()


async def test_hanging_call_has_no_deadline_but_its_own(plane: Plane) -> None:
    plane.injects(Hang(60, Phase.BEFORE_UPSTREAM))
    agent = await plane.agent()
    await agent.send(GET)
    await plane.path.calls.first()

    now = only(plane).patience.deadline + 1e6
    assert now < only(plane).patience.look(now) < now + 60
    assert await agent.ending() == (b"", End.SILENT)


# Agents that do not read


async def test_agent_that_reads_nothing_is_given_up(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(b"HTTP/1.1 200 OK\r\nContent-Length: 90000000\r\n\r\n", b"x" * 90_000_000)
    agent = await plane.agent()
    await agent.send(GET)
    await agent.exactly(1000)
    connection = only(plane)
    await until_true(lambda: connection.full)
    now = 1e6
    connection.patience.look(now)
    connection.patience.look(now + DEFAULTS.unread - 0.1)
    assert not plane.path.answers.all
    await agent.exactly(20_000_000)  # it reads after all
    await until_true(lambda: connection.full)
    connection.patience.look(now + DEFAULTS.unread + 0.1)
    connection.patience.look(now + DEFAULTS.unread * 2)
    assert not plane.path.answers.all, "reading gives it time"

    while not connection.gone:  # more than once, if the kernels still have something to move
        now += DEFAULTS.unread * 3
        connection.patience.look(now)
        await asyncio.sleep(0)
    answer = await plane.answer()
    assert answer.outcome is Outcome.AGENT_LEFT
    assert answer.problem == "the agent read nothing for 300 s"
    await plane.all_gone()


async def test_agent_that_does_not_read_its_last_answer_is_given_up(plane: Plane, tool: ScriptedUpstream) -> None:
    """The call is over, and the connection is closing, but what was said is still on its way."""
    tool.says(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + b"x" * 60_000)
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    await soon(asyncio.get_running_loop().sock_connect(sock, plane.address))
    agent = Stream(sock)
    await plane.path.connected.first()
    connection = only(plane)
    connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    await agent.send(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert (await plane.answer()).outcome is Outcome.OK
    await until_true(lambda: connection.incoming.deaf)
    assert plane.listener._connections, "it is closing, and not closed"

    now = connection.patience.deadline
    assert connection.patience.look(now) == now + DEFAULTS.flush, "it may just be slow"
    connection.patience.look(now + DEFAULTS.flush)
    await plane.all_gone()
    agent.close()


# Tools that do not speak


async def test_tool_may_be_silent_in_a_body_for_ever(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: hi\n\n", then=Then.STALL)
    agent = await plane.agent()
    await agent.send(GET)
    await agent.until(b": hi\n\n")

    only(plane).patience.look(1e9)
    assert await agent.ending() == (b"", End.SILENT)


async def test_unless_there_is_a_limit(started: Start, tool: ScriptedUpstream) -> None:
    plane = await started(Limits(upstream_silence=20))
    tool.says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", then=Then.STALL)
    agent = await plane.agent()
    await agent.send(GET)
    said = await agent.until(b"half")
    patience = only(plane).patience
    patience.look(1e6)
    patience.look(1e6 + 19)
    assert not plane.path.answers.all
    patience.look(1e6 + 20)

    assert await agent.ended() == (b"", End.FIN)
    assert said
    assert (await plane.answer()).problem == "the upstream said nothing for 20 s in the middle of its answer"


async def test_call_that_outlives_its_agent_has_its_deadline_still(started: Start, tool: ScriptedUpstream) -> None:
    plane = await started(timeout="300ms")
    tool.says(then=Then.STALL)
    plane.injects(Hang(60, Phase.AFTER_UPSTREAM))
    agent = await plane.agent()
    await agent.send(GET)
    await tool.received.first()
    agent.close()

    answer = await plane.answer()
    assert (answer.outcome, answer.skipped) == (Outcome.AGENT_LEFT, "upstream_failed")
    assert len(plane.listener.deadlines) == 0, "nobody looks at it for ever"


# The log


def test_flood_of_one_kind_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    lines = RefusalLog()
    with caplog.at_level(logging.WARNING):
        for number in range(10_000):
            lines.note(Malformed(400, "malformed", "what?"), "127.0.0.1", 100.0 + number / 10_000)
        lines.note(Malformed(400, "socks", "greeting"), "127.0.0.1", 101.0)
        lines.note(Malformed(400, "malformed", "what?"), "127.0.0.1", 100.0 + QUIET_TIME)

    assert [line.getMessage() for line in caplog.records] == [
        "request_refused reason=malformed status=400 peer=127.0.0.1 more_like_it=0 detail=what?",
        "request_refused reason=socks status=400 peer=127.0.0.1 more_like_it=0 detail=greeting",
        "request_refused reason=malformed status=400 peer=127.0.0.1 more_like_it=9999 detail=what?",
    ]


async def test_refusal_is_in_the_log(plane: Plane, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await plane.ask(b"GET /nobody/secret HTTP/1.1\r\nHost: a\r\n\r\n")

    (line,) = [each.getMessage() for each in caplog.records]
    assert "reason=unknown_upstream status=404 peer=127.0.0.1" in line
    assert "secret" not in line
