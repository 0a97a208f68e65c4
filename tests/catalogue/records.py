"""Writes the transcripts anew: `python -m tests.catalogue.records`. A test compares them with what is said today."""

import asyncio
from pathlib import Path

import uvloop

from chaosproxy.faults._catalogue import catalogue
from tests.catalogue.conversations import Conversation, conversations, held, transcript

FOLDER = Path(__file__).resolve().parent / "transcripts"


def names() -> list[str]:
    """The faults that there are transcripts of: those that strike calls."""
    return [name for name, fault in catalogue().items() if not fault.strikes_handshake]


async def transcripts(wanted: list[str]) -> dict[str, str]:
    """By fault."""
    talks: dict[str, list[Conversation]] = {name: conversations(name) for name in wanted}
    heard = await held([talk for each in talks.values() for talk in each])
    return {name: transcript(name, each, heard) for name, each in talks.items()}


def spoken(wanted: list[str]) -> dict[str, str]:
    """The transcripts of today, by fault."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(transcripts(wanted))


def write() -> None:
    """All of them."""
    written = spoken(names())
    FOLDER.mkdir(exist_ok=True)
    for stale in set(FOLDER.glob("*.txt")) - {FOLDER / f"{name}.txt" for name in written}:
        stale.unlink()
    for name, text in written.items():
        (FOLDER / f"{name}.txt").write_text(text)


if __name__ == "__main__":
    write()
