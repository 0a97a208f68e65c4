from typing import Any

import pytest

from chaosproxy.core.effects import Keep, Recall
from chaosproxy.core.failures import Phase
from chaosproxy.core.route import ToolEffect
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Scope
from chaosproxy.faults.stale_response import StaleResponse
from tests.faults.turns import turn


def stale(**settings: object) -> StaleResponse:
    return StaleResponse.model_validate({"type": "stale_response", **settings})


def read(at: float, what: str = "orders", **fields: Any) -> Turn:  # noqa: ANN401
    return turn(1_000.0 + at, method="GET", effect=ToolEffect.READ, fingerprint=what, **fields)


def write(at: float, **fields: Any) -> Turn:  # noqa: ANN401
    return turn(1_000.0 + at, fingerprint="order", **fields)


class Day:
    """The calls of one session before one fault."""

    def __init__(self, fault: StaleResponse) -> None:
        self.fault = fault
        self.until = fault.blank()

    def shown(self, asked: Turn, *, triggered: bool = True) -> str:
        """kept, old, or untouched."""
        effects, self.until = self.fault.step(asked, "the rule", self.until, triggered=triggered)
        match effects:
            case (Keep(),):
                return "kept"
            case (Recall(phase=Phase.AFTER_UPSTREAM, otherwise=None),):
                return "old"
            case ():
                return "untouched"
        raise AssertionError(effects)


def test_reads_after_a_write_show_the_old_state_for_a_while() -> None:
    day = Day(stale())
    assert day.shown(read(0)) == "kept"
    assert day.shown(write(1)) == "untouched"
    assert day.shown(read(1)) == "old"
    assert day.shown(read(5.9), triggered=False) == "old"
    assert day.shown(read(6)) == "kept"


def test_a_write_that_the_rule_does_not_pick_changes_nothing() -> None:
    day = Day(stale())
    assert day.shown(write(0), triggered=False) == "untouched"
    assert day.shown(read(1)) == "kept"


def test_a_further_write_begins_it_anew_and_one_that_is_not_picked_does_not() -> None:
    day = Day(stale(**{"for": "5s"}))
    day.shown(write(0))
    day.shown(write(3))
    assert day.shown(read(7)) == "old"
    day.shown(write(7.5), triggered=False)
    assert day.shown(read(8)) == "kept"


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_what_changes_the_world_twice_alike_is_a_write_too(method: str) -> None:
    day = Day(stale())
    day.shown(write(0, method=method, effect=ToolEffect.IDEMPOTENT))
    assert day.shown(read(1)) == "old"


def key(fault: StaleResponse, asked: Turn) -> str:
    (effect,), _ = fault.step(asked, "the rule", fault.blank(), triggered=True)
    assert isinstance(effect, Keep)
    return effect.key


def test_what_is_kept_is_the_sessions_own() -> None:
    fault = stale()
    assert fault.memory_scope is Scope.SESSION
    assert key(fault, read(0)) == key(fault, read(9))
    assert key(fault, read(0)) != key(fault, read(0, "other"))
    assert key(fault, read(0)) != key(fault, read(0, session="s2"))
    assert key(fault, read(0)) != key(fault, read(0, credential="key-2"))


def test_what_is_shared_is_so_among_those_with_the_same_rights() -> None:
    fault = stale(shared=True)
    assert fault.memory_scope is Scope.SHARED
    assert key(fault, read(0)) == key(fault, read(0, session="s2"))
    assert key(fault, read(0)) != key(fault, read(0, credential="key-2"))


def test_what_is_recalled_is_what_was_kept() -> None:
    fault = stale()
    (recall,), _ = fault.step(read(0), "the rule", 2_000.0, triggered=False)
    assert isinstance(recall, Recall)
    assert recall.key == key(fault, read(0))


def test_a_reply_with_its_calls_own_id_is_not_kept() -> None:
    day = Day(stale())
    assert day.shown(read(0, body={"jsonrpc": "2.0", "id": 1, "method": "tools/call"})) == "untouched"
    assert day.shown(read(0, body=[{"jsonrpc": "2.0", "id": 1}])) == "untouched"
    assert day.shown(read(0, body=["jsonrpc is a word"])) == "kept"


@pytest.mark.parametrize("settings", [{"for": 0}, {"for": 5}, {"stale_for": "5s"}, {"shared": "yes"}])
def test_refuses(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        stale(**settings)
