"""Changes to single events of a live stream: what is to be sent for what has come, and no event later than it must be.

Pure: bytes in, blocks out. Knows how the streams of vendors end, and no loop, no fault and no dialect: how a failure is
said, it is told.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from chaosproxy.core.effects import EditEvent, ErrorEvent, EventChange, Reject
from chaosproxy.dataplane.http.misbehaving.sse import EventSplitter, data_of, has_data, is_data, name_of, value_of

NOT_AN_EVENT_STREAM = "not_an_event_stream"
"""Why edits are skipped on any other reply; whoever reads its head knows."""
NO_SUCH_EVENT = "no_such_event"
"""The stream was over before the event came, or before the one that it was to change places with."""
NO_TERMINATOR = "no_terminator"
"""The stream did not say that it was complete. Those of MCP and Gemini never do."""
NOTHING_TO_SPOIL = "nothing_to_spoil"
"""The event's data was empty."""

_DONE = b"[DONE]"
"""The data of the last event of OpenAI's chat completions, and of the many streams made after them."""
_LAST = frozenset({"message_stop", "response.completed", "response.incomplete", "response.failed"})
"""The name of the last event, and its `type`, of Anthropic's messages and OpenAI's responses."""
_TURN: Mapping[EventChange, int] = MappingProxyType(
    {
        EventChange.NO_TERMINATOR: 1,
        EventChange.DROP: 2,
        EventChange.MALFORM: 3,
        EventChange.DUPLICATE: 4,
        EventChange.SWAP: 5,
    }
)
"""The order of several changes to one event: what is malformed may come twice, and both of them late."""
_LINE = re.compile(rb"([^\r\n]*)(\r\n|\n|\r)")


class EventEdits:
    """Reads a stream, and says what the agent is to get of it. Events with data are counted as they come, from 1."""

    def __init__(self, edits: Sequence[EditEvent | ErrorEvent], error_block: Callable[[Reject], bytes]) -> None:
        self.stopped = False
        """Has the stream said that the tool failed? Then the message ends in good order, and nothing more is sent."""
        self.skipped: str | None = None
        """Once the stream has ended: why an edit found nothing to do."""
        self._edits = sorted(edits, key=lambda edit: 0 if isinstance(edit, ErrorEvent) else _TURN[edit.how])
        self._undone = {edit: NO_TERMINATOR if _is_endless(edit) else NO_SUCH_EVENT for edit in self._edits}
        """The edits that nothing came of yet, and why, if it stays so."""
        self._error_block = error_block
        self._splitter = EventSplitter()
        self._events = 0
        self._late: list[bytes] = []
        """What comes after the next event."""
        self._lf_was_sent = False
        """Was a changed event completed to CRLF before its last LF had come?"""

    @property
    def applied(self) -> bool:
        """Has at least one edit been made?"""
        return len(self._undone) < len(set(self._edits))

    def feed(self, data: bytes) -> list[bytes]:
        """What is to be sent now, in order; each element is one event, one comment, or bytes that are no event."""
        sent: list[bytes] = []
        for block in self._splitter.feed(data):
            if self.stopped:
                break
            sent_already, self._lf_was_sent = self._lf_was_sent and block == b"\n", False
            if not sent_already:
                sent += self._event(block) if has_data(block) else [block]
        return sent

    def end(self) -> list[bytes]:
        """The stream has ended by itself: what is still to be sent. An event that waited for another comes now."""
        self.skipped = next(iter(self._undone.values()), None)
        rest = self._splitter.rest()
        return [] if self.stopped else [*self._late, *([rest] if rest else [])]

    def _event(self, block: bytes) -> list[bytes]:
        self._events += 1
        edits = [edit for edit in self._edits if self._concerns(edit, block)]
        if not edits and not self._late:
            return [block]
        late, self._late = self._late, []
        if late:
            self._undone = {edit: why for edit, why in self._undone.items() if not self._has_been_swapped(edit)}
        blocks = [self._completed(block)]
        for edit in edits:
            if isinstance(edit, ErrorEvent):
                return [*late, self._failure(edit, block)]
            if edit.how is EventChange.SWAP:
                self._late = [*blocks, *late]
                return []
            blocks = self._changed(edit, blocks)
        return [*blocks, *late]

    def _concerns(self, edit: EditEvent | ErrorEvent, block: bytes) -> bool:
        return _says_complete(block) if _is_endless(edit) else edit.event == self._events

    def _has_been_swapped(self, edit: EditEvent | ErrorEvent) -> bool:
        """Has the event after that of a SWAP come?"""
        return isinstance(edit, EditEvent) and edit.how is EventChange.SWAP and edit.event < self._events

    def _changed(self, edit: EditEvent, blocks: list[bytes]) -> list[bytes]:
        """The event as one edit leaves it."""
        if edit.how is EventChange.MALFORM:
            spoiled = [malformed(block) for block in blocks]
            if any(block is None for block in spoiled):
                self._undone[edit] = NOTHING_TO_SPOIL
                return blocks
            blocks = [block for block in spoiled if block is not None]
        else:
            blocks = blocks * 2 if edit.how is EventChange.DUPLICATE else []
        self._undone.pop(edit, None)
        return blocks

    def _failure(self, edit: ErrorEvent, replaced: bytes) -> bytes:
        """What the stream says in the place of an event, with the line ends that it has."""
        self.stopped = True
        self._undone.pop(edit, None)
        said = self._error_block(edit.reject)
        return said.replace(b"\n", b"\r\n") if _in_crlf(replaced) else said

    def _completed(self, block: bytes) -> bytes:
        """An event that is to be moved or doubled, with the LF of its CRLF although that may come a moment later."""
        if block.endswith(b"\r") and _in_crlf(block):
            self._lf_was_sent = True
            return block + b"\n"
        return block


def malformed(block: bytes) -> bytes | None:
    """The event with its data broken off in the middle, its other lines as they are; None if it has none to speak of.

    What is left is well-formed UTF-8 if the data was, and JSON no longer.
    """
    data = data_of(block)
    if not data.strip():
        return None
    room = len(data.rstrip()) // 2
    while room and data[room] & 0xC0 == 0x80:  # the middle of a character
        room -= 1
    if _is_json(data[:room]):  # the first half of a number is a number
        room = 0
    lines: list[bytes] = []
    for line, ending in _LINE.findall(block):
        if not is_data(line):
            lines.append(line + ending)
        elif room >= 0:
            value = value_of(line)
            lines.append(line[: len(line) - len(value)] + value[:room] + ending)
            room -= len(value) + 1
    return b"".join(lines)


def _in_crlf(block: bytes) -> bool:
    """Do the event's lines end in CRLF, as the first does?"""
    return block[block.find(b"\r") :].startswith(b"\r\n")


def _is_endless(edit: EditEvent | ErrorEvent) -> bool:
    return isinstance(edit, EditEvent) and edit.how is EventChange.NO_TERMINATOR


def _says_complete(block: bytes) -> bool:
    """Does the event say that the stream is complete?"""
    data = data_of(block)
    name = name_of(block).decode("utf-8", "replace")
    return data.strip() == _DONE or (name or _type_in(data)) in _LAST


def _type_in(data: bytes) -> str:
    """The `type` of data that is a JSON object; empty if it has none."""
    if not any(name.encode() in data for name in _LAST):
        return ""
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        return ""
    kind = told.get("type") if isinstance(told, dict) else None
    return kind if isinstance(kind, str) else ""


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True
