"""Who is overtaken by whom: calls of one session, by the order in which they came."""

import msgspec

from chaosproxy.core.call import Call
from chaosproxy.dataplane.http.overtaking import Held, answered, hold_back, let_go
from tests.dataplane.test_http_wire_faults import TURN


class Holder(msgspec.Struct):
    told: int = 0

    def overtaken(self) -> None:
        self.told += 1


def call(number: int, session: str = "s") -> Call:
    route = TURN.call.route
    return Call(
        number=number,
        session=session,
        session_source="client",
        route=route,
        fingerprint="0",
        headers=(),
        received=0.0,
    )


def test_later_call_of_the_session_overtakes_all_before_it() -> None:
    held: Held = {}
    holders = {number: Holder() for number in (1, 3, 5)}
    for number, holder in holders.items():
        hold_back(held, call(number), holder)

    answered(held, call(4))
    assert {number: holder.told for number, holder in holders.items()} == {1: 1, 3: 1, 5: 0}
    answered(held, call(6))
    assert {number: holder.told for number, holder in holders.items()} == {1: 1, 3: 1, 5: 1}
    assert held == {}


def test_neither_itself_nor_another_session_overtakes() -> None:
    held: Held = {}
    holder = Holder()
    hold_back(held, call(2), holder)

    for other in (call(1), call(2), call(3, "another")):
        answered(held, other)
    assert holder.told == 0


def test_nobody_is_left_in_it() -> None:
    held: Held = {}
    hold_back(held, call(1), Holder())
    hold_back(held, call(2), Holder())
    let_go(held, call(1))
    let_go(held, call(1))
    let_go(held, call(2))
    let_go(held, call(9, "never seen"))

    assert held == {}
