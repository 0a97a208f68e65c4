from collections.abc import Callable

import pytest

from chaosproxy.core.effects import Misframe, Misframing
from chaosproxy.core.turn import Turn
from chaosproxy.faults.broken_framing import BrokenFraming


def test_loses_the_last_chunk_unless_told_otherwise(turn_of: Callable[..., Turn]) -> None:
    fault = BrokenFraming.model_validate({"type": "broken_framing"})
    assert fault.effects(turn_of(), "frame") == (Misframe(Misframing.NO_LAST_CHUNK),)


@pytest.mark.parametrize("how", Misframing)
def test_does(how: Misframing, turn_of: Callable[..., Turn]) -> None:
    fault = BrokenFraming.model_validate({"type": "broken_framing", "how": how.value})
    assert fault.effects(turn_of(), "frame") == (Misframe(how),)


def test_refuses() -> None:
    with pytest.raises(ValueError, match="how"):
        BrokenFraming.model_validate({"type": "broken_framing", "how": "no_head"})


@pytest.mark.parametrize("how", Misframing)
def test_what_comes_behind_a_whole_message_need_not_be_noticed(how: Misframing) -> None:
    fault = BrokenFraming.model_validate({"type": "broken_framing", "how": how.value})
    silent = how in (Misframing.LENGTH_TOO_SHORT, Misframing.TRAILING_GARBAGE)
    assert fault.judged_by.explicit is not silent
    assert fault.judged_by.healthy == BrokenFraming.nature.healthy
