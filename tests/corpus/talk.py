"""A conversation as its author writes it down: what is said, and what is meant by it. It plays and judges nothing.

talk = Talk()
agent = talk.agent()
charge = agent.asks(CHARGE)
charge.fails(fault("lost_reply"))
talk.wait(1)
charge.again(idempotency_key="k1").ok()
charge.ends(RECOVERED_RETRY, APPROPRIATE)

Who calls a method says the truth: `asks` is new work, `again` the same work once more, `changed` the same work with
other arguments, `elsewhere` the same work by other means. A call lasts as long as its ending says (`after`), or until
now, if more time has passed meanwhile.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from chaosproxy.core.answer import Reply
from chaosproxy.core.call import CallKind, Layer
from chaosproxy.core.conclusions import Because, Resolution, Verdict
from chaosproxy.faults._base import Fault
from tests.corpus.script import AllLeft, Ask, Asked, Ended, Fate, Left, Script, Step, Stopped, Waited
from tests.corpus.truth import CallTruth, Numbered, OperationTruth, Truth

START = 1_000.0
"""Seconds on the clock when a conversation begins."""
AGAIN = (CallKind.RETRY, CallKind.MODIFIED_RETRY, CallKind.FALLBACK)


class Talk:
    """One conversation."""

    def __init__(self) -> None:
        self.now = START
        self.truth = Truth()
        self._steps: list[Step] = []
        self._labels = count(1)
        self._models: set[str] = set()
        """Sessions that talk to a language model."""
        self._over = False

    def agent(self, session: str = "run-1", *, token: str | None = "token-1", by: str = "header") -> "Agent":
        """An agent run; `by` is how its session is named."""
        return Agent(self, session, token, by)

    def wait(self, seconds: float) -> None:
        """Nothing is said for a while."""
        self.now = round(self.now + seconds, 6)
        self._steps.append(Waited(self.now))

    def leave(self) -> None:
        """All agents end by themselves."""
        self._steps.append(AllLeft(self.now))
        self._over = True

    def stop(self) -> None:
        """We stop watching."""
        self._steps.append(Stopped(self.now))
        self._over = True

    def loops(self, *kinds: str) -> None:
        """These loops are there to be found."""
        assert self.truth.loops is not None
        self.truth.loops.update(kinds)

    def script(self) -> Script:
        """All that was said, in the order of time; if nobody said how it ends, all agents leave."""
        if not self._over:
            self.leave()
        self._settle_layers()
        return tuple(sorted(self._steps, key=lambda step: step.at))

    def _settle_layers(self) -> None:
        """Where no language model is seen, nobody can tell framework from model: unknown is the truth."""
        asked = {step.label: step for step in self._steps if isinstance(step, Asked)}
        for label, call in self.truth.calls.items():
            if call.layer is None and asked[label].session not in self._models:
                call.layer = Layer.UNKNOWN if call.kind in AGAIN else Layer.NONE

    def add(self, step: Step) -> None:
        """For agents and calls."""
        self.now = max(self.now, step.at)
        self._steps.append(step)

    def begin(self, session: str, ask: Ask, by: str) -> int:
        """For agents: a call; its label."""
        label = next(self._labels)
        if ask.target.startswith(("/openai/", "/anthropic/")):
            self._models.add(session)
        self.add(Asked(self.now, label, session, ask, by))
        return label


@dataclass
class Agent:
    """An agent run."""

    talk: Talk
    session: str
    token: str | None
    """What it signs its calls with from now on."""
    by: str

    def asks(self, ask: Ask, kind: CallKind = CallKind.FIRST) -> "Said":
        """New work."""
        return self._say(ask, kind, None, Layer.NONE)

    def twin(self, ask: Ask) -> "Said":
        """New work that looks like what is in flight."""
        return self.asks(ask, CallKind.PARALLEL)

    def polls(self, ask: Ask) -> "Said":
        """Asks whether it is done yet."""
        return self.asks(ask, CallKind.POLL)

    def pages(self, ask: Ask) -> "Said":
        """Goes on in a listing."""
        return self.asks(ask, CallKind.PAGE)

    def continues(self, ask: Ask) -> "Said":
        """Gives what a tool has asked for."""
        return self.asks(ask, CallKind.CONTINUATION)

    def beside(self, ask: Ask) -> "Said":
        """What a client does by itself, or a token call: nobody's work."""
        return self._say(ask, CallKind.NONE, 0, Layer.NONE)

    def leaves(self) -> None:
        """The run says that it is over."""
        self.talk.add(Left(self.talk.now, self.session))

    def _say(self, ask: Ask, kind: CallKind, operation: int | None, layer: Layer | None) -> "Said":
        signed = ask if self.token is None else ask.but(authorization=f"Bearer {self.token}")
        label = self.talk.begin(self.session, signed, self.by)
        operation = label if operation is None else operation
        what = f"{ask.method} {ask.target} {ask.body[:60].decode('latin-1')}".strip()
        self.talk.truth.calls[label] = CallTruth(operation, kind, layer, what)
        return Said(self, ask, label, operation)


@dataclass
class Said:
    """A call, and what its author knows about it."""

    agent: Agent
    ask: Ask
    label: int
    operation: int

    # The same work

    def again(self, *, layer: Layer | None = None, sdk: int = 0, **headers: str | None) -> "Said":
        """The same request once more, with other headers maybe; `sdk`: marked as this retry by an SDK."""
        if sdk:
            headers["x_stainless_retry_count"], layer = str(sdk), Layer.SDK
        return self.with_request(self.ask.but(**headers), CallKind.RETRY, layer)

    def again_as(self, ask: Ask, *, layer: Layer | None = None) -> "Said":
        """The same work in another spelling: what differs says nothing."""
        return self.with_request(ask, CallKind.RETRY, layer)

    def changed(self, ask: Ask, *, layer: Layer | None = None) -> "Said":
        """The same work with other arguments."""
        return self.with_request(ask, CallKind.MODIFIED_RETRY, layer)

    def elsewhere(self, ask: Ask, *, layer: Layer | None = None) -> "Said":
        """The same work by other means."""
        return self.with_request(ask, CallKind.FALLBACK, layer)

    def with_request(self, ask: Ask, kind: CallKind, layer: Layer | None) -> "Said":
        """A further attempt of the same work."""
        return self.agent._say(ask, kind, self.operation, layer)

    # How it ends

    def ok(self, body: object = None, *, after: float = 0.1, status: int = 200, **headers: str) -> "Said":
        """The tool answers well; with something of its own making, if no `body` is given."""
        reply = None if body is None and status == 200 and not headers else _reply(status, body or {}, headers)
        return self.ends_as(Fate(reply=reply), after)

    def fails(self, fault: Fault, *, after: float = 0.1, leaves: bool = False, body: object = None) -> "Said":
        """We do this to it; `leaves`: the agent hangs up."""
        return self.ends_as(Fate(fault, None if body is None else _reply(200, body, {}), leaves), after)

    def refused(self, status: int, body: object = None, *, after: float = 0.1, **headers: str) -> "Said":
        """The tool itself answers with a failure."""
        return self.ends_as(Fate(reply=_reply(status, body or {"error": "no"}, headers)), after)

    def hangs_up(self, *, after: float = 0.1, begun: bool = False) -> "Said":
        """The agent leaves; `begun`: with a good beginning of the answer."""
        return self.ends_as(Fate(leaves=True, body_begun=begun), after)

    def breaks(self, *, after: float = 0.1) -> "Said":
        """The tool breaks off without an answer, by itself."""
        return self.ends_as(Fate(breaks=True), after)

    def ends_as(self, fate: Fate, after: float) -> "Said":
        """Exactly so."""
        talk = self.agent.talk
        begun = next(step.at for step in talk._steps if isinstance(step, Asked) and step.label == self.label)
        talk.add(Ended(max(talk.now, round(begun + after, 6)), self.label, fate))
        return self

    # What is true of it

    def ends(self, resolution: Resolution, verdict: Verdict | None = None, because: Because | None = None) -> None:
        """The episode of this work ends so."""
        self.agent.talk.truth.operations[self.operation] = OperationTruth(resolution, verdict, because)

    def is_hedge(self) -> "Said":
        """It turned out to be the one of two that was dropped because the other had answered."""
        self.agent.talk.truth.calls[self.label].kind = CallKind.HEDGE
        return self

    def duplicates(self, certainty: str, times: int = 1) -> "Said":
        """The work is a write that may have had, had, or was kept from having its effect more than once."""
        self.agent.talk.truth.duplicates[self.operation, str(certainty)] += times
        return self

    def wasted(self, reason: str) -> "Said":
        """It was made in vain."""
        return self._note(self.agent.talk.truth.wasted, reason)

    def carries_canary(self) -> "Said":
        """A value that we made up is in it."""
        return self._note(self.agent.talk.truth.canaries, "canary")

    def key(self, verdict: str) -> "Said":
        """What it does with the operation's key; once said, all of a conversation must be."""
        truth = self.agent.talk.truth
        truth.keys = truth.keys if truth.keys is not None else Counter()
        return self._note(truth.keys, verdict)

    def hint(self, verdict: str) -> "Said":
        """What became of a hint with this call; once said, all of a conversation must be."""
        truth = self.agent.talk.truth
        truth.hints = truth.hints if truth.hints is not None else Counter()
        return self._note(truth.hints, verdict)

    def _note(self, where: Numbered | None, word: str) -> "Said":
        assert where is not None
        where[self.label, str(word)] += 1
        return self


def _reply(status: int, body: object, headers: Mapping[str, str]) -> Reply:
    """JSON; of a text, a stream of events."""
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    kind = b"text/event-stream" if isinstance(body, str) else b"application/json"
    lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Reply(status, b"", ((b"content-type", kind), *lines), content)


@dataclass(frozen=True)
class Conversation:
    """A conversation of the corpus."""

    name: str
    tells: Callable[[Talk], Any]
    story: str
    """In one sentence."""
    edge: int = 0
    """The number of the edge case that it is, 0 for none."""
    disputed: str = ""
    """Why careful readers may disagree; empty if they do not."""

    def told(self) -> Talk:
        """The conversation, written down."""
        talk = Talk()
        self.tells(talk)
        return talk


def conversation(story: str, *, edge: int = 0, disputed: str = "") -> Callable[[Callable[[Talk], Any]], Conversation]:
    """Makes a conversation of the function that tells it; its name is the function's."""

    def made(tells: Callable[[Talk], Any]) -> Conversation:
        return Conversation(tells.__name__, tells, story, edge, disputed)

    return made
