"""How the episodes of the sample journal go: one of each kind that a tracker can find."""

from typing import Any

import msgspec

from chaosproxy.core.answer import UpstreamTruth
from chaosproxy.core.call import CallKind, ToolEffect
from chaosproxy.core.events import BackoffShape, Because, Resolution, Verdict
from chaosproxy.core.failures import Outcome

EXECUTED = UpstreamTruth.EXECUTED
HOSTILE_TOOL = '<script>alert("x")</script>|`*_'
HOSTILE_SESSION = 'a|`"><img src=x onerror=alert(1)>'
EFFECTS = {
    "search": ToolEffect.READ,
    "search_eu": ToolEffect.READ,
    "charge": ToolEffect.WRITE,
    "send_email": ToolEffect.WRITE,
    "put_receipt": ToolEffect.IDEMPOTENT,
    "llm": ToolEffect.READ,
    "page_oncall": ToolEffect.WRITE,
    "GET /v1/items/{id}": ToolEffect.READ,
    HOSTILE_TOOL: ToolEffect.READ,
}


class Plot(msgspec.Struct, frozen=True):
    """How one kind of episode goes."""

    fault: str
    tool: str
    outcome: Outcome
    status: int
    truth: UpstreamTruth
    resolution: Resolution
    verdict: Verdict
    because: Because
    retries: int = 0
    """Attempts after the first."""
    waits: tuple[float, ...] = (0.4, 0.9, 1.7, 3.6)
    hint: float | None = None
    kind: CallKind = CallKind.RETRY
    elsewhere: str | None = None
    """The tool that ended it."""
    detection: float = 0.05
    shape: BackoffShape = BackoffShape.EXPONENTIAL


_TABLE = """
rate_limit        search      throttled   429 not_sent     recovered_retry     appropriate   came_back
rate_limit        search      throttled   429 not_sent     recovered_retry     inappropriate early
rate_limit        llm         throttled   429 not_sent     exhausted           inappropriate early
rate_limit        items       throttled   429 not_sent     abandoned           inappropriate left
server_error      search      unavailable 503 not_sent     recovered_retry     appropriate   came_back
server_error      put_receipt unavailable 500 sent_unknown recovered_retry     appropriate   came_back
server_error      search      unavailable 503 not_sent     recovered_fallback  appropriate   fell_back
overloaded        llm         unavailable 529 not_sent     recovered_retry     inappropriate hasty
connection_reset  charge      reset       0   executed     recovered_retry     inappropriate blind
connection_reset  charge      reset       0   executed     recovered_retry     appropriate   came_back
connection_reset  charge      reset       0   executed     abandoned           appropriate   checked
connection_reset  hostile     reset       0   not_sent     recovered_reconnect appropriate   mended
timeout           send_email  agent_left  0   sent_unknown exhausted           unknown       gave_up
timeout           search      agent_left  0   sent_unknown recovered_retry     appropriate   came_back
permission_denied put_receipt denied      403 not_sent     failed_fast         appropriate   stopped
permission_denied charge      denied      403 not_sent     exhausted           inappropriate insisted
permission_denied charge      denied      403 not_sent     escalated           appropriate   said_so
token_expired     search      auth        401 not_sent     recovered_reauth    appropriate   mended
invalid_request   hostile     invalid     400 not_sent     recovered_modified  appropriate   mended
wrong_values      search      ok          200 executed     undetected          inappropriate went_on
stale_response    items       ok          200 executed     undetected          unknown       nothing_followed
truncated_body    search      truncated   200 executed     looping             inappropriate looped
upstream          send_email  unavailable 502 sent_unknown abandoned           unknown       cannot_tell
timeout           put_receipt agent_left  0   sent_unknown censored            unknown       censored
"""
_NAMES = {"items": "GET /v1/items/{id}", "hostile": HOSTILE_TOOL}
_MORE: dict[tuple[str, str, str], dict[str, Any]] = {
    ("rate_limit", "search", "came_back"): {"retries": 1, "waits": (2.1,), "hint": 2.0},
    ("rate_limit", "search", "early"): {"retries": 1, "waits": (0.3,), "hint": 2.0},
    ("rate_limit", "llm", "early"): {"retries": 2, "waits": (0.5, 0.9), "hint": 8.0},
    ("rate_limit", "items", "left"): {"hint": 1.0},
    ("server_error", "search", "came_back"): {"retries": 2},
    ("server_error", "put_receipt", "came_back"): {"retries": 3},
    ("server_error", "search", "fell_back"): {"retries": 1, "elsewhere": "search_eu"},
    ("overloaded", "llm", "hasty"): {"retries": 3, "waits": (0.01, 0.01, 0.02), "shape": BackoffShape.IMMEDIATE},
    ("connection_reset", "charge", "blind"): {"retries": 1},
    ("connection_reset", "charge", "came_back"): {"retries": 1},
    ("connection_reset", "hostile", "mended"): {"retries": 1},
    ("timeout", "send_email", "gave_up"): {"retries": 2, "detection": 10.0},
    ("timeout", "search", "came_back"): {"retries": 1, "detection": 10.0},
    ("permission_denied", "charge", "insisted"): {"retries": 2},
    ("permission_denied", "charge", "said_so"): {"elsewhere": "page_oncall"},
    ("token_expired", "search", "mended"): {"retries": 1},
    ("invalid_request", "hostile", "mended"): {"retries": 1, "kind": CallKind.MODIFIED_RETRY},
    ("wrong_values", "search", "went_on"): {"elsewhere": "charge"},
    ("truncated_body", "search", "looped"): {"retries": 6, "waits": (0.2,) * 6, "shape": BackoffShape.FIXED},
    ("timeout", "put_receipt", "censored"): {"detection": 10.0},
}


def _plot(row: str) -> Plot:
    fault, tool, outcome, status, truth, resolution, verdict, because = row.split()
    return Plot(
        fault,
        _NAMES.get(tool, tool),
        Outcome(outcome),
        int(status),
        UpstreamTruth(truth),
        Resolution(resolution),
        Verdict(verdict),
        Because(because),
        **_MORE.get((fault, tool, because), {}),
    )


PLOTS = tuple(_plot(row) for row in _TABLE.strip().splitlines())
