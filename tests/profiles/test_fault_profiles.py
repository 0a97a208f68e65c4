"""The profiles that come with us: each loads, tells its story, can be used anywhere, and expects something."""

import pytest

from chaosproxy.profiles.explain import explain
from chaosproxy.profiles.loader import Overrides, load_profile
from chaosproxy.profiles.shipped import shipped_profiles

NAMES = tuple(shipped_profiles())
EXPECTING = tuple(name for name in NAMES if name != "quiet")


def test_the_ones_that_are_promised_are_there() -> None:
    assert {
        *("slow-search", "rate-limited", "expired-token", "permission-denied", "garbage-payloads", "lost-replies"),
        *("flaky-network", "bad-monday", "quiet"),
    } <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_loads_by_its_name_and_explains_itself(name: str) -> None:
    loaded = load_profile([name], {})

    assert loaded.profile.name == name
    assert loaded.files == (name,)
    assert len(explain(loaded)) >= 4
    assert loaded.profile.description


@pytest.mark.parametrize("name", NAMES)
def test_it_tells_its_story_at_the_top(name: str) -> None:
    story = shipped_profiles()[name].read_text().partition("\nversion:")[0]

    assert all(
        heading in story
        for heading in ("# Who meets this", "# What a healthy agent does", "# What to watch", f" {name} ")
    )
    assert "chaosproxy_" in story


@pytest.mark.parametrize("name", EXPECTING)
def test_it_expects_something_that_its_rules_can_show(name: str) -> None:
    profile = load_profile([name], {}).profile
    faults = {fault.type for rule in profile.rules for fault in rule.fault}

    assert profile.expect
    assert all(set(expectation.of) <= faults for expectation in profile.expect.values())


@pytest.mark.parametrize("name", [name for name in NAMES if name != "bad-monday"])
def test_it_can_be_put_before_any_upstream(name: str) -> None:
    profile = load_profile([name], {}, Overrides(upstreams={"mine": "http://127.0.0.1:1"})).profile

    assert profile.upstreams["mine"].url == "http://127.0.0.1:1"
    assert all(rule.match.upstream is None and rule.match.tool is None for rule in profile.rules)


def test_the_environment_says_where_the_tools_are() -> None:
    profile = load_profile(["rate-limited"], {"TOOL_URL": "http://elsewhere:1"}).profile

    assert [upstream.url for upstream in profile.upstreams.values()] == ["http://elsewhere:1"]
