"""What agents say: methods, targets, headers and bodies that must reach the tool as they were."""

import zlib
from collections.abc import Iterator

from tests.differential.playing import ByteByByte, Conversation, Step

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n" + b'{"ok":true}'
AGAIN = b"GET TARGET/again HTTP/1.1\r\nHost: HOST\r\n\r\n"
"""Asked after the conversation's own request, on the same connection: both sides must agree where that one ended."""

EVERY_BYTE = bytes(range(256))
PATTERN = EVERY_BYTE * 400
JSON = b'{"sku": "shirt-7", "note": "caf\xc3\xa9"}'


def asks(name: str, *pieces: bytes | ByteByByte, method: bytes = b"GET") -> Conversation:
    """A request in these pieces, a plain answer, and a second request."""
    reply = OK if method != b"HEAD" else OK[: -len(b'{"ok":true}')]
    return Conversation(name, (*pieces, Step.ANSWER, AGAIN), (Step.ALL, reply, Step.ALL, OK), (method, b"GET"))


def request(method: str, path: str = "/v1/items", *headers: bytes, body: bytes = b"") -> bytes:
    lines = [f"{method} TARGET{path} HTTP/1.1".encode("latin-1"), b"Host: HOST", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def length(body: bytes) -> bytes:
    return b"Content-Length: %d" % len(body)


def chunks(*parts: bytes, extension: bytes = b"", trailers: bytes = b"") -> bytes:
    return b"".join(b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts) + b"0\r\n" + trailers + b"\r\n"


CHUNKED = b"Transfer-Encoding: chunked"
TEXT = b"Content-Type: text/plain"
TYPED = b"Content-Type: application/json"


def _methods() -> Iterator[Conversation]:
    for method in ("GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "PURGE"):
        yield asks(f"{method} without a body", request(method), method=method.encode())
    for method in ("POST", "PUT", "PATCH", "DELETE", "GET", "REPORT", "QUERY"):
        ask = request(method, "/v1/items", TYPED, length(JSON), body=JSON)
        yield asks(f"{method} with a body", ask, method=method.encode())


TARGETS = {
    "a query": "/v1/items?q=red%20shirt&page=2",
    "an empty query": "/v1/items?",
    "a query with no values": "/v1/items?a&b=&=c&&d=1=2",
    "two question marks": "/v1/items?a=?b?",
    "lower and upper case of percent signs": "/v1/%2f%2F%e4%E4",
    "what need not be encoded": "/v1/%41%7E",
    "double slashes": "/v1//items///x",
    "a slash at the end": "/v1/items/",
    "dots": "/v1/./a/../b/..",
    "matrix parameters": "/v1;v=1/items;color=red;size=m",
    "marks": "/v1/!$&'()*+,=:@-._~",
    "a colon in the first segment": "/a:b/c",
    "brackets in a query": "/v1/items?filter[name]=x&ids[]=1",
    "a pipe and braces in a query": "/v1/items?a={b}|c",
    "an encoded NUL": "/v1/a%00b",
    "a URL in a query": "/v1/fetch?url=https://example.org:8443/a?b#c".partition("#")[0],
    "a long target": "/v1/" + "x" * 6000 + "?" + "y" * 1500,
    "only the root": "/",
}


def _targets() -> Iterator[Conversation]:
    for name, target in TARGETS.items():
        yield asks(f"target: {name}", request("GET", target))


HEADERS = {
    "odd case": [b"X-oDD-caSe: a", b"ACCEPT: */*", b"user-agent: an agent/1"],
    "duplicates": [b"X-Twice: 1", b"Accept: a/b", b"X-Twice: 2", b"x-twice: 3"],
    "an order of its own": [b"Zebra: 1", b"Accept: */*", b"Apple: 2", b"Middle: 3"],
    "an empty value": [b"X-Empty:", b"X-Blank:   ", b"X-After: 1"],
    "blanks inside": [b"X-Inside: a  b\tc", b"X-Round:    d   "],
    "a long value": [b"X-Long: " + b"v" * 12_000],
    "a hundred of them": [b"X-Number-%d: %d" % (n, n * n) for n in range(100)],
    "ISO 8859-1": [b"X-Latin: caf\xe9 \xff\x80"],
    "UTF-8": ["X-Greek: αβγ".encode()],
    "every mark of a token": [b"X!#$%&'*+-.^_`|~9: 1"],
    "quotes and commas": [b'If-None-Match: W/"a,b", "c"', b'X-Quoted: "a \\" b"'],
    "cookies in two lines": [b"Cookie: a=1; b=2", b"Cookie: c=3"],
    "credentials": [b"Authorization: Bearer not-a-secret", b"X-Api-Key: also-none"],
    "what other proxies said": [b"Via: 1.1 a", b"X-Forwarded-For: 192.0.2.1", b"Forwarded: for=192.0.2.1"],
    "an encoding asked for": [b"Accept-Encoding: gzip;q=1.0, identity; q=0.5, *;q=0"],
    "no encoding asked for": [],
    "a range": [b"Range: bytes=0-10,-5", b'If-Range: "x"'],
    "conditions": [b'If-Match: "a"', b"If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"],
    "a trace": [b"traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", b"baggage: a=1"],
    "a name of Connection's": [b"Connection: x-own, keep-alive", b"X-Own: 1", b"X-Other: 2"],
    "two lines of Connection": [b"Connection: x-one", b"Connection: x-two", b"X-One: 1", b"X-Two: 2"],
    "keep-alive": [b"Connection: keep-alive", b"Keep-Alive: timeout=5"],
    "a priority": [b"Priority: u=1, i", b"Sec-Fetch-Mode: cors", b"DNT: 1"],
    "max-forwards": [b"Max-Forwards: 10"],
}


def _headers() -> Iterator[Conversation]:
    for name, lines in HEADERS.items():
        yield asks(f"headers: {name}", request("GET", "/v1/items", *lines))


def _bodies() -> Iterator[Conversation]:
    for name, body in {"nothing": b"", "a byte": b"x", "every byte": EVERY_BYTE, "100 KB": PATTERN}.items():
        yield asks(f"body of {name}", request("POST", "/up", length(body), body=body), method=b"POST")
        parts = [body[at : at + 4096] for at in range(0, len(body), 4096)]
        ask = request("POST", "/up", CHUNKED, body=chunks(*parts))
        yield asks(f"body of {name} in chunks", ask, method=b"POST")
        ask = request("POST", "/up", TYPED, CHUNKED, body=chunks(*parts))
        yield asks(f"body of {name} in chunks that is read before it is judged", ask, method=b"POST")
    large = PATTERN * 30
    yield asks("body of 3 MB", request("PUT", "/up", length(large)), large, method=b"PUT")
    yield asks("body of 3 MB in chunks", request("PUT", "/up", CHUNKED), chunks(large[:9], large[9:]), method=b"PUT")
    ask = request("POST", "/up", CHUNKED, body=chunks(b"abc", b"de", extension=b";a=1;b"))
    yield asks("chunk extensions", ask, method=b"POST")
    ask = request("POST", "/up", CHUNKED, body=chunks(b"abc").replace(b"3\r\n", b"0003\r\n"))
    yield asks("zeros before a chunk size", ask, method=b"POST")
    packed = zlib.compress(JSON)
    ask = request("POST", "/up", b"Content-Encoding: deflate", TYPED, length(packed), body=packed)
    yield asks("a compressed body", ask, method=b"POST")
    form = b"a=1&b=%20&c=caf%C3%A9"
    ask = request("POST", "/up", b"Content-Type: application/x-www-form-urlencoded", length(form), body=form)
    yield asks("a form", ask, method=b"POST")
    parts_body = b"--b\r\nContent-Disposition: form-data; name=f\r\n\r\n\x00\xff\r\n--b--\r\n"
    ask = request("POST", "/up", b"Content-Type: multipart/form-data; boundary=b", length(parts_body), body=parts_body)
    yield asks("a form in parts", ask, method=b"POST")
    trailers = chunks(b"abc", trailers=b"X-Sum: 1\r\nX-Sum: 2\r\n")
    ask = request("POST", "/up", CHUNKED, b"Trailer: X-Sum", TEXT, body=trailers)
    yield asks("trailers", ask, method=b"POST")


def _pieces() -> Iterator[Conversation]:
    ask = request("POST", "/up", TYPED, length(JSON), body=JSON)
    yield asks("byte by byte", ByteByByte(ask), method=b"POST")
    yield asks("the head, then the body", ask[: -len(JSON)], JSON, method=b"POST")
    chunked = request("POST", "/up", CHUNKED, body=chunks(b"abc", b"defg"))
    yield asks("chunks byte by byte", ByteByByte(chunked), method=b"POST")
    yield asks("an empty line before", b"\r\n" + request("GET", "/x"))
    absolute = [b"POST TARGET/up HTTP/1.1\r\nHost: HOST\r\nContent-Le", b"ngth: 3\r", b"\n\r", b"\nabc"]
    yield asks("broken in odd places", *absolute, method=b"POST")


def _expecting() -> Iterator[Conversation]:
    head = request("POST", "/up", b"Expect: 100-continue", length(JSON))
    go_on = b"HTTP/1.1 100 Continue\r\n\r\n"
    yield Conversation(
        "waits for 100",
        (head, Step.CONTINUE, JSON, Step.ANSWER, AGAIN),
        (Step.HEAD, go_on, Step.ALL, OK, Step.ALL, OK),
        (b"POST", b"GET"),
    )
    yield Conversation(
        "does not wait for 100",
        (head, JSON, Step.ANSWER, AGAIN),
        (Step.HEAD, go_on, Step.ALL, OK, Step.ALL, OK),
        (b"POST", b"GET"),
    )
    no = b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    yield Conversation("is refused instead of 100", (head,), (Step.HEAD, no, Step.CLOSE), (b"POST",))
    yield Conversation(
        "no 100 at all",
        (head, JSON, Step.ANSWER, AGAIN),
        (Step.ALL, OK, Step.ALL, OK),
        (b"POST", b"GET"),
    )


def _in_a_row() -> Iterator[Conversation]:
    three = [request("GET", f"/n/{n}") for n in range(3)]
    answers = [OK.replace(b'"ok":true', b'"no":%04d' % n) for n in range(3)]
    serving = tuple(step for answer in answers for step in (Step.ALL, answer))
    yield Conversation(
        "one after the other", (three[0], Step.ANSWER, three[1], Step.ANSWER, three[2]), serving, (b"GET",) * 3
    )
    yield Conversation("pipelined in one write", (b"".join(three),), serving, (b"GET",) * 3)
    yield Conversation("pipelined in three writes", tuple(three), serving, (b"GET",) * 3)
    posts = [request("POST", "/up", TYPED, length(JSON), body=JSON), request("HEAD"), request("GET")]
    empty = OK[: -len(b'{"ok":true}')]
    yield Conversation(
        "POST, HEAD and GET pipelined",
        (b"".join(posts),),
        (Step.ALL, OK, Step.ALL, empty, Step.ALL, OK),
        (b"POST", b"HEAD", b"GET"),
    )
    last = request("GET", "/last", b"Connection: close")
    closing = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    yield Conversation(
        "the client says close",
        (three[0], Step.ANSWER, last),
        (Step.ALL, OK, Step.ALL, closing, Step.CLOSE),
        (b"GET",) * 2,
    )


def _old() -> Iterator[Conversation]:
    ask = request("GET").replace(b"HTTP/1.1", b"HTTP/1.0")
    closing = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    yield Conversation("HTTP/1.0", (ask,), (Step.ALL, closing, Step.CLOSE), (b"GET",))
    post = request("POST", "/up", TYPED, length(JSON), body=JSON).replace(b"HTTP/1.1", b"HTTP/1.0")
    yield Conversation("HTTP/1.0 with a body", (post,), (Step.ALL, closing, Step.CLOSE), (b"POST",))


ASKING = tuple(
    each
    for family in (_methods, _targets, _headers, _bodies, _pieces, _expecting, _in_a_row, _old)
    for each in family()
)
