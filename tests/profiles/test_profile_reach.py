"""Rules that can never fire are refused; those that may are not."""

import pytest

from chaosproxy.profiles.models import Match
from chaosproxy.profiles.reach import covers
from tests.profiles.writing import refusals

TOOLS = """\
version: 1
name: test
upstreams:
  search: http://127.0.0.1:9001
  payments: https://payments.example/v1
tools:
  find: {upstream: search, method: GET, path: /v1/search}
  charge: {upstream: payments, method: POST, path: /v1/charges}
  receipt: {upstream: payments, method: GET, path: "/v1/charges/{id}"}
"""


def of_rules(*rules: str, top: str = TOOLS) -> list[str]:
    lines = "".join(f"  - {{name: r{nth}, {rule}}}\n" for nth, rule in enumerate(rules, 1))
    return [line.partition(": ")[2] for line in refusals(f"{top}rules:\n{lines}")]


BROKEN = "fault: {type: server_error}"


@pytest.mark.parametrize(
    ("match", "said"),
    [
        (
            "{upstream: serch}",
            ("unreachable: no upstream fits `serch`; declared: search, payments; did you mean `search`?"),
        ),
        ("{tool: pay*}", "unreachable: no tool fits `pay*`; declared: find, charge, receipt"),
        ("{tool: charge, upstream: search}", "unreachable: `charge` and the rest of this match never hold together"),
        ("{tool: charge, method: GET}", "unreachable: `charge` and the rest of this match never hold together"),
        ("{host: other.example}", "unreachable: no upstream is at `other.example`"),
    ],
)
def test_a_match_that_fits_nothing_declared_is_refused(match: str, said: str) -> None:
    key = "host" if "host" in match else "upstream" if match.startswith("{u") else "tool"

    assert of_rules(f"match: {match}, {BROKEN}") == [f"rules[0].match.{key}: {said}"]


@pytest.mark.parametrize(
    "match",
    [
        "{}",
        "{upstream: s*}",
        "{tool: '*'}",
        "{tool: 'c[h]arge'}",
        "{tool: 'GET /v1/other'}",
        "{tool: GET*}",
        "{tool: '*', method: POST}",
        "{host: 127.0.0.1}",
        "{host: '127.0.0.1:9001'}",
        "{host: '*.EXAMPLE'}",
    ],
)
def test_a_match_that_may_fit_is_not(match: str) -> None:
    assert of_rules(f"match: {match}, {BROKEN}") == []


def test_without_declarations_anything_may_come() -> None:
    bare = "version: 1\nname: test\n"

    assert of_rules(f"match: {{upstream: a, tool: b, host: c}}, {BROKEN}", top=bare) == []


def test_hosts_that_only_safety_names_may_come_in_forward_mode() -> None:
    open_to_others = TOOLS + "safety: {hosts: ['*.example', 127.0.0.1]}\n"

    assert of_rules(f"match: {{upstream: 'api.example:443'}}, {BROKEN}", top=open_to_others) == []
    assert of_rules(f"match: {{host: api.example}}, {BROKEN}", top=open_to_others) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (BROKEN, f"match: {{tool: charge}}, {BROKEN}"),
        (BROKEN, BROKEN),
        (f"when: {{probability: 100%}}, {BROKEN}", BROKEN),
        ("fault: {type: permission_denied}", BROKEN),
        (f"when: {{calls: 1-5}}, {BROKEN}", f"when: {{calls: [2, 4-5]}}, {BROKEN}"),
        (f"when: {{calls: 3}}, {BROKEN}", f"match: {{tool: charge}}, when: {{calls: 3, max: 1}}, {BROKEN}"),
        ("fault: {type: latency, delay: 1s}", BROKEN),
        (f"match: {{tool: charge}}, {BROKEN}", f"match: {{tool: charge}}, when: {{attempts: 1}}, {BROKEN}"),
        (f"match: {{tool: '*'}}, {BROKEN}", BROKEN),
        (f"match: {{upstream: payments}}, {BROKEN}", f"match: {{tool: charge}}, {BROKEN}"),
        (f"match: {{method: POST}}, {BROKEN}", f"match: {{tool: charge}}, {BROKEN}"),
        (f"match: {{path: /v1/*}}, {BROKEN}", f"match: {{path: /v1/charges}}, {BROKEN}"),
        (f"match: {{header: {{x-team: a*}}}}, {BROKEN}", f"match: {{header: {{X-Team: ab, Y: c}}}}, {BROKEN}"),
    ],
)
def test_a_rule_whose_calls_an_earlier_one_takes_is_refused(first: str, second: str) -> None:
    assert of_rules(first, second) == ["rules[1]: unreachable: rule `r1` always fires first"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (f"when: {{probability: 99%}}, {BROKEN}", BROKEN),
        (f"when: {{calls: 1-5}}, {BROKEN}", BROKEN),
        (f"when: {{calls: 1-5}}, {BROKEN}", f"when: {{calls: 5-6}}, {BROKEN}"),
        (f"when: {{after: 1s}}, {BROKEN}", BROKEN),
        (f"when: {{for: 1h}}, {BROKEN}", BROKEN),
        (f"when: {{exactly: 9 of 10}}, {BROKEN}", BROKEN),
        (f"when: {{ramp: {{to: 100%, over: 1s}}}}, {BROKEN}", BROKEN),
        (f"when: {{sessions: 99%}}, {BROKEN}", BROKEN),
        ("continue: true, fault: {type: latency, delay: 1s}", BROKEN),
        (f"when: {{max: 3}}, {BROKEN}", BROKEN),
        (f"when: {{attempts: 1}}, {BROKEN}", BROKEN),
        ("fault: {type: rate_limit, limit: 5, per: 1s}", BROKEN),
        ("fault: {type: token_expired}", BROKEN),
        (f"match: {{tool: charge}}, {BROKEN}", BROKEN),
        (f"match: {{tool: charge}}, {BROKEN}", f"match: {{upstream: payments}}, {BROKEN}"),
        (f"match: {{tool: c?arge}}, {BROKEN}", f"match: {{tool: c*arge}}, {BROKEN}"),
        (f"match: {{header: {{X: a}}}}, {BROKEN}", f"match: {{header: {{Y: a}}}}, {BROKEN}"),
        (f"match: {{body: {{n: 1}}}}, {BROKEN}", f"match: {{body: {{n: true}}}}, {BROKEN}"),
        (f"match: {{path: /v1/charges}}, {BROKEN}", f"match: {{path: /v1/*}}, {BROKEN}"),
    ],
)
def test_a_rule_that_keeps_some_calls_is_not(first: str, second: str) -> None:
    assert of_rules(first, second) == []


@pytest.mark.parametrize(
    ("phases", "said"),
    [
        ("[{name: storm, for: 1m, rules: r1}]", []),
        ("[{name: storm, for: 1m, rules: r2}]", ["rules[1]: unreachable: rule `r1` always fires first"]),
    ],
)
def test_a_rule_that_is_only_on_at_times_takes_no_other_rules_calls(phases: str, said: list[str]) -> None:
    assert of_rules(BROKEN, BROKEN, top=f"{TOOLS}phases: {phases}\n") == said


@pytest.mark.parametrize(
    "match",
    [
        Match(),
        Match(tool="a*"),
        Match(header={"X": "1"}, path="/a/{id}"),
        Match(body={"n": 1, "t": None}, method="GET"),
    ],
)
def test_a_match_covers_itself_and_whatever_asks_for_more(match: Match) -> None:
    more = match.model_copy(update={"session": "s", "query": {"q": "1"}, "host": "h"})

    assert covers(match, match)
    assert covers(match, more)
    assert not covers(more, match)
