"""Who takes part in a call, as the call sees them: the agent, whoever strikes it, and what all calls share."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

from chaosproxy.core.effects import Ending
from chaosproxy.core.failures import Outcome
from chaosproxy.dataplane.http.copies import Copies
from chaosproxy.dataplane.http.overtaking import Held
from chaosproxy.dataplane.http.requests.links import Links
from chaosproxy.dataplane.http.upstreams.pool import Pool
from chaosproxy.dataplane.port import CallPath
from chaosproxy.dialects import Dialect


class AgentSide(Protocol):
    """What an exchange needs of the agent's connection."""

    def send(self, data: bytes) -> None:
        """Write to the agent."""

    def hold(self, held: bool) -> None:
        """Stop reading from the agent, or go on."""

    def watch(self, at: float) -> None:
        """Look at the exchange's deadline at that time (monotonic seconds)."""

    def switch(self, upstream: asyncio.Transport, said: bytes, place: str) -> None:
        """Join the agent's connection to the upstream's, which has said this since it switched protocols."""

    def exchange_done(self, *, keep: bool) -> None:
        """The exchange is over; without `keep` the connection closes when all is written."""

    def end(self, ending: Ending) -> None:
        """End the connection now, in this way."""


class Driver(Protocol):
    """Whoever drives a call that a fault strikes."""

    def cancel(self) -> None:
        """The call has ended, or is about to: do nothing more for it."""

    def agent_full(self, full: bool) -> None:
        """The agent cannot take more for now; or it can again."""

    def if_agent_leaves(self) -> Outcome:
        """What the agent makes of the call if it leaves now."""


class Plane(Protocol):
    """What all exchanges share."""

    path: CallPath
    pool: Pool
    wall: Callable[[], float]
    in_flight: dict[int, Any]  # by number of the call: the agents' connections, which know this file
    dialects: Mapping[str, Dialect]
    copies: Copies
    held: Held
    links: Links | None

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a coroutine as a task that the listener owns."""
