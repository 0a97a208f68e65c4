"""One request seen by the proxy, in words that no wire owns. Compiled: every call is asked for all of this."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from chaosproxy.core.kinds import CallKind, Layer
from chaosproxy.core.purpose import PLAIN, Purpose
from chaosproxy.core.route import Route, ToolEffect

__all__ = ["Call", "CallKind", "Layer", "Match", "Route", "ToolEffect"]


@dataclass(init=False)
class Call:
    """One attempt. Everything the engine and recovery may judge by, and no more."""

    number: Final[int]
    """Counts the calls of this run, from 1."""
    session: Final[str]
    """The agent run it belongs to."""
    session_source: Final[str]
    """Which source named the session (`proxy_user`, `path`, `header:…`, `client`, ...)."""
    route: Final[Route]
    fingerprint: Final[str]
    """16 hex digits over tool, method, route template and canonical arguments. Same intention, same fingerprint."""
    headers: Final[Sequence[tuple[bytes, bytes]]]
    """As they came: order, case and duplicates."""
    received: Final[float]
    """Monotonic seconds at which the request was complete."""
    body: Final[Any]
    """The decoded JSON body, or the fields of a form, when it was one of these and small enough to be read."""
    body_bytes: Final[int]
    operation_key: Final[str | None]
    """Keyed hash of an explicit operation id (Idempotency-Key, SDK invocation id)."""
    credential: Final[str | None]
    """Keyed hash of the credentials the call carried."""
    sdk_retry: Final[int]
    """The SDK's own word on which retry this is (`x-stainless-retry-count`); 0 is a first try or no word."""
    trace_id: Final[str | None]
    purpose: Final[Purpose]
    link: Final[str | None]
    """Keyed hash of the protocol's own session id (`Mcp-Session-Id`): another one means that the agent reconnected."""

    def __init__(  # noqa: PLR0913 - one for each field; written out because a generated one is never compiled
        self,
        *,
        number: int,
        session: str,
        session_source: str,
        route: Route,
        fingerprint: str,
        headers: Sequence[tuple[bytes, bytes]],
        received: float,
        body: object = None,
        body_bytes: int = 0,
        operation_key: str | None = None,
        credential: str | None = None,
        sdk_retry: int = 0,
        trace_id: str | None = None,
        purpose: Purpose = PLAIN,
        link: str | None = None,
    ) -> None:
        self.number = number
        self.session = session
        self.session_source = session_source
        self.route = route
        self.fingerprint = fingerprint
        self.headers = headers
        self.received = received
        self.body = body
        self.body_bytes = body_bytes
        self.operation_key = operation_key
        self.credential = credential
        self.sdk_retry = sdk_retry
        self.trace_id = trace_id
        self.purpose = purpose
        self.link = link


@dataclass(init=False)
class Match:
    """Which operation a call belongs to, and by which rule that was found."""

    operation: Final[int]
    attempt: Final[int]
    """1 for the first attempt of the operation."""
    kind: CallKind
    """A twin is known to be a hedge only when one of the two has been dropped; until then it is `parallel`."""
    layer: Final[Layer]
    rule: Final[int]
    """The number of the rule in recovery.md that decided (1 to 9); 0 for a call that takes no part."""
    follows: Final[int]
    """The number of the call whose failure it answers, or whose operation it joins; 0 if there is none."""
    watch: Final[bool]
    """Is the wire asked to look at the reply: its digest, and whether it says `not done yet`?"""

    def __init__(  # noqa: PLR0913, PLR0917 - as in `Call`
        self,
        operation: int,
        attempt: int,
        kind: CallKind,
        layer: Layer,
        rule: int,
        follows: int = 0,
        watch: bool = False,  # noqa: FBT002 - compiled, and by place
    ) -> None:
        self.operation = operation
        self.attempt = attempt
        self.kind = kind
        self.layer = layer
        self.rule = rule
        self.follows = follows
        self.watch = watch
