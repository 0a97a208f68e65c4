"""Chance is even, its rules are independent of each other, and it is the same chance everywhere and for ever."""

import math
from collections import Counter
from collections.abc import Iterable
from itertools import combinations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chaosproxy.core.draws import CallNumbers, Chances, RuleDraw, call_number, named_draw

CALLS = 20_000
FINGERPRINTS = [f"{place * 0x9E3779B97F4A7C15 % 2**64:016x}" for place in range(CALLS)]
NUMBERS = [call_number(7, "s1", fingerprint, 1) for fingerprint in FINGERPRINTS]
SEQUEL = [call_number(7, "s1", "1f" * 8, occurrence) for occurrence in range(1, CALLS + 1)]

numbers = st.integers(0, 2**64 - 1)
seeds = st.integers(-(2**70), 2**70)
probabilities = st.floats(0, 1) | st.sampled_from([0.0, 1.0, 5e-324, 2.0**-53, 1 - 2.0**-53])


def unevenness(boxes: Iterable[int], of: int) -> float:
    """Chi square over `of` equally likely boxes, in standard deviations from what chance would make of it."""
    counts = Counter(boxes)
    expected = counts.total() / of
    chi_square = sum((counts[box] - expected) ** 2 / expected for box in range(of))
    return (chi_square - (of - 1)) / math.sqrt(2 * (of - 1))


@pytest.mark.parametrize("rule", ["a", "b", "search is slow for some", "rule 999"])
@pytest.mark.parametrize("calls", [NUMBERS, SEQUEL], ids=["fingerprints", "occurrences"])
def test_draws_of_a_rule_are_even(rule: str, calls: list[int]) -> None:
    draw = RuleDraw.of(7, rule)
    assert abs(unevenness((int(draw.draw(number) * 256) for number in calls), 256)) < 4


@pytest.mark.parametrize(("one", "other"), list(combinations(["a", "b", "c", "rule 1", "rule 2"], 2)))
def test_two_rules_are_independent(one: str, other: str) -> None:
    first, second = RuleDraw.of(7, one), RuleDraw.of(7, other)
    boxes = (int(first.draw(number) * 16) * 16 + int(second.draw(number) * 16) for number in NUMBERS)
    assert abs(unevenness(boxes, 256)) < 4


@pytest.mark.parametrize("distance", [1, 2, 3, 7, 64])
def test_a_repeated_call_is_drawn_for_anew(distance: int) -> None:
    draws = [RuleDraw.of(7, "a").draw(number) for number in SEQUEL]
    pairs = zip(draws, draws[distance:], strict=False)
    assert abs(unevenness((int(one * 16) * 16 + int(other * 16) for one, other in pairs), 256)) < 4


def test_two_seeds_are_independent() -> None:
    first, second = RuleDraw.of(7, "a"), RuleDraw.of(8, "a")
    boxes = (
        int(first.draw(call_number(7, "s1", print_, 1)) * 16) * 16
        + int(second.draw(call_number(8, "s1", print_, 1)) * 16)
        for print_ in FINGERPRINTS
    )
    assert abs(unevenness(boxes, 256)) < 4


def test_a_faults_own_draws_are_even_and_independent_of_its_rules() -> None:
    draw = RuleDraw.of(7, "a")
    boxes = (int(draw.draw(number) * 16) * 16 + int(named_draw(number, "a", "delay") * 16) for number in NUMBERS)
    assert abs(unevenness(boxes, 256)) < 4


def test_each_part_of_a_calls_key_makes_another_number() -> None:
    parts = [(7, "s1", "a", 1), (8, "s1", "a", 1), (7, "s2", "a", 1), (7, "s1", "b", 1), (7, "s1", "a", 2)]
    assert len({call_number(*part) for part in parts}) == len(parts)
    assert len({named_draw(5, rule, name) for rule in "ab" for name in "cd"}) == 4


@given(seeds, st.text(max_size=20), st.text(max_size=20), st.integers(1, 10**9))
def test_the_quick_way_to_a_number_is_the_same_number(seed: int, session: str, key: str, occurrence: int) -> None:
    assert CallNumbers(seed).number(session, key, occurrence) == call_number(seed, session, key, occurrence)


@given(numbers, seeds, st.text(max_size=20))
def test_a_draw_is_at_least_0_and_below_1(number: int, seed: int, rule: str) -> None:
    assert 0 <= RuleDraw.of(seed, rule).draw(number) < 1


@given(numbers, st.lists(st.tuples(st.text(max_size=3), probabilities), max_size=6))
def test_chances_asked_together_are_as_if_asked_one_by_one(number: int, rules: list[tuple[str, float]]) -> None:
    draws = [(RuleDraw.of(1, name), probability) for name, probability in rules]
    assert Chances.of(draws).any(number) == any(draw.draw(number) < probability for draw, probability in draws)


EDGES = st.sampled_from([0, 1, 2**75 - 1, 2**75, 2**127, 2**128 - 2**75, 2**128 - 1])
STEPS = st.sampled_from([0.0, 2.0**-53, 2.0**-52, 0.5, 1 - 2.0**-53, 1.0])


@given(st.sampled_from([0, 1, 2**64 - 1]), st.lists(st.tuples(st.builds(RuleDraw, EDGES, EDGES), STEPS), max_size=3))
@example(2**64 - 1, [(RuleDraw(2**128 - 1, 0), 0.0), (RuleDraw(0, 2**75 - 1), 2.0**-53)])
@settings(max_examples=500)
def test_chances_do_not_spill_into_each_other(number: int, draws: list[tuple[RuleDraw, float]]) -> None:
    assert Chances.of(draws).any(number) == any(draw.draw(number) < probability for draw, probability in draws)


@given(numbers, st.text(max_size=3))
def test_a_probability_is_held_to_the_last_bit(number: int, rule: str) -> None:
    draw = RuleDraw.of(1, rule)
    drawn = draw.draw(number)
    assert not Chances.of([(draw, drawn)]).any(number)
    assert Chances.of([(draw, math.nextafter(drawn, 2))]).any(number)


@given(numbers, st.text(max_size=3))
def test_probability_0_is_never_and_1_is_always(number: int, rule: str) -> None:
    draw = RuleDraw.of(1, rule)
    assert not Chances.of([(draw, 0.0)]).any(number)
    assert Chances.of([(draw, 0.0), (draw, 1.0)]).any(number)


def test_draws_are_those_of_every_run_that_was_recorded() -> None:
    """A change here makes every journal unrepeatable: raise `VERSION` too, and say so in the changelog."""
    number = call_number(20261122, "run42", "0123456789abcdef", 1)
    assert number == 7240463399193769615
    assert RuleDraw.of(20261122, "search is slow for some").draw(number) == 0.5451451395365793
    assert named_draw(number, "search is slow for some", "delay") == 0.7999909672226079
