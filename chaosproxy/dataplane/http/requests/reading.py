"""A request as a Call, and a response as what the agent will make of it. Knows no loop and no socket."""

import re
import secrets
from collections.abc import Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from hashlib import blake2b
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from chaosproxy.core.answer import Hint, UpstreamTruth
from chaosproxy.core.call import Call, Match
from chaosproxy.core.decision import Decision
from chaosproxy.core.failures import Outcome
from chaosproxy.dataplane.http.requests.fingerprint import VOLATILE, canonical_json, canonical_query, digest
from chaosproxy.dataplane.http.requests.routing import REMEMBERED_LENGTH, Destination, Inside, Router
from chaosproxy.dataplane.http.requests.sessions import Peer, SessionNames
from chaosproxy.dataplane.http.wire import Headers, Request, request_bytes
from chaosproxy.profiles.models import Profile, Tool

BODY_CAP = 1024 * 1024
"""Bytes of a request body that are read for a fingerprint; a larger body streams through and counts by its length."""

_REMEMBERED = 4096
_CREDENTIALS = (b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key", b"cookie")
"""The first that a call has. A cookie is one for want of a better: whoever signs in on a page gets a new one."""
_OPERATION_IDS = (b"idempotency-key", b"x-idempotency-key", b"amz-sdk-invocation-id", b"paypal-request-id")

_STATUS_OUTCOMES = {
    401: Outcome.AUTH,
    402: Outcome.QUOTA,
    403: Outcome.DENIED,
    404: Outcome.NOT_FOUND,
    407: Outcome.AUTH,
    408: Outcome.TIMEOUT,
    410: Outcome.NOT_FOUND,
    429: Outcome.THROTTLED,
    504: Outcome.TIMEOUT,
}

OK: Final = Outcome.OK
EXECUTED: Final = UpstreamTruth.EXECUTED
"""Looked up once: an enum member costs more than a global, and every answer asks."""

_TRACE_PARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")

_decode_json = msgspec.json.Decoder().decode


class Judged:
    """A request, where it goes, and what was decided about it."""

    __slots__ = ("call", "decision", "destination", "match", "request")

    def __init__(
        self, request: Request, destination: Destination, call: Call, judgement: tuple[Match, Decision]
    ) -> None:
        self.request = request
        self.destination = destination
        self.call = call
        self.match, self.decision = judgement

    def asked(self) -> bytes:
        """The request as the upstream gets it, as far as it is there."""
        request, destination = self.request, self.destination
        host = request.found.get(b"host", destination.host) if destination.keeps_host else destination.host
        return request_bytes(request, destination.target, host)


class Reader:
    """Turns requests into Calls."""

    def __init__(self, profile: Profile, router: Router) -> None:
        self._router = router
        self._known = router.known
        self._names = SessionNames(profile.sessions.from_)
        self._secret = secrets.token_bytes(16)
        self._fingerprints: dict[tuple[bytes, bytes, str, bytes, bytes], tuple[str, object]] = {}
        self._hashes: dict[bytes, str] = {}
        self._number = 0

    @property
    def router(self) -> Router:
        """Who finds destinations."""
        return self._router

    def destination(self, request: Request, inside: Inside | None = None) -> Destination:
        """Where the request goes; `inside` is the tunnel that it came through.

        Raises:
            Malformed: as `Router.find`.
        """
        known = self._known((request.method, request.target, inside))
        return known if known is not None else self._router.find(request.method, request.target, inside)

    def read(self, request: Request, destination: Destination, peer: Peer, received: float) -> Call:
        """The call that this request makes; its body as far as it is there."""
        session, source = self._names.name(request, peer, destination.session)
        fingerprint, body = self._fingerprint(request, destination)
        found = request.found
        self._number += 1
        return Call(
            number=self._number,
            session=session,
            session_source=source,
            route=destination.route,
            fingerprint=fingerprint,
            headers=request.headers,
            received=received,
            body=body,
            body_bytes=request.size,
            operation_key=self._operation_key(found, destination.tool),
            credential=self._credential(found),
            sdk_retry=_sdk_retry(found),
            trace_id=_trace_id(found),
        )

    def _fingerprint(self, request: Request, destination: Destination) -> tuple[str, object]:
        if not request.complete:
            return _fingerprint(request, destination, b"")
        body = b"".join(request.parts) if request.parts else b""
        kind = request.found.get(b"content-type", b"") if body else b""
        key = (request.method, destination.target, destination.route.upstream, kind, body)
        known = self._fingerprints.get(key)
        if known is not None:
            return known
        made = _fingerprint(request, destination, body)
        if len(body) + len(kind) + len(request.target) <= REMEMBERED_LENGTH:
            if len(self._fingerprints) >= _REMEMBERED:
                self._fingerprints.clear()
            self._fingerprints[key] = made
        return made

    def _operation_key(self, found: dict[bytes, bytes], tool: Tool | None) -> str | None:
        if tool is not None and tool.idempotency_key is not None:
            name = tool.idempotency_key.partition(":")[2].lower().encode("latin-1")
            return self._hash(found[name]) if name in found else None
        for name in _OPERATION_IDS:
            if name in found:
                return self._hash(found[name])
        return None

    def _credential(self, found: dict[bytes, bytes]) -> str | None:
        for name in _CREDENTIALS:
            if name in found:
                return self._hash(found[name])
        return None

    def _hash(self, secret: bytes) -> str:
        """A keyed hash: two equal secrets are seen to be equal, and nothing more can be learnt."""
        known = self._hashes.get(secret)
        if known is None:
            known = blake2b(secret, digest_size=8, key=self._secret).hexdigest()
            if len(secret) <= REMEMBERED_LENGTH:
                if len(self._hashes) >= _REMEMBERED:
                    self._hashes.clear()
                self._hashes[secret] = known
        return known


def _fingerprint(request: Request, destination: Destination, body: bytes) -> tuple[str, object]:
    route = destination.route
    volatile = VOLATILE
    if destination.tool is not None and destination.tool.volatile:
        volatile |= {name.lower() for name in destination.tool.volatile}
    decoded, material = _body_material(request, body, volatile)
    query = canonical_query(route.query, volatile)
    head = f"{route.upstream}\x1f{route.tool}\x1f{route.method}\x1f{route.path}\x1f{query}\x1f"
    return digest(head.encode("latin-1", "replace") + material), decoded


def _body_material(request: Request, body: bytes, volatile: frozenset[str]) -> tuple[object, bytes]:
    if not request.complete:
        # It streams through: nobody has all of it yet, and waiting would change what the upstream sees and when.
        return None, b"streamed %d" % request.length()
    if not body:
        return None, b""
    kind = request.found.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind == b"application/x-www-form-urlencoded":
        pairs = parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
        return None, repr(sorted(pair for pair in pairs if pair[0].lower() not in volatile)).encode()
    try:
        decoded = _decode_json(body)
        return decoded, canonical_json(decoded, volatile)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None, body


def _sdk_retry(found: dict[bytes, bytes]) -> int:
    """Stainless SDKs count their retries; AWS SDKs number their attempts from 1 (standards.md 3.5)."""
    count = found.get(b"x-stainless-retry-count")
    if count is not None:
        return int(count) if count.isdigit() and len(count) < 4 else 0
    attempts = found.get(b"amz-sdk-request")
    if attempts is not None:
        for part in attempts.split(b";"):
            name, _, value = part.strip().partition(b"=")
            if name == b"attempt" and value.isdigit() and len(value) < 4:
                return max(0, int(value) - 1)
    return 0


def _trace_id(found: dict[bytes, bytes]) -> str | None:
    """From W3C Trace Context: `00-<32 hex>-<16 hex>-<2 hex>`."""
    parent = found.get(b"traceparent")
    match = _TRACE_PARENT.match(parent) if parent is not None else None
    return match[1].decode("ascii") if match else None


def outcome_of(status: int) -> Outcome:
    """What an agent makes of a status."""
    if status < 400:
        return OK
    return _STATUS_OUTCOMES.get(status, Outcome.UNAVAILABLE if status >= 500 else Outcome.INVALID)


def truth_of(status: int) -> UpstreamTruth:
    """What an upstream that answered with this status did."""
    if status < 400:
        return EXECUTED
    return UpstreamTruth.REJECTED if status < 500 else UpstreamTruth.SENT_UNKNOWN


def hint_of(headers: Headers, wall: float) -> Hint | None:
    """How long a failing answer asks to wait, or None; anything malformed or negative is no hint.

    `retry-after-ms` goes before `Retry-After` (RFC 9110, 10.2.3), as SDKs have it.
    """
    values = _first_values(headers, (b"retry-after-ms", b"retry-after"))
    milliseconds = values.get(b"retry-after-ms")
    if milliseconds is not None and (seconds := _number(milliseconds)) is not None:
        return Hint(seconds / 1000, "retry-after-ms")
    text = values.get(b"retry-after")
    if text is None:
        return None
    seconds = _number(text)
    if seconds is not None:
        return Hint(seconds, "retry-after")
    try:
        date = parsedate_to_datetime(text.decode("latin-1"))
        if date.tzinfo is None:
            date = date.replace(tzinfo=UTC)
        until = date.timestamp()
    except (ValueError, OverflowError):
        return None
    return Hint(max(0.0, until - wall), "retry-after", granularity=1.0)


def said_replayed(headers: Headers) -> bool:
    """Did the upstream say that it repeated a stored reply (`Idempotent-Replayed: true`, as Stripe does)?"""
    return any(
        name.lower() in (b"idempotent-replayed", b"idempotency-replayed") and value.strip().lower() == b"true"
        for name, value in headers
    )


def _first_values(headers: Headers, wanted: Sequence[bytes]) -> dict[bytes, bytes]:
    values: dict[bytes, bytes] = {}
    for name, value in headers:
        lowered = name.lower()
        if lowered in wanted:
            values.setdefault(lowered, value.strip())
    return values


def _number(text: bytes) -> float | None:
    try:
        number = float(text.replace(b"_", b"?"))  # float() takes 1_0 for 10
    except ValueError:
        return None
    return number if 0 <= number < 1e9 else None
