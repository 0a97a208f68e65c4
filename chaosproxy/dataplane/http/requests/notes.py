"""What an answer says beside its status: when to come back, what was wrong with the arguments, `not done yet`.

Told the answer as it passes, and asked when it is over. Keeps no more of a body than it looks at, holds up no byte, and
writes nothing down. Pure.
"""

import zlib
from contextlib import suppress
from typing import Any, Final

import msgspec

from chaosproxy.core.replies import Hint
from chaosproxy.dataplane.http.requests.fingerprint import digest, encoded
from chaosproxy.dataplane.http.requests.hints import BODY_MOST, hint_of
from chaosproxy.dataplane.http.wire import Headers

WATCHED_MOST = 64 * 1024
"""Bytes of the body of a good answer that is looked at; a larger one has no digest."""
COMPLAINT_MOST = 2048
"""Bytes of a complaint."""

_INFLATED_MOST = 1024 * 1024
_COMPLAINING: Final = frozenset({400, 404, 409, 410, 413, 414, 422})
"""Statuses that say that something is wrong with what was asked."""

_STATES: Final = ("status", "state", "phase", "job_status", "jobStatus", "run_status", "runStatus")
_UNDER_WAY: Final = frozenset(
    {
        *("pending", "queued", "running", "in_progress", "inprogress", "processing", "started", "starting", "working"),
        *("submitted", "validating", "created", "accepted", "waiting", "requested", "scheduled", "finalizing"),
        *("not_started", "notstarted", "provisioning", "initializing", "ongoing", "executing", "runnable"),
    }
)
"""States of jobs that are not over, in lower case with underscores."""
_DONE: Final = ("done", "finished", "complete", "completed")
"""Flags that are false until a job is over."""
_TELLING: Final = frozenset({*_STATES, *_DONE})

_decode_json = msgspec.json.Decoder().decode


class Said:
    """What an answer says, as far as anybody wants to know."""

    __slots__ = ("complaint", "digest", "hint", "pending")

    def __init__(
        self,
        *,
        hint: Hint | None = None,
        complaint: str | None = None,
        digest: str | None = None,
        pending: bool = False,
    ) -> None:
        self.hint = hint
        """How long it asks to wait."""
        self.complaint = complaint
        """What it says is wrong with what was asked."""
        self.digest = digest
        """Of the whole body, as far as it is the answer's."""
        self.pending = pending
        """Does it say that what was asked for is not done yet?"""


NOTHING_SAID: Final = Said()


class Notes:
    """What is noted of one answer."""

    __slots__ = ("_left", "_parts", "failing", "headers", "status")

    def __init__(self, status: int, headers: Headers, *, failing: bool) -> None:
        """Of a `failing` answer it is noted what it complains of, of a good one whether it is the same as another."""
        self.status = status
        self.headers = headers
        self.failing = failing
        self._parts: list[bytes] = []
        self._left = BODY_MOST if failing else WATCHED_MOST

    def data(self, data: bytes) -> None:
        """A piece of its body."""
        if self._left >= 0:
            self._parts.append(data if len(data) <= self._left else data[: self._left + 1])
            self._left -= len(data)

    def said(self, wall: float, *, ok: bool) -> Said:
        """What it comes to, if the agent took the answer for good, or did not. `wall` is seconds since 1970."""
        if not self.failing:
            return self._said_well() if ok else NOTHING_SAID
        if ok:
            return NOTHING_SAID
        body = self._body()
        complains = self.status in _COMPLAINING
        complaint = body[:COMPLAINT_MOST].decode("utf-8", "replace") if complains else ""
        return Said(hint=hint_of(self.headers, wall, body), complaint=complaint or None)

    def _said_well(self) -> Said:
        pending = self.status == 202 or _has_retry_after(self.headers)
        if self._left < 0:
            return Said(pending=pending)
        body = self._body()
        document = _document(body)
        return Said(digest=_digest(body, document), pending=pending or _is_under_way(document))

    def _body(self) -> bytes:
        """What is there of the body. In a coding that cannot be read it says nothing, and is only itself."""
        parts = self._parts
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        # The length first: every answer that comes again is asked.
        codings = [value for name, value in self.headers if len(name) == 16 and name.lower() == b"content-encoding"]
        coding = b",".join(codings).strip().lower()
        if coding in (b"", b"identity"):
            return body
        if coding in (b"gzip", b"x-gzip"):
            with suppress(zlib.error):
                return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(body, _INFLATED_MOST)
        return b"" if self.failing else body


def _has_retry_after(headers: Headers) -> bool:
    return bool([name for name, _ in headers if len(name) == 11 and name.lower() == b"retry-after"])


def _digest(body: bytes, document: object) -> str:
    """JSON-RPC repeats the id of the call: that is no difference."""
    if isinstance(document, dict) and "jsonrpc" in document:
        with suppress(RecursionError):
            return digest(encoded({name: value for name, value in document.items() if name != "id"}))
    return digest(body)


def _document(body: bytes) -> Any:  # noqa: ANN401  decoded JSON is anything
    """The body's JSON, or that of the last event of a stream; None if there is none."""
    if body.lstrip()[:1] not in (b"{", b"["):
        events = [line[5:] for line in body.splitlines() if line.startswith(b"data:")]
        body = events[-1] if events else b""
    try:
        return _decode_json(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _is_under_way(document: object) -> bool:
    if isinstance(document, dict) and "jsonrpc" in document:
        document = document.get("result")
        if isinstance(document, dict) and isinstance(document.get("structuredContent"), dict):
            document = document["structuredContent"]
    if not isinstance(document, dict):
        return False
    own = _state(document)
    if own is not None:
        return own
    return any(_state(inner) for inner in document.values() if isinstance(inner, dict))


def _state(job: dict[str, Any]) -> bool | None:
    """Does it say that it is under way? None if it says nothing of the kind."""
    if _TELLING.isdisjoint(job):
        return None
    for name in _STATES:
        said = job.get(name)
        if isinstance(said, str) and len(said) <= 40:
            return said.lower().replace("-", "_").replace(" ", "_") in _UNDER_WAY
    for name in _DONE:
        if isinstance(job.get(name), bool):
            return not job[name]
    return None
