"""The laws of chance that a profile's reader may rely on, whatever the rules and the calls."""

import json
import math
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.call import Call
from chaosproxy.core.decision import Decision
from chaosproxy.engine.engine import Engine
from chaosproxy.profiles.models import Rule
from tests.engine.distributions import chi_square, ks
from tests.engine.doubles import Refusal, call, hits, judged, profile, rule

seeds = st.integers(0, 2**64)
shares = st.floats(0, 1)
prints = st.lists(st.sampled_from("abcdefghij"), max_size=40)
sessions = st.sampled_from(["s1", "s2", "s3"])
conversations = st.lists(st.builds(call, st.sampled_from("abc"), session=sessions), max_size=30)


def drawn(share: float, seed: int, calls: Sequence[Call], key: str = "fingerprint") -> list[Decision]:
    return judged(Engine(profile(rule(when={"probability": share, "key": key}), seed=seed)), calls)


@given(seeds, prints)
def test_probability_0_never_hits_and_1_always_does(seed: int, asked: list[str]) -> None:
    calls = [call(each) for each in asked]
    assert hits(drawn(0.0, seed, calls)) == []
    assert hits(drawn(1.0, seed, calls)) == list(range(1, len(calls) + 1))


@given(seeds, prints, shares, shares)
def test_raising_a_probability_only_adds_hits(seed: int, asked: list[str], one: float, other: float) -> None:
    calls = [call(each) for each in asked]
    few, many = (set(hits(drawn(share, seed, calls))) for share in sorted([one, other]))
    assert few <= many


def with_draws(rules: Sequence[Rule], seed: int, calls: Sequence[Call]) -> dict[str, list[tuple[int, float | None]]]:
    """By rule, which calls it hit and what it drew for them."""
    found = defaultdict(list)
    for number, decision in enumerate(judged(Engine(profile(*rules, seed=seed)), calls)):
        found[decision.rule or ""].append((number, decision.draw))
    return found


BYSTANDERS = [
    rule("s1", match={"session": "s1"}, when={"probability": 0.5}),
    rule("s2", match={"session": "s2"}, when={"probability": 0.5}),
]
KEYS = st.sampled_from(["fingerprint", "tool", "arrival"])


@given(seeds, conversations, st.permutations([*BYSTANDERS, None]), KEYS, shares)
def test_adding_removing_or_moving_a_rule_moves_no_other_rules_decisions(
    seed: int, calls: list[Call], order: list[Rule | None], key: str, share: float
) -> None:
    added = rule("added", match={"session": "s3"}, when={"probability": share, "key": key})
    before = with_draws(BYSTANDERS, seed, calls)
    after = with_draws([each or added for each in order], seed, calls)
    for bystander in ("s1", "s2"):
        assert after[bystander] == before[bystander]


def test_two_seeds_choose_different_calls() -> None:
    calls = [call(str(number)) for number in range(200)]
    chosen = {tuple(hits(drawn(0.5, seed, calls))) for seed in range(20)}
    assert len(chosen) == 20


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.001, 0.1, 0.3, 0.5, 0.97])
@pytest.mark.parametrize("key", ["fingerprint", "tool", "arrival"])
def test_the_rate_converges(share: float, seed: int, key: str) -> None:
    size = 4_000
    calls = [call(f"{number % 100}", session=f"s{number % 7}") for number in range(size)]
    found = len(hits(drawn(share, seed, calls, key=key)))
    assert abs(found - size * share) < 4 * math.sqrt(size * share * (1 - share))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("key", ["fingerprint", "tool", "arrival"])
def test_what_is_drawn_is_uniform(seed: int, key: str) -> None:
    calls = [call(f"{number % 100}", session=f"s{number % 7}") for number in range(4_000)]
    draws = [decision.draw for decision in drawn(1.0, seed, calls, key)]
    assert ks([draw for draw in draws if draw is not None], lambda share: share) < 1


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_a_hit_says_nothing_about_the_next_call(share: float, seed: int) -> None:
    """How many of five calls in a row are hit is binomial: they do not come in clumps, as bursts do."""
    found = set(hits(drawn(share, seed, [call(str(number)) for number in range(20_000)])))
    counts = Counter(sum(first + place in found for place in range(5)) for first in range(1, 20_001, 5))
    assert chi_square(counts, {n: 4_000 * math.comb(5, n) * share**n * (1 - share) ** (5 - n) for n in range(6)}) < 1


MIXED = (
    rule("third", when={"calls": 3, "key": "tool"}),
    rule("chance", Refusal(), when={"probability": 0.3}),
    rule("by tool", Refusal(), when={"probability": 0.3, "key": "tool"}),
    rule("every other", when={"every": 2, "max": 3}),
)


def by_session(calls: Sequence[Call], decisions: Sequence[Decision]) -> dict[str, list[Decision]]:
    found = defaultdict(list)
    for each, decision in zip(calls, decisions, strict=True):
        found[each.session].append(decision)
    return found


@given(seeds, conversations, st.randoms(use_true_random=False))
def test_the_order_in_which_sessions_take_turns_changes_nothing(seed: int, calls: list[Call], dice: Random) -> None:
    queues = {name: [each for each in calls if each.session == name] for name in ("s1", "s2", "s3")}
    turns = [each.session for each in calls]
    dice.shuffle(turns)
    waiting = {name: iter(queue) for name, queue in queues.items()}
    shuffled = [next(waiting[name]) for name in turns]
    one, other = (judged(Engine(profile(*MIXED, seed=seed)), order) for order in (calls, shuffled))
    assert by_session(calls, one) == by_session(shuffled, other)


@given(seeds, st.lists(st.sampled_from("abc"), max_size=30), st.randoms(use_true_random=False))
def test_by_fingerprint_order_within_a_session_changes_nothing_either(
    seed: int, asked: list[str], dice: Random
) -> None:
    """So identical calls at the same time are interchangeable, and different ones do not disturb each other."""
    rules = [rule(f"r{number}", Refusal(), when={"probability": 0.3}) for number in range(3)]
    shuffled = list(asked)
    dice.shuffle(shuffled)
    one, other = (
        Counter(zip(order, judged(Engine(profile(*rules, seed=seed)), map(call, order)), strict=True))
        for order in (asked, shuffled)
    )
    assert one == other


def test_by_arrival_the_order_is_all_that_counts() -> None:
    ours, theirs = [call(str(number)) for number in range(50)], [call("x", session=f"t{n}") for n in range(50)]
    assert hits(drawn(0.5, 3, ours, key="arrival")) == hits(drawn(0.5, 3, theirs, key="arrival"))


RECORDED = [call(fingerprint, session=session) for fingerprint in "abcab" for session in ("s1", "s2")]


def written_decisions() -> str:
    decisions = judged(Engine(profile(*MIXED, seed=20261122)), RECORDED)
    return msgspec.json.encode(decisions).decode()


def test_a_fresh_process_decides_the_same() -> None:
    here = written_decisions()
    for hash_seed in ("0", "1", "4242"):
        elsewhere = subprocess.run(
            [sys.executable, "-c", "from tests.engine.test_chance_laws import *; print(written_decisions())"],
            cwd=Path(__file__).parents[2],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert elsewhere.stdout.strip() == here
    assert {decision["rule"] for decision in json.loads(here)} > {None, "chance", "by tool", "every other"}
