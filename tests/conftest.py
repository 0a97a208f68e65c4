"""What all tests share: how long Hypothesis looks, and a port that nobody listens on."""

import os
import socket

import pytest
from hypothesis import HealthCheck, settings

# A machine shared with other work is slow at times; that says nothing about the code.
PATIENT = (HealthCheck.too_slow,)

settings.register_profile(
    "fast", max_examples=50, deadline=None, derandomize="CI" in os.environ, suppress_health_check=PATIENT
)
settings.register_profile("deep", max_examples=2_000, deadline=None, suppress_health_check=PATIENT)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


@pytest.fixture
def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on: for addresses that refuse, and servers that take no 0."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
