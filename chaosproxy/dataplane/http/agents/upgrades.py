"""What becomes of a call's connections once the upstream has switched protocols: a tunnel, reported like the others."""

import asyncio
from collections.abc import Callable
from time import monotonic

from chaosproxy.core.events import Event, TunnelClosed, TunnelMode, TunnelOpened, TunnelReason
from chaosproxy.dataplane.http.tunnel import Splice


class Upgrade:
    """A connection after a 101. Its call is over; what is said on it is nobody's business but the two ends'."""

    def __init__(self, report: Callable[[Event], None], place: str, over: Callable[[], None]) -> None:
        """`report` takes what is to be told; `place` is the upstream's host and port; `over` is called at the end."""
        self._report = report
        self._place = place
        self._over = over
        self._since = monotonic()
        self._splice = Splice(self._ended)

    def join(
        self, agent: asyncio.Transport, upstream: asyncio.Transport, *, to_upstream: bytes, to_agent: bytes
    ) -> None:
        """Join both connections; what was read of either goes out first."""
        self._report(TunnelOpened(self._place, TunnelMode.UPGRADE, TunnelReason.UPGRADE))
        self._splice.join(agent, upstream, to_upstream=to_upstream, to_agent=to_agent)

    def _ended(self, splice: Splice) -> None:
        self._report(
            TunnelClosed(
                host=self._place,
                mode=TunnelMode.UPGRADE,
                reason=TunnelReason.UPGRADE,
                bytes_up=splice.bytes_up,
                bytes_down=splice.bytes_down,
                seconds=monotonic() - self._since,
            )
        )
        self._over()

    def agent_left(self) -> None:
        """Told by the splice alone: the connection is its own."""

    def close_if_idle(self) -> bool:
        """Nothing of it is a call: it does not hold us up when we stop."""
        self.abort()
        return False

    def abort(self) -> None:
        """End both connections at once."""
        self._splice.abort()
