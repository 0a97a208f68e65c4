"""What a JSON-RPC body says of a call: which method, of MCP above all, and what of it belongs to the attempt alone.

Knows decoded bodies only.
"""

from typing import Any, Final, TypeGuard

from chaosproxy.core.purpose import PLAIN, Purpose, Role

HOUSEKEEPING: Final = Purpose(Role.HOUSEKEEPING)
_OPENING: Final = Purpose(Role.HOUSEKEEPING, opens_session=True)
_GOING_ON: Final = Purpose(continues=True)

_AUTOMATIC: Final = frozenset(
    {
        "initialize",
        "ping",
        "tools/list",
        "prompts/list",
        "resources/list",
        "resources/templates/list",
        "server/discover",
        "logging/setLevel",
        "completion/complete",
        "roots/list",
        "subscriptions/listen",
    }
)
"""Methods of MCP that a client library calls by itself."""

_OF_THE_ATTEMPT: Final = frozenset({"requestState", "inputResponses", "progressToken"})
"""Parameters that the same call has anew each time it is sent."""

Message = dict[str, Any]


def is_rpc(body: object) -> TypeGuard[Message | list[Message]]:
    """Is it a JSON-RPC message, or a batch of them?"""
    if isinstance(body, dict):
        return "jsonrpc" in body
    return isinstance(body, list) and bool(body) and all(isinstance(each, dict) and "jsonrpc" in each for each in body)


def purpose_of_rpc(body: Message | list[Message]) -> Purpose:
    """What it is sent for. A batch is a tool's work if any of it is."""
    if isinstance(body, dict):
        return _purpose(body)
    purposes = [_purpose(message) for message in body]
    for kind in (_GOING_ON, PLAIN, _OPENING):
        if kind in purposes:
            return kind
    return HOUSEKEEPING


def _purpose(message: Message) -> Purpose:
    method = message.get("method")
    if not isinstance(method, str):
        return HOUSEKEEPING  # an answer to what the server asked
    if method in _AUTOMATIC or method.startswith("notifications/"):
        return _OPENING if method == "initialize" else HOUSEKEEPING
    params = message.get("params")
    # By these a call goes on that had asked for more input (MCP 2026-07-28, multi round-trip requests).
    if isinstance(params, dict) and (params.get("requestState") or params.get("inputResponses")):
        return _GOING_ON
    return PLAIN


def intention(body: Message | list[Message]) -> object:
    """A JSON-RPC body without what belongs to the attempt: the id, and what a continuation carries."""
    return _intended(body) if isinstance(body, dict) else [_intended(message) for message in body]


def _intended(message: Message) -> Message:
    intended = message.copy()
    intended.pop("id", None)
    params = intended.get("params")
    if isinstance(params, dict) and not _OF_THE_ATTEMPT.isdisjoint(params):
        intended["params"] = {name: value for name, value in params.items() if name not in _OF_THE_ATTEMPT}
    return intended
