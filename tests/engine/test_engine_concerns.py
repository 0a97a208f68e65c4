"""Which hosts rules could concern, before there is a call; and that no call is hit on any other host."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.call import Route, ToolEffect
from chaosproxy.engine.concerns import Concerns
from chaosproxy.engine.matching import Target
from chaosproxy.profiles.models import Match, Profile

UPSTREAMS = {"search": "https://search.example", "pay": "https://pay.example:8443"}
TOOLS = {"find": {"upstream": "search", "path": "/v1/find"}, "charge": {"upstream": "pay", "path": "/v1/charges"}}
SEARCH = ("search", "search.example", 443)
PAY = ("pay", "pay.example", 8443)
OTHER = ("other.example:443", "other.example", 443)


def concerns(*matches: dict[str, Any], fault: str = "server_error") -> Concerns:
    rules = [{"name": f"r{nth}", "match": match, "fault": {"type": fault}} for nth, match in enumerate(matches)]
    profile = {"version": 1, "name": "n", "upstreams": UPSTREAMS, "tools": TOOLS, "rules": rules}
    return Concerns(Profile.model_validate(profile))


@pytest.mark.parametrize(
    ("match", "concerned"),
    [
        ({}, [SEARCH, PAY, OTHER]),
        ({"upstream": "search"}, [SEARCH]),
        ({"upstream": "*a*"}, [SEARCH, PAY, OTHER]),
        ({"upstream": "other*"}, [OTHER]),
        ({"host": "pay.example"}, [PAY]),
        ({"host": "pay.example:8443"}, [PAY]),
        ({"host": "pay.example:443"}, []),
        ({"host": "*.example"}, [SEARCH, PAY, OTHER]),
        ({"host": "search.example"}, [SEARCH]),
        ({"tool": "charge"}, [PAY]),
        ({"tool": "[cf]*"}, [SEARCH, PAY, OTHER]),
        ({"tool": "c*"}, [PAY]),
        ({"tool": "GET /v1/*"}, [SEARCH, PAY, OTHER]),
        ({"tool": "*"}, [SEARCH, PAY, OTHER]),
        ({"tool": "charge", "host": "search.example"}, []),
        ({"path": "/v1/x", "session": "me"}, [SEARCH, PAY, OTHER]),
    ],
)
def test_hosts(match: dict[str, Any], concerned: list[tuple[str, str, int]]) -> None:
    found = concerns(match)
    assert [end for end in (SEARCH, PAY, OTHER) if found.about(*end)] == concerned


def test_without_rules_nothing_is_concerned() -> None:
    assert not concerns().about(*SEARCH)


def test_handshakes_are_told_apart() -> None:
    calls, handshakes = concerns({"upstream": "pay"}), concerns({"upstream": "pay"}, fault="tls_handshake")
    assert (calls.about(*PAY), calls.about_handshakes(*PAY)) == (True, False)
    assert (handshakes.about(*PAY), handshakes.about_handshakes(*PAY)) == (True, True)
    assert not handshakes.about_handshakes(*SEARCH)


PATTERNS = st.sampled_from(
    [None, "*", "?*", "pay", "search", "charge", "c*", "[cf]*", "GET*", "GET /v1/x", "P*", "*x", "x"]
)
HOSTS = st.sampled_from([None, "*", "pay.example", "*.example:8443", "search.example:443", "SEARCH*", "[!p]*"])


@given(upstream=PATTERNS, tool=PATTERNS, host=HOSTS, end=st.sampled_from([SEARCH, PAY, OTHER]), data=st.data())
def test_whatever_a_rule_matches_is_at_a_host_that_it_concerns(
    upstream: str | None, tool: str | None, host: str | None, end: tuple[str, str, int], data: st.DataObject
) -> None:
    given = {"upstream": upstream, "tool": tool, "host": host}
    match = {key: value for key, value in given.items() if value is not None}
    name, place, port = end
    declared = [each for each, about in TOOLS.items() if about["upstream"] == name]
    called = data.draw(st.sampled_from([*declared, "GET /v1/x", "POST /", "PURGE /{id}"]))
    written = place if port == 443 else f"{place}:{port}"
    route = Route(name, called, "http", called.split()[0], written, "/v1/x", "", ToolEffect.READ, touchable=True)
    if Target.of(Match.model_validate(match)).aims_at(route):
        assert concerns(match).about(*end)
