from collections.abc import Callable
from typing import Any

import pytest

from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import FailureKind, Phase
from chaosproxy.core.turn import Turn
from chaosproxy.faults.dns_failure import DnsFailure


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, (None, None, None)),
        ({"dialect": "cloudflare", "status": 530, "message": "no such host"}, ("cloudflare", 530, "no such host")),
    ],
)
def test_a_gateway_says_so_and_the_tool_never_runs(
    settings: dict[str, Any], expected: tuple[object, ...], turn_of: Callable[..., Turn]
) -> None:
    (effect,) = DnsFailure.model_validate({"type": "dns_failure", **settings}).effects(turn_of(), "dns")

    assert isinstance(effect, Reject)
    assert (effect.kind, effect.phase) == (FailureKind.DNS_FAILURE, Phase.BEFORE_UPSTREAM)
    assert (effect.dialect, effect.status, effect.message) == expected
    assert effect.retry_after is None, "nobody knows when a name is found again"


@pytest.mark.parametrize("settings", [{"status": 200}, {"phase": "after_upstream"}])
def test_refuses(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        DnsFailure.model_validate({"type": "dns_failure", **settings})
