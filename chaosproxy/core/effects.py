"""What may be done to a call: a closed set that every fault is made of and every wire knows how to render.

They are applied in one fixed order, whatever the order in the profile:
before (Delay, Hang, Disconnect) -> instead (Reject, Respond) -> the upstream -> after (Delay, Hang, Disconnect, Reject,
Respond, Rewrite) -> delivery (Truncate, Disconnect). An effect says *when* by its phase and *what*, never *how*:
that is for `dataplane/*/rendering`.
"""

from collections.abc import Callable
from enum import StrEnum

import msgspec

from chaosproxy.core.answer import Reply
from chaosproxy.core.failures import FailureKind, Phase


class Ending(StrEnum):
    """How a connection stops."""

    CLOSE = "close"
    """An orderly FIN."""
    RESET = "reset"
    """A TCP RST."""


class Delay(msgspec.Struct, frozen=True):
    """Wait, then go on."""

    seconds: float
    phase: Phase


class Hang(msgspec.Struct, frozen=True):
    """Say nothing until the agent leaves, or for `seconds` at most; then close the connection."""

    seconds: float
    phase: Phase


class Reject(msgspec.Struct, frozen=True):
    """Answer with a failure in the tool's own dialect."""

    kind: FailureKind
    phase: Phase
    dialect: str | None = None
    """A dialect's name; None for the upstream's own."""
    status: int | None = None
    """Another status than the dialect's usual one for this kind."""
    message: str | None = None
    """Another text than the dialect's."""
    retry_after: float | None = None
    """Seconds until it is worth coming back; None says nothing about it."""
    limit: int | None = None
    """The quota that was hit, for dialects whose texts and headers name it."""
    window: float | None = None
    """Seconds over which the quota counts."""
    draw: float = 0.0
    """In [0, 1): what made-up ids are drawn from, so that a replay makes the same ones."""


class Respond(msgspec.Struct, frozen=True):
    """Answer with this reply instead of the tool's."""

    reply: Reply
    phase: Phase


class Unfit(msgspec.Struct, frozen=True):
    """Why a reply cannot be rewritten; the call then passes unharmed and is counted as skipped."""

    reason: str
    """A few words from a bounded set: it becomes a metric label (`not_json`, `empty_body`, ...)."""


class Rewrite(msgspec.Struct, frozen=True):
    """Hand the tool's whole reply to `change`, and deliver what it makes of it."""

    change: Callable[[Reply], Reply | Unfit]
    """Pure. The reply comes with its body decoded from gzip and the like; framing headers are put right afterwards."""
    name: str
    """For people: `malformed_json: trailing comma`."""


class Truncate(msgspec.Struct, frozen=True):
    """Deliver the head as promised and only the first part of the body, then stop."""

    keep: float
    """The share of the body to deliver, in [0, 1)."""
    ending: Ending


class Disconnect(msgspec.Struct, frozen=True):
    """End the agent's connection: before or after the upstream without a byte of an answer, during the body midway."""

    ending: Ending
    phase: Phase


Effect = Delay | Hang | Reject | Respond | Rewrite | Truncate | Disconnect
