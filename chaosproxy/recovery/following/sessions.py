"""The sessions that are remembered: how they begin, how they end, and what is dropped when there is too much.

Must not know what a call means.
"""

from collections import OrderedDict
from collections.abc import Callable

from chaosproxy.core.call import Call
from chaosproxy.core.events import Event, SessionEnded
from chaosproxy.recovery.following.episodes import Episodes
from chaosproxy.recovery.following.records import Operation, Session

SESSIONS = 100_000
"""Sessions remembered at once. Beyond that the one whose last call is longest ago is forgotten."""


class Sessions:
    """All sessions that are not over, the one whose last call is longest ago first."""

    def __init__(self, idle: float, episodes: Episodes, publish: Callable[[Event], None]) -> None:
        self._idle = idle
        self._episodes = episodes
        self._publish = publish
        self.known: OrderedDict[str, Session] = OrderedDict()
        self.forgotten = 0
        """What was dropped because there was too much, of all sessions."""

    def begin(self, call: Call) -> Session:
        """A session's first call arrived."""
        if len(self.known) >= SESSIONS:
            oldest = next(iter(self.known.values()))
            self.forget(oldest, 1)
            self.end(oldest, call.received)
        session = self.known[call.session] = Session(call.session, call.session_source, call.received)
        return session

    def end_idle(self, now: float) -> None:
        """End those that are idle with nothing left to recover."""
        idle_since = now - self._idle
        over = []
        for session in self.known.values():
            if session.last_call > idle_since:
                break
            waits = session.trouble is not None and bool(session.trouble.waiting)
            if session.last <= idle_since and not session.flying and not waits:
                over.append(session)
        for session in over:
            self.end(session, session.last)

    def end_by_its_word(self, session: Session, now: float) -> None:
        """The agent says that it is over: it will not come back to what waits."""
        if session.trouble is not None:
            for operation in list(session.trouble.waiting.values()):
                if operation.episode is not None:
                    self._episodes.give_up(operation, operation.episode, now)
        self.end(session, now)

    def end(self, session: Session, now: float) -> None:
        """Forget a session; whatever is still open in it is censored."""
        del self.known[session.name]
        for operation in self.open_in(session):
            if operation.episode is not None:
                self._episodes.censor(operation, operation.episode, now)
        session.flying.clear()
        session.keys = session.trouble = None
        self._publish(
            SessionEnded(
                session=session.name,
                source=session.source,
                calls=session.calls,
                operations=session.operations,
                episodes=session.episodes,
                started=session.started,
                ended=now,
                forgotten=session.forgotten,
            )
        )

    def forget(self, session: Session, things: int) -> None:
        """So many things of a session were dropped."""
        session.forgotten += things
        self.forgotten += things

    def forget_oldest_failure(self, session: Session, now: float) -> None:
        """Stop watching the failure that has waited longest."""
        if session.trouble is None:
            return
        operation = next(iter(session.trouble.waiting.values()))
        if operation.episode is not None:
            self.forget(session, 1)
            self._episodes.censor(operation, operation.episode, now)

    @staticmethod
    def open_in(session: Session) -> list[Operation]:
        """Operations that wait or are in flight, each once."""
        found = dict(session.trouble.waiting) if session.trouble is not None else {}
        for twins in session.flying.values():
            for operation in twins.operations.values():
                found[operation.number] = operation
        return list(found.values())
