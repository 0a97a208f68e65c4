"""Asides in HTTP's words: what is done to a call that passes, hit or not, without harm.

Told the tool's reply as it comes, whichever way the agent will get it.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from chaosproxy.core.effects import Annotate, Aside, Keep
from chaosproxy.dataplane.http.copies import Copies, Copying, can_be_kept
from chaosproxy.dataplane.http.requests.routing import Destination
from chaosproxy.dataplane.http.wire import Headers
from chaosproxy.dialects import Dialect

GENERIC = "generic"
"""The dialect of an upstream that has none of its own."""


class Shelf(Protocol):
    """What all calls share, as far as asides need it."""

    dialects: Mapping[str, Dialect]
    copies: Copies

    def wall(self) -> float:
        """Seconds since 1970."""


class Asides:
    """The asides of one call."""

    __slots__ = ("_asides", "_copying", "_own", "_plane")

    def __init__(self, asides: Sequence[Aside], plane: Shelf, destination: Destination) -> None:
        self._asides = asides
        self._plane = plane
        self._own = destination.origin.settings.dialect
        self._copying: Copying | None = None

    def head(self, method: bytes, head: tuple[int, bytes, Headers]) -> None:
        """The tool's reply begins: status, reason, headers."""
        keys = tuple([aside.key for aside in self._asides if isinstance(aside, Keep)])
        if keys and can_be_kept(method, head[0], head[2]):
            self._copying = Copying(self._plane.copies, keys, head)

    def data(self, data: bytes) -> None:
        """A piece of its body."""
        if self._copying is not None:
            self._copying.take(data)

    def end(self) -> None:
        """All of it has come."""
        if self._copying is not None:
            self._copying.end()

    def annotated(self, status: int, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """The headers of a reply as the agent gets them: a good one says how the quotas stand.

        What the tool itself says under the same names gives way: two words on one quota would be none.
        """
        if not 200 <= status < 300:
            return headers
        for aside in self._asides:
            if isinstance(aside, Annotate):
                dialect = self._plane.dialects[aside.dialect or self._own or GENERIC]
                said = dialect.quota_headers(aside.quota, 0.0, self._plane.wall())
                names = {name.lower() for name, _ in said}
                headers = [*(pair for pair in headers if pair[0].lower() not in names), *said]
        return headers
