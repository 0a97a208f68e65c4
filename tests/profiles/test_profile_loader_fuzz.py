"""Whatever is written, it loads or is refused: nothing but a ProfileError comes out, and no secret."""

import json

from hypothesis import given
from hypothesis import strategies as st

from tests.profiles.writing import refusals

NAMES = st.sampled_from(
    [
        "version",
        "name",
        "seed",
        "upstreams",
        "tools",
        "rules",
        "safety",
        "sessions",
        "recovery",
        "expect",
        "from",
        "idle",
        "hosts",
        "match",
        "when",
        "fault",
        "url",
        "dialect",
        "timeout",
        "upstream",
        "method",
        "path",
        "effect",
        "probability",
        "calls",
        "attempts",
        "every",
        "max",
        "key",
        "type",
        "phase",
        "delay",
        "status",
        "limit",
        "per",
        "recovery_rate",
        "at_least",
        "at_most",
        "of",
        "cases",
        "header",
        "query",
        "body",
        "ca",
        "client_cert",
        "client_key",
        "verify",
        "exactly",
        "after",
        "for",
        "repeat",
        "ramp",
        "outage",
        "burst",
        "up",
        "down",
        "share",
        "length",
        "to",
        "over",
        "phases",
        "continue",
    ]
)
TEXTS = st.text(max_size=6) | st.sampled_from(
    [
        "latency",
        "timeout",
        "2s",
        "30%",
        "1-2",
        "GET",
        "/x",
        "${A}",
        "${A:-3}",
        "${",
        "$${x}",
        "http://x:99999",
        "http://[::1]:1",
        "http://a@b",
        "openai",
        "x.yaml",
        "*",
        "a[",
        "header:x",
        "2 of 10",
        "fixed",
        "5m",
        ".inf",
        "1e999",
        "before_upstream",
        "read",
        "~x",
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | TEXTS, inner, max_size=4), max_leaves=20
)
ALMOST_RULES = st.fixed_dictionaries(
    {},
    optional={
        "name": TEXTS,
        "match": st.dictionaries(NAMES, LEAVES, max_size=3),
        "when": st.dictionaries(NAMES, LEAVES | st.dictionaries(NAMES, LEAVES, max_size=3), max_size=3),
        "continue": LEAVES,
        "fault": st.just({"type": "unauthorized"}) | st.dictionaries(NAMES, LEAVES, max_size=3) | ANYTHING,
    },
)
ALMOST_PROFILES = st.fixed_dictionaries(
    {},
    optional={
        "version": st.just(1),
        "name": TEXTS,
        "upstreams": st.dictionaries(TEXTS, TEXTS | st.fixed_dictionaries({"url": TEXTS}), max_size=3),
        "tools": st.dictionaries(TEXTS, st.dictionaries(NAMES, LEAVES, max_size=4), max_size=3),
        "rules": st.lists(ALMOST_RULES, max_size=4),
        "phases": st.lists(st.dictionaries(NAMES, LEAVES | st.lists(TEXTS, max_size=2), max_size=3), max_size=3),
        "safety": ANYTHING,
        "sessions": ANYTHING,
        "expect": st.dictionaries(NAMES, st.dictionaries(NAMES, LEAVES), max_size=3),
    },
)


@given(ANYTHING | ALMOST_PROFILES)
def test_data_of_any_kind_loads_or_is_refused_without_telling_secrets(data: object) -> None:
    said = refusals(json.dumps(data), environ={"A": "hunter2-secret"})

    assert "hunter2-secret" not in "\n".join(said)


SIGNS = [*"{}[]:,-#&*!|>%@`'\"?\n \ta1", "<<", "*a", "&a ", "---\n", "!!str ", "a: ", "${A}", "\r", "version: 1\n"]


@given(st.text(max_size=40) | st.lists(st.sampled_from(SIGNS), max_size=25).map("".join))
def test_text_of_any_kind_is_refused_with_a_place(text: str) -> None:
    assert all(line.startswith("a.yaml:") for line in refusals(text, environ={"A": "1"}))
    assert refusals(text, environ={"A": "1"})


@given(ALMOST_PROFILES)
def test_a_profile_is_refused_with_the_same_words_each_time(data: object) -> None:
    text = json.dumps(data)

    assert refusals(text) == refusals(text)
