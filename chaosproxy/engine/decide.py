"""When, and what: the decision about one call. Pure: the same rules, call, counts and memories give the same decision.

The first rule that fires decides, and no later rule is asked, unless it says that they are (`continue`). To fire, a
rule must match, its trigger must hold, and one of its faults must have an effect on this call. A fault that remembers
is asked about every call that reaches and matches its rule, whether or not the trigger holds, and may strike on the
strength of what it remembers; unless it waits for the first time that the trigger holds (`waits`), because before that
it would do nothing and remember nothing. Asides are no effects: they stand in the decision, whoever fires.

A rule that would fire but is held back by a budget decides too: the call is left alone, and the rule's faults remember
nothing of it. Were the next rule tried instead, a budget would not make a run calmer but only change what goes wrong.
It counts calls, however many rules strike one: what it says to the first of them, it says to all.

A fault that lends takes something from its memory for a call that it lets pass, for as long as the call lasts, whatever
befalls the call later: another rule, or a budget that holds another rule back. It was in when it came, and it is out
when it is over. Only what is forgotten is not lent either: then the call was never let in. And a step that leaves the
memory as it was has taken nothing.

Where rules go on, a fault that ends the call before the tool is reached leaves nothing to happen after it: what other
rules would have done there is skipped, and a rule of which nothing is left has not fired.
"""

from chaosproxy.core.call import Call
from chaosproxy.core.decision import Decision, Injection
from chaosproxy.core.effects import Annotate, Aside, Effect, Keep
from chaosproxy.core.failures import Phase
from chaosproxy.core.turn import Turn
from chaosproxy.engine.ledger import Ledger
from chaosproxy.engine.matching import Heard
from chaosproxy.engine.plan import CompiledRule, Plan
from chaosproxy.engine.records import Blow, Lease, Occasion, Slot, Verdict
from chaosproxy.engine.shortlist import Shortlist
from chaosproxy.faults._base import Scope

_NOTHING_HEARD: Heard = {}

NOTHING_AFTER = "nothing_after"
"""Why a fault was skipped, if another one ended the call before it could happen."""


PASSED = Verdict()
"""No rule fired, and there is nothing to write down but that: shared, because most calls end here."""


def decide(plan: Plan, shortlist: Shortlist, occasion: Occasion, books: Ledger) -> Verdict:
    """The decision about one call, whose route has this shortlist. The books are read here, and never written."""
    call, ordinal = occasion.call, occasion.ordinal
    elapsed = occasion.now - books.started if shortlist.is_timed else 0.0
    cell = shortlist.cell(occasion.attempt, ordinal, elapsed, books.awake)
    questions = cell.luckless
    numbers: dict[str, int] = {}
    for key, chances in cell.chances:
        numbers[key] = number = plan.number(occasion, key)
        if chances is not None and chances.any(number):
            questions = cell.questions
    heard = shortlist.listener.hear(call.headers) if shortlist.listener is not None else _NOTHING_HEARD
    conditional: tuple[int, ...] = ()
    verdict = PASSED
    for rule, condition, counted in questions:
        if condition is not None:
            if not condition(call, heard):
                continue
            conditional += (rule.position,)
        trigger = rule.trigger
        struck = books.struck(call.session, rule.name) if trigger.most is not None else 0
        number = numbers.get(trigger.key, 0)
        triggered = (
            counted
            and trigger.holds(ordinal, struck, number)
            and (trigger.plain or trigger.holds_besides(occasion, occasion.now - books.started, number))
        )
        if triggered or (rule.remembers and _may_remember(rule, occasion, books)):
            verdict = Verdict() if verdict is PASSED else verdict
            turn = plan.turn(occasion, _number(plan, occasion, numbers, trigger.key), books.started)
            if _ask(rule, turn, books, verdict, triggered=triggered):
                verdict.stop = shortlist.rules.index(rule)
                break
    return PASSED if verdict is PASSED and not conditional else _concluded(verdict, conditional)


def _may_remember(rule: CompiledRule, occasion: Occasion, books: Ledger) -> bool:
    """Must a rule be asked although its trigger does not hold? Outside of its phases, it is not there at all."""
    if rule.waits and rule.name not in books.awake:
        return False
    return rule.phases is None or rule.phases.holds(occasion.now - books.started)


def _number(plan: Plan, occasion: Occasion, numbers: dict[str, int], key: str) -> int:
    """The call's number by this key, made once for all rules that go by it."""
    number = numbers.get(key)
    if number is None:
        numbers[key] = number = plan.number(occasion, key)
    return number


def _ask(rule: CompiledRule, turn: Turn, books: Ledger, verdict: Verdict, *, triggered: bool) -> bool:
    """Add to the verdict what the rule does, and what its faults remember. Is no later rule to be asked?"""
    asides = verdict.asides
    injections = _strike(rule, turn, books, verdict, triggered=triggered)
    if not injections:
        return False
    held = books.held_back()
    if held is not None:
        verdict.forget(rule.name)
        verdict.asides = asides
        verdict.reason = f"held back by {held}"
        verdict.skipped += ((rule.name, held),)
        return True
    if verdict.barred:
        _leave_out_what_cannot_follow(verdict)
    verdict.blows += (_blow(rule, injections, turn, books, triggered=triggered),)
    return not rule.goes_on


def _strike(
    rule: CompiledRule, turn: Turn, books: Ledger, verdict: Verdict, *, triggered: bool
) -> tuple[Injection, ...]:
    """What the faults of a rule do to the call; what else comes of asking them goes into the verdict."""
    injections: tuple[Injection, ...] = ()
    for fault in rule.faults:
        remembering = fault.remembering
        if remembering is None:
            effects = fault.fault.effects(turn, rule.name) if triggered else ()
        else:
            slot = fault.shared or Slot(rule.name, fault.place, fault.scope, _owner(fault.scope, turn.call))
            memory = books.memory(slot, fault.blank)
            stepped, remembered = remembering.step(turn, rule.name, memory, triggered=triggered)
            effects = _without_asides(stepped, verdict) if stepped else ()
            if remembered is not memory:
                verdict.memories += ((slot, remembered),)
                # Of a quota over time there is nothing to give back: only of places that are taken and left.
                if fault.lends and not effects and remembering.returned(remembered) is not remembered:
                    verdict.leases += (Lease(slot, remembering, books.calls),)
        if effects:
            injections += (Injection(rule.name, fault.type, fault.phase, fault.nature, effects),)
            verdict.barred = verdict.barred or fault.bars
    return injections


def _without_asides(stepped: tuple[Effect | Aside, ...], verdict: Verdict) -> tuple[Effect, ...]:
    """What harms the call; what does not goes into the verdict."""
    effects: tuple[Effect, ...] = ()
    for each in stepped:
        if isinstance(each, (Annotate, Keep)):
            verdict.asides += (each,)
        else:
            effects += (each,)
    return effects


def _owner(scope: Scope, call: Call) -> str | None:
    """Whose memory it is. Calls without credentials share one."""
    match scope:
        case Scope.SHARED:
            return None
        case Scope.SESSION:
            return call.session
        case Scope.CREDENTIAL:
            return call.credential


def _blow(rule: CompiledRule, injections: tuple[Injection, ...], turn: Turn, books: Ledger, *, triggered: bool) -> Blow:
    """What the rule does, and why."""
    if not triggered:
        return Blow(rule.position, rule.name, injections, "a fault remembers an earlier call", None, triggered=False)
    struck = books.struck(turn.call.session, rule.name)
    reason = rule.trigger.says(turn, struck)
    return Blow(rule.position, rule.name, injections, reason, rule.trigger.drawn(turn.number), triggered=True)


def _leave_out_what_cannot_follow(verdict: Verdict) -> None:
    """Of what earlier rules do, drop what would happen once the tool was reached."""
    standing: tuple[Blow, ...] = ()
    for blow in verdict.blows:
        left = tuple([each for each in blow.injections if each.phase is Phase.BEFORE_UPSTREAM])
        if left:
            standing += (blow.of(left),)
        else:
            verdict.forget(blow.rule)
        if len(left) < len(blow.injections):
            verdict.skipped += ((blow.rule, NOTHING_AFTER),)
    verdict.blows = standing


def _concluded(verdict: Verdict, conditional: tuple[int, ...]) -> Verdict:
    """The verdict with its decision; a new one, if no rule had anything to say."""
    if verdict is PASSED:
        verdict = Verdict()
    verdict.conditional = conditional
    blows, skipped = verdict.blows, verdict.skipped
    if blows:
        injections: tuple[Injection, ...] = ()
        for blow in blows:
            injections += blow.injections
        reason = blows[0].reason if len(blows) == 1 else "; ".join([f"{blow.rule}: {blow.reason}" for blow in blows])
        verdict.decision = Decision(
            blows[0].rule, injections, reason, blows[0].draw, skipped, verdict.asides, verdict.leases
        )
    elif skipped or verdict.asides or verdict.leases:
        verdict.decision = Decision(None, (), verdict.reason, None, skipped, verdict.asides, verdict.leases)
    return verdict
