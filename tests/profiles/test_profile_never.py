"""What can never hold is refused, what was hardly meant so is a warning, and what may hold is neither."""

import pytest

from chaosproxy.profiles.mistakes import Mistake
from tests.profiles.writing import load, refusals, with_rule

BROKEN = "fault: {type: server_error}"


def of_when(when: str, rest: str = "") -> list[str]:
    return [line.partition(": ")[2] for line in refusals(with_rule(f"{{name: r, when: {when}, {BROKEN}}}", rest))]


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("{probability: 30%, exactly: 1 of 2}", "exactly: `probability` says already which share of the calls is hit"),
        (
            "{probability: 30%, ramp: {to: 1%, over: 1m}}",
            "ramp: `probability` says already which share of the calls is hit",
        ),
        ("{exactly: 1 of 2, ramp: {to: 1%, over: 1m}}", "ramp: `exactly` says already which share of the calls is hit"),
        (
            "{exactly: 3 of 2}",
            "exactly: expected a share in whole calls, such as 2 of 10, of at most 100, got `3 of 2`",
        ),
        (
            "{exactly: 0 of 2}",
            "exactly: expected a share in whole calls, such as 2 of 10, of at most 100, got `0 of 2`",
        ),
        ("{exactly: 2 of 101}", "exactly: expected a share in whole calls"),
        ("{exactly: 2}", "exactly: expected a share in whole calls"),
        ("{after: 5}", "after: expected a duration with its unit, such as 250ms, 2s, 5m or 1h, got 5"),
        ("{for: 0}", "for: expected more than 0"),
        ("{repeat: 5m}", "repeat: without `for` it never ends, so it cannot begin again"),
        ("{for: 5m, repeat: 5m}", "repeat: expected longer than `for`; as it is, it would hold all the time"),
        ("{ramp: {over: 1m}}", "ramp.to: expected this key, which is missing"),
        ("{ramp: {to: 1%, ovr: 1m}}", "ramp.over: expected this key, which is missing"),
        ("{outage: {up: 1m, down: 0}}", "outage.down: expected more than 0"),
        (
            "{outage: {up: 1m, down: 1s, timing: exact}}",
            "outage.timing: expected exponential or fixed, got `exact`",
        ),
        (
            "{burst: {share: 50%, length: 2}}",
            (
                "burst.length: expected more than 2: so many in a row come of mere chance at a share of 50%, "
                "which `probability` says"
            ),
        ),
        ("{burst: {share: 0%, length: 2}}", "burst.share: expected a share above 0% and below 100%"),
        ("{burst: {share: 100%, length: 2}}", "burst.share: expected a share above 0% and below 100%"),
        ("{calls: 3, every: 2}", "every: unreachable: the number of no call that `calls` names divides by 2"),
        ("{calls: [1-3, 9-11], every: 4}", "every: unreachable: the number of no call that `calls` names divides by 4"),
        (
            "{for: 5m, outage: {up: 5m, down: 1m, timing: fixed}}",
            "outage: unreachable: the tool is up for the first 5m, and the rule is over then",
        ),
    ],
)
def test_a_when_that_can_never_be_meant_is_refused(when: str, said: str) -> None:
    found = of_when(when)

    assert found[0].startswith(f"rules[0].when.{said}")
    assert len(found) == (2 if "ovr" in when else 1)


@pytest.mark.parametrize(
    "when",
    [
        "{calls: 3, every: 3}",
        "{calls: [1, 7-8], every: 4}",
        "{calls: 1-2, every: 1}",
        "{after: 0, for: 1m, repeat: 61s}",
        "{exactly: 100 of 100, after: 1m}",
        "{for: 301s, outage: {up: 5m, down: 1m, timing: fixed}}",
        "{for: 5m, outage: {up: 5m, down: 1m}}",
        "{for: 1m, repeat: 2m, outage: {up: 5m, down: 1m, timing: fixed}}",
        "{after: 6m, outage: {up: 5m, down: 1m, timing: fixed}}",
        "{burst: {share: 1%, length: 1.02}, max: 3, attempts: 1}",
    ],
)
def test_a_when_that_may_hold_is_not(when: str) -> None:
    assert of_when(when) == []


PHASES = "phases: [{name: a, for: 1m}, {name: storm, for: 1m, rules: r}, {name: b, for: 1m}]\n"


@pytest.mark.parametrize(
    ("when", "key"),
    [
        ("{after: 2m}", "after"),
        ("{for: 1m}", "for"),
        ("{after: 10s, for: 50s}", "after"),
        ("{after: 10s, for: 10s, repeat: 3m}", "after"),
        ("{for: 1s, repeat: 2m}", "for"),
    ],
)
def test_a_rule_that_is_never_on_in_its_phases_is_refused(when: str, key: str) -> None:
    assert of_when(when, PHASES) == [
        f"rules[0].when.{key}: unreachable: it is never on in a phase that names this rule"
    ]


@pytest.mark.parametrize(
    "when",
    [
        "{after: 119s}",
        "{for: 61s}",
        "{after: 10s, for: 51s}",
        "{after: 10s, for: 10s, repeat: 90s}",
        "{for: 1s, repeat: 7s}",
        "{after: 1m, for: 1s, repeat: 10m}",
    ],
)
def test_a_rule_that_is_on_in_one_of_its_phases_is_not(when: str) -> None:
    assert of_when(when, PHASES) == []


def test_a_regular_outage_that_comes_after_the_phase_is_refused() -> None:
    assert of_when("{outage: {up: 2m, down: 1m, timing: fixed}}", PHASES) == [
        "rules[0].when.outage: unreachable: the tool is up for the first 2m, and the rule is over then"
    ]


def warnings(when: str, rest: str = "") -> list[str]:
    loaded = load(with_rule(f"{{name: r, when: {when}, {BROKEN}}}", rest))
    return [str(each).partition(": ")[2] for each in loaded.warnings]


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("{probability: 0%}", "probability: this rule never fires by itself: its probability is 0%"),
        ("{ramp: {to: 0%, over: 1m}}", "ramp: this rule never fires by itself: its ramp goes from 0% to 0%"),
        ("{sessions: 0%}", "sessions: this rule never fires by itself: it is about 0% of sessions"),
        (
            "{for: 1m, ramp: {to: 50%, over: 2m}}",
            "ramp: the rule is over after 1m, before its ramp has come to 50%",
        ),
        (
            "{exactly: 2 of 10, every: 2}",
            "exactly: fewer than 2 of 10 will be hit: `every` leaves out some of those that are chosen",
        ),
        (
            "{calls: 1-2, attempts: 3}",
            "attempts: among the first 2 calls of a tool there is hardly an attempt number 3",
        ),
    ],
)
def test_what_was_hardly_meant_so_is_a_warning(when: str, said: str) -> None:
    assert warnings(when) == [f"rules[0].when.{said}"]


@pytest.mark.parametrize(
    "when",
    [
        "{probability: 1%, calls: 1-3, attempts: 1-3}",
        "{ramp: {from: 50%, to: 0%, over: 1m}}",
        "{for: 1m, repeat: 5m, ramp: {to: 5%, over: 20m}}",
        "{exactly: 1 of 10, calls: 1-20, sessions: 10%}",
    ],
)
def test_what_makes_sense_is_none(when: str) -> None:
    assert warnings(when) == []


def test_a_warning_stands_where_it_is_written() -> None:
    loaded = load(with_rule(f"{{name: r, when: {{probability: 0}}, {BROKEN}}}", "safety: {max_ratio: 0}\n"))

    assert loaded.warnings == (
        Mistake("a.yaml", 4, 22, "rules[0].when.probability", "this rule never fires by itself: its probability is 0%"),
        Mistake("a.yaml", 5, 10, "safety.max_ratio", "no call may be hit, so no rule ever fires"),
    )


def test_going_on_to_nobody_is_a_warning() -> None:
    slow = "{name: slow, continue: true, fault: {type: latency, delay: 1s}}"

    assert [each.path for each in load(with_rule(slow)).warnings] == ["rules[0].continue"]
    assert load(with_rule(slow, f"  - {{name: r, {BROKEN}}}\n")).warnings == ()


@pytest.mark.parametrize(
    ("match", "idle"),
    [("method: GET", True), ("tool: find", True), ("method: POST", False), ("upstream: shop", False)],
)
def test_a_stale_time_that_no_write_begins_is_suspicious(match: str, idle: bool) -> None:
    rule = f"{{name: r, match: {{{match}}}, fault: {{type: stale_response}}}}"
    shop = "upstreams: {shop: http://127.0.0.1:9}\ntools: {find: {upstream: shop, path: /find, effect: read}}\n"
    assert [each.path for each in load(with_rule(rule, shop)).warnings] == (["rules[0].match"] if idle else [])
