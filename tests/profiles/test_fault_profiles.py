"""The profiles that come with us: each loads, tells its story, can be used anywhere, expects something, and happens."""

import re
from collections.abc import Mapping
from types import MappingProxyType

import pytest

from chaosproxy.core.events import Resolution, RetryAfterVerdict
from chaosproxy.core.failures import Outcome
from chaosproxy.faults._catalogue import catalogue
from chaosproxy.profiles.explain import explain
from chaosproxy.profiles.loader import Overrides, load_profile
from chaosproxy.profiles.models import Profile
from chaosproxy.profiles.shipped import shipped_groups, shipped_profiles
from chaosproxy.profiles.stories import INCIDENT, TEACHING, story
from chaosproxy.simulation import Imagination, simulate
from chaosproxy.telemetry import metric_table
from chaosproxy.telemetry.metric_table import Metric

NAMES = tuple(shipped_profiles())
INCIDENTS = shipped_groups()["incidents"]
EXPECTING = tuple(name for name in NAMES if name != "quiet")

WATCHED = re.compile(r"(chaosproxy_\w+)(\{[^}]*\})?")
LABEL = re.compile(r'(\w+)=~?"([^"]*)"')
BODY: Mapping[str, object] = MappingProxyType({"messages": [{"content": "Hello"}], "max_tokens": 6000})
"""Of a call to a language model, for limits on tokens."""


def profile_of(name: str) -> Profile:
    return load_profile([name], {}).profile


def test_the_ones_that_are_promised_are_there() -> None:
    assert {
        *("slow-search", "rate-limited", "expired-token", "permission-denied", "garbage-payloads", "lost-replies"),
        *("flaky-network", "bad-monday", "quiet", "throttled-llm", "gateways", "lying-tools", "schema-drift"),
        *("storm-and-calm", "flapping-upstream"),
    } <= set(shipped_groups()["teaching"])
    assert {
        *("one-503-kills-the-session", "dead-tool-90-retries", "thirty-rpm-limit", "stripe-lost-response"),
        *("openai-429-that-never-succeeds", "anthropic-529-overloaded", "slack-200-with-error", "cloudflare-524"),
    } <= set(INCIDENTS)


def test_the_groups_hold_every_profile_once_in_the_order_of_the_alphabet() -> None:
    groups = shipped_groups()

    assert sorted(name for names in groups.values() for name in names) == list(NAMES) == sorted(NAMES)
    assert all(list(names) == sorted(names) for names in groups.values())
    assert all(shipped_profiles()[name].parent.name == "incidents" for name in INCIDENTS)


@pytest.mark.parametrize("name", NAMES)
def test_it_loads_by_its_name_without_a_warning_and_explains_itself(name: str) -> None:
    loaded = load_profile([name], {})

    assert loaded.profile.name == name
    assert loaded.files == (name,)
    assert loaded.warnings == ()
    assert len(explain(loaded)) >= 4
    assert loaded.profile.description


@pytest.mark.parametrize("name", NAMES)
def test_it_tells_its_story_at_the_top(name: str) -> None:
    told = story(shipped_profiles()[name].read_text())

    assert tuple(told.chapters) == (INCIDENT if name in INCIDENTS else TEACHING)
    assert told.opening.endswith((".", "?"))
    assert all(text.endswith((".", "?", ")")) for text in told.chapters.values())
    assert any(f"chaosproxy serve {name}" in command for command in told.usage)
    assert WATCHED.search(told.chapters["What to watch"]) or "journal" in told.chapters["What to watch"]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_to_be_watched_can_be(name: str) -> None:
    metrics = {each.name: each for each in vars(metric_table).values() if isinstance(each, Metric)}
    values: dict[str, list[str]] = {"outcome": [*Outcome], "resolution": [*Resolution], "verdict": [*RetryAfterVerdict]}

    for metric, labels in WATCHED.findall(story(shipped_profiles()[name].read_text()).chapters["What to watch"]):
        assert metric in metrics
        for label, said in LABEL.findall(labels):
            assert label in metrics[metric].labels
            assert set(said.split("|")) <= set(values.get(label, said.split("|")))


@pytest.mark.parametrize("name", INCIDENTS)
def test_an_incident_says_where_it_happened(name: str) -> None:
    told = story(shipped_profiles()[name].read_text()).chapters["What happened"]

    somebody = re.search(r"\b[\w.-]+(?:/[\w.-]+)? #\d+", told)
    assert somebody or re.search(r"(?i)documentation|documented|captured|measured|reports", told), "by hearsay"


@pytest.mark.parametrize("name", NAMES)
def test_it_is_short(name: str) -> None:
    lines = shipped_profiles()[name].read_text().splitlines()

    assert len(lines) <= 100
    assert max(map(len, lines)) <= 126


@pytest.mark.parametrize("name", EXPECTING)
def test_it_expects_something_that_its_rules_can_show(name: str) -> None:
    profile = profile_of(name)
    faults = {fault.type for rule in profile.rules for fault in rule.fault}

    assert profile.expect
    assert all(set(each.of) <= faults for several in profile.expect.values() for each in several)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "bad-monday"])
def test_it_can_be_put_before_any_upstream(name: str) -> None:
    profile = load_profile([name], {}, Overrides(upstreams={"mine": "http://127.0.0.1:1"})).profile

    assert profile.upstreams["mine"].url == "http://127.0.0.1:1"
    assert all(rule.match.upstream is None and rule.match.tool is None for rule in profile.rules)


def test_the_environment_says_where_the_tools_are() -> None:
    profile = load_profile(["rate-limited"], {"TOOL_URL": "http://elsewhere:1"}).profile

    assert [upstream.url for upstream in profile.upstreams.values()] == ["http://elsewhere:1"]


@pytest.mark.parametrize("name", EXPECTING)
def test_each_of_its_rules_can_happen(name: str) -> None:
    """To eight agents who call every second, repeat what fails twice, and have some calls in flight at once: within two
    minutes, or within ten, where it goes by time.
    """
    idle = idle_rules(name, 120)

    assert (idle_rules(name, 600) if idle else idle) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_about_some_calls_of_a_tool_does_not_wait_for_one_that_another_call_may_be(name: str) -> None:
    """All that an MCP client sends is one tool to us: the n-th call of it may be a handshake or a listing."""
    for rule in profile_of(name).rules:
        if rule.match.body:
            assert rule.when.every is None
            assert all(last >= 1_000_000 for _, last in rule.when.calls or ())


def idle_rules(name: str, seconds: float) -> list[str]:
    asked = Imagination(sessions=8, retries=2, interval=1.0, seconds=seconds, takes=1.5, body=BODY)
    return [count.rule for count in simulate(load_profile([name], {}), asked).rules if not count.hit]


def test_every_fault_is_in_a_profile() -> None:
    shown = {fault.type for name in NAMES for rule in profile_of(name).rules for fault in rule.fault}

    assert sorted(set(catalogue()) - shown) == []
