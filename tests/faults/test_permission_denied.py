from typing import Any

import pytest

from chaosproxy.core.failures import Course, FailureKind, Phase, Reaction
from chaosproxy.faults._base import Scope
from chaosproxy.faults.permission_denied import PermissionDenied
from tests.faults.turns import Asked, turn


@pytest.mark.parametrize(
    ("settings", "status", "dialect", "message"),
    [
        ({}, None, None, None),
        ({"status": 404, "dialect": "github"}, 404, "github", None),
        ({"message": "Not for you."}, None, None, "Not for you."),
    ],
)
def test_does(settings: dict[str, Any], status: int | None, dialect: str | None, message: str | None) -> None:
    fault = PermissionDenied.model_validate({"type": "permission_denied", **settings})
    refused = Asked(fault).refused(turn(), triggered=True)
    assert refused is not None
    assert (refused.kind, refused.phase) == (FailureKind.PERMISSION_DENIED, Phase.BEFORE_UPSTREAM)
    assert (refused.status, refused.dialect, refused.message, refused.retry_after) == (status, dialect, message, None)


def test_sticks_to_the_tool_and_the_credentials_whatever_the_arguments() -> None:
    right = Asked(PermissionDenied())
    assert right.refused(turn()) is None
    assert right.refused(turn(), triggered=True)
    assert right.refused(turn())
    assert right.refused(turn(fingerprint="other", path="/v1/charges/7"))
    assert right.refused(turn(tool="receipt")) is None
    assert right.refused(turn(upstream="search")) is None
    assert right.refused(turn(credential="an admin's")) is None


def test_asking_again_unchanged_is_not_healthy() -> None:
    assert PermissionDenied().memory_scope is Scope.SESSION
    assert PermissionDenied.nature.course is Course.PERSISTENT
    assert not {Reaction.RETRY, Reaction.WAIT_THEN_RETRY} & set(PermissionDenied.nature.healthy)


@pytest.mark.parametrize("status", [200, 399, 600, "403", True])
def test_refuses_a_status_that_says_no_failure(status: object) -> None:
    with pytest.raises(ValueError, match="status"):
        PermissionDenied.model_validate({"type": "permission_denied", "status": status})
