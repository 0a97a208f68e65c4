import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from chaosproxy.dataplane.http.requests.reach import Reach
from chaosproxy.dataplane.http.wire import Malformed
from tests.doubles.streams import soon


def names(**known: list[str]) -> Callable[[str, int], Awaitable[list[str]]]:
    async def look_up(host: str, _port: int) -> list[str]:
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return known[host]

    return look_up


def refused(reach: Reach, host: str, port: int, *, declared: bool = False) -> str | None:
    try:
        reach.check(host, port, declared=declared)
    except Malformed as error:
        return error.reason
    return None


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("169.254.169.254", "forbidden_host"),
        ("169.254.0.1", "forbidden_host"),
        ("fe80::1", "forbidden_host"),
        ("::ffff:169.254.1.1", "forbidden_host"),
        ("2002:a9fe:a9fe::1", "forbidden_host"),
        ("168.63.129.16", "forbidden_host"),
        ("metadata", "forbidden_host"),
        ("127.0.0.1", None),
        ("10.0.0.1", None),
        ("api.example", None),
        ("169.254.169.254.example", None),
    ],
)
def test_hosts_as_they_are_written(host: str, reason: str | None) -> None:
    reach = Reach(set())
    assert refused(reach, host, 80) == reason
    assert refused(reach, host, 80, declared=True) is None


@pytest.mark.parametrize(
    ("own", "host", "reason"),
    [
        ("127.0.0.1", "127.0.0.1", "own_address"),
        ("127.0.0.1", "0.0.0.0", "own_address"),
        ("127.0.0.1", "localhost", "own_address"),
        ("127.0.0.1", "127.0.0.2", None),
        ("0.0.0.0", "127.0.0.1", "own_address"),
        ("0.0.0.0", "127.9.9.9", "own_address"),
        ("0.0.0.0", "192.0.2.1", None),
        ("::1", "::1", "own_address"),
    ],
)
def test_our_own_addresses(own: str, host: str, reason: str | None) -> None:
    assert refused(Reach({(own, 8080)}), host, 8080) == reason
    assert refused(Reach({(own, 8080)}), host, 8081) is None
    assert refused(Reach({(own, 8080)}), host, 8080, declared=True) == reason, "not even who names it means it"


async def test_a_name_stands_for_its_harmless_addresses_only() -> None:
    mixed = ["169.254.169.254", "192.0.2.1", "fe80::1%eth0", "192.0.2.2"]
    known = names(mixed=mixed, bad=["169.254.169.254"], own=["127.0.0.1"])
    reach = Reach({("127.0.0.1", 8080)}, known)
    assert await reach.addresses("mixed", 80) == ["192.0.2.1", "192.0.2.2"]
    assert await reach.addresses("own", 80) == ["127.0.0.1"]
    for host, port in (("bad", 80), ("own", 8080)):
        with pytest.raises(Malformed):
            await reach.addresses(host, port)
    with pytest.raises(socket.gaierror):
        await reach.addresses("unknown", 80)


async def test_a_name_that_a_profile_gives_to_such_a_place_is_meant() -> None:
    reach = Reach(set(), names(metadata=["169.254.169.254"]))
    assert await reach.addresses("metadata", 80) == ["169.254.169.254"]


async def test_the_next_address_is_tried_when_one_refuses(free_port: int) -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", free_port)
    reach = Reach(set(), names(twice=["127.0.0.2", "127.0.0.1"], once=["127.0.0.2"]))
    transport, _ = await soon(reach.connect(asyncio.Protocol, "twice", free_port))
    assert transport.get_extra_info("peername")[0] == "127.0.0.1"
    transport.close()
    with pytest.raises(ConnectionRefusedError):
        await soon(reach.connect(asyncio.Protocol, "once", free_port))
    server.close()
