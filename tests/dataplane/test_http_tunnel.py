import asyncio
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import cast

import pytest
import trustme

from chaosproxy.dataplane.http.tunnel import Splice
from tests.doubles.streams import End, Stream, soon

Caught = tuple[asyncio.Transport, Stream]
"""A transport in the loop's hands, and the far end of its connection in the test's."""

Catch = Callable[[], Awaitable[Caught]]


class Catcher(asyncio.Protocol):
    """Holds a transport until somebody takes it over."""

    def __init__(self, caught: "asyncio.Future[asyncio.Transport]") -> None:
        self._caught = caught

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._caught.set_result(cast("asyncio.Transport", transport))


@pytest.fixture
async def catch() -> AsyncIterator[Catch]:
    """Makes connections: one end is a transport, the other a stream."""
    loop = asyncio.get_running_loop()
    streams: list[Stream] = []
    waiting: list[asyncio.Future[asyncio.Transport]] = []
    server = await loop.create_server(lambda: Catcher(waiting[-1]), "127.0.0.1", 0)

    async def catch() -> Caught:
        waiting.append(loop.create_future())
        stream = await Stream.connect(server.sockets[0].getsockname())
        streams.append(stream)
        return await soon(waiting[-1]), stream

    yield catch
    server.close()
    for stream in streams:
        stream.close()


class Joined:
    """Two connections with a splice between their near ends."""

    def __init__(self, near: Caught, far: Caught, *, idle: float = 60.0) -> None:
        self.over: asyncio.Future[Splice] = asyncio.get_running_loop().create_future()
        self.splice = Splice(self.over.set_result, idle=idle)
        self.near, self.agent = near
        self.far, self.upstream = far

    def begin(self, *, to_upstream: bytes = b"", to_agent: bytes = b"") -> None:
        self.splice.join(self.near, self.far, to_upstream=to_upstream, to_agent=to_agent)


async def test_bytes_pass_both_ways_exactly_and_are_counted(catch: Catch) -> None:
    joined = Joined(await catch(), await catch())
    joined.begin(to_upstream=b"first", to_agent=b"early")
    await joined.agent.send(b"\x00\xff", b"up")
    await joined.upstream.send(b"\r\n\x16\x03down")
    assert await joined.upstream.exactly(9) == b"first\x00\xffup"
    assert await joined.agent.exactly(13) == b"early\r\n\x16\x03down"
    assert (joined.splice.bytes_up, joined.splice.bytes_down) == (9, 13)


async def test_the_agent_may_end_its_half_and_still_hears_the_answer(catch: Catch) -> None:
    joined = Joined(await catch(), await catch())
    joined.begin()
    await joined.agent.send(b"question")
    joined.agent.half_close()
    assert await joined.upstream.ended() == (b"question", End.FIN)
    assert not joined.over.done()
    await joined.upstream.send(b"answer")
    joined.upstream.close()
    assert await joined.agent.ended() == (b"answer", End.FIN)
    assert await soon(joined.over) is joined.splice


async def test_the_upstream_may_end_its_half_and_still_hears_the_agent(catch: Catch) -> None:
    joined = Joined(await catch(), await catch())
    joined.begin()
    await joined.upstream.send(b"greeting")
    joined.upstream.half_close()
    assert await joined.agent.ended() == (b"greeting", End.FIN)
    await joined.agent.send(b"more")
    joined.agent.half_close()
    assert await joined.upstream.ended() == (b"more", End.FIN)
    await soon(joined.over)


@pytest.mark.parametrize("who", ["agent", "upstream"])
async def test_a_reset_of_one_side_is_a_reset_of_the_other_after_what_came_before_it(catch: Catch, who: str) -> None:
    joined = Joined(await catch(), await catch())
    joined.begin()
    resetting, other = (joined.agent, joined.upstream) if who == "agent" else (joined.upstream, joined.agent)
    await resetting.send(b"last words")
    assert await other.exactly(10) == b"last words"
    resetting.reset()
    assert await other.ended() == (b"", End.RESET)
    await soon(joined.over)


async def test_what_came_before_a_reset_is_delivered_before_it(catch: Catch) -> None:
    joined = Joined(await catch(), await catch())
    joined.begin()
    said = b"x" * 600_000
    await joined.upstream.send(said)
    while joined.splice.bytes_down < len(said):
        await asyncio.sleep(0)
    joined.upstream.reset()
    while not joined.far.is_closing():
        await asyncio.sleep(0)
    assert await joined.agent.ended() == (said, End.RESET)
    await soon(joined.over)


async def test_who_closes_while_the_other_still_speaks_is_seen_to_be_gone(catch: Catch) -> None:
    joined = Joined(await catch(), await catch())
    joined.begin()
    joined.agent.close()
    assert await joined.upstream.ended() == (b"", End.FIN)
    with suppress(ConnectionError):
        while not joined.over.done():
            await joined.upstream.send(b"is anybody there?")
            await asyncio.sleep(0)
    await soon(joined.over)


async def test_a_side_that_does_not_read_holds_the_other_back(catch: Catch) -> None:
    joined = Joined(await catch(), await catch())
    joined.begin()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    size = 64 * 1024 * 1024
    sending = asyncio.ensure_future(joined.agent.send(*[b"x" * 65536] * (size // 65536)))
    await asyncio.wait([sending], timeout=0.5)
    assert not sending.done(), "the kernel's buffers and ours are full"
    assert joined.splice.bytes_up < 32 * 1024 * 1024
    assert joined.far.get_write_buffer_size() < 1024 * 1024
    got = 0
    while got < size:
        got += len(await joined.upstream.exactly(min(65536, size - got)))
        joined.upstream.heard.clear()
    await soon(sending)
    assert joined.splice.bytes_up == size
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024, "KiB"


async def test_what_was_waiting_before_the_join_counts_too(catch: Catch) -> None:
    near, far = await catch(), await catch()
    far[0].write(b"x" * 16_000_000)
    joined = Joined(near, far)
    joined.begin()
    assert not joined.near.is_reading()
    reading = asyncio.ensure_future(joined.upstream.exactly(16_000_000 + 4))
    await joined.agent.send(b"then")
    assert (await soon(reading))[-4:] == b"then"


async def test_a_paused_transport_is_read_again(catch: Catch) -> None:
    near, far = await catch(), await catch()
    near[0].pause_reading()
    joined = Joined(near, far)
    await joined.agent.send(b"held")
    joined.begin()
    assert await joined.upstream.exactly(4) == b"held"


async def test_a_tunnel_in_which_nothing_moves_ends(catch: Catch) -> None:
    joined = Joined(await catch(), await catch(), idle=0.15)
    joined.begin()
    for _ in range(4):
        await asyncio.wait([joined.over], timeout=0.05)
        await joined.agent.send(b".")
    assert not joined.over.done(), "each byte gives it time"
    assert await joined.upstream.ended() == (b"....", End.FIN)
    assert await joined.agent.ended() == (b"", End.FIN)
    await soon(joined.over)


async def test_a_tunnel_of_which_half_has_ended_is_given_less_time(catch: Catch) -> None:
    joined = Joined(await catch(), await catch(), idle=3600)
    joined.splice.half_idle = 0.1
    joined.begin()
    joined.upstream.half_close()
    assert await joined.agent.ended() == (b"", End.FIN)
    await soon(joined.over)


async def test_a_tunnel_that_nobody_reads_from_ends_too(catch: Catch) -> None:
    joined = Joined(await catch(), await catch(), idle=0.2)
    joined.begin()
    sending = asyncio.ensure_future(joined.agent.send(*[b"x" * 65536] * 1024))
    await soon(joined.over)
    with pytest.raises(ConnectionError):
        await sending


async def test_aborting_ends_both_sides(catch: Catch) -> None:
    joined = Joined(await catch(), await catch())
    joined.begin()
    joined.splice.abort()
    await soon(joined.over)
    for stream in (joined.agent, joined.upstream):
        assert (await stream.ended())[0] == b""


# TLS on either side

CA = trustme.CA()


class TlsEnds:
    """A TLS client of the loop's, in front of a TLS server of the loop's: two transports of one connection."""

    def __init__(self) -> None:
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        CA.issue_cert("tool.example").configure_cert(self.server)
        self.client = ssl.create_default_context()
        CA.configure_trust(self.client)

    async def catch(self) -> tuple[asyncio.Transport, asyncio.StreamReader, asyncio.StreamWriter]:
        """The server's transport, and the client's end of it."""
        loop = asyncio.get_running_loop()
        caught = loop.create_future()
        server = await loop.create_server(lambda: Catcher(caught), "127.0.0.1", 0, ssl=self.server)
        host, port = server.sockets[0].getsockname()
        reader, writer = await soon(
            asyncio.open_connection(host, port, ssl=self.client, server_hostname="tool.example", limit=1 << 20)
        )
        transport = await soon(caught)
        server.close()
        return transport, reader, writer


@pytest.mark.parametrize("side", ["agent", "upstream", "both"])
async def test_either_side_may_be_tls(catch: Catch, side: str) -> None:
    ends = TlsEnds()
    over = asyncio.get_running_loop().create_future()
    splice = Splice(over.set_result)
    tls, reader, writer = await ends.catch()
    if side == "both":
        other, other_reader, other_writer = await ends.catch()
        splice.join(tls, other)
        writer.write(b"x" * 1_000_000)
        assert await soon(other_reader.readexactly(1_000_000)) == b"x" * 1_000_000
        other_writer.write(b"back")
        assert await soon(reader.readexactly(4)) == b"back"
        other_writer.close()
        assert await soon(reader.read()) == b""
    else:
        plain, stream = await catch()
        splice.join(*((tls, plain) if side == "agent" else (plain, tls)))
        await stream.send(b"to tls")
        assert await soon(reader.readexactly(6)) == b"to tls"
        writer.write(b"from tls" * 100_000)
        assert await stream.exactly(800_000) == b"from tls" * 100_000
        writer.close()
        assert await stream.ended() == (b"", End.FIN)
    await soon(over)
    writer.close()


async def test_a_plain_side_that_ends_closes_a_tls_side_in_good_order(catch: Catch) -> None:
    """TLS knows no half-close (in this library), so the end of one way is the end of both."""
    plain, stream = await catch()
    tls, reader, writer = await TlsEnds().catch()
    over = asyncio.get_running_loop().create_future()
    Splice(over.set_result).join(plain, tls)
    await stream.send(b"the last")
    stream.half_close()
    assert await soon(reader.read()) == b"the last"
    writer.close()
    await soon(over)
    assert await stream.ended() == (b"", End.FIN)


async def test_a_tls_side_that_does_not_answer_its_closing_can_be_aborted(catch: Catch) -> None:
    plain, stream = await catch()
    tls, _, writer = await TlsEnds().catch()
    cast("asyncio.Transport", writer.transport).pause_reading()
    over = asyncio.get_running_loop().create_future()
    splice = Splice(over.set_result)
    splice.join(plain, tls)
    stream.half_close()
    assert await stream.ended() == (b"", End.FIN)
    splice.abort()
    await soon(over)
    writer.transport.abort()
    await asyncio.sleep(0)


async def test_a_plain_sides_reset_reaches_below_tls(catch: Catch) -> None:
    plain, stream = await catch()
    tls, reader, writer = await TlsEnds().catch()
    over = asyncio.get_running_loop().create_future()
    Splice(over.set_result).join(plain, tls)
    stream.reset()
    with pytest.raises(ConnectionResetError):
        await soon(reader.read())
    await soon(over)
    writer.close()


async def test_a_reset_below_tls_reaches_the_plain_side(catch: Catch) -> None:
    plain, stream = await catch()
    tls, _, writer = await TlsEnds().catch()
    over = asyncio.get_running_loop().create_future()
    Splice(over.set_result).join(plain, tls)
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.transport.abort()
    assert await stream.ended() == (b"", End.RESET)
    await soon(over)
