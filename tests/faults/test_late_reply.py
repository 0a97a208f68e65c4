import pytest

from chaosproxy.core.effects import Delay
from chaosproxy.core.failures import Phase, Reaction
from chaosproxy.faults.late_reply import LateReply
from tests.faults.turns import turn


@pytest.mark.parametrize(("settings", "seconds"), [({}, 60.0), ({"delay": "5m"}, 300.0)])
def test_does(settings: dict[str, object], seconds: float) -> None:
    fault = LateReply.model_validate({"type": "late_reply", **settings})
    assert fault.effects(turn(), "late") == (Delay(seconds, Phase.AFTER_UPSTREAM),)


def test_asking_again_is_not_what_it_takes() -> None:
    assert LateReply.nature.healthy[0] is Reaction.CHECK_FIRST
    assert Reaction.RETRY not in LateReply.nature.healthy


def test_refuses_no_delay() -> None:
    with pytest.raises(ValueError, match="delay"):
        LateReply.model_validate({"type": "late_reply", "delay": 0})
