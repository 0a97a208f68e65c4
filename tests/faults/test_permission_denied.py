from collections.abc import Callable
from typing import Any

import pytest

from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import Course, FailureKind, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults.permission_denied import PermissionDenied


@pytest.mark.parametrize(
    ("settings", "status", "dialect", "message"),
    [
        ({}, None, None, None),
        ({"status": 404, "dialect": "github"}, 404, "github", None),
        ({"message": "Not for you."}, None, None, "Not for you."),
    ],
)
def test_does(
    settings: dict[str, Any],
    status: int | None,
    dialect: str | None,
    message: str | None,
    turn_of: Callable[..., Turn],
) -> None:
    fault = PermissionDenied.model_validate({"type": "permission_denied", **settings})
    (effect,) = fault.effects(turn_of(), "rights")
    assert isinstance(effect, Reject)
    assert (effect.kind, effect.phase) == (FailureKind.PERMISSION_DENIED, Phase.BEFORE_UPSTREAM)
    assert (effect.status, effect.dialect, effect.message, effect.retry_after) == (status, dialect, message, None)


def test_asking_again_unchanged_is_not_healthy() -> None:
    assert PermissionDenied.nature.course is Course.PERSISTENT
    assert not {Reaction.RETRY, Reaction.WAIT_THEN_RETRY} & set(PermissionDenied.nature.healthy)


@pytest.mark.parametrize("status", [200, 399, 600, "403", True])
def test_refuses_a_status_that_says_no_failure(status: object) -> None:
    with pytest.raises(ValueError, match="status"):
        PermissionDenied.model_validate({"type": "permission_denied", "status": status})
