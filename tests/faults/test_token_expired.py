from collections.abc import Callable

import pytest

from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import FailureKind, Phase
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Scope
from chaosproxy.faults.token_expired import TokenExpired

PASSES, REFUSED = False, True


def expired(**settings: object) -> TokenExpired:
    return TokenExpired.model_validate({"type": "token_expired", **settings})


@pytest.mark.parametrize(
    ("until", "calls"),
    [
        pytest.param(
            "new_credentials",
            [
                (0, "old", False, PASSES),
                (1, "old", True, REFUSED),
                (2, "old", False, REFUSED),
                (9_999, "old", False, REFUSED),
                (10_000, "new", False, PASSES),
                (10_001, "old", False, REFUSED),
            ],
            id="for good, until there are new ones",
        ),
        pytest.param(
            "30s",
            [
                (0, "old", True, REFUSED),
                (29, "old", False, REFUSED),
                (30, "old", False, PASSES),
                (31, "old", True, REFUSED),
                (60, "old", False, REFUSED),
            ],
            id="for a time",
        ),
        pytest.param(
            "new_credentials",
            [
                (0, "first", True, REFUSED),
                (1, "second", True, REFUSED),
                (2, "first", False, REFUSED),
                (3, "second", False, REFUSED),
                (4, "third", False, PASSES),
            ],
            id="one after the other",
        ),
        pytest.param(
            "new_credentials",
            [(0, None, True, REFUSED), (1, None, False, REFUSED), (2, "some", False, PASSES)],
            id="no credentials are credentials too",
        ),
        pytest.param(
            "30s",
            [(0, "old", True, REFUSED), (20, "old", True, REFUSED), (30, "old", False, PASSES)],
            id="being hit again does not prolong it",
        ),
    ],
)
def test_does(until: str, calls: list[tuple[float, str | None, bool, bool]], turn_of: Callable[..., Turn]) -> None:
    fault = expired(until=until)
    memory = fault.blank()
    for at, credential, triggered, refused in calls:
        effects, memory = fault.step(turn_of(1_000.0 + at, credential=credential), "token", memory, triggered=triggered)
        assert bool(effects) is refused, (at, credential)
        for effect in effects:
            assert isinstance(effect, Reject)
            assert (effect.kind, effect.phase) == (FailureKind.TOKEN_EXPIRED, Phase.BEFORE_UPSTREAM)


def test_leaves_alone_what_the_trigger_never_picked(turn_of: Callable[..., Turn]) -> None:
    fault = expired()
    assert fault.step(turn_of(), "token", fault.blank(), triggered=False) == ((), ())


def test_each_session_has_its_own() -> None:
    assert expired().memory_scope is Scope.SESSION


def test_memory_has_an_end(turn_of: Callable[..., Turn]) -> None:
    fault = expired()
    memory = fault.blank()
    for number in range(100):
        _, memory = fault.step(turn_of(credential=f"key-{number}"), "token", memory, triggered=True)
    assert len(memory) == 8
    assert memory[-1].credential == "key-99"


@pytest.mark.parametrize("until", ["tomorrow", 30, None, ["30s"]])
def test_refuses_in_one_sentence(until: object) -> None:
    with pytest.raises(ValueError, match=r"until\n.*expected new_credentials, or a duration such as 30s") as refusal:
        expired(until=until)
    assert "1 validation error" in str(refusal.value)
