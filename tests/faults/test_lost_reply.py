import pytest

from chaosproxy.core.effects import Delay, Disconnect, Effect, Ending, Hang, Reject
from chaosproxy.core.failures import FailureKind, Phase
from chaosproxy.faults.lost_reply import LostReply
from tests.faults.turns import turn

AFTER = Phase.AFTER_UPSTREAM


def effects(**settings: object) -> tuple[Effect, ...]:
    return LostReply.model_validate({"type": "lost_reply", **settings}).effects(turn(), "lost")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, Disconnect(Ending.CLOSE, AFTER)),
        ({"how": "reset"}, Disconnect(Ending.RESET, AFTER)),
        ({"how": "hang"}, Hang(600.0, AFTER)),
        ({"how": "hang", "after": "20s"}, Hang(20.0, AFTER)),
    ],
)
def test_breaks_off(settings: dict[str, object], expected: Effect) -> None:
    assert effects(**settings) == (expected,)


def test_a_gateway_speaks_for_it() -> None:
    (bad,) = effects(how="bad_gateway", dialect="nginx")
    assert isinstance(bad, Reject)
    assert (bad.kind, bad.phase, bad.dialect) == (FailureKind.BAD_GATEWAY, AFTER, "nginx")
    delay, late = effects(how="gateway_timeout")
    assert delay == Delay(60.0, AFTER)
    assert isinstance(late, Reject)
    assert (late.kind, late.phase) == (FailureKind.GATEWAY_TIMEOUT, AFTER)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"how": "close", "after": "5s"}, "after: only hang and gateway_timeout take time"),
        ({"how": "bad_gateway", "after": "5s"}, "after: only hang"),
        ({"how": "reset", "dialect": "stripe"}, "dialect: only a gateway says anything"),
        ({"message": "gone"}, "message: only a gateway says anything"),
        ({"how": "hang", "after": 0}, "after"),
    ],
)
def test_refuses(settings: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        effects(**settings)
