"""What may differ between a message sent directly and the same one relayed. This list is all of it."""

import msgspec

from tests.differential.messages import Message, Pairs
from tests.differential.playing import Heard

ABOUT_ONE_CONNECTION = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"proxy-authorization", b"te", b"upgrade"}
)
"""Set aside: headers about one connection only (RFC 9110, 7.6.1), and those that `Connection` names.

Set aside as well, by how messages are read here: blanks around a header's value, where chunks begin and end, chunk
extensions (RFC 9112, 7.1.1), the blank after a status without a phrase (4), and the minor HTTP version of the start
line (RFC 9110, 2.5: each side says its own).
"""


def comparable(heard: Heard) -> Heard:
    """The same, without what may differ."""
    return msgspec.structs.replace(
        heard,
        requests=[_message(each) for each in heard.requests],
        responses=[_message(each) for each in heard.responses],
        raw_requests=b"",
        raw_responses=b"",
    )


def _message(message: Message) -> Message:
    start = message.start.replace(b"HTTP/1.0", b"HTTP/1.1").rstrip(b" ")
    return msgspec.structs.replace(message, start=start, headers=_end_to_end(message.headers))


def _end_to_end(headers: Pairs) -> Pairs:
    named = {
        token.strip().lower() for name, value in headers if name.lower() == b"connection" for token in value.split(b",")
    }
    dropped = ABOUT_ONE_CONNECTION | named
    return tuple(pair for pair in headers if pair[0].lower() not in dropped)
