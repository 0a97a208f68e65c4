"""When, and what: the decision about one call. Pure: the same rules, call, counts and memories give the same decision.

The first rule that fires decides, and no later rule is asked. To fire, a rule must match, its trigger must hold, and
one of its faults must have an effect on this call. A fault that remembers is asked about every call that reaches and
matches its rule, whether or not the trigger holds, and may strike on the strength of what it remembers.

A rule that would fire but is held back by a budget decides too: the call is left alone, and the rule's faults remember
nothing of it. Were the next rule tried instead, a budget would not make a run calmer but only change what goes wrong.
"""

from typing import Protocol

from chaosproxy.core.call import Call
from chaosproxy.core.decision import QUIET, Decision, Injection
from chaosproxy.core.effects import Effect
from chaosproxy.core.turn import Turn
from chaosproxy.engine.matching import Heard
from chaosproxy.engine.plan import CompiledFault, CompiledRule, Plan
from chaosproxy.engine.records import Memories, Occasion, Slot, Verdict
from chaosproxy.engine.shortlist import Shortlist
from chaosproxy.faults._base import Scope

_NOTHING_HEARD: Heard = {}


class Books(Protocol):
    """What may be read of the past. Nothing of it is changed here."""

    @property
    def calls(self) -> int:
        """Calls so far, this one included."""

    @property
    def active(self) -> int:
        """Calls under a fault now."""

    @property
    def injected(self) -> int:
        """Calls that were hit so far."""

    def struck(self, session: str, rule: str) -> int:
        """How often this rule was triggered in this session."""

    def memory(self, slot: Slot, blank: object) -> object:
        """What is kept there; `blank` if nothing is."""


PASSED = Verdict(QUIET, -1, (), (), triggered=False)
"""No rule fired, and there is nothing to write down but that: shared, because most calls end here."""


def decide(plan: Plan, shortlist: Shortlist, occasion: Occasion, books: Books) -> Verdict:
    """The decision about one call, whose route has this shortlist."""
    call, ordinal = occasion.call, occasion.ordinal
    cell = shortlist.cell(occasion.attempt, ordinal)
    questions = cell.luckless
    numbers: dict[str, int] = {}
    for key, chances in cell.chances:
        numbers[key] = number = plan.number(occasion, key)
        if chances is not None and chances.any(number):
            questions = cell.questions
    heard = shortlist.listener.hear(call.headers) if shortlist.listener is not None else _NOTHING_HEARD
    conditional: tuple[int, ...] = ()
    memories: Memories = ()
    for rule, condition, counted in questions:
        if condition is not None:
            if not condition(call, heard):
                continue
            conditional += (rule.position,)
        trigger = rule.trigger
        struck = books.struck(call.session, rule.name) if trigger.most is not None else 0
        triggered = counted and trigger.holds(ordinal, struck, numbers.get(trigger.key, 0))
        if triggered or rule.remembers:
            turn = plan.turn(occasion, _number(plan, occasion, numbers, trigger.key))
            decision, remembered = _ask(plan, rule, turn, books, triggered=triggered)
            memories += remembered
            if decision is not None:
                return Verdict(decision, shortlist.rules.index(rule), conditional, memories, triggered=triggered)
    return Verdict(QUIET, -1, conditional, memories, triggered=False) if conditional or memories else PASSED


def _number(plan: Plan, occasion: Occasion, numbers: dict[str, int], key: str) -> int:
    """The call's number by this key, made once for all rules that go by it."""
    number = numbers.get(key)
    if number is None:
        numbers[key] = number = plan.number(occasion, key)
    return number


def _ask(
    plan: Plan, rule: CompiledRule, turn: Turn, books: Books, *, triggered: bool
) -> tuple[Decision | None, Memories]:
    """What the rule decides, None if nothing, and what its faults remember from then on."""
    injections: list[Injection] = []
    memories: Memories = ()
    for fault in rule.faults:
        effects, remembered = _strike(rule, fault, turn, books, triggered=triggered)
        memories += remembered
        if effects:
            injections.append(Injection(rule.name, fault.type, fault.phase, fault.nature, effects))
    if not injections:
        return None, memories
    held = plan.budgets.holds_back(active=books.active, injected=books.injected, calls=books.calls)
    if held is not None:
        return Decision(reason=f"held back by {held}", skipped=((rule.name, held),)), ()
    return _fired(rule, tuple(injections), turn, books, triggered=triggered), memories


def _strike(
    rule: CompiledRule, fault: CompiledFault, turn: Turn, books: Books, *, triggered: bool
) -> tuple[tuple[Effect, ...], Memories]:
    """What one fault does to the call, and what it remembers from then on."""
    remembering = fault.remembering
    if remembering is None:
        return fault.fault.effects(turn, rule.name) if triggered else (), ()
    slot = fault.shared or Slot(rule.name, fault.place, fault.scope, _owner(fault.scope, turn.call))
    memory = books.memory(slot, fault.blank)
    effects, remembered = remembering.step(turn, rule.name, memory, triggered=triggered)
    return effects, ((slot, remembered),)


def _owner(scope: Scope, call: Call) -> str | None:
    """Whose memory it is. Calls without credentials share one."""
    match scope:
        case Scope.SHARED:
            return None
        case Scope.SESSION:
            return call.session
        case Scope.CREDENTIAL:
            return call.credential


def _fired(
    rule: CompiledRule, injections: tuple[Injection, ...], turn: Turn, books: Books, *, triggered: bool
) -> Decision:
    trigger = rule.trigger
    if not triggered:
        return Decision(rule.name, injections, "a fault remembers an earlier call")
    struck = books.struck(turn.call.session, rule.name)
    return Decision(rule.name, injections, trigger.says(turn, struck), trigger.drawn(turn.number))
