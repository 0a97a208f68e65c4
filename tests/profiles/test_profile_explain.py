"""A profile in plain sentences."""

import pytest

from chaosproxy.profiles.explain import explain
from tests.profiles.writing import load, with_rule

WHOLE = """
version: 1
name: monday
description: |
  The shop's APIs
  at nine.
seed: 7
upstreams:
  search: http://127.0.0.1:9001
  payments: {url: "https://payments.staging.example", dialect: stripe, verify: false}
tools:
  find: {upstream: search, path: /v1/search}
  charge: {upstream: payments, method: POST, path: /v1/charges, effect: write, idempotency_key: header:Idempotency-Key}
rules:
  - name: the charge goes through, the reply does not
    match: {tool: charge}
    when: {attempts: 1, max: 2}
    fault: {type: connection_reset, phase: after_upstream}
  - name: slow and spoiled
    match: {tool: find, header: {X-Team: shopping}}
    when: {probability: 10%}
    fault: [{type: latency, median: 800ms, p99: 6s}, {type: malformed_json, how: prose}]
safety: {hosts: ["*.staging.example", 127.0.0.1], max_active: 200, max_ratio: 50%}
sessions: {from: [path, client], idle: 5m}
expect:
  recovery_rate: {at_least: 95%, of: [latency, connection_reset], cases: 10}
  duplicate_effects: {at_most: 0}
  time_to_recovery_p95: {at_most: 10s}
"""


def test_a_profile_reads_as_it_was_meant() -> None:
    loaded = load(WHOLE)

    assert explain(loaded) == [
        f"`monday` (digest {loaded.digest}, seed 7): The shop's APIs at nine.",
        "Upstream `search` is http://127.0.0.1:9001.",
        (
            "Upstream `payments` is https://payments.staging.example and fails in the words of stripe; "
            "its certificate is not checked."
        ),
        "Tool `find` is any method on /v1/search of `search`.",
        (
            "Tool `charge` is POST /v1/charges of `payments`; it writes, so running it twice does it "
            "twice; its operations carry an id in the header Idempotency-Key."
        ),
        (
            "1. The 1st attempt of each `charge` operation, at most twice in a session: the tool runs, "
            "then the connection dies with a TCP reset. [the charge goes through, the reply does not]"
        ),
        (
            "2. 10% of all calls to `find` with the header X-Team: shopping: before the tool runs, the "
            "tool takes its time, and then answers as ever (median: 800ms, p99: 6s); and the tool runs, "
            "then the reply is almost JSON (how: prose). [slow and spoiled]"
        ),
        (
            "What an agent sends to `payments` by https itself (HTTPS_PROXY, CONNECT) is struck only with an authority "
            "that the agent trusts (`chaosproxy ca new`); through the gateway none is needed."
        ),
        "The first rule that fires decides; calls that no rule hits go through untouched.",
        "Only these hosts are ever touched: *.staging.example, 127.0.0.1.",
        "At most 200 calls are under a fault at once.",
        "At most 50% of all calls are hit.",
        "Sessions are told apart by path, else by client; one is over after 5m of silence.",
        "Expected: recovery_rate for latency and connection_reset is at least 95%, judged from 10 cases on.",
        "Expected: duplicate_effects is at most 0.",
        "Expected: time_to_recovery_p95 is at most 10s.",
    ]


@pytest.mark.parametrize(
    ("picks", "said"),
    [
        ("", "All calls"),
        ("match: {upstream: 's*'}", "All calls to upstreams like `s*`"),
        ("match: {tool: t, upstream: u}", "All calls to `t` of upstream `u`"),
        ("match: {method: get, path: /v1/*, host: h}", "All calls by GET at /v1/* on host h"),
        (
            "match: {query: {q: x}, body: {a.b: null, c: true, d: 1.5}, session: s}",
            (
                "All calls with q=x in the query with a.b = null in the body with c = true in the body "
                "with d = 1.5 in the body in session s"
            ),
        ),
        ("when: {probability: 0.5%}", "0.5% of all calls"),
        (
            "when: {probability: 5%, key: tool}",
            "5% of all calls, chance going by the tool and its count in the session",
        ),
        ("match: {tool: t}, when: {calls: 3}", "The 3rd call to `t` in each session"),
        ("when: {calls: [1, 4-6]}", "The 1st and 4th to 6th calls to each tool in each session"),
        ("match: {tool: 't*'}, when: {calls: 2}", "The 2nd call to each of the tools like `t*` in each session"),
        (
            "match: {tool: t, header: {A: b}}, when: {calls: 11}",
            "The 11th call to `t` in each session, if it comes with the header A: b",
        ),
        ("match: {tool: t}, when: {exactly: 2 of 10}", "Exactly 2 of 10 calls to `t` in each session"),
        (
            "when: {exactly: 1 of 5, key: fingerprint}",
            "Exactly 1 of 5 calls with the same arguments in each session",
        ),
        ("when: {exactly: 1 of 5, key: arrival}", "Exactly 1 of 5 calls in the order of arrival"),
        (
            "match: {tool: t}, when: {exactly: 1 of 5, calls: 1-10, max: 2}",
            "The 1st to 10th calls to `t` in each session, if it is one of exactly 1 of 5, at most twice in a session",
        ),
        ("when: {probability: 5%, after: 30s}", "5% of all calls, from 30s after the start"),
        ("when: {for: 5m}", "All calls, for 5m, beginning at the start"),
        ("when: {after: 30s, for: 5m}", "All calls, for 5m, beginning 30s after the start"),
        ("when: {for: 1m, repeat: 10m}", "All calls, for 1m out of every 10m, the first time at the start"),
        (
            "when: {after: 30s, for: 1m, repeat: 10m}",
            "All calls, for 1m out of every 10m, the first time 30s after the start",
        ),
        (
            "when: {ramp: {to: 50%, over: 10m}}",
            "All calls, with a chance that goes from 0% to 50% within 10m and stays there",
        ),
        (
            "when: {outage: {up: 5m, down: 20s}}",
            "All calls, while the tool is down (up for 5m and then down for 20s on average, for all sessions at once)",
        ),
        (
            "when: {outage: {up: 5m, down: 20s, timing: fixed}}",
            "All calls, while the tool is down (up for 5m and then down for 20s each time, for all sessions at once)",
        ),
        (
            "when: {burst: {share: 10%, length: 5}, sessions: 20%}",
            (
                "All calls, in 20% of all sessions, in bursts (10% of the calls of a tool in a session, "
                "about 5 in a row)"
            ),
        ),
        ("when: {every: 22}", "Every 22nd call to each tool in each session"),
        ("when: {every: 1}", "All calls"),
        ("when: {attempts: 1-2}", "The 1st to 2nd attempts of each operation"),
        ("match: {upstream: u}, when: {attempts: 1}", "The 1st attempt of each operation on upstream `u`"),
        (
            "when: {attempts: 1, calls: 2, every: 2, probability: 10%, max: 1}",
            (
                "The 1st attempt of each operation, if it is the 2nd call of its tool in the session, if "
                "the number of the call of its tool in the session divides by 2, with a chance of 10%, at most "
                "once in a session"
            ),
        ),
    ],
)
def test_whom_a_rule_hits_is_said_in_words(picks: str, said: str) -> None:
    loaded = load(with_rule(f"{{name: r, {picks}{', ' * bool(picks)}fault: {{type: unauthorized}}}}"))

    sentence = next(line for line in explain(loaded) if line.startswith("1. "))

    assert sentence == f"1. {said}: before the tool runs, the tool does not accept the agent's credentials. [r]"


def test_what_a_tool_is_to_others_is_said() -> None:
    tools = "a: {upstream: u, path: /a}, b: {upstream: u, path: /b, fallback_for: a, checks: a, escalates: true}"

    lines = explain(load(f"version: 1\nname: x\nupstreams: {{u: http://u}}\ntools: {{{tools}}}\n"))

    assert lines[3] == (
        "Tool `b` is any method on /b of `u`; it stands in for `a`; it shows what became of `a`; "
        "calling it tells a human."
    )


def test_a_profile_that_does_nothing_says_so() -> None:
    assert explain(load("version: 1\nname: quiet\n"))[1:] == [
        "No upstream is declared: name one with `--upstream NAME=URL`.",
        "There is no rule: every call goes through untouched.",
        "Nothing is expected of the agent: a run is measured, and not judged.",
    ]


@pytest.mark.parametrize(
    ("fault", "settings"),
    [
        ("{type: token_expired, until: 30s}", "(until: 30s)"),
        ("{type: token_expired}", "the middle of its work."),
        ("{type: truncated_body, keep: 30%, ending: reset}", "(keep: 30%, ending: reset)"),
        ("{type: rate_limit, limit: 3, per: 1m, scope: session}", "(limit: 3, per: 1m, scope: session)"),
        ("{type: latency, scale: 50ms, alpha: 1.5}", "(scale: 50ms, alpha: 1.5)"),
    ],
)
def test_settings_are_said_in_the_units_of_a_profile(fault: str, settings: str) -> None:
    assert settings in explain(load(with_rule(f"{{name: r, fault: {fault}}}")))[2]


def lines_of(text: str) -> list[str]:
    return explain(load(text))[2:-1]


def test_a_rule_that_goes_on_says_so() -> None:
    slow = "{name: slow, continue: true, fault: {type: latency, delay: 1s}}"
    assert lines_of(with_rule(slow, "  - {name: broken, fault: {type: server_error}}\n")) == [
        (
            "1. All calls: before the tool runs, the tool takes its time, and then answers as ever (delay: 1s); "
            "then the later rules are asked too. [slow]"
        ),
        lines_of(with_rule("{name: broken, fault: {type: server_error}}"))[0].replace("1.", "2."),
        (
            "The first rule that fires decides, unless it leaves later ones to be asked too; "
            "calls that no rule hits go through untouched."
        ),
    ]


def test_phases_are_told_one_after_the_other() -> None:
    rules = "".join(f"  - {{name: {name}, match: {{tool: {name}}}, fault: {{type: server_error}}}}\n" for name in "abc")
    phases = "phases:\n  - {name: calm, for: 5m}\n  - {name: storm, for: 10m, rules: [a, b]}\n"
    text = f"version: 1\nname: n\nrules:\n{rules}{phases}"

    assert lines_of(f"{text}  - {{name: end, rules: b}}\n")[3:7] == [
        "Phase `calm`, from the start to 5m: no rule of a phase fires.",
        "Phase `storm`, from 5m to 15m: `a` and `b` may fire.",
        "Phase `end`, from 15m to the end: `b` may fire.",
        "In no phase, and so always on: `c`.",
    ]
    assert lines_of(text)[5] == "In no phase, and so always on: `c`. After 15m, rules of a phase are off."
