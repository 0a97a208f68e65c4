"""Imagined agents call what a profile is about, at their times, and meet what real calls would meet."""

from pathlib import Path

import pytest

from chaosproxy.core.errors import UsageError
from chaosproxy.profiles.loader import LoadedProfile, load_profile
from chaosproxy.simulation import Foreseen, Imagination, aims, simulate

HEAD = """
version: 1
name: imagined
upstreams: {tool: "http://127.0.0.1:9001"}
"""
TOOLS = "tools: {find: {upstream: tool, method: GET, path: /find}, book: {upstream: tool, method: POST, path: /book}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def loaded(folder: Path, text: str) -> LoadedProfile:
    written = folder / "imagined.yaml"
    written.write_text(HEAD + text)
    return load_profile([written], {})


def foresee(folder: Path, text: str, **asked: object) -> Foreseen:
    asked = {"calls": 1, "sessions": 1, "retries": 0, "interval": 1.0, **asked}
    return simulate(loaded(folder, text), Imagination(**asked))  # type: ignore[arg-type]  # as each test says


# What is repeated


@pytest.mark.parametrize(
    ("fault", "calls"),
    [
        ("{type: latency, delay: 1s}", 1),
        ("{type: slow_body, piece: 1B, every: 1s}", 1),
        ("{type: stall, lasts: 1s, then: resume}", 1),
        ("{type: malformed_json}", 1),
        ("{type: stall, lasts: 1s}", 2),
        ("{type: truncated_body}", 2),
        ("{type: connection_refused}", 2),
    ],
)
def test_only_what_an_agent_sees_fail_is_repeated(folder: Path, fault: str, calls: int) -> None:
    foreseen = foresee(folder, TOOLS + f"rules: [{{name: the rule, fault: {fault}}}]", tools=("find",), retries=1)

    assert [(each.rule, each.attempt) for each in foreseen.calls] == [("the rule", nth) for nth in range(1, calls + 1)]


def test_retries_repeat_the_arguments_of_their_operation_and_the_next_has_its_own(folder: Path) -> None:
    rules = "rules: [{name: down, when: {attempts: 1}, fault: {type: connection_refused}}]"

    for tool, asked in (("find", ["/find?n=1", "/find?n=1", "/find?n=2", "/find?n=2"]), ("book", ["/book"] * 4)):
        foreseen = foresee(folder, TOOLS + rules, tools=(tool,), calls=2, retries=1)
        assert [each.target for each in foreseen.calls] == asked
        assert [(each.operation, each.attempt) for each in foreseen.calls] == [(1, 1), (1, 2), (2, 1), (2, 2)]

    same = foresee(folder, TOOLS + rules, tools=("find",), calls=2, retries=1, distinct=False)
    assert {each.target for each in same.calls} == {"/find"}


def test_an_id_in_the_path_is_the_operations_own(folder: Path) -> None:
    tools = "tools: {one: {upstream: tool, method: GET, path: '/things/{id}'}}\n"

    assert [each.target for each in foresee(folder, tools, calls=3).calls] == ["/things/1", "/things/2", "/things/3"]


# What is called


def test_all_tools_are_called_in_turn_or_those_that_were_asked_for(folder: Path) -> None:
    assert [each.tool for each in foresee(folder, TOOLS, calls=4).calls] == ["find", "book", "find", "book"]
    assert [each.tool for each in foresee(folder, TOOLS, calls=2, tools=("book",)).calls] == ["book", "book"]
    with pytest.raises(UsageError, match=r"no tool 'bok' \(there are: find, book\)"):
        foresee(folder, TOOLS, tools=("bok",))


@pytest.mark.parametrize(
    ("match", "called"),
    [
        ("{}", ["GET /", "POST /"]),
        ("{method: PUT}", ["PUT /"]),
        ("{path: '/v1/items/{id}', method: GET}", ["GET /v1/items/{id}"]),
        ("{body: {stream: true, model: 'gpt-*'}}", ["POST /"]),
        ("{query: {q: '*x?'}, method: GET}", ["GET /"]),
        ("{header: {X-Team: shop*}, method: GET}", ["GET /"]),
        ("{tool: 'DELETE /v1/items/{id}'}", ["DELETE /v1/items/{id}"]),
    ],
)
def test_of_a_profile_without_tools_what_its_rules_are_about_is_called(
    folder: Path, match: str, called: list[str]
) -> None:
    foreseen = foresee(folder, f"rules: [{{name: all, match: {match}, fault: {{type: connection_refused}}}}]", calls=2)

    assert list(dict.fromkeys(each.tool for each in foreseen.calls)) == called
    assert all(each.rule == "all" for each in foreseen.calls)


def test_a_tool_is_called_also_as_a_rule_wants_it(folder: Path) -> None:
    rules = """
rules:
  - {name: of a team, match: {tool: find, header: {X-Team: shopping}}, fault: {type: connection_refused}}
  - {name: of all, match: {tool: find}, fault: {type: latency, delay: 1s}}
"""
    foreseen = foresee(folder, TOOLS + rules, calls=3)

    assert [(each.tool, each.rule) for each in foreseen.calls] == [
        ("find", "of all"),
        ("book", None),
        ("find", "of a team"),
    ]


def test_handshakes_are_imagined_where_rules_are_about_them(folder: Path) -> None:
    text = "rules: [{name: cut, fault: {type: tls_handshake, how: cut}}]"
    foreseen = foresee(folder, text.replace("127.0.0.1", "localhost"))

    assert [(each.tool, each.method, each.rule) for each in foreseen.calls] == [
        ("CONNECT 127.0.0.1:9001", "CONNECT", "cut")
    ]


def test_without_rules_and_tools_each_upstream_is_called_and_without_any_nothing_can_be(folder: Path) -> None:
    assert [each.tool for each in foresee(folder, "").calls] == ["GET /"]
    (folder / "none.yaml").write_text("version: 1\nname: none\n")
    nothing = load_profile([folder / "none.yaml"], {})
    assert aims(nothing.profile) == []
    with pytest.raises(UsageError, match="--upstream NAME=URL"):
        simulate(nothing, Imagination(calls=1, sessions=1, retries=0, interval=1.0))


def test_bodies_say_what_was_asked_for(folder: Path) -> None:
    rules = "rules: [{name: large, match: {body: {max_tokens: 9}}, fault: {type: connection_refused}}]"
    text = TOOLS + rules.replace("body", "tool: book, body")

    assert [each.rule for each in foresee(folder, text, calls=1, tools=("book",)).calls] == [None]
    assert [each.rule for each in foresee(folder, text, calls=1, tools=("book",), body={"max_tokens": 9}).calls] == [
        "large"
    ]


# Time


def test_all_sessions_begin_at_once_and_keep_to_the_timetable(folder: Path) -> None:
    foreseen = foresee(folder, TOOLS, calls=3, sessions=2, interval=2.5)

    assert [(each.session, each.at) for each in foreseen.calls] == [
        (session, at) for session in ("sim-1", "sim-2") for at in (0.0, 2.5, 5.0)
    ]


def test_a_session_can_last_instead_of_having_so_many_calls(folder: Path) -> None:
    foreseen = foresee(folder, TOOLS, calls=None, seconds=10.0, interval=3.0)

    assert [each.at for each in foreseen.calls] == [0.0, 3.0, 6.0, 9.0]


def test_quotas_are_shared_as_in_earnest(folder: Path) -> None:
    text = TOOLS + "rules: [{name: quota, fault: {type: rate_limit, limit: 3, per: 10s}}]"
    foreseen = foresee(folder, text, calls=2, sessions=3, tools=("find",))

    hit = {(each.session, each.ordinal) for each in foreseen.calls if each.rule}
    assert hit == {("sim-1", 2), ("sim-2", 2), ("sim-3", 2)}


def test_calls_are_in_flight_for_as_long_as_they_take(folder: Path) -> None:
    text = TOOLS + "rules: [{name: crowd, fault: {type: rate_limit, count: concurrency, limit: 2}}]"

    assert not any(each.rule for each in foresee(folder, text, calls=3, tools=("find",)).calls)
    foreseen = foresee(folder, text, calls=3, sessions=3, tools=("find",), takes=0.5)
    assert [each.session for each in foreseen.calls if each.rule] == ["sim-3"] * 3


def test_the_weather_is_told_for_rules_that_go_by_time(folder: Path) -> None:
    rules = """
phases: [{name: calm, for: 2s}, {name: storm, for: 3s, rules: [stormy]}, {name: calm again}]
rules:
  - {name: stormy, when: {ramp: {from: 0%, to: 100%, over: 4s}}, fault: {type: latency, delay: 1s}, continue: true}
  - {name: later, when: {after: 3s}, fault: {type: connection_refused}}
  - {name: always, fault: {type: connection_reset}}
"""
    foreseen = foresee(folder, TOOLS + rules, calls=6, tools=("find",))

    assert {each.rule: each.on for each in foreseen.weather} == {
        "stormy": (0.0, 0.0, 0.5, 0.75, 1.0, 0.0),
        "later": (0.0, 0.0, 0.0, 1.0, 1.0, 1.0),
    }
    assert [each.rules[-1] for each in foreseen.calls] == ["always"] * 3 + ["later"] * 3
    assert foreseen.calls[4].rules == ("stormy", "later")
    assert foreseen.calls[4].fault == "latency + connection_refused"


def test_the_counts_are_those_of_the_calls(folder: Path) -> None:
    rules = """
rules:
  - {name: first, match: {tool: find}, when: {every: 2}, fault: {type: connection_refused}}
  - {name: second, fault: {type: latency, delay: 1s}}
"""
    foreseen = foresee(folder, TOOLS + rules, calls=8)

    assert [(each.rule, each.eligible, each.hit) for each in foreseen.rules] == [("first", 4, 2), ("second", 6, 6)]
    assert [sum(each.rule == count.rule for each in foreseen.calls) for count in foreseen.rules] == [2, 6]


def test_what_a_budget_holds_back_is_told(folder: Path) -> None:
    rules = "rules: [{name: all, fault: {type: connection_refused}}]\nsafety: {max_ratio: 10%}"
    foreseen = foresee(folder, TOOLS + rules, calls=4, tools=("find",))

    assert [(each.rule, each.skipped) for each in foreseen.calls] == [("all", None)] * 2 + [(None, "all")] * 2


def test_a_record_has_all_that_is_known_of_a_call(folder: Path) -> None:
    (call,) = foresee(folder, TOOLS, tools=("find",)).calls

    assert call.as_record() == {
        "session": "sim-1",
        "ordinal": 1,
        "attempt": 1,
        "rule": None,
        "fault": None,
        "phase": None,
        "reason": "no rule fired",
        "draw": None,
        "at": 0.0,
        "tool": "find",
        "method": "GET",
        "target": "/find?n=1",
        "operation": 1,
        "rules": (),
        "skipped": None,
    }
