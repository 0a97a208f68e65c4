"""Failures to be said in a dialect."""

from collections.abc import Callable
from typing import Any

import pytest

from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import FailureKind, Phase


def a_rejection(kind: str = "rate_limited", **more: Any) -> Reject:  # noqa: ANN401  whatever Reject takes
    return Reject(kind=FailureKind(kind), phase=Phase.BEFORE_UPSTREAM, **more)


@pytest.fixture(scope="session")
def rejection() -> Callable[..., Reject]:
    return a_rejection
