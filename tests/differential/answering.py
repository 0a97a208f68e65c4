"""What tools say: statuses, phrases, headers, framings and endings that must reach the agent as they were."""

import gzip
from collections.abc import Iterator
from http import HTTPStatus

from tests.differential.asking import AGAIN, CHUNKED, EVERY_BYTE, OK, PATTERN, chunks, length, request
from tests.differential.playing import Conversation, Step

ASK = request("GET")
PLAIN = b"Content-Type: text/plain"


def answers(name: str, *pieces: bytes, method: bytes = b"GET", keeps: bool = True) -> Conversation:
    """A plain request, an answer in these pieces, and, if the connection lives, a second request."""
    ask = ASK.replace(b"GET", method, 1)
    if keeps:
        return Conversation(name, (ask, Step.ANSWER, AGAIN), (Step.ALL, *pieces, Step.ALL, OK), (method, b"GET"))
    return Conversation(name, (ask,), (Step.ALL, *pieces, Step.CLOSE), (method,))


def response(status: bytes, *headers: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join([b"HTTP/1.1 " + status, *headers]) + b"\r\n\r\n" + body


def _statuses() -> Iterator[Conversation]:
    bodiless = (204, 304)
    for status in (*(each for each in HTTPStatus if each >= 200), 299, 399, 499, 520, 529, 599, 999):
        code = int(status)
        phrase = status.phrase.encode() if isinstance(status, HTTPStatus) else b"Own Words"
        body = b"" if code in bodiless else b"status %d" % code
        framing = () if code in bodiless else (length(body),)
        yield answers(f"status {code}", response(b"%d %b" % (code, phrase), PLAIN, *framing, body=body))


PHRASES = {
    "none": b"200 ",
    "none, and no blank": b"200",
    "long": b"200 " + b"all is well " * 20,
    "of marks": b'200 It\'s "fine"; (really)!',
    "in UTF-8": "200 Всё хорошо".encode(),
}


def _phrases() -> Iterator[Conversation]:
    for name, line in PHRASES.items():
        yield answers(f"phrase: {name}", response(line, length(b"x"), body=b"x"))


HEADERS = {
    "cookies": [b"Set-Cookie: a=1; Path=/", b"X-Between: 1", b"Set-Cookie: b=2; HttpOnly", b"set-cookie: c=3"],
    "odd case": [b"content-TYPE: text/plain", b'ETAG: "x"', b"x-lower: 1"],
    "an empty value": [b"X-Empty:", b"X-After: 1"],
    "ISO 8859-1": [b"X-Latin: caf\xe9"],
    "long": [b"Content-Security-Policy: " + b"default-src 'self'; " * 500],
    "a hundred": [b"X-Number-%d: %d" % (n, n) for n in range(100)],
    "two challenges": [b'WWW-Authenticate: Basic realm="a", Bearer', b"WWW-Authenticate: Digest realm=b"],
    "a vendor's": [b"x-ratelimit-remaining: 0", b"retry-after-ms: 125", b"openai-processing-ms: 7", b"CF-RAY: 1-FRA"],
    "links": [b'Link: </a>; rel="next", </b>; rel=last', b"Location: /somewhere?x=%20"],
    "of caches": [b"Age: 10", b"Cache-Control: max-age=1, private", b"Vary: *", b"Expires: 0", b"Warning: 199 a b"],
    "a name of Connection's": [b"Connection: x-own", b"X-Own: 1", b"X-Other: 2"],
    "keep-alive": [b"Connection: keep-alive", b"Keep-Alive: timeout=5, max=100"],
    "what servers say of themselves": [b"Server: a/1 (b)", b"Via: 1.1 c", b"X-Powered-By: d", b'Alt-Svc: h3=":1"'],
    "a date": [b"Date: Sun, 06 Nov 1994 08:49:37 GMT", b"Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"],
}


def _headers() -> Iterator[Conversation]:
    for name, lines in HEADERS.items():
        yield answers(f"reply headers: {name}", response(b"200 OK", *lines, length(b"x"), body=b"x"))


def _bodies() -> Iterator[Conversation]:
    for name, body in {"nothing": b"", "a byte": b"x", "every byte": EVERY_BYTE, "100 KB": PATTERN}.items():
        yield answers(f"reply of {name}", response(b"200 OK", length(body), body=body))
        parts = [body[at : at + 5000] for at in range(0, len(body), 5000)]
        yield answers(f"reply of {name} in chunks", response(b"200 OK", CHUNKED, body=chunks(*parts)))
        yield answers(f"reply of {name} to the end", response(b"200 OK", PLAIN, body=body), keeps=False)
    large = PATTERN * 50
    yield answers("reply of 5 MB", response(b"200 OK", length(large)), large)
    yield answers("reply of 5 MB in chunks", response(b"200 OK", CHUNKED), chunks(large[:70_000], large[70_000:]))
    yield answers("reply of 5 MB to the end", response(b"200 OK"), large, keeps=False)
    packed = gzip.compress(PATTERN, mtime=0)
    yield answers("gzip", response(b"200 OK", b"Content-Encoding: gzip", length(packed), body=packed))
    yield answers("gzip in chunks", response(b"200 OK", b"Content-Encoding: gzip", CHUNKED, body=chunks(packed)))
    yield answers("an encoding nobody knows", response(b"200 OK", b"Content-Encoding: own", length(b"x"), body=b"x"))
    extended = chunks(b"abc", b"d", extension=b';a="b;c"')
    yield answers("reply with chunk extensions", response(b"200 OK", CHUNKED, body=extended))
    summed = chunks(b"abc", trailers=b"X-Sum: 1\r\nServer-Timing: a\r\nX-Sum: 2\r\n")
    yield answers("reply with trailers", response(b"200 OK", CHUNKED, b"Trailer: X-Sum", body=summed))
    upper = chunks(b"x" * 0xAB).replace(b"ab\r\n", b"AB\r\n", 1)
    yield answers("chunk sizes in upper case", response(b"200 OK", CHUNKED, body=upper))
    yield answers("chunked in upper case", response(b"200 OK", b"transfer-encoding: Chunked", body=chunks(b"abc")))
    several = b"--b\r\nContent-Range: bytes 0-0/9\r\n\r\na\r\n--b--\r\n"
    kind = b"Content-Type: multipart/byteranges; boundary=b"
    yield answers("several ranges", response(b"206 Partial Content", kind, length(several), body=several))


def _without_body() -> Iterator[Conversation]:
    yield answers("HEAD with a length", response(b"200 OK", b"Content-Length: 1234"), method=b"HEAD")
    yield answers("HEAD in chunks", response(b"200 OK", CHUNKED), method=b"HEAD")
    yield answers("HEAD with neither", response(b"200 OK", PLAIN), method=b"HEAD")
    yield answers("304 with a length", response(b"304 Not Modified", b'ETag: "x"', b"Content-Length: 1234"))
    yield answers("404 to HEAD", response(b"404 Not Found", b"Content-Length: 9"), method=b"HEAD")


def _interim() -> Iterator[Conversation]:
    hints = response(b"103 Early Hints", b"Link: </style.css>; rel=preload", b"link: </x.js>")
    yield answers("early hints", hints + OK)
    yield answers("early hints long before", hints, OK)
    yield answers("three interim responses", response(b"102 Processing") + hints + hints, OK)
    yield answers("100 unasked", response(b"100 Continue"), OK)
    yield answers("an interim status of its own", response(b"199 Thinking", b"X-Progress: 30"), OK)


def _pieces() -> Iterator[Conversation]:
    yield answers("reply byte by byte", *[OK[at : at + 1] for at in range(len(OK))])
    chunked = response(b"200 OK", CHUNKED, body=chunks(b"abc", b"defg", trailers=b"X-Sum: 1\r\n"))
    yield answers("reply in chunks byte by byte", *[chunked[at : at + 1] for at in range(len(chunked))])
    yield answers("the head, then the reply", OK[:-11], OK[-11:])
    events = [b"data: %d\n\n" % n for n in range(20)]
    stream = response(b"200 OK", b"Content-Type: text/event-stream", b"Cache-Control: no-cache", CHUNKED)
    yield answers("events", stream, *[b"%x\r\n%b\r\n" % (len(each), each) for each in events], b"0\r\n\r\n")
    plain = response(b"200 OK", b"Content-Type: text/event-stream")
    yield answers("events to the end", plain, *events, keeps=False)


def _broken() -> Iterator[Conversation]:
    short = response(b"200 OK", b"Content-Length: 100", body=b"only this")
    cut = response(b"200 OK", CHUNKED, body=b"a\r\n0123456789\r\n")
    inside = response(b"200 OK", CHUNKED, body=b"ff\r\n0123456789")
    for name, data in {"a short reply": short, "no last chunk": cut, "half a chunk": inside}.items():
        yield answers(f"{name}, then FIN", data, keeps=False)
        yield Conversation(f"{name}, then RST", (ASK,), (Step.ALL, data, Step.RESET), (b"GET",))


def _early() -> Iterator[Conversation]:
    no = response(b"413 Content Too Large", b"Content-Length: 0", b"Connection: close")
    head = request("POST", "/up", b"Content-Type: application/octet-stream", b"Content-Length: 3000000")
    yield Conversation("refused before the body came", (head,), (Step.HEAD, no, Step.CLOSE), (b"POST",))
    chunked = request("POST", "/up", CHUNKED) + b"3\r\nabc\r\n"
    yield Conversation("refused in the middle of chunks", (chunked,), (Step.HEAD, no, Step.CLOSE), (b"POST",))
    early = (request("POST", "/up", CHUNKED), b"3\r\nabc\r\n", Step.ANSWER)
    yield Conversation(
        "answered in the middle of chunks, and read on",
        (early[0], early[1], b"2\r\nde\r\n0\r\n\r\n", Step.ANSWER),
        (Step.HEAD, OK[:40], Step.ALL, OK[40:]),
        (b"POST",),
    )


def _old() -> Iterator[Conversation]:
    old = OK.replace(b"HTTP/1.1", b"HTTP/1.0")
    yield answers("a tool of HTTP/1.0", old, keeps=False)
    until_end = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nall of it"
    yield answers("a tool of HTTP/1.0, to the end", until_end, keeps=False)
    closing = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    yield answers("the tool says close", closing, keeps=False)


ANSWERING = tuple(
    each
    for family in (_statuses, _phrases, _headers, _bodies, _without_body, _interim, _pieces, _broken, _early, _old)
    for each in family()
)
