"""Plays a script to the real reader and the real tracker, on its own clock, and writes down what they made of it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, singledispatchmethod
from typing import TypeVar

from chaosproxy.core.call import Call, CallKind, Layer, Match
from chaosproxy.core.events import (
    CallAnswered,
    CallWasted,
    CanaryFound,
    DuplicateEffect,
    EpisodeClosed,
    Event,
    KeyJudged,
    LoopFound,
    RetryAfterJudged,
)
from chaosproxy.core.failures import Outcome
from chaosproxy.dataplane.http.agents.incoming import Incoming
from chaosproxy.dataplane.http.requests.reading import Reader
from chaosproxy.dataplane.http.requests.routing import Router
from chaosproxy.dataplane.http.requests.sessions import Peer
from chaosproxy.dataplane.http.wire import Malformed, Request
from chaosproxy.dialects import builtin_names, load_builtin
from chaosproxy.dialects.dialect import Dialect
from chaosproxy.profiles.models import Profile
from chaosproxy.recovery.following.tracker import Tracker
from tests.corpus.answering import Wire, with_canaries
from tests.corpus.script import AllLeft, Asked, Ended, Left, Script, Stopped, Waited
from tests.corpus.truth import Numbered, pairs_of
from tests.corpus.world import PROFILE

E = TypeVar("E", bound=Event)
TICK = 1.0
"""Seconds between two words to the tracker that time has passed."""


@dataclass
class Heard:
    """What the tracker made of a script. Calls are named by the script's labels."""

    matches: dict[int, Match] = field(default_factory=dict)
    kinds: dict[int, CallKind] = field(default_factory=dict)
    """At the end, when it is known which of two was a hedge."""
    calls: dict[int, Call] = field(default_factory=dict)
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    """Of the calls that ended."""
    events: list[Event] = field(default_factory=list)
    labels: dict[int, int] = field(default_factory=dict)
    """By number of the call."""

    def operations(self) -> dict[int, int]:
        """Of each call the label of the first call of its operation; 0 for one that belongs to none."""
        first: dict[int, int] = {}
        found: dict[int, int] = {}
        for label in sorted(self.matches):
            number = self.matches[label].operation
            found[label] = 0 if number == 0 else first.setdefault(number, label)
        return found

    def pairs(self) -> set[tuple[int, int]]:
        """(call, the next attempt of the same operation)."""
        return pairs_of(self.operations())

    def layer(self, label: int) -> Layer:
        return self.matches[label].layer

    def said(self, kind: type[E]) -> list[E]:
        """All events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def episodes(self) -> list[tuple[int, EpisodeClosed]]:
        """Each with the label of its operation's first call."""
        first = {match.operation: label for label, match in sorted(self.matches.items(), reverse=True)}
        return [(first.get(event.operation, 0), event) for event in self.said(EpisodeClosed)]

    def loops(self) -> Counter[str]:
        return Counter(str(loop.kind) for loop in self.said(LoopFound))

    def duplicates(self) -> Numbered:
        """By the label of the operation's first call."""
        first = {match.operation: label for label, match in sorted(self.matches.items(), reverse=True)}
        found: Numbered = Counter()
        for event in self.said(DuplicateEffect):
            number = event.operation or self.matches[self.labels[event.call.number]].operation
            found[first[number], str(event.certainty)] += event.times
        return found

    def wasted(self) -> Numbered:
        return Counter((self.labels[event.call.number], str(event.reason)) for event in self.said(CallWasted))

    def keys(self) -> Numbered:
        return Counter((self.labels[event.call.number], str(event.verdict)) for event in self.said(KeyJudged))

    def hints(self) -> Numbered:
        return Counter((self.labels.get(event.number, 0), str(event.verdict)) for event in self.said(RetryAfterJudged))

    def canaries(self) -> Numbered:
        return Counter((self.labels[event.call.number], "canary") for event in self.said(CanaryFound))


@cache
def _dialects() -> dict[str, Dialect]:
    return {name: load_builtin(name) for name in builtin_names()}


class Player:
    """Plays one script."""

    def __init__(self, profile: Profile = PROFILE) -> None:
        self.heard = Heard()
        self.tracker = Tracker(profile, self.heard.events.append)
        self._reader = Reader(profile, Router(profile, set()))
        self._wire = Wire(_dialects(), {name: each.dialect for name, each in profile.upstreams.items()})
        self._now: float | None = None

    def play(self, script: Script) -> Heard:
        """From its first step to its last."""
        for step in script:
            self._pass_time(step.at)
            self._do(step)
        return self.heard

    def _pass_time(self, until: float) -> None:
        now = until if self._now is None else self._now
        while now + TICK <= until:
            now += TICK
            self.tracker.tick(now)
        self._now = max(until, now)

    @singledispatchmethod
    def _do(self, step: object) -> None:
        raise NotImplementedError(str(step))

    @_do.register
    def _(self, step: Asked) -> None:
        heard = self.heard
        numbers = {label: call.number for label, call in heard.calls.items()}
        ask = replace(step.ask, body=with_canaries(step.ask.body, numbers))
        request = read(ask.raw(step.session, by=step.by))
        call = self._reader.read(request, self._reader.destination(request), Peer("127.0.0.1", 1), step.at)
        heard.labels[call.number] = step.label
        heard.calls[step.label] = call
        match = heard.matches[step.label] = self.tracker.received(call)
        heard.kinds[step.label] = match.kind

    @_do.register
    def _(self, step: Ended) -> None:
        heard = self.heard
        call, match = heard.calls[step.label], heard.matches[step.label]
        decision, answer = self._wire.end(call, match, step.fate, step.at)
        if answer.pending or answer.left:  # as `passage` has it
            self.tracker.ending(call, match, answer)
        self.tracker.answered(CallAnswered(call, match, decision, answer))
        heard.kinds[step.label] = match.kind
        heard.outcomes[step.label] = answer.outcome

    @_do.register
    def _(self, step: Waited) -> None:
        pass

    @_do.register
    def _(self, step: Left) -> None:
        self.tracker.end_session(step.session, step.at)

    @_do.register
    def _(self, step: AllLeft) -> None:
        self.tracker.end_all(step.at)

    @_do.register
    def _(self, step: Stopped) -> None:
        self.tracker.stop(step.at)


class _Taker:
    def __init__(self) -> None:
        self.requests: list[Request] = []

    def take_request(self, request: Request) -> None:
        self.requests.append(request)

    def take_body(self, request: Request, data: bytes) -> None:
        raise AssertionError("no request of the corpus streams")

    def take_end(self, request: Request) -> None:
        raise AssertionError("no request of the corpus streams")

    def refuse(self, error: Malformed) -> None:
        raise error

    def hold_raw(self, held: bool) -> None:
        raise AssertionError("no request of the corpus switches protocols")


def read(data: bytes) -> Request:
    """The one request in these bytes, as the wire reads it."""
    taker = _Taker()
    Incoming(taker).feed(data)
    (request,) = taker.requests
    return request


def played(script: Script, make: Callable[[], Player] = Player) -> Heard:
    """What a fresh tracker makes of a script."""
    return make().play(script)
