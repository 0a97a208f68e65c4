"""The same profile, seed and calls: the same faults, in whatever order the calls come and however long they last.

Ten thousand calls of fifty sessions meet twenty rules of all kinds: one session after the other, in turns, and with two
hundred calls in flight.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from random import Random
from typing import NamedTuple

import pytest

from chaosproxy.core.call import Call, Route
from chaosproxy.core.decision import Decision
from chaosproxy.engine.engine import Engine
from chaosproxy.profiles.models import Profile
from tests.engine.doubles import call, route
from tests.profiles.writing import load

SESSIONS = 50
CALLS = 200
"""In each session."""
IN_FLIGHT = 200
BEGAN = 1_000.0
LASTS = 600.0

TOP = """\
version: 1
name: all of it
seed: 20261122
upstreams: {shop: "http://127.0.0.1:9001"}
tools:
  find: {upstream: shop, method: GET, path: /v1/search}
  charge: {upstream: shop, method: POST, path: /v1/charges}
  token: {upstream: shop, method: POST, path: /v1/token}
"""
BY_FINGERPRINT = {
    "chance": "when: {probability: 20%}",
    "exact by arguments": "when: {exactly: 2 of 7, key: fingerprint}",
    "second attempts": "when: {attempts: 2-3, probability: 60%}",
    "later": "when: {after: 3m, probability: 30%}",
    "for a while": "when: {after: 1m, for: 90s, probability: 50%}",
    "again and again": "when: {for: 20s, repeat: 70s}",
    "worse and worse": "when: {ramp: {from: 5%, to: 60%, over: 8m}}",
    "outages": "when: {outage: {up: 1m, down: 20s}}",
    "regular outages": "when: {outage: {up: 50s, down: 5s, timing: fixed}, probability: 70%}",
    "some sessions": "when: {sessions: 20%, probability: 50%}",
    "wind": "when: {probability: 30%}",
    "aftermath": "when: {probability: 10%}",
}
"""Rules that go by a call's fingerprint and its time alone."""
BY_ORDER = {
    "exactly": "when: {exactly: 3 of 10}",
    "some calls": "match: {tool: find}, when: {calls: [3, 20-30]}",
    "every fifth": "when: {every: 5, probability: 50%}",
    "by tool": "when: {probability: 20%, key: tool}",
    "in bursts": "when: {burst: {share: 10%, length: 4}}",
    "a few times": "when: {probability: 30%, max: 3}",
}
"""Rules that go by the order of a session's own calls."""
LAST = {
    "flood": "match: {tool: charge}, when: {probability: 5%}, fault: {type: server_error}",
    "quota": "match: {tool: find}, fault: {type: rate_limit, limit: 9, per: 1m, scope: session}",
    "expired": "match: {tool: charge}, when: {calls: 25}, fault: {type: permission_denied}",
    "the rest": "match: {tool: token}, when: {every: 3}, fault: {type: connection_reset, phase: after_upstream}",
}
"""Rules that answer or end the call; two of them remember."""


PHASES = {"calm, for: 2m": [], "storm, for: 4m": ["wind", "flood"], "calm again": ["aftermath"]}


def profile_of(*kinds: dict[str, str]) -> Profile:
    """A profile of these rules, each going on to the next as long as its fault lets it."""
    rules = {name: text for kind in kinds for name, text in kind.items()}
    text = TOP + "phases:\n"
    for phase, named in PHASES.items():
        text += f"  - {{name: {phase}, rules: [{', '.join(name for name in named if name in rules)}]}}\n"
    text += "rules:\n"
    for name, said in rules.items():
        slow = "" if "fault:" in said else ", continue: true, fault: {type: latency, delay: 1s}"
        text += f'  - {{name: "{name}", {said}{slow}}}\n'
    return load(text).profile


class Attempt(NamedTuple):
    """A call, and when it comes."""

    call: Call
    attempt: int
    at: float


Key = tuple[str, str, int]
"""Session, fingerprint, occurrence."""

TOOLS: dict[str, Route] = {tool: route(upstream="shop", tool=tool) for tool in ("find", "charge", "token")}


def conversation(session: str, calls: int = CALLS) -> list[Attempt]:
    """A session's calls, in its own order: with pauses, repetitions, and several tools."""
    dice = Random(session)
    times = sorted(dice.uniform(0, LASTS) for _ in range(calls))
    made = []
    for time in times:
        tool = dice.choice(list(TOOLS))
        fingerprint = f"{tool} {dice.randrange(12)}"
        credential = dice.choice(["one", "other"])
        asked = call(fingerprint, session=session, route=TOOLS[tool], credential=credential, received=BEGAN + time)
        made.append(Attempt(asked, dice.choice([1, 1, 1, 2, 3]), BEGAN + time))
    return made


TRAFFIC = [conversation(f"s{number}") for number in range(SESSIONS)]


def in_turns(traffic: Sequence[Sequence[Attempt]], dice: Random) -> Iterator[Attempt]:
    """Sessions interleaved at random; each keeps its own order."""
    turns = [number for number, calls in enumerate(traffic) for _ in calls]
    dice.shuffle(turns)
    waiting = [iter(calls) for calls in traffic]
    return (next(waiting[number]) for number in turns)


def decided(profile: Profile, attempts: Iterable[Attempt], open_at_once: int = 1) -> dict[Key, Decision]:
    """What befalls each call; so many are in flight, and they end in any order."""
    engine, dice = Engine(profile, BEGAN), Random(7)
    seen: Counter[tuple[str, str]] = Counter()
    flying: list[Decision] = []
    found: dict[Key, Decision] = {}
    for asked, attempt, at in attempts:
        while len(flying) >= open_at_once:
            engine.finished(flying.pop(dice.randrange(len(flying))))
        decision = engine.judge(asked, attempt, at)
        flying.append(decision)
        seen[asked.session, asked.fingerprint] += 1
        found[asked.session, asked.fingerprint, seen[asked.session, asked.fingerprint]] = decision
    for decision in flying:
        engine.finished(decision)
    assert engine.active == 0
    return found


def rules_in(decision: Decision) -> list[str]:
    return [injection.rule for injection in decision.injections]


EVERYTHING = profile_of(BY_FINGERPRINT, BY_ORDER, LAST)


@pytest.fixture(scope="module")
def in_sequence() -> dict[Key, Decision]:
    return decided(EVERYTHING, (each for calls in TRAFFIC for each in calls))


def test_the_ten_thousand_calls_meet_every_rule(in_sequence: dict[Key, Decision]) -> None:
    assert len(in_sequence) == SESSIONS * CALLS == 10_000
    struck = Counter(name for decision in in_sequence.values() for name in rules_in(decision))
    assert len(EVERYTHING.rules) >= 20
    assert {rule.name for rule in EVERYTHING.rules} == set(struck)
    assert min(struck.values()) >= 20
    assert sum(len(set(rules_in(decision))) > 1 for decision in in_sequence.values()) > 1_000
    assert any(decision.rule is None for decision in in_sequence.values())
    reasons = " ".join(decision.reason for decision in in_sequence.values())
    assert "a fault remembers an earlier call" in reasons


@pytest.mark.parametrize("dice", range(3))
def test_sessions_in_turns_meet_the_same(in_sequence: dict[Key, Decision], dice: int) -> None:
    assert decided(EVERYTHING, in_turns(TRAFFIC, Random(dice))) == in_sequence


@pytest.mark.parametrize("dice", range(3))
def test_with_two_hundred_in_flight_they_meet_the_same(in_sequence: dict[Key, Decision], dice: int) -> None:
    assert decided(EVERYTHING, in_turns(TRAFFIC, Random(dice)), IN_FLIGHT) == in_sequence


def test_in_the_order_of_time_they_meet_the_same(in_sequence: dict[Key, Decision]) -> None:
    ordered = sorted((each for calls in TRAFFIC for each in calls), key=lambda each: each.at)
    assert all(one.at <= other.at for one, other in pairwise(ordered))
    assert decided(EVERYTHING, ordered, IN_FLIGHT) == in_sequence


def test_another_seed_is_another_run(in_sequence: dict[Key, Decision]) -> None:
    other = EVERYTHING.model_copy(update={"seed": 1})
    found = decided(other, (each for calls in TRAFFIC for each in calls))
    assert sum(rules_in(found[key]) != rules_in(in_sequence[key]) for key in found) > 3_000


def shuffled(dice: Random) -> Iterator[Attempt]:
    """All calls in any order at all. When the n-th call with some arguments is made, and which attempt it is, is the
    n-th's own: identical calls are interchangeable."""
    own: defaultdict[tuple[str, str], list[Attempt]] = defaultdict(list)
    for calls in TRAFFIC:
        for each in calls:
            own[each.call.session, each.call.fingerprint].append(each)
    order = [key for key, calls in own.items() for _ in calls]
    dice.shuffle(order)
    waiting = {key: iter(calls) for key, calls in own.items()}
    return (next(waiting[key]) for key in order)


@pytest.mark.parametrize("dice", range(3))
def test_by_fingerprint_any_order_at_all_makes_no_difference(dice: int) -> None:
    profile = profile_of(BY_FINGERPRINT)
    in_order = decided(profile, (each for calls in TRAFFIC for each in calls))
    assert {name for decision in in_order.values() for name in rules_in(decision)} == set(BY_FINGERPRINT)
    assert decided(profile, shuffled(Random(dice)), IN_FLIGHT) == in_order


SMALLER = [conversation(f"s{number}", 80) for number in range(8)]


def of_each_rule(profile: Profile) -> dict[str, set[Key]]:
    """The calls that each rule hit."""
    found: defaultdict[str, set[Key]] = defaultdict(set)
    for key, decision in decided(profile, (each for calls in SMALLER for each in calls)).items():
        for name in rules_in(decision):
            found[name].add(key)
    return found


ALL_THAT_GO_ON = BY_FINGERPRINT | BY_ORDER


def without(gone: str, kind: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in kind.items() if name != gone}


@pytest.mark.parametrize("beside", ["expired", "flood"])
def test_without_a_rule_the_others_decide_as_before(beside: str) -> None:
    """Of the two rules that end calls of one tool only one is there, so that none stands before another."""
    last = without("flood" if beside == "expired" else "expired", LAST)
    everything = of_each_rule(profile_of(ALL_THAT_GO_ON, last))
    for gone in [*ALL_THAT_GO_ON, *last] if beside == "expired" else [beside]:
        left = of_each_rule(profile_of(without(gone, ALL_THAT_GO_ON), without(gone, last)))
        assert left == {name: calls for name, calls in everything.items() if name != gone}


def test_the_order_of_rules_that_go_on_is_only_the_order_of_their_faults() -> None:
    backwards = dict(reversed(ALL_THAT_GO_ON.items()))
    assert of_each_rule(profile_of(backwards)) == of_each_rule(profile_of(ALL_THAT_GO_ON))


@pytest.mark.parametrize("name", BY_FINGERPRINT)
def test_a_rule_decides_alone_as_it_does_among_others(name: str) -> None:
    alone = of_each_rule(profile_of({name: BY_FINGERPRINT[name]}))
    assert alone[name] == of_each_rule(profile_of(ALL_THAT_GO_ON))[name]
