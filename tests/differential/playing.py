"""A conversation, played out: a client that says what its script says, a server that does, and all that each heard."""

import asyncio
from collections.abc import Coroutine, Sequence
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from tests.differential.messages import Message, read_messages
from tests.doubles.streams import WAIT, End, Ended, Stream, soon
from tests.doubles.upstream import ScriptedUpstream


class Step(StrEnum):
    """What happens between bytes."""

    HEAD = "head"
    """The server waits for the head of the next request."""
    ALL = "all"
    """The server waits for all of the next request."""
    CLOSE = "close"
    RESET = "reset"
    CONTINUE = "continue"
    """The client waits for a 100."""
    ANSWER = "answer"
    """The client waits for the next final response."""


class ByteByByte(msgspec.Struct, frozen=True):
    """Each byte is written by itself."""

    data: bytes


class Conversation(msgspec.Struct, frozen=True):
    """What both sides do. In what the client says, TARGET and HOST stand for what depends on the way it takes."""

    name: str
    client: tuple[bytes | ByteByByte | Step, ...]
    server: tuple[bytes | Step, ...]
    methods: tuple[bytes, ...]
    """Of the requests, in order."""


class Heard(msgspec.Struct, frozen=True):
    """All that reached either side."""

    requests: list[Message]
    """What the server heard."""
    responses: list[Message]
    """What the client heard, interim responses too."""
    left_over: bytes
    end: End | None
    """How the client's connection ended, if its last answer did not come whole."""
    raw_requests: bytes
    raw_responses: bytes


class Way(msgspec.Struct, frozen=True):
    """How a client gets to the server: whom it connects to, and what stands for TARGET and HOST."""

    target: bytes
    host: bytes

    def words(self, step: bytes | ByteByByte) -> list[bytes]:
        """What is written, by one write each."""
        data = step if isinstance(step, bytes) else step.data
        data = data.replace(b"TARGET", self.target).replace(b"HOST", self.host)
        return [data] if isinstance(step, bytes) else [data[at : at + 1] for at in range(len(data))]


class Agent(Protocol):
    """The agent's end of a connection."""

    heard: bytearray
    end: End | None

    async def send(self, *pieces: bytes) -> None: ...

    async def more(self) -> bool: ...

    async def hears_now(self, marker: bytes) -> None: ...


async def _serve(stream: Stream, script: Sequence[bytes | Step]) -> None:
    seen = 0
    for step in script:
        if isinstance(step, bytes):
            await stream.send(step)
        elif step is Step.CLOSE:
            stream.half_close()
        elif step is Step.RESET:
            stream.reset()
            return
        else:
            seen += await _requests_are_there(stream, seen + 1, whole=step is Step.ALL)
    while await stream.more():
        pass


async def _requests_are_there(stream: Stream, count: int, *, whole: bool) -> int:
    """Read until so many requests have come. The number by which that is more than before: 0 if only the head was
    asked for, because its rest is still to be waited for."""
    while True:
        found, _ = read_messages(bytes(stream.heard), None, ended=False)
        if len(found) >= count and (not whole or found[count - 1].complete):
            return 1 if whole else 0
        if not await soon(stream.more()):
            raise Ended(stream.end or End.FIN, bytes(stream.heard))


async def _finals(stream: Agent, methods: Sequence[bytes], count: int) -> None:
    """Read until so many final responses are whole, or nothing more comes."""
    while True:
        found, _ = read_messages(bytes(stream.heard), methods, ended=stream.end is not None)
        whole = [each for each in found if each.complete and not each.start.split(b" ")[1].startswith(b"1")]
        if len(whole) >= count or stream.end is not None:
            return
        await soon(stream.more())


async def play(
    conversation: Conversation, tool: ScriptedUpstream, connecting: Coroutine[Any, Any, Agent], way: Way
) -> Heard:
    """Play it over a connection that the agent's side makes; `tool` serves whoever comes out at the other end."""
    served: list[Stream] = []

    async def serve(stream: Stream) -> None:
        served.append(stream)
        await _serve(stream, conversation.server)

    tool.play = serve
    agent = await connecting
    answers = 0
    async with asyncio.timeout(WAIT * 2):
        for step in conversation.client:
            if isinstance(step, bytes | ByteByByte):
                try:
                    await agent.send(*way.words(step))
                except ConnectionError:
                    break  # whoever is told enough may close while we still talk
            elif step is Step.CONTINUE:
                await agent.hears_now(b"100 Continue\r\n\r\n")
            else:
                answers += 1
                await _finals(agent, conversation.methods, answers)
        await _finals(agent, conversation.methods, len(conversation.methods))
    raw_responses = bytes(agent.heard)
    responses, left_over = read_messages(raw_responses, conversation.methods, ended=agent.end is not None)
    raw_requests = b"".join(bytes(stream.heard) for stream in served)
    requests, _ = read_messages(raw_requests, None, ended=False)
    broken = not responses or not responses[-1].complete or responses[-1].framing == "close"
    return Heard(requests, responses, left_over, agent.end if broken else None, raw_requests, raw_responses)
