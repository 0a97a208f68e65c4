"""Which addresses count as this machine."""

import pytest

from chaosproxy.admin.guard import is_loopback


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.0.1", False),
        ("localhost.example", False),
        ("", False),
    ],
)
def test_loopback(host: str, ours: bool) -> None:
    assert is_loopback(host) is ours
