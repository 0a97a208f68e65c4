"""Time that faults added to a call goes to the faults that took it."""

import pytest

from chaosproxy.core.decision import Decision, Injection
from chaosproxy.core.effects import Delay, Extent, Hang, Place, Stall, Throttle
from chaosproxy.core.failures import Phase
from chaosproxy.telemetry.delays import delay_shares
from tests.telemetry.happenings import slow

BEFORE = Phase.BEFORE_UPSTREAM
DRIBBLE = Throttle(Extent.BYTES, 64, 0.2)
SILENCE = Stall(Place(Extent.BODY, 0.5), 30, None)


@pytest.mark.parametrize(
    ("injections", "seconds", "shares"),
    [
        ((slow("latency", Delay(2, BEFORE)),), 2.1, {"latency": 2.1}),
        ((slow("rate_limit"), slow("latency", Delay(2, BEFORE))), 2.1, {"latency": 2.1}),
        ((slow("latency", Delay(2, BEFORE)), slow("timeout", Hang(60, BEFORE))), 12.0, {"latency": 2, "timeout": 10}),
        # The agent left during the first.
        ((slow("latency", Delay(2, BEFORE)), slow("timeout", Hang(60, BEFORE))), 1.5, {"latency": 1.5}),
        ((slow("rate_limit"), slow("server_error")), 0.5, {}),
        # How long a slow body takes is not planned, but all the rest is.
        ((slow("slow_body", DRIBBLE), slow("truncated_body")), 3.0, {"slow_body": 3}),
        ((slow("latency", Delay(2, BEFORE)), slow("stall", SILENCE)), 9.0, {"latency": 2, "stall": 7}),
        ((slow("slow_body", DRIBBLE), slow("stall", SILENCE)), 37.0, {"slow_body": 7, "stall": 30}),
    ],
)
def test_delay_is_shared_out(injections: tuple[Injection, ...], seconds: float, shares: dict[str, float]) -> None:
    assert dict(delay_shares(Decision(injections=injections), seconds)) == shares
