"""The reply's bytes are not what it says they are: another character encoding, broken UTF-8, or a broken compression.

**What the agent sees**

The tool's own status, and a complete body that is not read as it was meant: bytes that are no UTF-8, text in an
encoding that nothing tells, characters that were encoded twice (`Ã©` for `é`), or a gzip that is cut off, damaged, none
at all, or not announced. The tool has run.

**What a healthy agent does**

It notices, does not work with replacement characters or with half a text, and asks again; after a write it checks
first.

**Seen in the wild**

Of a gzip that is cut off, requests, httpx and aiohttp hand over what there is, without an error; one with a wrong
checksum, or that is none, raises ContentDecodingError, DecodingError and ClientPayloadError in them. requests goes by
the charset that is declared, `json.loads` on bytes finds UTF-16 out by itself. Databases that take UTF-8 for Latin-1
encode it twice, and nothing ever complains.
"""

import re
import zlib
from codecs import charmap_decode
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import ClassVar, Literal

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Effect, Rewrite, Unfit
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._content_types import content_type, with_charset, with_coding

How = Literal[
    "invalid_utf8",
    "latin1",
    "utf16",
    "declared_latin1",
    "declared_utf16",
    "mojibake",
    "gzip_cut",
    "gzip_plain",
    "gzip_checksum",
    "gzip_undeclared",
]

_ANSWERS = (Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.CHECK_FIRST, Reaction.FALL_BACK)
_RAISED = Nature(explicit=True, course=Course.TRANSIENT, healthy=_ANSWERS)
"""What no HTTP library reads over."""


class BadEncoding(Fault):
    """Encode the reply's body wrongly, or say the wrong thing about it."""

    family = Family.PAYLOAD
    phases = (Phase.AFTER_UPSTREAM,)
    nature = Nature(explicit=False, course=Course.TRANSIENT, healthy=_ANSWERS)
    example: ClassVar[str] = """\
- name: umlauts are encoded twice
  match: {tool: find}
  when: {probability: 10%}
  fault: {type: bad_encoding, how: mojibake}
"""

    type: Literal["bad_encoding"] = "bad_encoding"
    """The fault's name."""
    how: How = "invalid_utf8"
    """invalid_utf8 (a byte that is none, at a place the seed chooses), latin1 and utf16 (the text in that encoding,
    which nothing tells), declared_latin1 and declared_utf16 (UTF-8 that is said to be that), mojibake (UTF-8, encoded
    twice), gzip_cut, gzip_plain (said to be gzip, and not), gzip_checksum (a wrong one), gzip_undeclared. What would
    change nothing, such as latin1 of a text that is all ASCII, passes."""

    @property
    def judged_by(self) -> Nature:
        """Some of it is an error to every HTTP library; of the rest nobody need hear."""
        return _RAISED if self.how in ("gzip_plain", "gzip_checksum") else self.nature

    def effects(self, turn: Turn, rule: str) -> tuple[Effect, ...]:
        """The tool's reply, encoded wrongly; one of which that cannot be said passes unharmed."""
        change = partial(_misencoded, how=self.how, draw=turn.draw(rule, "bad_encoding"))
        return (Rewrite(change, f"bad_encoding: {self.how}", codes=self.how.startswith("gzip_")),)


def _misencoded(reply: Reply, how: How, draw: float) -> Reply | Unfit:
    if not reply.body:
        return Unfit("empty_body")
    return _WAYS[how](reply, draw)


# Characters

_CHARACTER = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+")
"""One that is not ASCII, in UTF-8."""
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')

_E_ACUTE_IN_LATIN_1 = b"\xe9"


def _invalid_utf8(reply: Reply, draw: float) -> Reply | Unfit:
    """The last byte of a character is missing; of a text that is all ASCII, one of Latin-1 stands in a string."""
    body = reply.body
    if _text(reply) is None:
        return Unfit("not_text")
    if not body.isascii():
        characters = list(_CHARACTER.finditer(body))
        end = characters[int(draw * len(characters))].end()
        return _with_body(reply, body[: end - 1] + body[end:])
    at = int(draw * len(body))
    if body.lstrip()[:1] in (b"{", b"[", b'"'):
        strings = list(_STRING.finditer(body))
        if not strings:
            return Unfit("nothing_to_spoil")
        at = strings[int(draw * len(strings))].end() - 1
    return _with_body(reply, body[:at] + _E_ACUTE_IN_LATIN_1 + body[at:])


def _latin1(reply: Reply, _draw: float) -> Reply | Unfit:
    """What Latin-1 does not have becomes a question mark, as it does wherever nobody looks."""
    text = _text(reply)
    if text is None:
        return Unfit("not_text")
    body = text.encode("latin-1", "replace")
    return Unfit("nothing_to_spoil") if _is_utf8(body) else _with_body(reply, body)


def _utf16(reply: Reply, _draw: float) -> Reply | Unfit:
    """With a byte order mark, as Windows writes it."""
    text = _text(reply)
    return Unfit("not_text") if text is None else _with_body(reply, b"\xff\xfe" + text.encode("utf-16-le"))


def _declared(reply: Reply, _draw: float, charset: str) -> Reply | Unfit:
    if _text(reply) is None:
        return Unfit("not_text")
    if charset == "iso-8859-1" and reply.body.isascii():
        return Unfit("nothing_to_spoil")
    if content_type(reply.headers) is None:
        return Unfit("no_content_type")
    return Reply(reply.status, reply.reason, with_charset(reply.headers, charset), reply.body)


def _mojibake(reply: Reply, _draw: float) -> Reply | Unfit:
    """Taken for Windows-1252, as which all that is called Latin-1 is read, and encoded again."""
    if _text(reply) is None:
        return Unfit("not_text")
    if reply.body.isascii():
        return Unfit("nothing_to_spoil")
    return _with_body(reply, charmap_decode(reply.body, "strict", _WINDOWS)[0].encode())


_WINDOWS = "".join(bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(256))
"""Its characters; the five that it lacks are taken for control characters."""


def _text(reply: Reply) -> str | None:
    try:
        return reply.body.decode()
    except UnicodeDecodeError:
        return None


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _with_body(reply: Reply, body: bytes) -> Reply:
    return Reply(reply.status, reply.reason, reply.headers, body)


# Compression

_GZIP = 31
"""zlib's number for gzip with the largest window."""
_QUICK = 1
_TRAILER = 8
"""CRC-32 and length (RFC 1952, section 2.3.1)."""


def _gzip_cut(reply: Reply, draw: float) -> Reply:
    body = _compressed(reply)
    kept = max(1, int(len(body) * (0.1 + 0.8 * draw)))
    return _coded(reply, body[:kept])


def _gzip_plain(reply: Reply, _draw: float) -> Reply:
    return _coded(reply, reply.body)


def _gzip_checksum(reply: Reply, _draw: float) -> Reply:
    body = _compressed(reply)
    end = len(body) - _TRAILER
    return _coded(reply, body[:end] + bytes([body[end] ^ 0xFF]) + body[end + 1 :])


def _gzip_undeclared(reply: Reply, _draw: float) -> Reply:
    return Reply(reply.status, reply.reason, with_coding(reply.headers, None), _compressed(reply))


def _compressed(reply: Reply) -> bytes:
    return zlib.compress(reply.body, _QUICK, _GZIP)


def _coded(reply: Reply, body: bytes) -> Reply:
    return Reply(reply.status, reply.reason, with_coding(reply.headers, b"gzip"), body)


_WAYS: Mapping[str, Callable[[Reply, float], Reply | Unfit]] = MappingProxyType(
    {
        "invalid_utf8": _invalid_utf8,
        "latin1": _latin1,
        "utf16": _utf16,
        "declared_latin1": partial(_declared, charset="iso-8859-1"),
        "declared_utf16": partial(_declared, charset="utf-16"),
        "mojibake": _mojibake,
        "gzip_cut": _gzip_cut,
        "gzip_plain": _gzip_plain,
        "gzip_checksum": _gzip_checksum,
        "gzip_undeclared": _gzip_undeclared,
    }
)
