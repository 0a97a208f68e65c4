"""Calls that differ in what faults go by: credentials, tool, path, arguments, body."""

from typing import Any

import msgspec

from chaosproxy.core.call import Call, Route, ToolEffect
from chaosproxy.core.draws import call_number
from chaosproxy.core.effects import Effect, Reject
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import RememberingFault

_ROUTE = Route(
    "payments", "charge", "http", "POST", "127.0.0.1:9001", "/v1/charges", "", ToolEffect.WRITE, touchable=True
)
_OF_ROUTE = frozenset({"upstream", "tool", "method", "path", "effect"})


def turn(now: float = 1_000.0, *, key: int = 1, **fields: Any) -> Turn:  # noqa: ANN401 - whatever a call or route has
    """A call's turn at `now`; `key` is its number, and `fields` are those of the call or of its route."""
    route = msgspec.structs.replace(_ROUTE, **{name: fields.pop(name) for name in _OF_ROUTE & set(fields)})
    known: dict[str, Any] = {
        "session": "s1",
        "session_source": "client",
        "fingerprint": "0123456789abcdef",
        "headers": (),
        "credential": "key-1",
    }
    call = Call(number=key, route=route, received=now, **known | fields)
    return Turn(call, 1, key, 1, now, call_number(7, call.session, f"call {key}", 1))


class Asked:
    """A fault with its memory, asked about one call after the other."""

    def __init__(self, fault: RememberingFault[Any]) -> None:
        self.fault = fault
        self.memory = fault.blank()

    def effects(self, asked: Turn, *, triggered: bool = False) -> tuple[Effect, ...]:
        """What happens to a call, asides left out."""
        effects, self.memory = self.fault.step(asked, "the rule", self.memory, triggered=triggered)
        assert len(effects) <= 1
        return tuple(effect for effect in effects if isinstance(effect, Effect))

    def refused(self, asked: Turn, *, triggered: bool = False) -> Reject | None:
        """What a call is told; None if it is let through."""
        for effect in self.effects(asked, triggered=triggered):
            assert isinstance(effect, Reject)
            return effect
        return None
