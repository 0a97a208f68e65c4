"""What a request is for, as far as its own words tell: made once for each distinct request and shared by its calls."""

from enum import StrEnum

import msgspec


class Role(StrEnum):
    """What part a call plays in the agent's work."""

    TOOL = "tool"
    """A tool that the agent decided to call."""
    MODEL = "model"
    """A language model's API."""
    TOKEN = "token"
    """A token endpoint: new credentials, which nobody's intention is about."""
    HOUSEKEEPING = "housekeeping"
    """What a client library does by itself: handshakes, lists of tools, pings, cancellations, event streams."""

    @property
    def takes_part(self) -> bool:
        """Did somebody decide it? Only then is it part of an operation, and of what recovery measures."""
        return self in _DECIDED


_DECIDED = frozenset({Role.TOOL, Role.MODEL})


class Purpose(msgspec.Struct, frozen=True):
    """What a request is for."""

    role: Role = Role.TOOL
    model: str | None = None
    """The language model that is asked. It is no part of the fingerprint."""
    conversation: str | None = None
    """16 hex digits over messages and tools, whatever model or provider is asked: the same question."""
    turns: tuple[str, ...] = ()
    """A digest for each message of an LLM call, in order: by these it is seen that a conversation has grown."""
    page: str | None = None
    """16 hex digits over everything but the place in a listing (`cursor`, `page`, ...); None if it names no place."""
    continues: bool = False
    """Does it go on with a call that asked for more input (MCP `input_required`)?"""
    opens_session: bool = False
    """Does it open a session of its protocol anew (MCP `initialize`)?"""


PLAIN = Purpose()
"""A tool call like any other."""
