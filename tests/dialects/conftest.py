"""Failures to be said in a dialect."""

from collections.abc import Callable
from typing import Any

import pytest

from chaosproxy.core.effects import Quota, Reject
from chaosproxy.core.failures import FailureKind, Phase


def a_rejection(kind: str = "rate_limited", **more: Any) -> Reject:  # noqa: ANN401  whatever Reject takes
    limit, window = more.pop("limit", None), more.pop("window", None)
    if limit is not None:
        more["quota"] = Quota(limit=limit, remaining=0, resets=more.get("retry_after") or 0.0, window=window)
    return Reject(kind=FailureKind(kind), phase=Phase.BEFORE_UPSTREAM, **more)


@pytest.fixture(scope="session")
def rejection() -> Callable[..., Reject]:
    return a_rejection
