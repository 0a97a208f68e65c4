"""Which of ten calls each trigger hits, and what is said about it."""

from typing import Any

import pytest

from chaosproxy.core.draws import RuleDraw, call_number
from chaosproxy.engine.engine import Engine
from chaosproxy.engine.triggers import Trigger, say_spans
from chaosproxy.profiles.models import When
from tests.engine.doubles import call, hits, judged, profile, route, rule


def ten_calls(when: dict[str, Any]) -> list[int]:
    engine = Engine(profile(rule(when=when)))
    return hits(judged(engine, (call(f"{number:016x}") for number in range(10))))


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ({"calls": 3}, [3]),
        ({"calls": "2-4"}, [2, 3, 4]),
        ({"calls": [1, "4-6", 6]}, [1, 4, 5, 6]),
        ({"calls": [9, 2]}, [2, 9]),
        ({"calls": "10-999999999"}, [10]),
        ({"every": 1}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ({"every": 3}, [3, 6, 9]),
        ({"every": 11}, []),
        ({"calls": "4-9", "every": 3}, [6, 9]),
        ({"max": 2}, [1, 2]),
        ({"every": 3, "max": 2}, [3, 6]),
        ({"calls": "4-6", "max": 5}, [4, 5, 6]),
        ({"attempts": 1}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ({"attempts": 2}, []),
        ({"probability": 0}, []),
        ({"probability": 1}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ({"probability": "0%", "calls": 3}, []),
        ({"probability": 1.0, "calls": 3}, [3]),
    ],
    ids=str,
)
def test_calls_that_are_hit(when: dict[str, Any], expected: list[int]) -> None:
    assert ten_calls(when) == expected


@pytest.mark.parametrize(
    ("attempts", "expected"), [(1, [1]), ("1-2", [1, 2]), ([1, 3], [1, 3]), ("4-9", [4, 5]), (6, [])]
)
def test_attempts_that_are_hit(attempts: object, expected: list[int]) -> None:
    engine = Engine(profile(rule(when={"attempts": attempts})))
    assert hits([engine.judge(call(), attempt, 0.0) for attempt in range(1, 6)]) == expected


def test_calls_are_counted_by_session_and_tool() -> None:
    engine = Engine(profile(rule(when={"calls": 2})))
    other_tool, other_session = call(route=route(tool="charge")), call(session="s2")
    assert hits(judged(engine, [call(), other_tool, other_session, call(), other_tool, other_session])) == [4, 5, 6]


def test_calls_are_those_of_the_tool_not_those_that_match() -> None:
    engine = Engine(profile(rule(match={"header": {"X-Team": "shopping"}}, when={"calls": 2})))
    shopping = call(headers=((b"x-team", b"shopping"),))
    assert hits(judged(engine, [call(), shopping, shopping])) == [2]


def test_max_is_counted_by_session_and_rule() -> None:
    engine = Engine(
        profile(
            rule("first", match={"tool": "find"}, when={"max": 1}),
            rule("second", match={"tool": "*"}, when={"max": 1}),
        )
    )
    decisions = judged(engine, [call(), call(), call(), call(session="s2")])
    assert [decision.rule for decision in decisions] == ["first", "second", None, "first"]


@pytest.mark.parametrize(
    ("key", "number"),
    [
        ("fingerprint", call_number(1, "s1", "a", 2)),
        ("tool", call_number(1, "s1", "tool find", 3)),
        ("arrival", call_number(1, "", "arrival", 4)),
    ],
)
def test_chance_goes_by_the_key(key: str, number: int) -> None:
    engine = Engine(profile(rule(when={"probability": 1, "key": key})))
    decisions = judged(engine, [call("a"), call("b"), call(session="s2"), call("a")])
    assert decisions[-1].draw == RuleDraw.of(1, "rule").draw(number)


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ({}, "always"),
        ({"calls": [3, "5-6"]}, "call 3 of 3, 5-6"),
        ({"attempts": "1-2"}, "attempt 1 of 1-2"),
        ({"every": 3}, "call 3, every 3"),
        ({"every": 3, "max": 2}, "call 3, every 3, 1 of at most 2 in a session"),
        ({"every": 3, "probability": 1.0}, "call 3, every 3, probability 100%, drew 0.45"),
        (
            {"calls": 3, "probability": "64.5%", "attempts": 1},
            "call 3 of 3, attempt 1 of 1, probability 64.5%, drew 0.45",
        ),
    ],
    ids=str,
)
def test_reason_of_the_third_call(when: dict[str, Any], reason: str) -> None:
    assert judged(Engine(profile(rule(when=when))), [call(), call(), call()])[-1].reason == reason


def test_draw_is_only_told_when_chance_had_a_say() -> None:
    (decision,) = judged(Engine(profile(rule(when={"calls": 1}))), [call()])
    assert decision.injections
    assert decision.draw is None


def test_spans_may_be_written_in_each_way() -> None:
    """Also in a `when` that did not come through the loader."""
    written: Any = (1, "3-4", (6, 6))
    trigger = Trigger.of(When.model_construct(calls=written, attempts=written), RuleDraw.of(1, "rule"))
    assert trigger.calls == trigger.attempts == ((1, 1), (3, 4), (6, 6))


def test_spans_in_words() -> None:
    assert say_spans([(1, 2), (4, 4)]) == "1-2, 4"
