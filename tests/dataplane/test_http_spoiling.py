"""Faults in the reply itself, byte for byte: rewritten, cut, or passed on because it cannot be spoiled."""

import gzip

import pytest

from chaosproxy.core.answer import Origin, Reply, UpstreamTruth
from chaosproxy.core.effects import Delay, Disconnect, Effect, Ending, Extent, Place, Rewrite, Truncate, Unfit
from chaosproxy.core.failures import Outcome, Phase
from chaosproxy.dataplane.http.misbehaving.delivery import REPLY_CAP
from tests.doubles.plane import Plane
from tests.doubles.streams import End
from tests.doubles.upstream import ScriptedUpstream, Then

GET = b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"
OLD = b"GET /tool/x HTTP/1.0\r\n\r\n"
HEAD = b"HEAD /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"
FINE = b"HTTP/1.1 200 Fine\r\nx-B: 1\r\n"

SHOUT = Rewrite(lambda said: Reply(said.status, said.reason, said.headers, said.body.upper()), "shout")
UNFIT = Rewrite(lambda _said: Unfit("not_json"), "never")

FRAMED = {
    "length": (FINE + b"Content-Length: 10\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n0123456789", Then.KEEP),
    "chunks": (FINE + b"Transfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n", Then.KEEP),
    "close": (FINE + b"\r\n0123456789", Then.CLOSE),
}


async def deliver(plane: Plane, tool: ScriptedUpstream, name: str, sent: bytes = GET) -> tuple[bytes, End]:
    said, then = FRAMED[name]
    tool.says(said, then=then)
    agent = await plane.agent()
    await agent.send(sent)
    return await agent.ending()


# Rewriting


REWRITTEN = {
    "length": FINE + b"Content-Length: 10\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\nABCDEFGHIJ",
    "chunks": FINE + b"Content-Length: 10\r\n\r\nABCDEFGHIJ",
    "close": FINE + b"Content-Length: 10\r\n\r\nABCDEFGHIJ",
}


@pytest.mark.parametrize("name", FRAMED)
async def test_rewritten_reply_has_its_own_length(plane: Plane, tool: ScriptedUpstream, name: str) -> None:
    plane.injects(
        Rewrite(lambda said: Reply(said.status, said.reason, said.headers, bytes(b + 17 for b in said.body)), "letters")
    )

    assert await deliver(plane, tool, name) == (REWRITTEN[name], End.SILENT)
    answer = await plane.answer()
    assert (answer.outcome, answer.origin, answer.truth) == (
        Outcome.MALFORMED,
        Origin.INJECTED,
        UpstreamTruth.EXECUTED,
    )
    assert (answer.status, answer.upstream_status, answer.bytes_out, answer.skipped) == (200, 200, 10, None)


async def test_rewritten_gzip_is_plain_and_leaves_nothing_stale(plane: Plane, tool: ScriptedUpstream) -> None:
    packed = gzip.compress(b"hello" * 1000, mtime=0)
    tool.says(
        FINE + b'ETag: "1"\r\nContent-Encoding: gzip\r\nVary: Accept-Encoding\r\nContent-MD5: x\r\n'
        b"Transfer-Encoding: chunked\r\nTrailer: T\r\n\r\n%x\r\n%b\r\n0\r\nT: 1\r\n\r\n" % (len(packed), packed)
    )
    plane.injects(SHOUT)
    agent = await plane.agent()
    await agent.send(GET)

    assert await agent.ending() == (
        FINE + b"Vary: Accept-Encoding\r\nContent-Length: 5000\r\n\r\n" + b"HELLO" * 1000,
        End.SILENT,
    )


async def test_rewrite_may_change_the_status(plane: Plane, tool: ScriptedUpstream) -> None:
    plane.injects(Rewrite(lambda _said: Reply(502, b"Bad", ((b"Content-Type", b"text/html"),), b"<html>"), "a page"))
    agent = await plane.agent()
    await agent.send(GET)

    assert await agent.ending() == (
        b"HTTP/1.1 502 Bad\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
        End.SILENT,
    )
    assert (await plane.answer()).status == 502


@pytest.mark.parametrize("name", FRAMED)
@pytest.mark.parametrize("effect", [UNFIT, Delay(0.0, Phase.AFTER_UPSTREAM)], ids=["unfit", "held"])
async def test_reply_that_cannot_be_rewritten_is_unharmed(
    plane: Plane, tool: ScriptedUpstream, name: str, effect: Effect
) -> None:
    plane.injects(effect)
    said, then = FRAMED[name]

    assert await deliver(plane, tool, name) == (said, End.SILENT if then is Then.KEEP else End.FIN)
    answer = await plane.answer()
    assert (answer.outcome, answer.origin, answer.bytes_out) == (Outcome.OK, Origin.UPSTREAM, 10)
    assert answer.skipped == ("not_json" if effect is UNFIT else None)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (FINE + b"Content-Encoding: br\r\nContent-Length: 3\r\n\r\n\x0b\x01\x80", "unknown_encoding"),
        (FINE + b"Content-Encoding: gzip\r\nETag: x\r\nContent-Length: 3\r\n\r\nabc", "bad_encoding"),
    ],
)
async def test_encoding_that_cannot_be_read_is_unharmed(
    plane: Plane, tool: ScriptedUpstream, said: bytes, reason: str
) -> None:
    tool.says(said)
    plane.injects(SHOUT)
    agent = await plane.agent()
    await agent.send(GET)

    assert await agent.ending() == (said, End.SILENT)
    assert (await plane.answer()).skipped == reason


# Replies that are not held


@pytest.mark.parametrize(
    "effect", [SHOUT, Truncate(Place(Extent.BODY, 0.5), Ending.RESET), Delay(0.0, Phase.AFTER_UPSTREAM)]
)
async def test_reply_over_the_cap_passes_unharmed(plane: Plane, tool: ScriptedUpstream, effect: Effect) -> None:
    body = bytes(range(256)) * ((REPLY_CAP // 256) + 4096)
    tool.says(FINE + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body), body, b"\r\n0\r\n\r\n")
    plane.injects(effect)
    agent = await plane.agent()
    await agent.send(GET)

    assert (await agent.response()).body == body
    assert await agent.ending() == (b"", End.SILENT)
    answer = await plane.answer()
    assert (answer.skipped, answer.origin, answer.outcome) == ("body_too_large", Origin.UPSTREAM, Outcome.OK)
    assert answer.bytes_out == len(body)


@pytest.mark.parametrize("effect", [SHOUT, Truncate(Place(Extent.BODY, 0.5), Ending.RESET)])
async def test_stream_of_events_passes_as_it_comes(plane: Plane, tool: ScriptedUpstream, effect: Effect) -> None:
    said = FINE + b"Content-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
    tool.says(said, b"9\r\ndata: 1\n\n\r\n", then=Then.STALL)
    plane.injects(effect)
    agent = await plane.agent()
    await agent.send(GET)

    assert await agent.exactly(len(said) + 14) == said + b"9\r\ndata: 1\n\n\r\n"
    agent.close()
    answer = await plane.answer()
    assert (answer.skipped, answer.origin, answer.outcome) == ("event_stream", Origin.UPSTREAM, Outcome.AGENT_LEFT)
    assert await tool.ends.first() in (End.FIN, End.RESET), "now it is a quiet call, which ends with its agent"


# Cutting


CUTS = {
    "length": FINE + b"Content-Length: 10\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n012",
    "chunks": FINE + b"Transfer-Encoding: chunked\r\n\r\n4\r\n012",
    "close": FINE + b"\r\n012",
}
HALVES = {
    "length": CUTS["length"] + b"34",
    "chunks": FINE + b"Transfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n6\r\n4",
    "close": CUTS["close"] + b"34",
}


@pytest.mark.parametrize("name", FRAMED)
@pytest.mark.parametrize(("ending", "end"), [(Ending.CLOSE, End.FIN), (Ending.RESET, End.RESET)])
async def test_truncated_reply(plane: Plane, tool: ScriptedUpstream, name: str, ending: Ending, end: End) -> None:
    plane.injects(Truncate(Place(Extent.BODY, 0.3), ending))

    assert await deliver(plane, tool, name) == (CUTS[name], end)
    answer = await plane.answer()
    assert answer.outcome is (Outcome.TRUNCATED if ending is Ending.CLOSE else Outcome.RESET)
    assert (answer.origin, answer.truth) == (Origin.INJECTED, UpstreamTruth.EXECUTED)
    assert (answer.status, answer.bytes_out, answer.skipped) == (200, 3, None)


@pytest.mark.parametrize("name", FRAMED)
@pytest.mark.parametrize(("ending", "end"), [(Ending.CLOSE, End.FIN), (Ending.RESET, End.RESET)])
async def test_disconnect_during_the_body_is_half_way(
    plane: Plane, tool: ScriptedUpstream, name: str, ending: Ending, end: End
) -> None:
    plane.injects(Disconnect(ending, Phase.DURING_BODY))

    said, how = await deliver(plane, tool, name)
    assert (said, how) == (HALVES[name], end)


async def test_truncated_chunks_for_an_old_agent(plane: Plane, tool: ScriptedUpstream) -> None:
    plane.injects(Truncate(Place(Extent.BODY, 0.3), Ending.CLOSE))

    assert await deliver(plane, tool, "chunks", OLD) == (FINE + b"\r\n012", End.FIN)


@pytest.mark.parametrize(("ending", "end"), [(Ending.CLOSE, End.FIN), (Ending.RESET, End.RESET)])
async def test_long_part_arrives_whole_before_the_end(
    plane: Plane, tool: ScriptedUpstream, ending: Ending, end: End
) -> None:
    """A reset throws away what has not arrived: it waits until all has."""
    body = bytes(range(256)) * 4096 * 4
    tool.says(FINE + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    plane.injects(Truncate(Place(Extent.BODY, 0.5), ending))
    agent = await plane.agent()
    await agent.send(GET)

    said, how = await agent.ended()
    assert (len(said.partition(b"\r\n\r\n")[2]), how) == (len(body) // 2, end)


@pytest.mark.parametrize("keep", [0.0, 0.01])
@pytest.mark.parametrize("name", FRAMED)
async def test_keeping_nothing_is_the_head_alone(plane: Plane, tool: ScriptedUpstream, name: str, keep: float) -> None:
    plane.injects(Truncate(Place(Extent.BODY, keep), Ending.CLOSE))
    head = FRAMED[name][0].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"

    assert await deliver(plane, tool, name) == (head, End.FIN)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (HEAD, FINE + b"Content-Length: 10\r\n\r\n"),
        (GET, FINE + b"Content-Length: 0\r\n\r\n"),
        (GET, b"HTTP/1.1 204 No Content\r\n\r\n"),
        (GET, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n"),
    ],
)
@pytest.mark.parametrize(
    "effect", [Truncate(Place(Extent.BODY, 0.5), Ending.RESET), Disconnect(Ending.CLOSE, Phase.DURING_BODY), UNFIT]
)
async def test_reply_without_a_body_is_unharmed(
    plane: Plane, tool: ScriptedUpstream, sent: bytes, said: bytes, effect: Effect
) -> None:
    tool.says(said)
    plane.injects(effect)
    agent = await plane.agent()
    await agent.send(sent)

    assert await agent.ending() == (said, End.SILENT)
    answer = await plane.answer()
    assert answer.skipped == ("not_json" if effect is UNFIT else "empty_body")
    assert (answer.outcome, answer.origin) == (Outcome.OK, Origin.UPSTREAM)


async def test_rewritten_head_is_a_head(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(FINE + b"Content-Length: 10\r\n\r\n")
    plane.injects(
        Rewrite(lambda said: Reply(said.status, said.reason, said.headers, b"a page"), "a page"),
        Truncate(Place(Extent.BODY, 0.5), Ending.CLOSE),
    )
    agent = await plane.agent()
    await agent.send(HEAD)

    assert await agent.ending() == (FINE + b"Content-Length: 6\r\n\r\n", End.SILENT)


@pytest.mark.parametrize("name", FRAMED)
async def test_rewritten_and_truncated(plane: Plane, tool: ScriptedUpstream, name: str) -> None:
    twice = Rewrite(lambda said: Reply(said.status, said.reason, said.headers, said.body * 2), "twice")
    plane.injects(twice, Truncate(Place(Extent.BODY, 0.6), Ending.RESET))

    said, end = await deliver(plane, tool, name)
    assert end is End.RESET
    assert b"Content-Length: 20\r\n" in said
    assert said.partition(b"\r\n\r\n")[2] == b"012345678901"


# Connections


@pytest.mark.parametrize(
    "effect",
    [SHOUT, UNFIT, Truncate(Place(Extent.BODY, 0.5), Ending.CLOSE), Truncate(Place(Extent.BODY, 0.5), Ending.RESET)],
)
async def test_tool_that_said_all_keeps_its_connection(plane: Plane, tool: ScriptedUpstream, effect: Effect) -> None:
    """What breaks is the agent's connection, which is never used again; the tool's has carried a whole reply."""
    plane.injects(effect)
    for _ in range(3):
        await deliver(plane, tool, "length")

    assert (tool.connections, tool.executions) == (1, 3)
