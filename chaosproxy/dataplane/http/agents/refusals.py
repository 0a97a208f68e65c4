"""What is refused before it is a call: what to say to it, in which protocol, and what to write into the log.

A port meets everything: TLS, HTTP/2, SOCKS, scanners. Each is told no in words that its client understands, and counted
under its own reason. A flood of one kind is one line in the log each `QUIET_TIME`, with how many there were.
"""

import logging

from httptools import HttpParserCallbackError, HttpParserError

from chaosproxy.dataplane.http.wire import MAX_HEAD, Malformed, own_word

QUIET_TIME = 10.0
"""Seconds between two lines in the log about refusals for the same reason."""

HEAD_TOO_LARGE = Malformed(431, "head_too_large", f"the request head is larger than {MAX_HEAD} bytes")
TOO_MUCH_BESIDE_THE_BODY = Malformed(400, "bad_framing", f"more than {MAX_HEAD} bytes of chunk extensions or trailers")
TOO_MANY_CONNECTIONS = Malformed(503, "too_many_connections", "too many connections are open already")

_TLS = Malformed(
    400, "tls_on_plain_port", "this port speaks plain HTTP, and got a TLS greeting: use http://, not https://"
)
_HTTP2 = Malformed(505, "http2", "this port speaks HTTP/1.1, and got the preface of HTTP/2")
_SOCKS = Malformed(400, "socks", "this port is an HTTP proxy, and got a SOCKS greeting: use http://, not socks://")

_HTTP2_REFUSAL = (
    b"\0\0\0\4\0\0\0\0\0"  # SETTINGS, with none
    b"\0\0\x08\7\0\0\0\0\0" + b"\0\0\0\0" + b"\0\0\0\x0d"  # GOAWAY, HTTP_1_1_REQUIRED (RFC 9113, 6.8 and 7)
)
_SOCKS_REFUSALS = {b"\4": b"\0\x5b\0\0\0\0\0\0", b"\5": b"\5\xff"}
"""Rejected (SOCKS 4); no acceptable methods (RFC 1928, 3)."""

log = logging.getLogger("chaosproxy.agent")


def refusal_of(error: HttpParserError, opening: bytes) -> Malformed:
    """What the agent is told of the parser's complaint.

    Args:
        error: the complaint. If a callback of ours raised, what it raised stands behind it.
        opening: the first bytes on the connection, if the complaint is about those.
    """
    if isinstance(error, HttpParserCallbackError):
        cause = error.__context__
        if isinstance(cause, Malformed):
            return cause
        log.error("request_failed", exc_info=cause)
        return Malformed(500, "internal", "the request could not be handled")
    if str(error) == "Pause on PRI/Upgrade":  # llhttp's word on the preface, however its bytes were spread
        return _HTTP2
    if opening[:2] in (b"\x16", b"\x16\x03"):
        return _TLS
    if opening[:2] in (b"\4", b"\4\1", b"\4\2") or opening[:1] == b"\5":
        return _SOCKS
    return Malformed(400, "malformed", f"not an HTTP/1.1 request: {error}")


def word(error: Malformed, opening: bytes) -> bytes:
    """The refusal as its addressee understands it. The connection is closed after it."""
    if error is _HTTP2:
        return _HTTP2_REFUSAL
    if error is _SOCKS:
        return _SOCKS_REFUSALS[opening[:1]]
    return own_word(error.status, error.detail, close=True)


class RefusalLog:
    """Writes refusals into the log, but no more than a line each `QUIET_TIME` for each reason."""

    def __init__(self) -> None:
        self._said: dict[str, float] = {}
        self._unsaid: dict[str, int] = {}

    def note(self, error: Malformed, peer: str, now: float) -> None:
        """Something was refused at `now` (monotonic seconds)."""
        reason = error.reason
        last = self._said.get(reason)
        if last is not None and now - last < QUIET_TIME:
            self._unsaid[reason] = self._unsaid.get(reason, 0) + 1
            return
        self._said[reason] = now
        more = self._unsaid.pop(reason, 0)
        log.warning(
            "request_refused reason=%s status=%d peer=%s more_like_it=%d detail=%s",
            *(reason, error.status, peer, more, error.detail),
        )
