"""A call that is over is gone: nothing of it waits for the garbage collector, whose pauses all other calls feel."""

import gc

import pytest

from chaosproxy.core.decision import QUIET, Decision
from chaosproxy.core.effects import (
    Annotate,
    Aside,
    Delay,
    Effect,
    Extent,
    Hold,
    Keep,
    Place,
    Quota,
    Recall,
    Reject,
    Repeat,
    Stall,
    Throttle,
    Truncate,
)
from chaosproxy.core.failures import FailureKind, Phase
from chaosproxy.dataplane.http.exchange import Exchange
from tests.doubles.plane import Plane, deciding

GET = b"GET /tool/x HTTP/1.1\r\nHost: h\r\n\r\n"
EFFECTS: dict[str, tuple[Effect, ...]] = {
    "quiet": (),
    "delayed": (Delay(0.001, Phase.BEFORE_UPSTREAM),),
    "delayed afterwards": (Delay(0.001, Phase.AFTER_UPSTREAM),),
    "rejected": (Reject(FailureKind.SERVER_ERROR, Phase.BEFORE_UPSTREAM),),
    "stalled": (Stall(Place(Extent.BYTES, 3), 0.001, None),),
    "throttled": (Throttle(Extent.BYTES, 4, 0.0),),
    "unfit": (Truncate(Place(Extent.CHUNKS, 2), None),),
    "repeated": (Repeat(2),),
    "repeated after a while": (Repeat(1, gap=0.001, last=True),),
    "held back": (Hold(0.001),),
    "recalled": (Recall("k", Phase.BEFORE_UPSTREAM),),
    "recalled afterwards": (Recall("k", Phase.AFTER_UPSTREAM),),
    "recalled and there is nothing": (Recall("none", Phase.BEFORE_UPSTREAM),),
}
ASIDES: tuple[Aside, ...] = (Keep("k"), Annotate(Quota(10, 5, 1.0, 60.0)))


@pytest.mark.parametrize("effects", EFFECTS.values(), ids=EFFECTS)
async def test_calls_leave_no_rings(plane: Plane, effects: tuple[Effect, ...]) -> None:
    struck = deciding(*effects) if effects else QUIET
    decision = Decision(struck.rule, struck.injections, struck.reason, asides=ASIDES)
    plane.path.decide = lambda _call: decision
    agent = await plane.agent()
    await agent.send(GET)
    await agent.response()
    gc.collect()
    gc.disable()
    try:
        for _ in range(10):
            await agent.send(GET)
            await agent.response()
        left = [each for each in gc.get_objects() if isinstance(each, Exchange)]
    finally:
        gc.enable()

    assert len(left) <= 1, "but for the last, which may just be ending"
