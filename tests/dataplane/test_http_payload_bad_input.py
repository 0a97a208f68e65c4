"""Faults that spoil bodies meet bodies that they cannot spoil: skipped for a reason, counted, and delivered unharmed.

Bodies that are no JSON, empty, binary, coded wrongly, far too deep, far too large, bombs, and without an end.
"""

import asyncio
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from pydantic import ValidationError

from chaosproxy.core.answer import Answer, Origin
from chaosproxy.core.bus import Bus
from chaosproxy.core.call import Call
from chaosproxy.core.decision import Decision
from chaosproxy.core.effects import Effect, Rewrite
from chaosproxy.core.events import CallAnswered
from chaosproxy.core.failures import Outcome
from chaosproxy.faults._base import Fault, RememberingFault
from chaosproxy.faults._catalogue import catalogue
from chaosproxy.telemetry.metrics import Metrics
from tests.dataplane.test_http_wire_faults import TURN
from tests.doubles.plane import Plane
from tests.doubles.streams import End
from tests.doubles.upstream import ScriptedUpstream, Then
from tests.telemetry.happenings import MATCH, Books, profile

GET = b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"
MiB = 1024 * 1024
RULE = "the rule"
REASON = re.compile(r"[a-z][a-z0-9_]{2,30}")
"""Reasons are labels of a metric: few, and nothing of the body in them."""

ANY_BODY = frozenset({"bad_encoding", "empty_body", "empty_result", "wrong_content_type"})
"""Faults that do not ask for JSON, or not in every way that they have. All others must leave alone what is none."""


def settings_of(name: str, fault: type[Fault]) -> Iterator[dict[str, Any]]:
    """Its default settings (or its example's), in every way that it has."""
    usual: dict[str, Any] = {"type": name}
    try:
        fault.model_validate(usual)
    except ValidationError:
        rule = yaml.safe_load(fault.example)[0]["fault"]
        usual = dict(rule if isinstance(rule, dict) else next(each for each in rule if each["type"] == name))
    yield usual
    how = fault.model_fields.get("how")
    for way in get_args(how.annotation) if how is not None else ():
        try:
            fault.model_validate(usual | {"how": way})
        except ValidationError:
            continue  # it asks for other settings besides
        yield usual | {"how": way}


def effects_of(name: str, settings: Mapping[str, Any]) -> tuple[Effect, ...]:
    fault = catalogue()[name].model_validate(settings)
    return () if isinstance(fault, RememberingFault) else fault.effects(TURN, RULE)


def rewrites(name: str, settings: Mapping[str, Any]) -> bool:
    return any(isinstance(effect, Rewrite) for effect in effects_of(name, settings))


WAYS = {
    name: ways
    for name, fault in catalogue().items()
    if (ways := [each for each in settings_of(name, fault) if rewrites(name, each)])
}
"""The faults that rewrite replies, and how."""


def test_there_are_such_faults() -> None:
    assert {"malformed_json", "schema_drift", "bad_encoding", "oversized_body", "empty_body"} <= WAYS.keys()


# What cannot be spoiled


def plain(body: bytes, more: bytes = b"", kind: bytes = b"application/json") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\n%bContent-Length: %d\r\n\r\n%b" % (kind, more, len(body), body)


GZIP = b"Content-Encoding: gzip\r\n"
PACKED = gzip.compress(b'{"ok":true}', mtime=0)
BODIES = {
    "words": plain(b"certainly! here is your answer"),
    "page": plain(b"<!DOCTYPE html><title>Hi</title>", kind=b"text/html"),
    "half": plain(b'{"items": [1, 2, {"a'),
    "two": plain(b'{"a": 1}{"b": 2}'),
    "binary": plain(bytes(range(256)) * 40, kind=b"application/octet-stream"),
    "binary called JSON": plain(bytes(range(256)) * 40),
    "no text": plain(b'{"name": "\xff\xfe"}'),
    "deep": plain(b"[" * 200_000 + b"]" * 200_000),
    "empty": plain(b""),
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "blank": plain(b" \n\t"),
    "not gzip": plain(b'{"ok":true}', GZIP),
    "half of gzip": plain(PACKED[:-6], GZIP),
    "gzip twice": plain(PACKED + PACKED, GZIP),
    "brotli": plain(b"\x0b\x05\x80" + b'{"ok":true}' + b"\x03", b"Content-Encoding: br\r\n"),
}
NOBODY_CAN = frozenset({"empty", "no content", "not gzip", "half of gzip", "gzip twice", "brotli"})
NO_JSON = NOBODY_CAN | {"words", "page", "half", "two", "binary", "binary called JSON", "no text", "deep", "blank"}


class Counted:
    """What the metrics say was skipped, while the plane tells them of its calls."""

    def __init__(self, plane: Plane) -> None:
        books, bus = Books(), Bus()
        self._metrics = Metrics(profile(), "abc123", books, books, books)
        self._metrics.attach(bus)

        def ended(call: Call, decision: Decision, answer: Answer) -> None:
            bus.publish(CallAnswered(call, MATCH, decision, answer))

        plane.path.ended = ended

    def skipped(self) -> dict[str, float]:
        """By reason."""
        families = text_string_to_metric_families(self._metrics.render("")[0].decode())
        samples = [each for family in families for each in family.samples]
        return {
            each.labels["reason"]: each.value
            for each in samples
            if each.name.endswith("faults_skipped_total") and each.labels["rule"] == RULE and each.value
        }


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("name", WAYS)
async def test_skipped_and_counted_and_unharmed(plane: Plane, tool: ScriptedUpstream, name: str, body: str) -> None:
    said = BODIES[body]
    tool.says(said)
    counted = Counted(plane)
    reasons: Counter[str] = Counter()
    agent = await plane.agent()
    for number, settings in enumerate(WAYS[name], start=1):
        plane.injects(*effects_of(name, settings))
        await agent.send(GET)
        got = (await agent.response()).raw
        answer = await plane.answer(number)

        if answer.skipped is None:
            assert name in ANY_BODY, settings
            assert body not in NOBODY_CAN, settings
            assert answer.origin is Origin.INJECTED
            continue
        assert got == said, settings
        assert REASON.fullmatch(answer.skipped)
        assert (answer.origin, answer.outcome) == (Origin.UPSTREAM, Outcome.OK)
        reasons[answer.skipped] += 1
    assert counted.skipped() == reasons


# What is too much


def resident() -> int:
    """Bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


class Flood:
    """A tool that says a great deal, and an agent that reads it, neither of which holds any of it."""

    def __init__(self, head: bytes, piece: bytes, pieces: int) -> None:
        self._head, self._piece, self._pieces = head, piece, pieces
        self.url = ""

    async def serve(self) -> asyncio.Server:
        server = await asyncio.start_server(self._says, "127.0.0.1", 0)
        self.url = "http://{}:{}".format(*server.sockets[0].getsockname()[:2])
        return server

    async def _says(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(self._head)
            sent = 0
            while sent < self._pieces or not self._pieces:
                writer.write(self._piece)
                await writer.drain()
                sent += 1
            await reader.read()
        except ConnectionError:
            pass
        finally:
            writer.close()

    def checksum(self, count: int) -> int:
        """Of the head and the first `count` pieces."""
        told = zlib.crc32(self._head)
        for _ in range(count):
            told = zlib.crc32(self._piece, told)
        return told

    async def read(self, address: tuple[str, int], count: int) -> tuple[int, int]:
        """The checksum of what an agent gets up to the end of so many pieces, and how much the process grew."""
        reader, writer = await asyncio.open_connection(*address, limit=MiB)
        before, most = resident(), 0
        writer.write(GET)
        told, left = 0, len(self._head) + count * len(self._piece)
        while left:
            data = await asyncio.wait_for(reader.read(min(left, MiB)), 20)
            assert data, "it ended too early"
            told = zlib.crc32(data, told)
            left -= len(data)
            most = max(most, resident() - before)
        writer.close()
        return told, most


async def through(flood: Flood, name: str, count: int) -> tuple[Answer, int, int]:
    """What becomes of it under a fault: the call's end, the checksum of what the agent got, and the process' growth."""
    server = await flood.serve()
    plane = Plane({"upstreams": {"tool": flood.url}})
    await plane.start()
    plane.injects(*effects_of(name, WAYS[name][0]))
    checksum, grown = await flood.read(plane.address, count)
    answer = await plane.answer()
    await plane.stop()
    server.close()
    return answer, checksum, grown


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ROOM = 64 * MiB
"""How much the process may grow: one body as large as is held, its pieces, and what the allocator keeps."""


@pytest.mark.parametrize("name", WAYS)
async def test_200_mebibytes_pass_and_are_not_held(name: str) -> None:
    flood = Flood(HEAD + b"Content-Length: %d\r\n\r\n" % (200 * MiB), b'{"a": 1}' * (MiB // 8), 200)
    answer, checksum, grown = await through(flood, name, 200)

    assert checksum == flood.checksum(200)
    assert (answer.skipped, answer.origin, answer.outcome) == ("body_too_large", Origin.UPSTREAM, Outcome.OK)
    assert answer.bytes_out == 200 * MiB
    assert grown < ROOM


@pytest.mark.parametrize("name", WAYS)
async def test_body_without_an_end_passes_as_it_comes(name: str) -> None:
    flood = Flood(HEAD + b"\r\n", b"x" * 65_531, 0)
    answer, checksum, grown = await through(flood, name, 500)

    assert checksum == flood.checksum(500)
    assert (answer.skipped, answer.origin, answer.outcome) == (
        "body_too_large",
        Origin.UPSTREAM,
        Outcome.AGENT_LEFT,
    )
    assert grown < ROOM


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """A gibibyte of zeros, as a few mebibytes."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    zeros = bytes(16 * MiB)
    return b"".join([packer.compress(zeros) for _ in range(64)]) + packer.flush()


@pytest.mark.parametrize("name", WAYS)
async def test_bomb_does_not_go_off(plane: Plane, tool: ScriptedUpstream, name: str, bomb: bytes) -> None:
    said = plain(bomb, GZIP)
    tool.says(said)
    plane.injects(*effects_of(name, WAYS[name][0]))
    before = resident()
    agent = await plane.agent()
    await agent.send(GET)

    assert (await agent.response()).raw == said
    answer = await plane.answer()
    assert (answer.skipped, answer.origin, answer.outcome) == ("body_too_large", Origin.UPSTREAM, Outcome.OK)
    assert resident() - before < ROOM


@pytest.mark.parametrize("name", WAYS)
async def test_tool_that_breaks_off_is_not_covered_up(plane: Plane, tool: ScriptedUpstream, name: str) -> None:
    said = HEAD + b'Content-Length: 100\r\n\r\n{"items": ['
    tool.says(said, then=Then.CLOSE)
    plane.injects(*effects_of(name, WAYS[name][0]))
    agent = await plane.agent()
    await agent.send(GET)

    assert await agent.ended() == (said, End.FIN)
    answer = await plane.answer()
    assert (answer.skipped, answer.origin, answer.outcome) == ("upstream_failed", Origin.UPSTREAM, Outcome.TRUNCATED)
