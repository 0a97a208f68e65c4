"""Under which key a reply is kept for later, and which replies must not be. Knows calls, no faults."""

from chaosproxy.core.call import Call


def is_rpc(call: Call) -> bool:
    """Is it a JSON-RPC request? Its reply bears its id, and would be nobody's in answer to another."""
    return isinstance(call.body, dict | list) and "jsonrpc" in (call.body[0] if _is_batch(call.body) else call.body)


def key_of(rule: str, call: Call, what: str, *, shared: bool = False) -> str:
    """The key of one rule for `what`; of the call's session or, if `shared`, of all, and always of its credentials.

    What one user may read is never shown to another: agents may share a session, as those behind one address do.
    """
    owner = "all" if shared else f"session {call.session}"
    return f"{rule}\x1f{owner}\x1f{call.credential}\x1f{what}"


def _is_batch(body: object) -> bool:
    return isinstance(body, list) and bool(body) and isinstance(body[0], dict)
