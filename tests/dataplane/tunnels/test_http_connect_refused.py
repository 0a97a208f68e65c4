import socket

import pytest

from chaosproxy.core.answer import Origin
from tests.dataplane.tunnels.ways import connect, get, opened, running
from tests.doubles.plane import Plane
from tests.doubles.streams import End
from tests.doubles.tls import TlsFront
from tests.doubles.upstream import OK, ScriptedUpstream

# What goes nowhere


async def test_nobody_is_told_of_a_way_through_to_a_host_that_is_not_there(plane: Plane, free_port: int) -> None:
    for place, status, reason in [
        ("no-such-host.invalid:443", 502, "tunnel_failed"),
        ("no..name:443", 502, "tunnel_failed"),
        (f"127.0.0.1:{free_port}", 502, "tunnel_failed"),
    ]:
        agent = await plane.agent()
        await agent.send(connect(place) + b"\x16\x03\x01")
        response = await agent.response("CONNECT-that-failed")
        assert response.status == status
        assert b"name not found" in response.body or b"refused the connection" in response.body
        assert (await agent.ended())[1] is End.FIN
        assert plane.path.refused.all[-1].reason == reason
    assert len(plane.path.opened) == 0


async def test_a_host_that_does_not_answer_is_a_504() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:
        port = deaf.getsockname()[1]
        waiting = []
        for _ in range(4):  # the queue of those that nobody accepts is full now
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
            waiting.append(sock)
        upstream = {"url": f"https://127.0.0.1:{port}", "connect_timeout": "100ms"}
        async with running({"upstreams": {"deaf": upstream}}) as plane:
            agent = await plane.agent()
            await agent.send(connect(f"127.0.0.1:{port}"))
            assert (await agent.response()).status == 504
            assert (await plane.path.refused.first()).reason == "tunnel_timeout"
        for sock in waiting:
            sock.close()


@pytest.mark.parametrize(
    "target",
    [
        *(
            "host",
            "host:",
            ":443",
            "host:0",
            "host:65536",
            "host:99999",
            "host:0443",
            "host:-1",
            "host:+443",
            "host:44a",
        ),
        *("user@host:443", "user:pw@host:443", "http://host:443", "host:443/", "/host:443", "host:443?", "host%2e:443"),
        *("[::1]", "[::1]443", "[::g]:443", "::1:443", "[fe80::1%25eth0]:443", "[127.0.0.1]:443", "ho st:443", "*"),
        *("h\xf6st:443", "host:443:443", "a,b:443", "\x7f:1"),
    ],
)
async def test_what_is_not_host_and_port_is_refused(plane: Plane, target: str) -> None:
    agent = await plane.agent()
    await agent.send(f"CONNECT {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode("latin-1"))
    said, end = await agent.ended()
    assert said.startswith(b"HTTP/1.1 400 ")
    assert end is End.FIN
    assert len(plane.path.opened) == 0


@pytest.mark.parametrize("framing", ["Content-Length: 5", "Transfer-Encoding: chunked"])
async def test_a_connect_with_a_body_is_refused(plane: Plane, front: TlsFront, framing: str) -> None:
    agent = await plane.agent()
    await agent.send(connect(f"127.0.0.1:{front.port}", framing) + b"hello")
    assert (await agent.ended())[0].startswith(b"HTTP/1.1 400 ")
    assert len(plane.path.opened) == 0


@pytest.mark.parametrize(
    "place",
    [
        *("169.254.169.254:80", "metadata.google.internal:80", "metadata.google.internal.:80", "[fe80::1]:80"),
        *("2852039166:80", "0xa9fea9fe:80", "[::ffff:169.254.169.254]:80", "[64:ff9b::a9fe:a9fe]:80"),
        *("100.100.100.200:80", "[fd00:ec2::254]:80"),
    ],
)
async def test_machines_secrets_are_not_reached(plane: Plane, place: str) -> None:
    agent = await plane.agent()
    await agent.send(connect(place))
    assert (await agent.ended())[0].startswith(b"HTTP/1.1 403 ")
    assert (await plane.path.refused.first()).reason == "forbidden_host"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "LOCALHOST.", "0.0.0.0", "[::ffff:127.0.0.1]", "2130706433"]
)
async def test_a_tunnel_back_to_ourselves_is_refused(plane: Plane, host: str) -> None:
    agent = await plane.agent()
    await agent.send(connect(f"{host}:{plane.address[1]}"))
    assert (await agent.ended())[0].startswith(b"HTTP/1.1 403 ")
    assert (await plane.path.refused.first()).reason == "own_address"


async def test_what_is_open_to_others_goes_to_its_list_only(tool: ScriptedUpstream, other: TlsFront) -> None:
    async with running({"upstreams": {"tool": tool.url}}, open_to_others=True) as plane:
        agent = await opened(plane, tool.authority.decode())
        agent.close()
        agent = await plane.agent()
        await agent.send(connect(f"127.0.0.1:{other.port}"))
        assert (await agent.ended())[0].startswith(b"HTTP/1.1 403 ")
        assert (await plane.path.refused.first()).reason == "forbidden_host"


class Names:
    """A resolver whose answers change, as those of somebody who means harm."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, _port: int) -> list[str]:
        self.asked.append(host)
        return self._answers.pop(0)


async def test_the_address_that_was_judged_is_the_one_connected_to(plane: Plane, tool: ScriptedUpstream) -> None:
    names = Names(["169.254.169.254", "127.0.0.1"], ["169.254.169.254"])
    plane.listener._reader.router.reach.look_up = names
    place = f"rebinding.test:{tool.address[1]}"
    agent = await opened(plane, place)
    await agent.send(get("rebinding.test"))
    assert (await agent.response()).raw == OK
    assert names.asked == ["rebinding.test"]
    refused = await plane.agent()
    await refused.send(connect(place))
    assert (await refused.ended())[0].startswith(b"HTTP/1.1 403 ")


async def test_a_name_for_a_machines_secrets_is_refused_to_plain_requests_too(plane: Plane) -> None:
    plane.listener._reader.router.reach.look_up = Names(["169.254.169.254", "fe80::1%lo"])
    response = await plane.ask(b"GET http://innocent.test/ HTTP/1.1\r\nHost: innocent.test\r\n\r\n")
    assert response.status == 403
    assert (await plane.answer()).origin is Origin.PROXY
