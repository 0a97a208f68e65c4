"""What a fault makes of a tool's good reply."""

import json
from typing import Any

import msgspec

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Rewrite, Unfit
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Fault
from tests.faults.turns import turn

JSON = ((b"Content-Type", b"application/json"),)


def rewrite_of(fault: Fault, asked: Turn | None = None) -> Rewrite:
    """The one effect of a fault that rewrites."""
    (effect,) = fault.effects(asked or turn(), "the rule")
    assert isinstance(effect, Rewrite)
    return effect


def changed(fault: Fault, body: object, *, asked: Turn | None = None, **fields: Any) -> Reply | Unfit:  # noqa: ANN401
    """The reply, or why there is none; `body` is text as it is, anything else as JSON."""
    text = body if isinstance(body, str) else json.dumps(body)
    reply = msgspec.structs.replace(Reply(200, b"OK", JSON, text.encode()), **fields)
    return rewrite_of(fault, asked).change(reply)


def body_of(reply: Reply | Unfit) -> Any:  # noqa: ANN401 - decoded JSON is anything
    """What a changed reply says."""
    assert isinstance(reply, Reply), reply
    return json.loads(reply.body)
