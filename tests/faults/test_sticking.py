"""What all faults have in common that stick to what they refused."""

from collections.abc import Hashable
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.call import Call
from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import FailureKind, Phase
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Scope
from chaosproxy.faults._sticking import Sticking
from tests.faults.turns import Asked, turn


class Grudge(Sticking):
    """Sticks to the credentials."""

    phases = (Phase.BEFORE_UPSTREAM,)
    type: Literal["grudge"] = "grudge"

    def grounds(self, call: Call) -> Hashable:
        return call.credential

    def refusal(self, turn: Turn, rule: str) -> Reject:
        return self.rejection(turn, rule, FailureKind.UNAUTHORIZED)


CALLS = st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=30)


@given(CALLS)
def test_whoever_was_hit_is_refused_from_then_on_and_nobody_else_is(calls: list[tuple[str, bool]]) -> None:
    grudge, hit = Asked(Grudge()), set[str]()
    for credential, triggered in calls:
        if triggered:
            hit.add(credential)
        refused = grudge.refused(turn(credential=credential), triggered=triggered)
        assert (refused is not None) is (credential in hit)


def test_a_memory_is_never_changed_in_its_place() -> None:
    fault = Grudge()
    before = fault.blank()
    _, after = fault.step(turn(credential="a"), "r", before, triggered=True)
    _, later = fault.step(turn(credential="b"), "r", after, triggered=True)
    assert (dict(before), list(after), list(later)) == ({}, ["a"], ["a", "b"])


def test_memory_has_an_end_and_the_oldest_goes_first() -> None:
    grudge = Asked(Grudge())
    for number in range(100):
        grudge.refused(turn(credential=f"key-{number}"), triggered=True)
    assert len(grudge.memory) == 64
    assert grudge.refused(turn(credential="key-36")) is not None
    assert grudge.refused(turn(credential="key-35")) is None


def test_being_hit_again_takes_no_more_room() -> None:
    grudge = Asked(Grudge())
    for _ in range(100):
        grudge.refused(turn(), triggered=True)
    assert len(grudge.memory) == 1


def test_each_session_has_its_own() -> None:
    assert Grudge().memory_scope is Scope.SESSION
