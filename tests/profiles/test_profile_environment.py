"""`${NAME}`: in values, never in keys, and read as if it stood in the file."""

from collections.abc import Mapping

import pytest

from chaosproxy.profiles.document import plain
from chaosproxy.profiles.environment import substitute
from chaosproxy.profiles.yaml_nodes import read_yaml
from tests.profiles.writing import load, refusals, with_rule

ENVIRON = {"N": "30", "URL": "http://h:1", "EMPTY": "", "BELL": "a\x07", "YES": "true"}


def read(text: str, environ: Mapping[str, str]) -> tuple[object, list[str]]:
    root, _ = read_yaml(text, "f.yaml")
    assert root is not None
    filled, mistakes = substitute(root, environ)
    return plain(filled), [str(mistake) for mistake in mistakes]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("${N}", 30),
        ('"${N}"', "30"),
        ("${N}s", "30s"),
        ("-${N}", -30),
        ("${YES}", True),
        ("${URL}/v1", "http://h:1/v1"),
        ("${MISSING:-7}", 7),
        ("${MISSING:-http://127.0.0.1:9001}", "http://127.0.0.1:9001"),
        ("${EMPTY:-full}", "full"),
        ('"${EMPTY}"', ""),
        ("${EMPTY}", None),
        ("${MISSING:-}", None),
        ("$${N}", "${N}"),
        ("$N", "$N"),
        ("${N}${N}", 3030),
        ("['${N}', {k: '${URL}'}]", ["30", {"k": "http://h:1"}]),
        ("{'${N}': 1}", {"${N}": 1}),
    ],
)
def test_a_reference_is_read_as_if_its_value_stood_there(text: str, meant: object) -> None:
    found, mistakes = read(f"v: {text}\n", ENVIRON)

    assert mistakes == []
    assert found == {"v": meant}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("${MISSING}", "expected the environment variable MISSING, which is not set and has no default"),
        ("${}", "expected ${NAME} or ${NAME:-default}"),
        ("${N", "expected ${NAME} or ${NAME:-default}"),
        ("${N-3}", "expected ${NAME} or ${NAME:-default}"),
        ("${BELL}", "expected the environment variable BELL to be text, without control characters"),
    ],
)
def test_a_reference_that_leads_nowhere_is_told_at_its_place(text: str, said: str) -> None:
    assert read(f"v: {text}\n", ENVIRON)[1] == [f"f.yaml:1:4: v: {said}, got `{text}`"]


def test_a_number_from_the_environment_is_a_number_where_one_is_needed() -> None:
    rule = "name: r\n    fault:\n      type: rate_limit\n      limit: ${LIMIT}\n      per: ${PER:-10s}"

    [fault] = load(with_rule(rule), environ={"LIMIT": "5"}).profile.rules[0].fault

    assert fault.model_dump(exclude_unset=True) == {"type": "rate_limit", "limit": 5, "per": 10.0}


def test_only_the_missing_variable_is_told_and_not_what_follows_from_it() -> None:
    text = with_rule("{name: r, fault: {type: latency, delay: '${SLOW}'}}", "upstreams: {a: '${A_URL}'}")

    assert refusals(text) == [
        (
            "a.yaml:4:45: rules[0].fault.delay: expected the environment variable SLOW, which is not set and has no "
            "default, got `${SLOW}`"
        ),
        (
            "a.yaml:5:16: upstreams.a: expected the environment variable A_URL, which is not set and has no default, "
            "got `${A_URL}`"
        ),
    ]


@pytest.mark.parametrize(
    "text",
    [
        with_rule("{name: r, fault: {type: latency, delay: '${SECRET}'}}"),
        with_rule("{name: r, fault: {type: '${SECRET}'}}"),
        with_rule("{name: r, fault: {type: unauthorized, dialect: '${SECRET}'}}"),
        with_rule("{name: r, fault: {type: unauthorized, dialect: './${SECRET}'}}"),
        with_rule("{name: r, fault: {type: unauthorized}, when: {probability: '${SECRET}'}}"),
        with_rule(
            "{name: '${SECRET}', fault: {type: unauthorized}}",
            "  - {name: '${SECRET}', fault: {type: unauthorized}}\n",
        ),
        with_rule("{name: r, match: {upstream: '${SECRET}'}, fault: {type: unauthorized}}", "upstreams: {a: http://a}"),
        with_rule("{name: r, match: {host: '${SECRET}'}, fault: {type: unauthorized}}", "upstreams: {a: http://a}"),
        "version: 1\nname: n\nupstreams: {a: '${SECRET}'}",
        "version: 1\nname: n\nupstreams: {a: 'http://user:${SECRET}@host'}",
        "version: 1\nname: n\nupstreams: {a: 'http://${SECRET}.example'}\nsafety: {hosts: [b]}",
        "version: 1\nname: n\nupstreams: {a: http://a.example}\nsafety: {hosts: ['${SECRET}']}",
        "version: 1\nname: n\nupstreams: {a: {url: http://a, ca: '${SECRET}'}}",
        "version: 1\nname: n\ntools: {t: {upstream: '${SECRET}', path: /}}",
        "version: ${SECRET}\nname: n",
        "version: 1\nname: n\nexpect: {recovery_rate: {at_least: '${SECRET}'}}",
    ],
)
@pytest.mark.parametrize("secret", ["hunter2secret", "99.hunter2secret-" + "x" * 90])
def test_no_refusal_tells_what_is_in_the_environment(text: str, secret: str) -> None:
    said = "\n".join(refusals(text, environ={"SECRET": secret}))

    assert said
    assert "hunter2" not in said
