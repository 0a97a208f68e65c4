"""Every fault in every way, phase and framing, as conversations on raw sockets; and how they are written down.

One listener, one tool and the real engine for all; each conversation is a session of its own with a rule of its own,
so that what one is told depends on no other. Dates are those of a fixed clock.
"""

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, get_args, get_origin

import yaml
from pydantic import ValidationError

from chaosproxy.core.answer import Answer
from chaosproxy.engine.engine import Engine
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._catalogue import catalogue
from tests.doubles.plane import Plane
from tests.doubles.streams import End, Stream
from tests.doubles.upstream import ScriptedUpstream
from tests.reactions.cases import SETTINGS
from tests.reactions.tool import LISTING

AT_ONCE = 150
PATIENCE = 3.0
"""Seconds without a byte after which a call that does not end is taken to hang: long enough for a busy machine."""
SETTLED = 0.3
"""Seconds without a byte after which nothing more comes of a call that has ended. Both sides are in this process."""
SHOWN = 1_500
"""Bytes of an answer that are written down as they are; of the rest, how many and their hash."""

_BODY = json.dumps(dict(LISTING)).encode()
_HEAD = b"HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\nServer: tool\r\n"
_EVENTS = [b'data: {"word": "%s"}\n\n' % word for word in (b"one", b"two", b"three", b"four")] + [b"data: [DONE]\n\n"]


def _chunked(pieces: Sequence[bytes]) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


_JSON = _HEAD + b"Content-Type: application/json\r\n"
_SSE = _HEAD + b"Content-Type: text/event-stream\r\n"
REPLIES: Mapping[str, bytes] = MappingProxyType(
    {
        "length": _JSON + b"Content-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY),
        "chunks": _JSON + b"Transfer-Encoding: chunked\r\n\r\n" + _chunked([_BODY[:100], _BODY[100:250], _BODY[250:]]),
        "close": _JSON + b"Connection: close\r\n\r\n" + _BODY,
        "events": _SSE + b"Transfer-Encoding: chunked\r\n\r\n" + _chunked(_EVENTS),
        "events-close": _SSE + b"Connection: close\r\n\r\n" + b"".join(_EVENTS),
    }
)
"""What the tool says, by the framing of it, which is the end of the path that is called."""

BRIEF: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "slow_body": {"bytes_per_second": "4KiB"},
        "slow_stream": {"every": "20ms"},
    }
)
"""Settings that make a conversation short, where the default or that of the reactions is long."""


BEFORE: Mapping[str, Sequence[bytes]] = MappingProxyType({"stale_response": (b"GET", b"POST")})
"""Calls that must have been made in the session for a fault to have something to do."""
MEANWHILE: Mapping[str, Sequence[bytes]] = MappingProxyType({"reordered_replies": (b"GET",)})
"""Calls that are made in the session while the one that is written down waits."""


class Conversation(NamedTuple):
    """One thing to be tried."""

    fault: str
    settings: Mapping[str, Any]
    framing: str

    @property
    def title(self) -> str:
        """What it is, in one line."""
        said = ", ".join(f"{key}: {value}" for key, value in self.settings.items())
        return f"{said or 'as it comes'} / {self.framing}"

    @property
    def session(self) -> str:
        """A name that depends on nothing but what it is."""
        return re.sub(r"[^A-Za-z0-9]+", "-", f"{self.fault}-{self.title}")


def ways(name: str, fault: type[Fault]) -> Iterator[dict[str, Any]]:
    """Its settings: as it comes in each phase, and by each word that a setting may be, one at a time."""
    plain = dict(_settings_of(name))
    tried: list[dict[str, Any]] = [plain, *({**plain, "phase": str(phase)} for phase in fault.phases[1:])]
    for setting, field in fault.model_fields.items():
        words = (word for word in _words(field.annotation) if setting not in ("type", "phase"))
        tried += [{**plain, setting: word} for word in words if word != field.default]
    return (each for each in tried if loads(name, each))


def _settings_of(name: str) -> Mapping[str, Any]:
    if name in BRIEF:
        return BRIEF[name]
    settings: dict[str, Any] = yaml.safe_load(f"{{{SETTINGS.get(name, '')}}}")
    return settings


def _words(annotation: object) -> list[str]:
    """The words that a setting may be, if it is one of a few words."""
    if get_origin(annotation) is Literal:
        return [word for word in get_args(annotation) if isinstance(word, str)]
    return [word for part in get_args(annotation) for word in _words(part)]


def loads(name: str, settings: Mapping[str, Any]) -> bool:
    """Is this a fault that a profile may have?"""
    try:
        catalogue()[name].model_validate({"type": name, **settings})
    except ValidationError:
        return False
    return True


def conversations(name: str) -> list[Conversation]:
    """All that is tried of one fault."""
    fault = catalogue()[name]
    framings = ("events", "events-close") if fault.family is Family.STREAMS else ("length", "chunks", "close")
    return [Conversation(name, settings, framing) for settings in ways(name, fault) for framing in framings]


class Heard(NamedTuple):
    """What came of one of them."""

    said: bytes
    end: str
    answer: Answer


async def held(talks: Sequence[Conversation]) -> dict[str, Heard]:
    """Hold them, many at a time; what came of each, by its session."""
    tool = ScriptedUpstream()
    written: set[bytes] = set()
    tool.play = lambda stream: _answering(stream, written)
    tool.start()
    plane = Plane({"upstreams": {"tool": tool.url}, "rules": [_rule(each) for each in talks]})
    engine = Engine(plane.profile)
    plane.path.decide = lambda call: engine.judge(call, 1, call.received)
    await plane.start()
    gate = asyncio.Semaphore(AT_ONCE)
    try:
        heard = await asyncio.gather(*(_hold(plane, each, gate) for each in talks))
    finally:
        await plane.stop()
        await tool.stop()
    answers = plane.path.by_session
    return {
        talk.session: Heard(said, end, answers[talk.session]) for talk, (said, end) in zip(talks, heard, strict=True)
    }


def _rule(talk: Conversation) -> dict[str, Any]:
    fault = {"type": talk.fault, **talk.settings}
    when = {"calls": 1} if talk.fault in MEANWHILE else {}
    return {"name": talk.session, "match": {"session": talk.session}, "when": when, "fault": fault}


async def _hold(plane: Plane, talk: Conversation, gate: asyncio.Semaphore) -> tuple[bytes, str]:
    """One call on a connection of its own; all that comes of it, and how the connection ends."""
    async with gate:
        for method in BEFORE.get(talk.fault, ()):
            await (await _called(plane, talk, method)).response()
        before = plane.path.by_session.get(talk.session)
        agent = await _called(plane, talk, b"GET")
        for method in MEANWHILE.get(talk.fault, ()):
            await (await _called(plane, talk, method)).response()
        end = await _end_of(agent, lambda: plane.path.by_session.get(talk.session) is not before)
        agent.close()
        return bytes(agent.heard), end


async def _end_of(agent: Stream, is_answered: Callable[[], bool]) -> str:
    """How the connection ends, once all has come.

    One task reads all the time: a read that is broken off may lose bytes.
    """
    reading = asyncio.ensure_future(_read(agent))
    waited = 0.0
    while waited < PATIENCE:
        heard, is_over = len(agent.heard), is_answered()
        done, _ = await asyncio.wait({reading}, timeout=SETTLED)
        if done:
            return agent.end or End.FIN
        if is_over and len(agent.heard) == heard:
            break
        waited = waited + SETTLED if len(agent.heard) == heard else 0.0
    reading.cancel()
    return End.SILENT


async def _read(agent: Stream) -> None:
    while await agent.more():
        pass


async def _called(plane: Plane, talk: Conversation, method: bytes) -> Stream:
    """A new connection, on which the tool has been called."""
    agent = await plane.agent()
    target = f"/~{talk.session}/tool/{talk.framing}?talk={talk.session}".encode()
    await agent.send(b"%s %s HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" % (method, target))
    return agent


async def _answering(stream: Stream, written: set[bytes]) -> None:
    """The tool: what it is asked for by the path, it says; in another state for whoever has written to it."""
    while True:
        method, target, _ = (await stream.request()).start.split(b" ")
        path, _, talk = target.partition(b"?")
        framing = path.rpartition(b"/")[2].decode()
        if method == b"POST":
            written.add(talk)
        said = REPLIES[framing]
        await stream.send(said.replace(b"Assam", b"Pekoe") if talk in written else said)
        if framing.endswith("close"):
            stream.close()
            return


# Written down


def transcript(name: str, talks: Sequence[Conversation], heard: Mapping[str, Heard]) -> str:
    """All conversations about a fault, for people: a line of an answer is a line here, its end of line shown."""
    lines = [f"What comes of `{name}` on the wire. Made by `make records` from what was really said.", ""]
    for talk in talks:
        came = heard[talk.session]
        answer = came.answer
        lines += [f"## {talk.title}", "", *_lines(came.said)]
        skipped = f", skipped: {answer.skipped}" if answer.skipped else ""
        told = f"{answer.outcome}, tool: {answer.truth} x{answer.executions}{skipped}"
        lines += [f"[{came.end}] {told}", ""]
    return "\n".join(lines)


def _lines(said: bytes) -> Iterator[str]:
    rest = said[SHOWN:]
    for line in said[:SHOWN].splitlines(keepends=True):
        yield "  " + ascii(line.decode("latin-1"))[1:-1]
    if rest:
        yield f"  ... and {len(rest)} bytes more, {blake2b(rest, digest_size=8).hexdigest()}"
