"""A dialect at work: a failure goes in, the reply of that vendor comes out. Pure; knows no file and no wire."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from types import MappingProxyType

import msgspec

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Quota, QuotaUnit, Reject
from chaosproxy.core.failures import FailureKind
from chaosproxy.dialects.bodies import json_body
from chaosproxy.dialects.model import DialectFile, Need, Saying, StreamSection, Words
from chaosproxy.dialects.placeholders import Facts, Template

_SAID_BY_OTHERS = frozenset({FailureKind.REFRESH_FAILED, FailureKind.ERROR_IN_SUCCESS})
"""Kinds that are never said `otherwise`: the one is the word of a token endpoint, as RFC 6749 has it; the other has its
own way with every tool."""
_PHRASES: Mapping[int, str] = MappingProxyType({status.value: status.phrase for status in HTTPStatus})


Head = tuple[tuple[bytes, bytes | Template], ...]
"""Headers; values that never change are bytes already."""


class Phrase(msgspec.Struct, frozen=True):
    """One way to say one kind of failure, compiled."""

    needs: tuple[Need, ...]
    status: int
    reason: str | None
    code: str | None
    head: Head
    message: Template
    body: Callable[[Facts], str | None]
    event: Callable[[Facts], str | None] | None
    """The same as an event of a stream, with the empty line that ends it; None if its body is no JSON."""

    def fits(self, reject: Reject) -> bool:
        """Is all known that it needs?"""
        return all(_known(reject, need) for need in self.needs)

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
        facts = Facts.of(reject, wall, status, reason)
        if self.code is not None:
            facts.code = self.code
        facts.message = self.message.text(facts) if reject.message is None else reject.message
        return facts


def _known(reject: Reject, need: Need) -> bool:
    match need:
        case "retry_after":
            return reject.retry_after is not None
        case "scope":
            return reject.scope is not None
        case "limit":
            return reject.quota is not None
        case _:
            return reject.quota is not None and reject.quota.unit == need


def _said(head: Head, facts: Facts) -> Iterator[tuple[bytes, bytes]]:
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
    quotas: Mapping[QuotaUnit, Head]
    """What it says about its limits when all is well; nothing for a unit that it does not speak of."""

    def reply(self, reject: Reject, wall: float) -> Reply:
        """The failure in this vendor's words, without framing. `wall` is seconds since 1970, for dates and resets."""
        return self._fitting(self.phrases, reject).say(reject, wall)

    def stream_error(self, reject: Reject, wall: float) -> bytes:
        """The failure in the middle of a stream of server-sent events: one whole event, its lines ended by LF."""
        return self._fitting(self.streamed, reject).say_in_stream(reject, wall)

    def quota_headers(self, quota: Quota, draw: float, wall: float) -> tuple[tuple[bytes, bytes], ...]:
        """What a good answer says about this quota, if the vendor says anything. `draw` and `wall` as for a failure."""
        head = self.quotas.get(quota.unit, ())
        return tuple(_said(head, Facts(wall, draw, quota))) if head else ()

    def _fitting(self, phrases: Mapping[FailureKind, tuple[Phrase, ...]], reject: Reject) -> Phrase:
        for phrase in phrases[reject.kind]:
            if phrase.fits(reject):
                return phrase
        raise LookupError(f"{self.name} has no words for {reject.kind}")  # never, with `generic` behind it


def compiled(file: DialectFile, name: str, fallback: Dialect | None) -> Dialect:
    """The dialect of a file; what it does not say is said by `fallback`."""
    own = {kind: tuple(_phrase_said(file, saying) for saying in file.kinds.get(kind, ())) for kind in FailureKind}
    if file.otherwise is not None and fallback is not None:
        for kind in FailureKind:
            if not own[kind] and kind not in _SAID_BY_OTHERS:
                own[kind] = (_phrase_otherwise(file, file.otherwise, fallback.phrases[kind][-1]),)
    streamed = {kind: tuple(phrase for phrase in own[kind] if phrase.event is not None) for kind in FailureKind}
    broken = streamed[FailureKind.SERVER_ERROR]
    return Dialect(
        name,
        file.description,
        MappingProxyType({kind: (*own[kind], *(fallback.phrases[kind] if fallback else ())) for kind in FailureKind}),
        MappingProxyType(
            {kind: (*streamed[kind], *broken, *(fallback.streamed[kind] if fallback else ())) for kind in FailureKind}
        ),
        MappingProxyType(
            {
                unit: _compiled_head((name, text) for name, text in headers if text is not None)
                for unit, headers in file.quota.items()
            }
        ),
    )


def _phrase_said(file: DialectFile, saying: Saying) -> Phrase:
    return _phrase(file, saying, saying.status, Template.of(saying.message or ""), saying.needs)


def _phrase_otherwise(file: DialectFile, words: Words, like: Phrase) -> Phrase:
    """A kind that the file does not name: with the status and the message that `like` has."""
    return _phrase(file, words, like.status, like.message if words.message is None else Template.of(words.message))


def _phrase(file: DialectFile, words: Words, status: int, message: Template, needs: tuple[Need, ...] = ()) -> Phrase:
    return Phrase(
        needs=needs,
        status=status,
        reason=words.reason,
        code=words.code,
        head=_compiled_head(_head(file, words)),
        message=message,
        body=_body(file, words),
        event=_event(file.stream, words) if words.body is not None else None,
    )


def _compiled_head(headers: Iterable[tuple[str, str]]) -> Head:
    return tuple((name.encode("ascii"), _value(text)) for name, text in headers)


def _value(text: str) -> bytes | Template:
    template = Template.of(text)
    return template if template.constant is None else template.constant.encode("latin-1")


def _head(file: DialectFile, words: Words) -> tuple[tuple[str, str], ...]:
    """The dialect's headers, then the kind's, which replace those of the same name; in front of them Date and
    Content-Type, unless they are among them.
    """
    own = {name.lower() for name, _ in words.headers}
    inherited = (pair for pair in file.headers if pair[0].lower() not in own)
    said = [(name, text) for name, text in (*inherited, *words.headers) if text is not None]
    names = own | {name.lower() for name, _ in said}
    content_type = words.content_type or _content_type(file, words)
    first = [("Date", "${http_date}")] if "date" not in names else []
    if content_type and "content-type" not in names:
        first.append(("Content-Type", content_type))
    return (*first, *said)


def _content_type(file: DialectFile, words: Words) -> str | None:
    if words.html is not None:
        return "text/html"
    if words.xml is not None:
        return "application/xml"
    if words.text is not None:
        return "text/plain"
    return file.content_type if words.body is not None else None


def _body(file: DialectFile, words: Words) -> Callable[[Facts], str | None]:
    markup = words.html if words.html is not None else words.xml
    if markup is not None:
        return Template.of(markup, markup=True).text
    if words.text is not None:
        return Template.of(words.text).text
    if words.body is not None:
        return json_body([words.body] if file.array else words.body, file.indent)
    return lambda _facts: None


def _event(stream: StreamSection, words: Words) -> Callable[[Facts], str | None]:
    """What renders the body as an event. JSON has no line ends, so it is one line of data."""
    data = json_body(words.body if stream.wrap is None else {stream.wrap: words.body}, None)
    name = "" if stream.event is None else f"event: {stream.event}\n"

    def render(facts: Facts) -> str:
        return f"{name}data: {data(facts) or ''}\n\n"

    return render
