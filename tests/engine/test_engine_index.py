"""Rules are looked for once for each route."""

from chaosproxy.engine.engine import Engine
from chaosproxy.engine.index import MOST_ROUTES, Index
from chaosproxy.engine.plan import Plan
from chaosproxy.engine.shortlist import Shortlist
from tests.engine.doubles import call, judged, profile, route, rule

RULES = Plan.of(
    profile(
        rule("find", match={"tool": "find"}),
        rule("charge", match={"tool": "charge"}),
        rule("item", match={"path": "/v1/items/{id}"}),
        rule("tea", match={"query": {"q": "tea"}}),
    )
).rules


def names(shortlist: Shortlist) -> list[str]:
    return [each.name for each in shortlist.rules]


def test_a_route_finds_the_rules_that_can_concern_it_in_order() -> None:
    index = Index(RULES, retire=lambda _: None)
    assert names(index.find(route(tool="find", query=""))) == ["find"]
    assert names(index.find(route(tool="charge", query="q=tea"))) == ["charge", "tea"]
    assert names(index.find(route(tool="find", path="/v1/items/7", query=""))) == ["find", "item"]


def test_each_part_of_where_a_call_goes_is_looked_at() -> None:
    """Also when it differs from a route seen before in that part alone."""
    parts = {"upstream": "payments", "tool": "charge", "method": "POST", "host": "b.example:80"}
    rules = Plan.of(profile(*(rule(part, match={part: value}) for part, value in parts.items()))).rules
    index = Index(rules, retire=lambda _: None)
    assert names(index.find(route())) == []
    for part, value in parts.items():
        assert names(index.find(route(**{part: value}))) == [part]


def test_a_host_that_may_not_be_touched_finds_none() -> None:
    index = Index(RULES, retire=lambda _: None)
    assert names(index.find(route(touchable=False))) == []
    assert names(index.find(route(touchable=True))) == ["find", "tea"]


def test_a_route_is_known_from_then_on_also_as_another_object() -> None:
    index = Index(RULES, retire=lambda _: None)
    assert index.known(route()) is None
    found = index.find(route())
    assert index.known(route()) is found


def test_routes_with_the_same_rules_share_them() -> None:
    index = Index(RULES, retire=lambda _: None)
    assert index.find(route(path="/v1/items/7")) is index.find(route(path="/v1/items/8"))


def test_many_routes_are_forgotten_but_their_counts_are_not() -> None:
    engine = Engine(profile(rule("never", when={"probability": 0}), rule("other", match={"tool": "x"})))
    calls = [call(route=route(path=f"/v1/items/{number}")) for number in range(MOST_ROUTES + 5)]
    judged(engine, calls)
    assert engine.eligible_counts() == {"never": MOST_ROUTES + 5, "other": 0}
    assert len(engine._index._by_route) == 5
