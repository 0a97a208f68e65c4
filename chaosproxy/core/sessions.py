"""How sure it is that calls of one session name belong to one agent run."""

from types import MappingProxyType
from typing import Literal

Confidence = Literal["high", "medium", "low"]

_CONFIDENCE: MappingProxyType[str, Confidence] = MappingProxyType(
    {
        "proxy_user": "high",
        "path": "high",
        "header": "high",
        "baggage": "high",
        "mcp": "high",
        "trace": "medium",
        "client": "low",
        "connection": "low",
        "default": "low",
    }
)


def confidence_of(source: str) -> Confidence:
    """What a source of session names is worth: `header:X-Run` was set on purpose, a connection pool knows no runs.

    A trace is medium, because many applications begin one for each call. A source that is not known is low.
    """
    return _CONFIDENCE.get(source.partition(":")[0], "low")
