"""How those who act tell those who want to know. Knows events by their types, and nothing of what is in them."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from chaosproxy.core.events import Event

E = TypeVar("E")


class Bus:
    """Hands each event to those who subscribed to its type, in the order in which they did, at once."""

    def __init__(self) -> None:
        self._readers: defaultdict[type, list[Callable[[Any], None]]] = defaultdict(list)

    def subscribe(self, kind: type[E], reader: Callable[[E], None]) -> None:
        """Call `reader` with every event of exactly this type from now on. It must be quick and must not raise."""
        self._readers[kind].append(reader)

    def publish(self, event: Event) -> None:
        """Tell the subscribers of this type of event."""
        for reader in self._readers[type(event)]:
            reader(event)
