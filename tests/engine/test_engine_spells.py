"""Good and bad spells: their lengths are as asked, and any moment can be asked about first."""

import math
from collections import Counter
from itertools import groupby
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.engine.spells import Spells
from tests.engine.distributions import chi_square, exponential, geometric, ks

numbers = st.integers(0, 2**64 - 1)
lengths = st.floats(0.01, 1e6)
SEEDS = range(1, 5)


def spells_in_time(spells: Spells, number: int, count: int) -> list[tuple[bool, float]]:
    """The first so many spells: which they are, and how long."""
    found: list[tuple[bool, float]] = []
    place = begun = 0.0
    bad = False
    while len(found) < count:
        _, end, now = spells.around(number, place)
        if now is not bad:
            found.append((bad, (place - begun) / spells.rate))
            bad, begun = now, place
        place = end
    return found


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("up", "down"), [(300.0, 20.0), (5.0, 5.0), (1.0, 40.0)])
def test_lengths_are_exponential_with_the_means_that_were_asked_for(up: float, down: float, seed: int) -> None:
    found = spells_in_time(Spells.lasting("rule", up, down), seed, 4_000)

    assert [bad for bad, _ in found[:4]] == [False, True, False, True]
    assert ks([length for bad, length in found if not bad], exponential(up)) < 1
    assert ks([length for bad, length in found if bad], exponential(down)) < 1


@pytest.mark.parametrize("seed", SEEDS)
def test_a_spell_says_nothing_about_the_next(seed: int) -> None:
    """Long ones follow long ones as often as short ones do."""
    lengths = [length for bad, length in spells_in_time(Spells.lasting("rule", 1.0, 1.0), seed, 4_000) if bad]
    median = math.log(2)
    pairs = Counter((one > median, other > median) for one, other in zip(lengths[::2], lengths[1::2], strict=True))
    assert chi_square(pairs, dict.fromkeys(pairs, pairs.total() / 4)) < 1


@given(numbers, lengths, lengths, st.lists(st.floats(0, 1e7), max_size=20), st.randoms(use_true_random=False))
def test_the_order_of_asking_changes_nothing(
    number: int, good: float, bad: float, moments: list[float], dice: Random
) -> None:
    spells = Spells.lasting("rule", good, bad)
    first = {moment: spells.is_bad(number, moment) for moment in moments}
    dice.shuffle(moments)
    assert {moment: spells.is_bad(number, moment) for moment in moments} == first


@given(numbers, lengths, lengths, st.floats(0, 1e7))
def test_what_is_said_of_a_moment_holds_for_all_around_it(number: int, good: float, bad: float, moment: float) -> None:
    spells = Spells.lasting("rule", good, bad)
    place = moment * spells.rate
    begin, end, is_bad = spells.around(number, place)
    assert begin <= place < end
    for elsewhere in (begin, (begin + end) / 2, math.nextafter(end, 0.0)):
        assert spells.around(number, max(elsewhere, begin))[2] is is_bad


@given(numbers, lengths, lengths)
def test_time_begins_with_a_good_spell(number: int, good: float, bad: float) -> None:
    assert not Spells.lasting("rule", good, bad).is_bad(number, 0.0)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("share", "length"), [(0.1, 5.0), (0.5, 2.5), (0.3, 20.0), (0.9, 12.0), (0.01, 1.2)])
def test_clumps_have_the_share_and_the_geometric_lengths_that_were_asked_for(
    share: float, length: float, seed: int
) -> None:
    size, spells = 60_000, Spells.counted("rule", share, length)
    calls = [spells.is_bad(seed, float(ordinal)) for ordinal in range(1, size + 1)]

    stays = 1 - 1 / (length * (1 - share))  # what is left of a call's fate in the next one
    spread = math.sqrt(size * share * (1 - share) * (1 + stays) / (1 - stays))
    assert abs(sum(calls) - size * share) < 3.3 * spread

    runs = [len(list(run)) for bad, run in groupby(calls) if bad][1:-1]
    most = max(2, math.ceil(length))
    assert chi_square(Counter(min(run, most + 1) for run in runs), geometric(length, len(runs), most)) < 1


@pytest.mark.parametrize("share", [0.1, 0.7])
def test_the_first_call_is_as_likely_in_a_clump_as_any(share: float) -> None:
    spells = Spells.counted("rule", share, 8.0)
    size = 4_000
    first = sum(spells.is_bad(number, 1.0) for number in range(size))
    assert abs(first - size * share) < 3.3 * math.sqrt(size * share * (1 - share))


def test_two_rules_have_spells_of_their_own() -> None:
    one, other = (Spells.counted(name, 0.5, 4.0) for name in ("one", "other"))
    same = sum(one.is_bad(number, 1.0) is other.is_bad(number, 1.0) for number in range(4_000))
    assert abs(same - 2_000) < 3.3 * math.sqrt(1_000)


def test_a_late_moment_is_found_as_quickly_as_an_early_one() -> None:
    """In draws, not in seconds: a look back goes as far as the last moment at which the state was drawn anew."""
    spells = Spells.counted("rule", 0.001, 1_000.0)
    far = [spells.around(number, 1e9 + 0.5) for number in range(1_000)]
    assert max(1e9 + 0.5 - begin for begin, _, _ in far) < 20
