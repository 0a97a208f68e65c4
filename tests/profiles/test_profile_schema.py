"""The JSON Schema says what the loader says, as far as a schema can."""

import json

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types

from chaosproxy.core.measures import MEASURES
from chaosproxy.faults._catalogue import catalogue
from chaosproxy.profiles.document import plain
from chaosproxy.profiles.models import Profile
from chaosproxy.profiles.schema import json_schema
from chaosproxy.profiles.shipped import shipped_profiles
from chaosproxy.profiles.yaml_nodes import read_yaml
from tests.profiles.writing import refusals

SCHEMA = json_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def accepts(text: str) -> bool:
    root, mistakes = read_yaml(text, "f.yaml")
    assert root is not None
    assert not mistakes
    return bool(VALIDATOR.is_valid(plain(root)))


def test_it_is_a_schema_of_the_latest_draft() -> None:
    Draft202012Validator.check_schema(SCHEMA)

    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    json.dumps(SCHEMA, allow_nan=False)


@pytest.mark.parametrize("name", shipped_profiles())
def test_it_accepts_every_shipped_profile(name: str) -> None:
    assert accepts(shipped_profiles()[name].read_text())


@pytest.mark.parametrize("name", catalogue())
def test_it_accepts_the_example_of_every_fault(name: str) -> None:
    rules = "".join(f"  {line}\n" for line in catalogue()[name].example.splitlines())

    assert accepts(f"version: 1\nname: n\nrules:\n{rules}")


def rule(text: str) -> str:
    return f"rules: [{{name: r, {text}}}]"


GOOD = [
    "upstreams: {a: http://a}",
    "upstreams: {a: '${A_URL}'}",
    "upstreams: {a: {url: http://a, timeout: 3s, verify: false, dialect: openai}}",
    (
        "tools: {t: {upstream: a, path: '/v1/{id}', method: get, effect: write, idempotency_key: header:X-Id}}\n"
        "upstreams: {a: http://a}"
    ),
    rule("fault: {type: unauthorized}"),
    rule("fault: [{type: latency, delay: 2s}, {type: malformed_json, how: bom}]"),
    rule("when: {calls: [1, 4-6], attempts: 1-2, every: 3}, fault: {type: timeout, after: 3m}"),
    rule("when: {probability: 30%, max: 2, key: tool}, fault: {type: truncated_body, keep: 0.5}"),
    rule("when: {probability: 0.3}, fault: {type: rate_limit, limit: 3, per: 1m, scope: session}"),
    rule("when: {calls: '${N}', max: '${N}'}, fault: {type: latency, delay: '${DELAY}'}").replace("'${N}'", "2"),
    rule("when: {exactly: 2 of 10, after: 1m, for: 30s, repeat: 2m, key: arrival}, fault: {type: empty_body}"),
    rule("when: {ramp: {from: 0%, to: 50%, over: 1m}, sessions: 10%, max: 2}, fault: {type: empty_body}"),
    rule("when: {outage: {up: 5m, down: 20s}, burst: {share: 10%, length: 2.5}}, fault: {type: empty_body}"),
    rule("when: {outage: {up: '${UP:-5m}', down: 20s, timing: fixed}}, fault: {type: empty_body}"),
    rule("continue: true, fault: {type: latency, delay: 2s}"),
    "rules: [{name: r, fault: {type: empty_body}}]\nphases: [{name: a, for: 1m, rules: r}, {name: b, rules: [r]}]",
    "phases: []",
    rule("match: {header: {X-Team: a*}, body: {a.b: 1, c: null}, query: {q: x}}, fault: {type: empty_body}"),
    "safety: {hosts: ['*.example'], max_ratio: 50%, max_active: 3}",
    "sessions: {from: [path, 'header:X-Run', 'baggage:session.id'], idle: 5m}",
    "expect: {recovery_rate: {at_least: 95%, of: latency, cases: 3}, amplification: {at_most: 1.5}}",
    "expect: {time_to_recovery_p95: {at_most: 10s}, duplicate_effects: {at_most: 0}}",
    "expect: {loops: [{at_most: 0}, {at_most: 3, tool: 'GET /*', session: 'ci-*', cases: 2}]}",
]

BAD = [
    "colour: red",
    "version: 2",
    "name: ''",
    "seed: x",
    "upstreams: {a: ftp://a}",
    "upstreams: {~a: http://a}",
    "upstreams: {a: {timeout: 3s}}",
    "upstreams: {a: {url: http://a, timeout: 3}}",
    "upstreams: {a: {url: http://a, retries: 3}}",
    "tools: {t: {upstream: a}}",
    "tools: {t: {upstream: a, path: v1}}",
    "tools: {t: {upstream: a, path: /, method: GTE}}",
    "tools: {t: {upstream: a, path: /, idempotency_key: X-Id}}",
    "rules: {}",
    "rules: [{fault: {type: unauthorized}}]",
    rule("match: {}"),
    rule("fault: []"),
    rule("fault: {}"),
    rule("fault: {delay: 2s}"),
    rule("fault: {type: latncy, delay: 2s}"),
    rule("fault: {type: latency, dely: 2s}"),
    rule("fault: {type: latency, delay: 2}"),
    rule("fault: {type: server_error, status: 404}"),
    rule("fault: {type: timeout, phase: sometimes}"),
    rule("fault: {type: unauthorized}, continue: sometimes"),
    rule("fault: {type: unauthorized}, when: {after: 30}"),
    rule("fault: {type: unauthorized}, when: {exactly: 20%}"),
    rule("fault: {type: unauthorized}, when: {ramp: {from: 0%, to: 50%}}"),
    rule("fault: {type: unauthorized}, when: {ramp: {from: 0%, to: 50%, ovr: 1m}}"),
    rule("fault: {type: unauthorized}, when: {outage: {up: 1m, down: 0}, timing: fixed}"),
    rule("fault: {type: unauthorized}, when: {outage: {up: 1m, down: 1s, timing: often}}"),
    rule("fault: {type: unauthorized}, when: {burst: {share: 10%, length: 0}}"),
    rule("fault: {type: unauthorized}, when: {sessions: 3}"),
    "phases: {}",
    "phases: [{for: 3m}]",
    "phases: [{name: a, for: 3}]",
    rule("fault: {type: unauthorized}, when: {calls: []}"),
    rule("fault: {type: unauthorized}, when: {calls: 0}"),
    rule("fault: {type: unauthorized}, when: {calls: 1-}"),
    rule("fault: {type: unauthorized}, when: {probability: 1.3}"),
    rule("fault: {type: unauthorized}, when: {key: dice}"),
    rule("fault: {type: unauthorized}, match: {header: {'X Y': a}}"),
    rule("fault: {type: unauthorized}, match: {host: 'http://a'}"),
    "safety: {max_active: 0}",
    "sessions: {from: [cookie]}",
    "sessions: {from: []}",
    "expect: {recovery_rat: {at_least: 95%}}",
    "expect: {recovery_rate: {at_least: 10s}}",
    "expect: {recovery_rate: []}",
    "expect: {recovery_rate: [{at_least: 10s}]}",
    "expect: {loops: {at_most: 0, tools: x}}",
    "expect: {duplicate_effects: {at_most: 1.5}}",
    "expect: {time_to_recovery_p95: {at_most: 10}}",
    "expect: {amplification: {at_most: -1}}",
    "expect: {recovery_rate: {at_least: 95%, of: [latncy]}}",
]


def whole(text: str) -> str:
    return "".join(f"{key}: {value}\n" for key, value in (("version", 1), ("name", "n")) if key not in text[:7]) + text


@pytest.mark.parametrize("text", GOOD)
def test_it_accepts_what_the_loader_accepts(text: str) -> None:
    environ = {"A_URL": "http://a", "DELAY": "3s"}

    assert refusals(whole(text), environ=environ) == []
    assert accepts(whole(text))


@pytest.mark.parametrize("text", BAD)
def test_it_refuses_what_the_loader_refuses(text: str) -> None:
    assert refusals(whole(text))
    assert not accepts(whole(text))


def test_every_setting_has_words_for_the_hover_of_an_editor() -> None:
    named = {"": SCHEMA, **{name: each for name, each in SCHEMA["$defs"].items() if "properties" in each}}
    silent = [
        f"{name}.{key}"
        for name, each in named.items()
        for key, setting in each["properties"].items()
        if not ({"description", "$ref"} & setting.keys())
    ]

    assert silent == []


def test_it_knows_every_key_of_the_language() -> None:
    assert SCHEMA["properties"].keys() == Profile.model_fields.keys()
    assert SCHEMA["$defs"]["Expectations"]["properties"].keys() == MEASURES.keys()


def test_defaults_are_shown_as_they_would_be_written() -> None:
    settings = SCHEMA["$defs"]["Upstream"]["properties"]

    assert settings["timeout"]["default"] == "5m"
    assert "default" not in settings["dialect"]
