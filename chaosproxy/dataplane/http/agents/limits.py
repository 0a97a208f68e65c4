"""How much the listener takes on at once, and how long it waits in each phase of a connection. One record, no doing."""

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds of what agents and tools can make us hold. Times are in seconds."""

    connections: int = 16_384
    """Agents' connections at once; fewer where the process may not open as many files. One more gets a 503."""
    told: int = 256
    """How many more are told so, and closed in good order; the ones beyond that are dropped at once."""
    silence: float = 60.0
    """How long a connection may be open before the first byte of its first request."""
    head: float = 30.0
    """How long a request's head may take from its first byte, however its bytes are spread."""
    body: float = 30.0
    """How long nothing may come of a body that is being waited for."""
    idle: float = 75.0
    """How long a connection is kept after an answer, for the next request."""
    greeting: float = 5.0
    """How long an agent may say nothing in a tunnel that could be intercepted, before it becomes blind: perhaps the
    other end has to speak first."""
    handshake: float = 30.0
    """How long an agent's TLS handshake may take."""
    linger: float = 2.0
    """For how long we read on after a refusal: closing at once could destroy the answer on its way (RFC 9112, 9.6)."""
    flush: float = 30.0
    """How long a connection that is being closed may take in nothing of what is still on its way to it."""
    unread: float = 300.0
    """How long an agent may read nothing of an answer that it is behind with."""
    upstream_silence: float = 0.0
    """How long a tool may be silent in the middle of a body; 0 is for ever, because event streams may be."""


DEFAULTS = Limits()
