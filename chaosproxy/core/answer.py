"""How a call ended: what the agent got, and what the tool really did. Compiled, as `call` is."""

from dataclasses import dataclass
from typing import Final

from chaosproxy.core.failures import Outcome
from chaosproxy.core.replies import Hint, Origin, Reply, UpstreamTruth

__all__ = ["Answer", "Hint", "Origin", "Reply", "UpstreamTruth"]


@dataclass(init=False)
class Answer:
    """The end of one attempt."""

    outcome: Final[Outcome]
    origin: Final[Origin]
    truth: Final[UpstreamTruth]
    status: Final[int]
    """The status the agent saw; 0 if none reached it."""
    first_byte: Final[float]
    """Monotonic seconds of the first byte sent to the agent; 0 if there was none."""
    ended: Final[float]
    """Monotonic seconds of the last byte sent, or of the end of the connection."""
    bytes_out: Final[int]
    """Body bytes sent to the agent."""
    executions: Final[int]
    """How often the tool answered 2xx or 3xx to this one call: more than once if a fault repeated it. A reply that it
    says it had stored is no execution."""
    alike: Final[int]
    """How many of these were answered with the very bytes of the first: by a stored reply, if there was a key."""
    upstream_status: Final[int]
    upstream_seconds: Final[float]
    """From the request's going out to the end of the upstream's answer."""
    injected_seconds: Final[float]
    """Time that faults added."""
    hint: Final[Hint | None]
    body_digest: Final[str | None]
    """Of the upstream's reply to a write, to tell a replay from a second execution; or of one that was watched."""
    replayed: Final[bool]
    """The upstream said that it replayed a stored reply instead of acting."""
    skipped: Final[str | None]
    """Why a decided fault could not be applied; the call passed unharmed."""
    problem: Final[str | None]
    """What went wrong by itself, in a few words, when `origin` is `proxy` or the upstream broke off."""
    pending: Final[bool]
    """A good answer that says: not done yet (202, or a status such as `running`). Read only where it was watched."""
    complaint: Final[str | None]
    """What was said when the arguments were refused, up to 2 KiB. For matching only: never written down."""
    left: Final[bool]
    """Did the agent close its connection before the answer was complete, whatever it made of the call?"""

    def __init__(  # noqa: PLR0913 - as in `call`
        self,
        *,
        outcome: Outcome,
        origin: Origin,
        truth: UpstreamTruth,
        status: int,
        first_byte: float,
        ended: float,
        bytes_out: int = 0,
        executions: int = 0,
        alike: int = 0,
        upstream_status: int = 0,
        upstream_seconds: float = 0.0,
        injected_seconds: float = 0.0,
        hint: Hint | None = None,
        body_digest: str | None = None,
        replayed: bool = False,
        skipped: str | None = None,
        problem: str | None = None,
        pending: bool = False,
        complaint: str | None = None,
        left: bool = False,
    ) -> None:
        self.outcome = outcome
        self.origin = origin
        self.truth = truth
        self.status = status
        self.first_byte = first_byte
        self.ended = ended
        self.bytes_out = bytes_out
        self.executions = executions
        self.alike = alike
        self.upstream_status = upstream_status
        self.upstream_seconds = upstream_seconds
        self.injected_seconds = injected_seconds
        self.hint = hint
        self.body_digest = body_digest
        self.replayed = replayed
        self.skipped = skipped
        self.problem = problem
        self.pending = pending
        self.complaint = complaint
        self.left = left
