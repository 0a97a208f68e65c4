from collections.abc import Callable
from typing import Any

import pytest

from chaosproxy.core.effects import Extent, Throttle
from chaosproxy.core.turn import Turn
from chaosproxy.faults.slow_stream import SlowStream


@pytest.mark.parametrize(("settings", "every"), [({}, 0.5), ({"every": "2s"}, 2.0)])
def test_does(settings: dict[str, Any], every: float, turn_of: Callable[..., Turn]) -> None:
    fault = SlowStream.model_validate({"type": "slow_stream", **settings})
    assert fault.effects(turn_of(), "slow") == (Throttle(Extent.EVENTS, 1, every),)


@pytest.mark.parametrize("settings", [{"every": 0}, {"every": 2}, {"every": "soon"}])
def test_refuses(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="every"):
        SlowStream.model_validate({"type": "slow_stream", **settings})
