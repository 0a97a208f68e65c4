"""A later file over an earlier one."""

import json

from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.profiles.document import Node, plain
from chaosproxy.profiles.overlay import overlay
from chaosproxy.profiles.yaml_nodes import read_yaml
from tests.profiles.writing import load, refusals

BASE = """\
version: 1
name: base
seed: 1
upstreams:
  search: {url: http://search, dialect: openai, timeout: 9s}
  payments: http://payments
rules:
  - {name: first, fault: {type: latency, delay: 1s}, when: {probability: 10%}}
  - {name: second, fault: {type: unauthorized}, when: {probability: 10%}}
safety: {hosts: [search, payments, other]}
"""


def test_mappings_merge_rules_merge_by_name_and_the_rest_is_replaced() -> None:
    storm = """
seed: 2
upstreams:
  search: http://other
  payments: {timeout: 3s}
rules:
  - {name: third, fault: {type: empty_body}}
  - {name: first, fault: {type: latency, delay: 9s}, when: {probability: 20%}}
safety: {hosts: [other, payments]}
"""
    loaded = load(BASE, storm)
    profile = loaded.profile

    assert profile.name == "base"
    assert profile.seed == 2
    assert profile.upstreams["search"].url == "http://other"
    assert profile.upstreams["search"].dialect == "openai"
    assert profile.upstreams["search"].timeout == 9.0
    assert profile.upstreams["payments"].url == "http://payments"
    assert profile.upstreams["payments"].timeout == 3.0
    assert [rule.name for rule in profile.rules] == ["first", "second", "third"]
    assert profile.rules[0].when.probability == 0.2
    assert profile.safety.hosts == ("other", "payments")
    assert loaded.files == ("a.yaml", "b.yaml")


def test_a_mistake_in_the_sum_points_into_the_file_that_made_it() -> None:
    storm = "upstreams:\n  search: {dialct: x}\nrules:\n  - {name: first, fault: {type: latncy}}\n"

    assert [line.partition(": ")[0] for line in refusals(BASE + "tools: {t: {upstream: serch, path: /}}", storm)] == [
        "a.yaml:11:23",
        "b.yaml:2:12",
        "b.yaml:4:33",
    ]


def test_a_name_given_twice_in_one_file_stays_a_mistake() -> None:
    twice = "rules:\n  - {name: first, fault: {type: unauthorized}}\n  - {name: first, fault: {type: unauthorized}}\n"

    assert "expected a name of its own, got `first` again" in "\n".join(refusals(BASE, twice))


def test_an_empty_file_over_a_profile_changes_nothing() -> None:
    assert load(BASE, "# nothing\n").digest == load(BASE).digest
    assert load("", BASE).digest == load(BASE).digest
    assert load(BASE, BASE).digest == load(BASE).digest


def node(data: object) -> Node:
    root, mistakes = read_yaml(json.dumps(data), "f.yaml")
    assert root is not None
    assert not mistakes
    return root


SCALARS = st.integers(0, 9) | st.sampled_from(["a", "b"])


def trees(keys: str) -> st.SearchStrategy[object]:
    return st.recursive(
        SCALARS, lambda inner: st.dictionaries(st.sampled_from(list(keys)), inner, max_size=3), max_leaves=8
    )


def profiles(keys: str) -> st.SearchStrategy[dict[str, object]]:
    rules = st.lists(st.fixed_dictionaries({"name": st.sampled_from(list(keys)), "n": SCALARS}), max_size=3)
    return st.dictionaries(st.sampled_from(list(keys)), trees(keys), max_size=4).flatmap(
        lambda rest: st.fixed_dictionaries({"rules": rules}).map(lambda some: {**rest, **some})
    )


@given(profiles("abc"))
def test_overlaying_nothing_changes_nothing(data: dict[str, object]) -> None:
    assert plain(overlay(node(data), node({}))) == data
    assert plain(overlay(node({}), node(data))) == data


@given(profiles("ab"), profiles("cd"), profiles("ef"))
def test_disjoint_overlays_group_in_any_way(
    one: dict[str, object], two: dict[str, object], three: dict[str, object]
) -> None:
    a, b, c = node(one), node(two), node(three)

    assert plain(overlay(overlay(a, b), c)) == plain(overlay(a, overlay(b, c)))


@given(profiles("abc"), profiles("abc"))
def test_what_the_later_file_says_holds(base: dict[str, object], top: dict[str, object]) -> None:
    laid = plain(overlay(node(base), node(top)))

    assert isinstance(laid, dict)
    assert all(laid[key] == value for key, value in top.items() if not isinstance(value, dict | list))
    assert base.keys() | top.keys() == laid.keys()
