"""What stands at 0 before the first call: what the profile implies, and not more than a scrape should carry."""

import pytest

from chaosproxy.core.events import Resolution
from chaosproxy.profiles.models import Match, Profile, Rule
from chaosproxy.telemetry.known_labels import KnownLabels, Labels, SeriesBudget
from tests.telemetry.happenings import profile


def matching(match: Match) -> Profile:
    """A profile whose one rule has this match."""
    plain = profile()
    rule = plain.rules[0].model_copy(update={"match": match})
    return plain.model_copy(update={"rules": (rule,)})


@pytest.mark.parametrize(
    ("match", "tools"),
    [
        (Match(), {"find", "charge"}),
        (Match(tool="find"), {"find"}),
        (Match(tool="*in*"), {"find"}),
        (Match(upstream="sea*"), {"find", "charge"}),
        (Match(upstream="payments"), set()),
        (Match(method="POST"), {"charge"}),
    ],
)
def test_a_rule_strikes_the_tools_it_may_concern(match: Match, tools: set[str]) -> None:
    strikes = list(KnownLabels(matching(match)).strikes())

    assert {tool for _, _, tool, _ in strikes} == tools
    assert {(rule, fault, phase) for rule, fault, _, phase in strikes} <= {
        ("slow and down", "latency", "before_upstream"),
        ("slow and down", "server_error", "before_upstream"),
    }


def test_episodes_of_ours_and_of_the_upstreams_own() -> None:
    episodes = set(KnownLabels(profile()).episodes())

    assert ("latency", "find", Resolution.ABANDONED) in episodes
    assert ("upstream", "charge", Resolution.CENSORED) in episodes
    assert ("latency", "charge", Resolution.ABANDONED) not in episodes


def test_only_writes_can_be_duplicated() -> None:
    known = KnownLabels(profile())

    assert list(known.duplicates()) == [("charge", "exposed"), ("charge", "confirmed"), ("charge", "avoided")]
    assert {tool for tool, _ in known.key_verdicts()} == {"charge"}
    assert {tool for tool, _ in known.wasted()} == {"find", "charge"}


def test_of_a_tool_that_nobody_declared_anything_may_come() -> None:
    sets = {metric.name: list(labels) for metric, labels in KnownLabels(profile()).of_another("GET /late")}

    assert ("GET /late", "confirmed") in sets["chaosproxy_duplicate_effects_total"]
    assert ("latency", "GET /late", Resolution.ABANDONED) in sets["chaosproxy_episodes_total"]
    assert {len(metric.labels) for metric, _ in KnownLabels(profile()).of_another("x")} == {1, 2, 3}


def test_an_sdk_changes_nothing_about_a_call() -> None:
    kinds = {(kind, layer) for _, _, kind, layer in KnownLabels(profile()).calls()}

    assert {("retry", "sdk"), ("retry", "model"), ("fallback", "model"), ("hedge", "none")} <= kinds
    assert not {("fallback", "sdk"), ("modified_retry", "sdk"), ("retry", "none"), ("none", "none")} & kinds


def test_same_fault_twice_is_one_label() -> None:
    rules: tuple[Rule, ...] = profile().rules * 2

    assert KnownLabels(profile().model_copy(update={"rules": rules})).faults == ("latency", "server_error")


def test_budget_grants_all_or_nothing() -> None:
    budget = SeriesBudget(10)
    sets: list[Labels] = [("a",), ("b",), ("a",)]

    assert budget.grant(sets, each=4) == (("a",), ("b",))
    assert budget.grant([("a",), ("b",), ("c",)]) == ()
    assert budget.grant(sets) == (("a",), ("b",))
    assert budget.grant([("a",)]) == ()
