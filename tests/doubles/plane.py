"""A data plane without its house: a real listener, and a call path in which the test itself decides and listens."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from chaosproxy.core.answer import Answer
from chaosproxy.core.call import Call, CallKind, Layer, Match
from chaosproxy.core.decision import QUIET, Decision, Injection
from chaosproxy.core.effects import Effect
from chaosproxy.core.events import ConnectionCounted, Event, RequestRefused, TunnelClosed, TunnelOpened
from chaosproxy.core.failures import Course, Nature, Phase, Reaction
from chaosproxy.dataplane.http.agents.limits import DEFAULTS, Limits
from chaosproxy.dataplane.http.listener import Listener, Surroundings
from chaosproxy.dataplane.http.requests.reading import Reader
from chaosproxy.dataplane.http.requests.routing import Router
from chaosproxy.dataplane.http.tunnels.interception import Interception
from chaosproxy.dataplane.tls.authority import Authority
from chaosproxy.dataplane.tls.contexts import AgentContexts
from chaosproxy.dialects import builtin_names, load_builtin
from chaosproxy.engine.concerns import Concerns
from chaosproxy.profiles.models import Profile
from tests.doubles.log import Log
from tests.doubles.streams import Message, Stream, soon

NATURE = Nature(explicit=True, course=Course.TRANSIENT, healthy=(Reaction.RETRY,))


def deciding(*effects: Effect) -> Decision:
    """A decision with these effects, all of one fault."""
    phase = getattr(effects[0], "phase", Phase.DURING_BODY)
    return Decision("the rule", (Injection("the rule", "a fault", phase, NATURE, effects),), "the test said so")


class ScriptedPath:
    """Decides as the test says, and remembers all that it is told."""

    def __init__(self) -> None:
        self.decide: Callable[[Call], Decision] = lambda _call: QUIET
        self.ended: Callable[[Call, Decision, Answer], None] = lambda _call, _decision, _answer: None
        """Told of each call when it is over."""
        self.watches = False
        """Does it ask to look at good replies?"""
        self.calls: Log[Call] = Log()
        self.answers: Log[Answer] = Log()
        self.left_behind: Log[Answer] = Log()
        """What there was to say of calls that the agent had left, and whose tool ran on."""
        self.by_session: dict[str, Answer] = {}
        """The last answer in each session."""
        self.refused: Log[RequestRefused] = Log()
        self.connected: Log[int] = Log()
        self.opened: Log[TunnelOpened] = Log()
        self.closed: Log[TunnelClosed] = Log()
        self.ended_twice: list[int] = []
        self._open: set[int] = set()

    @property
    def open_calls(self) -> int:
        return len(self._open)

    def forget_open_calls(self) -> None:
        """For a test in which a call cannot end, because `decide` failed."""
        self._open.clear()

    def begin(self, call: Call) -> tuple[Match, Decision]:
        self.calls.add(call)
        self._open.add(call.number)
        return Match(call.number, 1, CallKind.FIRST, Layer.NONE, 9, 0, self.watches), self.decide(call)

    def left(self, call: Call, match: Match, decision: Decision, answer: Answer) -> None:
        self.left_behind.add(answer)

    def end(self, call: Call, match: Match, decision: Decision, answer: Answer) -> None:
        if call.number not in self._open:
            self.ended_twice.append(call.number)
        self._open.discard(call.number)
        self.by_session[call.session] = answer
        self.ended(call, decision, answer)
        self.answers.add(answer)

    def report(self, event: Event) -> None:
        if isinstance(event, RequestRefused):
            self.refused.add(event)
        elif isinstance(event, TunnelOpened):
            self.opened.add(event)
        elif isinstance(event, TunnelClosed):
            self.closed.add(event)
        elif isinstance(event, ConnectionCounted):
            self.connected.add(event.change)


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(self.format(record))


class Plane:
    """A running listener. `stop` also checks what must hold after every test."""

    def __init__(
        self,
        profile: Mapping[str, Any],
        *,
        open_to_others: bool = False,
        authority: Authority | None = None,
        limits: Limits = DEFAULTS,
    ) -> None:
        self.path = ScriptedPath()
        self.profile = Profile.model_validate({"version": 1, "name": "a test", **profile})
        self._own: set[tuple[str, int]] = set()
        reader = Reader(self.profile, Router(self.profile, self._own, open_to_others=open_to_others))
        interception = Interception(Concerns(self.profile), AgentContexts(authority) if authority else None)
        dialects = {name: load_builtin(name) for name in builtin_names()}
        self.listener = Listener(
            Surroundings(reader, self.path, dialects, lambda: 1_795_348_800.0, interception, limits)
        )
        self.address = ("", 0)
        self.unhandled: list[str] = []
        """What reached the loop's exception handler."""
        self._agents: list[Stream] = []
        self._errors = _Errors()

    async def start(self) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: self.unhandled.append(repr(context)))
        logging.getLogger().addHandler(self._errors)
        self.address = await self.listener.start("127.0.0.1", 0)
        self._own.add(self.address)

    def injects(self, *effects: Effect) -> None:
        """Every call from now on has these effects."""
        decision = deciding(*effects)
        self.path.decide = lambda _call: decision

    async def agent(self) -> Stream:
        """A new connection."""
        agent = await Stream.connect(self.address)
        self._agents.append(agent)
        return agent

    async def ask(self, *pieces: bytes, method: str = "GET") -> Message:
        """The response to a request on a connection of its own."""
        agent = await self.agent()
        await agent.send(*pieces)
        return await agent.response(method)

    async def answer(self, number: int = 1) -> Answer:
        """The n-th answer, once its call has ended."""
        return await self.path.answers.nth(number)

    def taken_errors(self) -> str:
        """What has been logged as an error. It was expected, and is forgotten."""
        taken = "\n".join(self._errors.records)
        self._errors.records.clear()
        return taken

    async def all_gone(self) -> None:
        """Wait until the listener knows of no connection."""
        while self.listener._connections:
            await soon(self.path.connected.nth(len(self.path.connected) + 1))

    async def stop(self) -> None:
        """Stop, and check that nothing was left behind and nothing went wrong unseen."""
        for agent in self._agents:
            agent.close()
        await self.listener.stop(0)
        await self.all_gone()
        await asyncio.sleep(0)
        logging.getLogger().removeHandler(self._errors)
        assert self.unhandled == []
        assert self._errors.records == []
        assert self.path.open_calls == 0, "every call that begins ends"
        assert self.path.ended_twice == [], "and only once"
        assert not self.listener.in_flight
        assert not self.listener.held
        assert not self.listener._tasks
        assert not self.listener._hanging
