"""How a call ends, as the HTTP wire would say it: the wire's own stages and words, without a loop and a socket.

What takes time is in the script, which says when a call ends; what comes of it is found here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

from chaosproxy.core.answer import Answer, Origin, Reply, UpstreamTruth
from chaosproxy.core.call import Call, Match, ToolEffect
from chaosproxy.core.decision import QUIET, Decision, Injection
from chaosproxy.core.draws import call_number, named_draw
from chaosproxy.core.effects import Annotate, Delay, Disconnect, Hang, Hold, Keep, Reject, Repeat, Respond, Unfit
from chaosproxy.core.failures import Outcome
from chaosproxy.core.turn import Turn
from chaosproxy.dataplane.http.misbehaving.delivery import Delivery
from chaosproxy.dataplane.http.misbehaving.rendering import (
    Stages,
    framed,
    made_outcome,
    made_reply,
    rewritten,
    rewritten_outcome,
    stages,
)
from chaosproxy.dataplane.http.requests.notes import Notes
from chaosproxy.dataplane.http.requests.reading import outcome_of, said_replayed, truth_of
from chaosproxy.dataplane.http.wire import Framing
from chaosproxy.dialects import Dialect
from chaosproxy.faults._base import Fault, RememberingFault
from chaosproxy.faults._canaries import canary_of
from tests.corpus.script import Fate
from tests.corpus.talk import START

WALL = 1_795_348_800.0
"""Seconds since 1970 when a conversation begins: Sun, 22 Nov 2026 12:00:00 GMT."""
CAP = 1024 * 1024


def wall(now: float) -> float:
    """Seconds since 1970."""
    return WALL + now - START


@dataclass
class Ending:
    """What is known of the end of a call so far."""

    call: Call
    match: Match
    now: float
    outcome: Outcome = Outcome.OK
    origin: Origin = Origin.UPSTREAM
    truth: UpstreamTruth = UpstreamTruth.NOT_SENT
    delivered: Reply | None = None
    """What the agent got."""
    upstream: Reply | None = None
    """What the tool said."""
    executions: int = 0
    skipped: str | None = None
    problem: str | None = None
    injected: float = 0.0
    left: bool = False

    def answer(self) -> Answer:
        """The end, in the words of the house."""
        reply, upstream = self.delivered, self.upstream
        effect = self.call.route.effect
        ok = self.outcome is Outcome.OK
        failing = reply is not None and reply.status >= 400
        notes = None
        if reply is not None and (failing or not ok or self.match.watch):
            notes = Notes(reply.status, reply.headers, failing=failing or not ok)
            notes.data(reply.body)
        said = notes.said(wall(self.now), ok=ok) if notes is not None else None
        digest = said.digest if said is not None else None
        if effect is ToolEffect.WRITE and upstream is not None:
            digest = blake2b(upstream.body, digest_size=8).hexdigest()
        return Answer(
            outcome=self.outcome,
            origin=self.origin,
            truth=self.truth,
            status=reply.status if reply is not None else 0,
            first_byte=self.now if reply is not None else 0.0,
            ended=self.now,
            bytes_out=len(reply.body) if reply is not None else 0,
            executions=self.executions,
            upstream_status=upstream.status if upstream is not None else 0,
            injected_seconds=self.injected,
            hint=said.hint if said is not None else None,
            body_digest=digest,
            replayed=upstream is not None and effect is ToolEffect.WRITE and said_replayed(upstream.headers),
            skipped=self.skipped,
            problem=self.problem,
            pending=(said is not None and said.pending) or (ok and reply is not None and reply.status == 202),
            complaint=said.complaint if said is not None else None,
            left=self.left,
        )


class Wire:
    """Says how calls end."""

    def __init__(self, dialects: Mapping[str, Dialect], own: Mapping[str, str | None]) -> None:
        self._dialects = dialects
        self._own = own
        """The dialect of each upstream."""

    def decision(self, call: Call, match: Match, fault: Fault | None) -> Decision:
        """What the engine would say, if its rule hit this call."""
        if fault is None:
            return QUIET
        rule = f"the {fault.type} rule"
        turn = Turn(call, match.attempt, 1, 1, call.received, _number(call.number))
        if isinstance(fault, RememberingFault):
            stepped, _memory = fault.step(turn, rule, fault.blank(), triggered=True)
            effects = tuple([each for each in stepped if not isinstance(each, Annotate | Keep)])
        else:
            effects = fault.effects(turn, rule)
        return Decision(
            rule, (Injection(rule, fault.type, fault.strikes, fault.judged_by, effects),), "the plan says so"
        )

    def end(self, call: Call, match: Match, fate: Fate, now: float) -> tuple[Decision, Answer]:
        """The decision about a call, and its end."""
        decision = self.decision(call, match, fate.fault)
        ending = Ending(call, match, now, left=fate.leaves)
        plan = stages(decision)
        self._before(ending, plan, fate)
        return decision, ending.answer()

    def _before(self, ending: Ending, plan: Stages, fate: Fate) -> None:
        if not self._survives(ending, plan.before, fate):
            return
        if plan.instead is not None:
            self._made(ending, plan.instead)
        elif fate.leaves and not fate.body_begun and not plan.after:
            ending.truth, ending.outcome = UpstreamTruth.SENT_UNKNOWN, Outcome.AGENT_LEFT
        elif fate.breaks:
            ending.truth, ending.origin, ending.problem = UpstreamTruth.SENT_UNKNOWN, Origin.PROXY, "it closed"
            ending.delivered, ending.outcome = Reply(502, b"", (), b"{}"), outcome_of(502)
        else:
            self._reached(ending, plan, fate)

    def _survives(self, ending: Ending, effects: tuple[Delay | Hang | Hold | Disconnect, ...], fate: Fate) -> bool:
        """Does the call go on after these?"""
        for effect in effects:
            if isinstance(effect, Disconnect):
                ending.origin, ending.outcome = Origin.INJECTED, Outcome.RESET
                return False
            ending.injected += effect.seconds
            if fate.leaves or isinstance(effect, Hang):
                ending.origin, ending.outcome = Origin.INJECTED, Outcome.TIMEOUT
                return False
        return True

    def _reached(self, ending: Ending, plan: Stages, fate: Fate) -> None:
        reply = fate.reply if fate.reply is not None else _good(ending.call)
        ending.upstream, ending.truth = reply, truth_of(reply.status)
        replayed = said_replayed(reply.headers)
        ending.executions = int(reply.status < 400 and not replayed) * (1 + _repeats(plan.repeats))
        ending.delivered, ending.outcome = reply, outcome_of(reply.status)
        if fate.body_begun:
            ending.outcome = Outcome.AGENT_LEFT
            return
        if not self._survives(ending, plan.after, fate):
            ending.delivered = None
        elif plan.replaced is not None:
            self._made(ending, plan.replaced)
        elif plan.rewrites:
            self._rewritten(ending, plan, reply)
        elif plan.delivery:
            self._delivered(ending, plan, reply)

    def _made(self, ending: Ending, effect: Reject | Respond) -> None:
        own = self._own.get(ending.call.route.upstream)
        reply, _framing = framed(made_reply(effect, self._dialects, own, wall(ending.now)), head_only=False)
        ending.delivered, ending.origin = reply, Origin.INJECTED
        ending.outcome = made_outcome(effect, outcome_of(reply.status))

    def _rewritten(self, ending: Ending, plan: Stages, reply: Reply) -> None:
        changed = rewritten(reply, plan.rewrites, CAP)
        if isinstance(changed, Unfit):
            ending.skipped = changed.reason
            return
        ending.delivered, ending.origin = changed, Origin.INJECTED
        ending.outcome = rewritten_outcome(plan.rewrites, ending.outcome, outcome_of(changed.status))

    def _delivered(self, ending: Ending, plan: Stages, reply: Reply) -> None:
        delivery = Delivery(plan.delivery, lambda _reject: b"event: error\ndata: {}\n\n")
        steps = [*delivery.head(reply.status, reply.reason, reply.headers, Framing.CHUNKED)]
        for piece in reply.body.split(b"\n\n"):
            steps += [*delivery.data(piece + b"\n\n"), *delivery.chunk_end()]
        steps += delivery.end(())
        ending.skipped = delivery.skipped
        if delivery.spoilt:
            ending.origin = Origin.INJECTED
        ending.outcome = delivery.outcome or ending.outcome


def with_canaries(body: bytes, numbers: Mapping[int, int]) -> bytes:
    """The body with the made-up texts of earlier calls in it, where it says `{canary:LABEL}`."""
    for label, number in numbers.items():
        mark = b"{canary:%d}" % label
        if mark in body:
            token = canary_of(named_draw(_number(number), "the wrong_values rule", "canary")).token
            body = body.replace(mark, token.encode())
    return body


def _number(call: int) -> int:
    return call_number(7, "corpus", "call", call)


def _repeats(repeats: tuple[Repeat, ...]) -> int:
    return sum(repeat.times for repeat in repeats)


def _good(call: Call) -> Reply:
    """A tool's good answer: to a read always the same, to a write each time another."""
    about = {"for": f"{call.route.path}?{call.route.query}"}
    if call.route.effect is ToolEffect.WRITE:
        about["id"] = f"made-{call.number}"
    body = json.dumps(about).encode()
    return Reply(200, b"OK", ((b"content-type", b"application/json"),), body)
