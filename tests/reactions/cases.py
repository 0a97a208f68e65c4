"""How each fault is tried on clients: its default settings, or those that show it at its plainest within seconds."""

from collections.abc import Mapping
from types import MappingProxyType

from chaosproxy.faults._base import Family, Fault
from chaosproxy.faults._catalogue import catalogue

SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "latency": "delay: 300ms",
        "slow_body": "bytes_per_second: 64",
        "late_reply": "delay: 1500ms",
        "rate_limit": "retry_after: 1s",
        "duplicate_event": "event: 5",
        "reordered_events": "event: 5",
        "malformed_event": "event: 5",
        "error_event": "event: 5",
        "stream_cut": "after: 5 events",
        "stream_stall": "after: 5 events",
    }
)
"""In YAML; a fault that is not here is tried as it comes."""


def case(name: str) -> str:
    """The fault with its settings, in YAML."""
    more = SETTINGS.get(name)
    return f"{{type: {name}, {more}}}" if more else f"{{type: {name}}}"


def is_streamed(fault: type[Fault]) -> bool:
    """Is it a fault of streams alone?"""
    return fault.family is Family.STREAMS


HANDSHAKES: Mapping[str, str] = MappingProxyType(
    {
        "expired": "{type: tls_certificate, how: expired}",
        "wrong_host": "{type: tls_certificate, how: wrong_host}",
        "untrusted": "{type: tls_certificate, how: untrusted}",
        "cut": "{type: tls_handshake, how: cut}",
        "stalled": "{type: tls_handshake, how: stalled}",
    }
)
"""What is done to handshakes, by what is wrong with them."""


STORIES = frozenset({"stale_response", "reordered_replies"})
"""Faults that one call alone cannot show."""


def called() -> dict[str, type[Fault]]:
    """The faults that clients can be tried on with one call through the gateway; those of TLS strike tunnels only."""
    return {name: fault for name, fault in catalogue().items() if not fault.strikes_handshake and name not in STORIES}
