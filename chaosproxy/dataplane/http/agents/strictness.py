"""What is refused of a request although llhttp lets it pass, because readers disagree about it; and what is made plain.

What is left says the same to all of them. Knows no loop, no socket, no call and no fault.
"""

from chaosproxy.dataplane.http.wire import (
    FRAMING_HEADERS,
    HOP_BY_HOP,
    LENGTH_DIGITS,
    USUAL_CONNECTION,
    Malformed,
    Request,
    joined,
    named,
)

_NOT_IN_TRAILERS = (
    HOP_BY_HOP
    | FRAMING_HEADERS
    | {b"trailer", b"content-type", b"content-encoding", b"content-range", b"authorization", b"cookie", b"expect"}
)
"""Fields that would change how the message is read if somebody took a trailer for a header (RFC 9110, 6.5.1)."""


_RTSP = frozenset(
    b"DESCRIBE ANNOUNCE SETUP PLAY PAUSE TEARDOWN GET_PARAMETER SET_PARAMETER REDIRECT RECORD FLUSH".split()
)
"""Methods that llhttp takes with `RTSP/1.0`, which it reports as version 1.0."""

_HOST_BYTES = b"".join(bytes([byte]) for byte in range(128) if chr(byte).isalnum()) + b"-._~!$&'()*+,;=%:[]"
"""What a host and port may be written with (RFC 3986, 3.2.2)."""


def check_request(request: Request) -> None:
    """Refuse what llhttp lets pass but readers disagree about; write what is left in the one form that all understand.

    Raises:
        Malformed: with the status that RFC 9112 asks for.
    """
    found = request.found
    if request.version != "1.1" and (request.version != "1.0" or request.method in _RTSP):
        raise Malformed(505, "http_version", f"HTTP/{request.version} is not spoken here")
    if b"transfer-encoding" in found:
        _check_coding(request)
    elif b"content-length" in found:
        _check_length(request)
    if b"transfer_encoding" in found or b"content_length" in found:
        # Whoever hands headers on as environment variables (CGI, WSGI) cannot tell `_` from `-`.
        raise Malformed(400, "bad_framing", "a header that some would take for one that frames the message")
    _check_host(request)
    connection = found.get(b"connection")
    if connection is not None and connection not in USUAL_CONNECTION:
        _check_connection(request)


def _check_coding(request: Request) -> None:
    coding = request.found[b"transfer-encoding"]
    if request.version == "1.0":
        raise Malformed(400, "bad_framing", "Transfer-Encoding in an HTTP/1.0 request")  # RFC 9112, 6.1
    if b"content-length" in request.found:
        raise Malformed(400, "bad_framing", "both Transfer-Encoding and Content-Length")  # RFC 9112, 6.3
    if coding.strip(b" \t").lower() != b"chunked" or request.lowered.count(b"transfer-encoding") > 1:
        raise Malformed(501, "bad_framing", "a transfer coding other than chunked")  # RFC 9112, 6.1
    if coding != b"chunked":
        _rewrite(request, b"transfer-encoding", b"chunked")


def _check_length(request: Request) -> None:
    text = request.found[b"content-length"]
    length = text.strip(b" \t")
    if not length.isdigit() or request.lowered.count(b"content-length") > 1:
        raise Malformed(400, "bad_framing", "Content-Length is not one whole number")
    if (length[0] == 0x30 and len(length) > 1) or len(length) > LENGTH_DIGITS:  # 010 is 8 to some
        raise Malformed(400, "bad_framing", "Content-Length is not a number that all readers agree on")
    if length is not text:
        _rewrite(request, b"content-length", length)


def _check_host(request: Request) -> None:
    host = request.found.get(b"host")
    if host is None:
        if request.version == "1.1":
            raise Malformed(400, "bad_host", "a request needs exactly one Host header")  # RFC 9112, 3.2
        return
    if len(request.found) < len(request.headers) and request.lowered.count(b"host") > 1:
        raise Malformed(400, "bad_host", "a request needs exactly one Host header")
    if host.translate(None, _HOST_BYTES):
        raise Malformed(400, "bad_host", "the Host header is not a host and port")


def _check_connection(request: Request) -> None:
    """What `Connection` names is not passed on: it must not be what frames the message, and may be an upgrade."""
    options = named(request.lowered, request.headers)
    if not FRAMING_HEADERS.isdisjoint(options):
        raise Malformed(400, "bad_framing", "Connection names a header that frames the message")
    # With a body in between, nobody could say where the other protocol begins: a wish may be left unheard.
    has_body = request.chunked or request.length() > 0
    if b"upgrade" in options and b"upgrade" in request.found and request.version == "1.1" and not has_body:
        request.upgrade = _wishes(joined(request.lowered, request.headers, b"upgrade"))


def _wishes(protocols: bytes) -> bytes | None:
    """The protocols that may be gone on in. HTTP itself is not one: what is said in it would pass us unread."""
    wishes = [each.strip(b" \t") for each in protocols.split(b",")]
    wishes = [each for each in wishes if each and not each.lower().startswith((b"h2c", b"http/"))]
    return b", ".join(wishes) or None


def check_trailer(name: bytes) -> None:
    """Refuse a trailer that would change the message if it were taken for a header.

    Raises:
        Malformed: 400.
    """
    if name.lower() in _NOT_IN_TRAILERS:
        raise Malformed(400, "bad_framing", "a field that may not come after the body")


def _rewrite(request: Request, lowered: bytes, value: bytes) -> None:
    at = request.lowered.index(lowered)
    request.headers[at] = (request.headers[at][0], value)
    request.found[lowered] = value
