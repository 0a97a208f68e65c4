"""What a profile expects: one expectation or several, of what part of a run, and what is wrong with them."""

import pytest

from chaosproxy.profiles.explain import explain
from chaosproxy.profiles.models import Expectation
from tests.profiles.writing import load, refusals

TOOLS = "upstreams: {a: http://a}\ntools: {search: {upstream: a, path: /s}, charge: {upstream: a, path: /c}}\n"


def profile(expect: str, rest: str = "") -> str:
    return f"version: 1\nname: x\nexpect: {expect}\n{rest}"


def wanted(expect: str, measure: str = "recovery_rate", rest: str = "") -> tuple[Expectation, ...]:
    return load(profile(expect, rest)).profile.expect[measure]


def wrong(expect: str, rest: str = "") -> list[str]:
    return [each.removeprefix("a.yaml:") for each in refusals(profile(expect, rest))]


def test_one_alone_is_a_list_of_one() -> None:
    alone = "{recovery_rate: {at_least: 95%, of: rate_limit}}"
    listed = "{recovery_rate: [{at_least: 95%, of: [rate_limit]}]}"

    assert wanted(alone) == wanted(listed)
    assert load(profile(alone)).digest == load(profile(listed)).digest


def test_several_of_one_measure() -> None:
    rates = wanted(
        "{recovery_rate: [{at_least: 95%, of: rate_limit}, {at_least: 80%, tool: 'sea*', session: 'ci-*', cases: 10}]}",
        rest=TOOLS,
    )

    assert [(each.at_least, each.of, each.tool, each.session, each.cases) for each in rates] == [
        (0.95, ("rate_limit",), None, None, 1),
        (0.8, (), "sea*", "ci-*", 10),
    ]


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("{loops: []}", "3:17: expect.loops: expected at least one item, got an empty list"),
        (
            "{loops: [{at_most: 0}, {at_mots: 0}]}",
            "3:33: expect.loops[1].at_mots: expected a key that is known here, got `at_mots`; did you mean `at_most`?",
        ),
        (
            "{loops: {at_mots: 0}}",
            "3:18: expect.loops.at_mots: expected a key that is known here, got `at_mots`; did you mean `at_most`?",
        ),
        (
            "{loops: [{at_most: 0}, {at_most: 2, at_least: 3}]}",
            "3:55: expect.loops[1].at_least: expected no more than at_most, or nothing can be both",
        ),
        (
            "{success_drop: [{at_most: 10%}, {at_most: 10s}]}",
            "3:51: expect.success_drop[1].at_most: expected a rate from 0% to 100%, such as 30% or 0.3, got `10s`",
        ),
        (
            "{wasted_calls: {at_most: 3, of: latency}}",
            "3:41: expect.wasted_calls.of: expected nothing here: this is not measured by fault",
        ),
        (
            "{loops: [{at_most: 0}, {at_most: 1, of: [latency]}]}",
            "3:49: expect.loops[1].of: expected nothing here: this is not measured by fault",
        ),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(expect: str, said: str) -> None:
    assert said in wrong(expect)


@pytest.mark.parametrize("key", ["of: latency", "tool: search", "session: s"])
def test_an_agent_has_one_exit_status(key: str) -> None:
    (said,) = [each for each in wrong(f"{{agent_exit_status: {{at_most: 0, {key}}}}}", TOOLS) if "one value" in each]

    assert f"expect.agent_exit_status.{key.partition(':')[0]}: expected nothing here" in said


@pytest.mark.parametrize("tool", ["serch", "'pay*'"])
def test_a_tool_that_no_declared_tool_is_called_is_a_mistake(tool: str) -> None:
    (said,) = wrong(f"{{loops: {{at_most: 0, tool: {tool}}}}}", TOOLS)

    assert said.startswith("3:36: expect.loops.tool: unreachable: no tool fits")


@pytest.mark.parametrize("tool", ["search", "'s*'", "'*'", "'GET /v1/*'"])
def test_a_tool_that_may_be_there_is_none(tool: str) -> None:
    loaded = load(profile(f"{{loops: {{at_most: 0, tool: {tool}}}}}", TOOLS))

    assert loaded.warnings == ()


def test_a_name_where_tools_are_inferred_is_a_warning() -> None:
    (warned,) = load(profile("{loops: [{at_most: 0}, {at_most: 0, tool: search}]}")).warnings

    assert str(warned) == (
        "a.yaml:3:51: expect.loops[1].tool: no tool is declared, so tools go by method and path, such as "
        "`GET /v1/items/{id}`; `search` fits hardly any"
    )
    assert load(profile("{loops: {at_most: 0, tool: 'GET /v1/*'}}")).warnings == ()


def test_a_later_file_replaces_a_list_and_adds_to_a_mapping() -> None:
    base = profile("{loops: {at_most: 0}, recovery_rate: [{at_least: 90%}, {at_least: 80%, of: latency}]}")
    top = "expect: {loops: {cases: 3}, recovery_rate: {at_least: 50%}}"

    laid = load(base, top).profile.expect

    assert [(each.at_most, each.cases) for each in laid["loops"]] == [(0, 3)]
    assert [(each.at_least, each.of) for each in laid["recovery_rate"]] == [(0.5, ())]


def test_each_is_said_in_a_sentence() -> None:
    lines = explain(
        load(
            profile(
                "{recovery_rate: [{at_least: 95%}, "
                "{at_least: 80%, of: latency, tool: 's*', session: 'ci-*', cases: 9}]}",
                TOOLS,
            )
        )
    )

    assert lines[-2:] == [
        "Expected: recovery_rate is at least 95%.",
        "Expected: recovery_rate for latency at `s*` in sessions `ci-*` is at least 80%, judged from 9 cases on.",
    ]


@pytest.mark.parametrize(
    ("tool", "said"),
    [
        (
            "{upstream: a, path: /, fallback_for: serch}",
            "fallback_for: expected another of the tools (search and charge)",
        ),
        ("{upstream: a, path: /, checks: [charge, other]}", "checks[1]: expected another of the tools"),
    ],
)
def test_tools_that_a_tool_names_must_be_declared(tool: str, said: str) -> None:
    (mistake,) = refusals(f"version: 1\nname: x\n{TOOLS[:-2]}, other: {tool}}}\n")

    assert f"tools.other.{said}" in mistake
