"""Good replies of tools, kept so that they can be told again later. Knows no call, and not why one is kept."""

from chaosproxy.core.answer import Reply
from chaosproxy.dataplane.http.wire import Headers, end_to_end, streams_events

COPY_CAP = 1024 * 1024
"""Bytes of the body of a reply that is kept; of a larger one nothing is."""

ALL_CAP = 64 * 1024 * 1024
"""Bytes of all that is kept."""

_BESIDE = 1024
"""What a copy takes beside its bytes, roughly: many small ones must not come to more than they are said to."""


class Copies:
    """What is kept, by key. When there is too much, what was kept least recently goes."""

    def __init__(self, cap: int = ALL_CAP) -> None:
        self._cap = cap
        self._kept: dict[str, Reply] = {}
        """In the order in which they were kept."""
        self.size = 0
        """Bytes, as they are counted."""

    def keep(self, key: str, reply: Reply) -> None:
        """In the place of what was kept under this key before."""
        self._forget(key)
        self._kept[key] = reply
        self.size += _size(key, reply)
        while self.size > self._cap:
            self._forget(next(iter(self._kept)))

    def get(self, key: str) -> Reply | None:
        """What is kept under a key."""
        return self._kept.get(key)

    def _forget(self, key: str) -> None:
        reply = self._kept.pop(key, None)
        if reply is not None:
            self.size -= _size(key, reply)


def _size(key: str, reply: Reply) -> int:
    return _BESIDE + len(key) + len(reply.body) + sum(len(name) + len(value) for name, value in reply.headers)


class Copying:
    """One reply on its way into the copies."""

    __slots__ = ("_copies", "_head", "_keys", "_parts", "_size")

    def __init__(self, copies: Copies, keys: tuple[str, ...], head: tuple[int, bytes, Headers]) -> None:
        status, reason, headers = head
        self._copies = copies
        self._keys = keys
        self._head = status, reason, tuple(end_to_end(headers))
        self._parts: list[bytes] = []
        self._size = 0

    def take(self, data: bytes) -> None:
        """A piece of its body."""
        self._size += len(data)
        if self._size <= COPY_CAP:
            self._parts.append(data)
        else:
            self._parts.clear()

    def end(self) -> None:
        """All of it has come."""
        if self._size <= COPY_CAP:
            reply = Reply(*self._head, b"".join(self._parts))
            for key in self._keys:
                self._copies.keep(key, reply)


def can_be_kept(method: bytes, status: int, headers: Headers) -> bool:
    """Is a reply with this head a good one, of which there will be a whole?

    Half a document (206, RFC 9110, 15.3.7) is none, nor the head alone; and a stream of events may never end.
    """
    return 200 <= status < 300 and status != 206 and method != b"HEAD" and not streams_events(headers)
