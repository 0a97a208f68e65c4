"""Sessions of MCP (legacy era) by the id that the server gave, also when an agent must open another one.

A server that has forgotten a session answers 404, and the client opens a new one (MCP 2025-11-25, Session Management).
That is the recovery itself, so the agent run keeps its name. Knows ids as keyed hashes only.
"""

from collections.abc import Callable

from chaosproxy.core.call import Call
from chaosproxy.dataplane.http.wire import Headers

SESSION_ID = b"mcp-session-id"
REMEMBERED = 8192
"""Ids and clients that are remembered; the oldest go first."""


class Links:
    """Which agent run each id of a session belongs to."""

    def __init__(self, hashed: Callable[[bytes], str]) -> None:
        self._hashed = hashed
        self._names: dict[str, str] = {}
        """Names of sessions, by the ids that took the place of others."""
        self._clients: dict[str, str] = {}
        """Whose each id is."""
        self._lost: dict[str, str] = {}
        """Names of the sessions that clients were told are gone."""

    def name(self, link: str | None, client: str, *, opens: bool) -> str | None:
        """The session of a request with the id that hashes to `link`; or of one that opens a lost session anew."""
        if link is not None:
            _remember(self._clients, link, client)
            return self._names.get(link) or f"mcp-{link}"
        return self._lost.get(client) if opens else None

    def ended(self, call: Call, status: int, headers: Headers) -> None:
        """A call was answered: perhaps that its session is gone, perhaps with the id of a new one."""
        if call.session_source != "mcp":
            return
        if call.link is not None:
            client = self._clients.get(call.link)
            if status == 404 and client is not None:
                _remember(self._lost, client, call.session)
        elif status < 400 and (given := _given_id(headers)) is not None:
            self._lost = {client: name for client, name in self._lost.items() if name != call.session}
            _remember(self._names, self._hashed(given), call.session)


def _given_id(headers: Headers) -> bytes | None:
    for name, value in headers:
        if len(name) == len(SESSION_ID) and name.lower() == SESSION_ID:
            return value.strip() or None
    return None


def _remember(known: dict[str, str], key: str, value: str) -> None:
    if key not in known and len(known) >= REMEMBERED:
        del known[next(iter(known))]
    known[key] = value
