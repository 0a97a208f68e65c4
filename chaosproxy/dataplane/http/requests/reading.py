"""A request as a Call, and a response as what the agent will make of it. Knows no loop and no socket."""

import secrets
from hashlib import blake2b
from typing import Final

from chaosproxy.core.answer import UpstreamTruth
from chaosproxy.core.call import Call, Match
from chaosproxy.core.decision import Decision
from chaosproxy.core.failures import Outcome
from chaosproxy.core.route import Route
from chaosproxy.core.volatile import VOLATILE
from chaosproxy.dataplane.http.requests.contents import Content, content_of
from chaosproxy.dataplane.http.requests.links import SESSION_ID, Links
from chaosproxy.dataplane.http.requests.routing import REMEMBERED_LENGTH, Destination, Inside, Router
from chaosproxy.dataplane.http.requests.rpc import HOUSEKEEPING
from chaosproxy.dataplane.http.requests.sessions import Peer, SessionNames, client_of, trace_id
from chaosproxy.dataplane.http.wire import Headers, Request, request_bytes
from chaosproxy.profiles.models import Profile, Tool

BODY_CAP = 1024 * 1024
"""Bytes of a request body that are read for a fingerprint; a larger body streams through and counts by its length."""

_REMEMBERED = 4096
_CREDENTIALS = (b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key", b"cookie")
"""The first that a call has. A cookie is one for want of a better: whoever signs in on a page gets a new one."""
_OPERATION_IDS = (b"idempotency-key", b"x-idempotency-key", b"amz-sdk-invocation-id", b"paypal-request-id")

_PROTOCOL_VERSION = b"mcp-protocol-version"

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
        self._contents: dict[tuple[Route, bytes, bytes], Content] = {}
        self._hashes: dict[bytes, str] = {}
        self._number = 0
        # Not `_volatile`: compiled, that would be a word of C.
        self._unheeded = VOLATILE.union(name.lower() for name in profile.recovery.volatile)
        self._unheeded_by_tool = {
            name: self._unheeded.union(each.lower() for each in tool.volatile)
            for name, tool in profile.tools.items()
            if tool.volatile
        }
        self.links = Links(self._hash) if "mcp" in profile.sessions.from_ else None
        """Who knows sessions by MCP's own ids, if they are named so."""

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
        found = request.found
        fingerprint, body, purpose = self._content(request, destination)
        credential = self._credential(found)
        link = linked = None
        if SESSION_ID in found or _PROTOCOL_VERSION in found:
            link = self._hash(found[SESSION_ID]) if SESSION_ID in found else None
            purpose = HOUSEKEEPING if _is_of_a_session(request) else purpose
        if self.links is not None and (link is not None or purpose.opens_session):
            linked = self.links.name(link, credential or client_of(request, peer), opens=purpose.opens_session)
        session, source = self._names.name(request, peer, destination.session, linked)
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
            credential=credential,
            sdk_retry=_sdk_retry(found),
            trace_id=trace_id(found),
            purpose=purpose,
            link=link,
        )

    def _content(self, request: Request, destination: Destination) -> Content:
        if not request.complete:
            return content_of(request, destination, b"", self._volatile_in(destination))
        body = b"".join(request.parts) if request.parts else b""
        kind = request.found.get(b"content-type", b"") if body else b""
        key = (destination.route, kind, body)
        known = self._contents.get(key)
        if known is not None:
            return known
        made = content_of(request, destination, body, self._volatile_in(destination))
        if len(body) + len(kind) + len(request.target) <= REMEMBERED_LENGTH:
            if len(self._contents) >= _REMEMBERED:
                self._contents.clear()
            self._contents[key] = made
        return made

    def _volatile_in(self, destination: Destination) -> frozenset[str]:
        """Names that do not count in calls that go there."""
        return self._unheeded_by_tool.get(destination.route.tool, self._unheeded)

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


def _is_of_a_session(request: Request) -> bool:
    """Does it open the stream of an MCP session (Streamable HTTP), or end the session?"""
    if request.method == b"DELETE":
        return True
    return request.method == b"GET" and b"text/event-stream" in request.found.get(b"accept", b"").lower()


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


def said_replayed(headers: Headers) -> bool:
    """Did the upstream say that it repeated a stored reply (`Idempotent-Replayed: true`, as Stripe does)?"""
    return any(
        name.lower() in (b"idempotent-replayed", b"idempotency-replayed") and value.strip().lower() == b"true"
        for name, value in headers
    )
