"""False values, and whether they turn up again."""

from dataclasses import replace

import pytest

from chaosproxy.core.decision import Decision
from chaosproxy.core.effects import Delay, Effect, Rewrite
from chaosproxy.core.failures import Phase
from chaosproxy.recovery.following.canaries import canaries_of, carries
from tests.recovery.conversation import IMPLICIT, inject
from tests.recovery.making import a_call, good

PLANTING = Rewrite(lambda reply: reply, "wrong_values", canaries=("481607", "REF-7KQ2M9"))


def decided(*effects: Effect) -> Decision:
    return Decision("r", (inject("wrong_values", IMPLICIT, *effects, phase=Phase.AFTER_UPSTREAM),))


def test_what_was_planted_is_what_is_looked_for() -> None:
    assert canaries_of(decided(Delay(1, Phase.BEFORE_UPSTREAM), PLANTING), good()) == ("481607", "REF-7KQ2M9")


def test_nothing_is_looked_for_where_nothing_could_be_planted() -> None:
    assert canaries_of(decided(PLANTING), replace(good(), skipped="not_json")) == ()


@pytest.mark.parametrize(
    "sent",
    [
        {"body": {"total": 481607}},
        {"body": {"total": 4816.07}},  # six digits, as 1234.56 is given them
        {"body": {"total": 481.61}, "seen": False},
        {"body": {"total": 4816.0}},  # as many as there is room for
        {"body": {"share": 0.4816}},
        {"body": {"total": 48.1}, "seen": False},  # too few to tell
        {"body": {"total": 4816}},
        {"body": {"note": "4816 of them"}, "seen": False},
        {"body": {"content": 'the tool says {"balance": 4816.07, "open": true}.'}},
        {"query": "amount=4816.07"},
        {"body": {"lines": [{"note": "as in 481607."}]}},
        {"body": {"481607": True}},
        {"body": 481607.5},
        {"body": {"total": "481 607"}, "seen": False},
        {"path": "/orders/481607"},
        {"query": "order=481607"},
        {"body": {"flag": True, "none": None}, "seen": False},
        {"body": None, "seen": False},
    ],
)
def test_it_is_seen_wherever_it_stands(sent: dict[str, object]) -> None:
    seen = sent.pop("seen", True)
    call = a_call(body=sent.get("body"), path=str(sent.get("path", "/")), query=str(sent.get("query", "")))
    assert carries(call, "481607") is seen


def test_a_body_that_was_made_to_be_deep_is_looked_through_to_a_depth() -> None:
    body: object = "481607"
    for _ in range(5000):
        body = [body]
    assert not carries(a_call(body=body), "481607")
