import pytest

from chaosproxy.core.effects import Hold
from chaosproxy.faults.reordered_replies import ReorderedReplies
from tests.faults.turns import turn


@pytest.mark.parametrize(("settings", "seconds"), [({}, 5.0), ({"wait": "250ms"}, 0.25)])
def test_does(settings: dict[str, object], seconds: float) -> None:
    fault = ReorderedReplies.model_validate({"type": "reordered_replies", **settings})
    assert fault.effects(turn(), "overtaken") == (Hold(seconds),)


def test_refuses_no_wait() -> None:
    with pytest.raises(ValueError, match="wait"):
        ReorderedReplies.model_validate({"type": "reordered_replies", "wait": 0})
