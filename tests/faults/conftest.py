"""A call's turn, as the engine would hand it to a fault."""

from collections.abc import Callable

import pytest

from chaosproxy.core.call import Call, Route, ToolEffect
from chaosproxy.core.draws import call_number
from chaosproxy.core.turn import Turn

ROUTE = Route("search", "find", "http", "GET", "127.0.0.1:9001", "/v1/search", "q=tea", ToolEffect.READ, touchable=True)


def a_turn(now: float = 1_000.0, *, key: int = 1, credential: str | None = "key-1") -> Turn:
    call = Call(
        number=key,
        session="s1",
        session_source="client",
        route=ROUTE,
        fingerprint="0123456789abcdef",
        headers=(),
        received=now,
        credential=credential,
    )
    number = call_number(7, "s1", f"call {key}", 1)
    return Turn(call=call, attempt=1, ordinal=key, occurrence=1, now=now, number=number)


@pytest.fixture(scope="session")
def turn_of() -> Callable[..., Turn]:
    return a_turn
