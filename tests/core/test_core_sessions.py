import pytest

from chaosproxy.core.sessions import confidence_of


@pytest.mark.parametrize(
    ("source", "confidence"),
    [
        ("proxy_user", "high"),
        ("path", "high"),
        ("header:X-Session-Id", "high"),
        ("baggage:session.id", "high"),
        ("mcp", "high"),
        ("trace", "medium"),
        ("client", "low"),
        ("connection", "low"),
        ("default", "low"),
        ("whatever", "low"),
    ],
)
def test_what_a_source_is_worth(source: str, confidence: str) -> None:
    assert confidence_of(source) == confidence
