"""A dialect at work: a failure goes in, the reply of that vendor comes out. Pure; knows no file and no wire."""

from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from types import MappingProxyType

import msgspec

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import FailureKind
from chaosproxy.dialects.bodies import json_body
from chaosproxy.dialects.model import DialectFile, Saying, StreamSection
from chaosproxy.dialects.placeholders import Facts, Template

_KNOWN_BY: Mapping[str, str] = MappingProxyType({"limit": "quota", "retry_after": "retry_after"})

_PHRASES: Mapping[int, str] = MappingProxyType({status.value: status.phrase for status in HTTPStatus})


class Phrase(msgspec.Struct, frozen=True):
    """One way to say one kind of failure, compiled."""

    needs: tuple[str, ...]
    status: int
    reason: str | None
    head: tuple[tuple[bytes, bytes | Template], ...]
    """Values that never change are bytes already."""
    message: Template
    body: Callable[[Facts], str | None]
    event: Callable[[Facts], str | None] | None
    """The same as an event of a stream, with the empty line that ends it; None if its body is no JSON."""

    def fits(self, reject: Reject) -> bool:
        """Is all known that it needs?"""
        return all(getattr(reject, _KNOWN_BY[need]) is not None for need in self.needs)

    def say(self, reject: Reject, wall: float) -> Reply:
        """The reply."""
        facts = self._facts(reject, wall)
        return Reply(
            status=facts.status,
            reason=facts.reason.encode("ascii"),
            headers=tuple(_said(self.head, facts)),
            body=(self.body(facts) or "").encode("utf-8", "replace"),
        )

    def say_in_stream(self, reject: Reject, wall: float) -> bytes:
        """The event; empty if it has no `event`."""
        said = self.event(self._facts(reject, wall)) if self.event is not None else None
        return (said or "").encode("utf-8", "replace")

    def _facts(self, reject: Reject, wall: float) -> Facts:
        status = reject.status or self.status
        reason = self.reason if self.reason is not None and status == self.status else _PHRASES.get(status, "")
        facts = Facts(reject, wall, status, reason)
        facts.message = self.message.text(facts) if reject.message is None else reject.message
        return facts


def _said(head: tuple[tuple[bytes, bytes | Template], ...], facts: Facts) -> Iterator[tuple[bytes, bytes]]:
    """The headers that have a value."""
    for name, value in head:
        if isinstance(value, bytes):
            yield name, value
        elif (text := value.text(facts)) is not None:
            yield name, text.encode("latin-1")


class Dialect(msgspec.Struct, frozen=True):
    """How one vendor says each kind of failure."""

    name: str
    description: str
    phrases: Mapping[FailureKind, tuple[Phrase, ...]]
    """Every kind, each with at least one phrase that needs nothing."""
    streamed: Mapping[FailureKind, tuple[Phrase, ...]]
    """The same for streams: phrases that have an `event`."""

    def reply(self, reject: Reject, wall: float) -> Reply:
        """The failure in this vendor's words, without framing. `wall` is seconds since 1970, for dates and resets."""
        return self._fitting(self.phrases, reject).say(reject, wall)

    def stream_error(self, reject: Reject, wall: float) -> bytes:
        """The failure in the middle of a stream of server-sent events: one whole event, its lines ended by LF."""
        return self._fitting(self.streamed, reject).say_in_stream(reject, wall)

    def _fitting(self, phrases: Mapping[FailureKind, tuple[Phrase, ...]], reject: Reject) -> Phrase:
        for phrase in phrases[reject.kind]:
            if phrase.fits(reject):
                return phrase
        raise LookupError(f"{self.name} has no words for {reject.kind}")  # never, with `generic` behind it


def compiled(file: DialectFile, name: str, fallback: Dialect | None) -> Dialect:
    """The dialect of a file; what it does not say is said by `fallback`."""
    own = {kind: tuple(_phrase_of(file, saying) for saying in file.kinds.get(kind, ())) for kind in FailureKind}
    streamed = {kind: tuple(phrase for phrase in own[kind] if phrase.event is not None) for kind in FailureKind}
    broken = streamed[FailureKind.SERVER_ERROR]
    return Dialect(
        name,
        file.description,
        MappingProxyType({kind: (*own[kind], *(fallback.phrases[kind] if fallback else ())) for kind in FailureKind}),
        MappingProxyType(
            {kind: (*streamed[kind], *broken, *(fallback.streamed[kind] if fallback else ())) for kind in FailureKind}
        ),
    )


def _phrase_of(file: DialectFile, saying: Saying) -> Phrase:
    return Phrase(
        needs=saying.needs,
        status=saying.status,
        reason=saying.reason,
        head=tuple((name.encode("ascii"), _value(text)) for name, text in _head(file, saying)),
        message=Template.of(saying.message),
        body=_body(file, saying),
        event=_event(file.stream, saying) if saying.body is not None else None,
    )


def _value(text: str) -> bytes | Template:
    template = Template.of(text)
    return template if template.constant is None else template.constant.encode("latin-1")


def _head(file: DialectFile, saying: Saying) -> tuple[tuple[str, str], ...]:
    """The dialect's headers, then the kind's; in front of them Date and Content-Type, unless they are among them."""
    said = (*file.headers, *saying.headers)
    names = {name.lower() for name, _ in said}
    content_type = saying.content_type or _content_type(file, saying)
    first = [("Date", "${http_date}")] if "date" not in names else []
    if content_type and "content-type" not in names:
        first.append(("Content-Type", content_type))
    return (*first, *said)


def _content_type(file: DialectFile, saying: Saying) -> str | None:
    if saying.html is not None:
        return "text/html"
    if saying.text is not None:
        return "text/plain"
    return file.content_type if saying.body is not None else None


def _body(file: DialectFile, saying: Saying) -> Callable[[Facts], str | None]:
    if saying.html is not None:
        return Template.of(saying.html, html=True).text
    if saying.text is not None:
        return Template.of(saying.text).text
    if saying.body is not None:
        return json_body(saying.body, file.indent)
    return lambda _facts: None


def _event(stream: StreamSection, saying: Saying) -> Callable[[Facts], str | None]:
    """What renders the body as an event. JSON has no line ends, so it is one line of data."""
    data = json_body(saying.body if stream.wrap is None else {stream.wrap: saying.body}, None)
    name = "" if stream.event is None else f"event: {stream.event}\n"

    def render(facts: Facts) -> str:
        return f"{name}data: {data(facts) or ''}\n\n"

    return render
