"""Exact shares, shares of sessions, and clumps of calls."""

import math
from collections import Counter
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.call import Call
from chaosproxy.engine import shares
from chaosproxy.engine.engine import Engine
from chaosproxy.engine.shares import is_chosen
from tests.engine.distributions import chi_square
from tests.engine.doubles import call, hits, judged, profile, route, rule

seeds = st.integers(0, 2**64)
exact_shares = st.integers(1, 100).flatmap(lambda of: st.tuples(st.integers(1, of), st.just(of)))


def engine(when: dict[str, Any], seed: int = 1) -> Engine:
    return Engine(profile(rule(when=when), seed=seed))


@pytest.mark.parametrize(("count", "of"), [(1, 1), (1, 7), (2, 5), (3, 6), (6, 7), (7, 7)])
def test_the_choices_are_all_there_are_each_once(count: int, of: int) -> None:
    choices = [
        tuple(place for place in range(of) if is_chosen(place, count, of, number))
        for number in range(math.comb(of, count))
    ]
    assert choices == list(combinations(range(of), count))


@given(seeds, exact_shares, st.sampled_from([None, "tool", "fingerprint", "arrival"]))
def test_each_block_is_hit_exactly_so_often(seed: int, share: tuple[int, int], key: str | None) -> None:
    count, of = share
    decisions = judged(engine({"exactly": f"{count} of {of}", "key": key}, seed), [call() for _ in range(3 * of)])
    for block in range(3):
        assert len(hits(decisions[block * of : (block + 1) * of])) == count


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("key", ["tool", "fingerprint", "arrival"])
def test_every_choice_of_places_is_as_likely(seed: int, key: str) -> None:
    blocks = 1_000
    decisions = judged(engine({"exactly": "2 of 5", "key": key}, seed), [call() for _ in range(blocks * 5)])
    found = Counter(tuple(hits(decisions[block * 5 : block * 5 + 5])) for block in range(blocks))
    pairs: list[tuple[int, ...]] = list(combinations(range(1, 6), 2))
    assert chi_square(found, dict.fromkeys(pairs, blocks / 10)) < 1


@pytest.mark.parametrize(
    ("key", "together"),
    [
        (None, [call("a"), call("b"), call("c"), call("d")]),
        ("tool", [call("a"), call("b"), call("a"), call("d")]),
        ("fingerprint", [call("a", route=route(tool=tool)) for tool in ("w", "x", "y", "z")]),
        ("arrival", [call("a"), call("b", session="s2"), call("c", route=route(tool="t")), call("a")]),
    ],
)
def test_what_is_counted_together(key: str | None, together: list[Call]) -> None:
    for seed in range(20):
        assert len(hits(judged(engine({"exactly": "1 of 4", "key": key}, seed), together))) == 1


@pytest.mark.parametrize(
    ("key", "apart"),
    [
        ("tool", [call(session="s1"), call(session="s2"), call(route=route(tool="charge"))]),
        ("fingerprint", [call("a"), call("b"), call("a", session="s2")]),
    ],
)
def test_what_is_counted_by_itself(key: str, apart: list[Call]) -> None:
    found = {tuple(hits(judged(engine({"exactly": "1 of 2", "key": key}, seed), apart))) for seed in range(200)}
    assert len(found) == 8


def test_a_share_of_sessions_is_hit_and_each_of_them_wholly() -> None:
    size = 4_000
    names = [f"s{number}" for number in range(size)]
    judge = engine({"sessions": "10%"})
    calls = [call(str(number), session=name) for number in range(3) for name in names]
    hit = Counter(calls[place - 1].session for place in hits(judged(judge, calls)))
    assert set(hit.values()) == {3}
    assert abs(len(hit) - size * 0.1) < 3.3 * math.sqrt(size * 0.09)


def test_a_larger_share_only_adds_sessions_and_another_rule_takes_others() -> None:
    calls = [call(session=f"s{number}") for number in range(500)]

    def chosen(share: str, name: str = "rule") -> set[int]:
        return set(hits(judged(Engine(profile(rule(name, when={"sessions": share}))), calls)))

    assert chosen("10%") < chosen("30%")
    assert chosen("0%") == set()
    assert len(chosen("100%")) == 500
    assert chosen("30%") != chosen("30%", "another")


def test_who_is_among_the_sessions_says_nothing_about_who_draws_low() -> None:
    calls = [call(session=f"s{number}") for number in range(4_000)]
    found = len(hits(judged(engine({"sessions": "50%", "probability": "50%"}), calls)))
    assert abs(found - 1_000) < 3.3 * math.sqrt(750)


def test_sessions_that_are_remembered_have_an_end() -> None:
    judge = engine({"sessions": "50%"})
    first = hits(judged(judge, [call(session=f"s{number}") for number in range(100)]))
    judged(judge, [call(session=f"t{number}") for number in range(shares.MOST_SESSIONS)])
    (part,) = judge.plan.rules[0].trigger.shares
    assert isinstance(part, shares.SomeSessions)
    assert len(part._known) <= shares.MOST_SESSIONS
    assert hits(judged(judge, [call(session=f"s{number}") for number in range(100)])) == first


def test_bursts_are_of_a_tool_in_a_session() -> None:
    size = 40
    when = {"burst": {"share": "50%", "length": 10}}
    aims = [("s1", "find"), ("s1", "charge"), ("s2", "find")]
    found = []
    for session, tool in aims:
        calls = [call(str(number), session=session, route=route(tool=tool)) for number in range(size)]
        found.append(hits(judged(engine(when), calls)))
    assert len(set(map(tuple, found))) == 3
    mixed = [
        call(str(number), session=session, route=route(tool=tool)) for number in range(size) for session, tool in aims
    ]
    all_hits = hits(judged(engine(when), mixed))
    assert [[(each + 2) // 3 for each in all_hits if (each - 1) % 3 == aim] for aim in range(3)] == found


@pytest.mark.parametrize(
    ("when", "reason"),
    [({"exactly": "3 of 3"}, "exactly 3 of 3"), ({"burst": {"share": "99.9%", "length": 5_000}}, "in a burst")],
    ids=str,
)
def test_reasons(when: dict[str, Any], reason: str) -> None:
    assert judged(engine(when), [call()])[0].reason == reason
