"""A dialect at work: a failure goes in, the reply of that vendor comes out. Pure; knows no file and no wire."""

from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from types import MappingProxyType

import msgspec

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import FailureKind
from chaosproxy.dialects.bodies import json_body
from chaosproxy.dialects.model import DialectFile, Saying
from chaosproxy.dialects.placeholders import Facts, Template

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

    def fits(self, reject: Reject) -> bool:
        """Is all known that it needs?"""
        return all(getattr(reject, need) is not None for need in self.needs)

    def say(self, reject: Reject, wall: float) -> Reply:
        """The reply."""
        status = reject.status or self.status
        reason = self.reason if self.reason is not None and status == self.status else _PHRASES.get(status, "")
        facts = Facts(reject, wall, status, reason)
        facts.message = self.message.text(facts) if reject.message is None else reject.message
        return Reply(
            status=status,
            reason=reason.encode("ascii"),
            headers=tuple(_said(self.head, facts)),
            body=(self.body(facts) or "").encode("utf-8", "replace"),
        )


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

    def reply(self, reject: Reject, wall: float) -> Reply:
        """The failure in this vendor's words, without framing. `wall` is seconds since 1970, for dates and resets."""
        for phrase in self.phrases[reject.kind]:
            if phrase.fits(reject):
                return phrase.say(reject, wall)
        raise LookupError(f"{self.name} has no words for {reject.kind}")  # never, with `generic` behind it


def compiled(file: DialectFile, name: str, fallback: Dialect | None) -> Dialect:
    """The dialect of a file; what it does not say is said by `fallback`."""
    behind = fallback.phrases if fallback else {}
    phrases = {
        kind: (*(_phrase_of(file, saying) for saying in file.kinds.get(kind, ())), *behind.get(kind, ()))
        for kind in FailureKind
    }
    return Dialect(name, file.description, MappingProxyType(phrases))


def _phrase_of(file: DialectFile, saying: Saying) -> Phrase:
    return Phrase(
        needs=saying.needs,
        status=saying.status,
        reason=saying.reason,
        head=tuple((name.encode("ascii"), _value(text)) for name, text in _head(file, saying)),
        message=Template.of(saying.message),
        body=_body(file, saying),
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
