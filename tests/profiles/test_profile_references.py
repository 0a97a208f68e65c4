"""Whether the parts of a profile fit together."""

import pytest

from chaosproxy.profiles.references import fits_host, wrong_with
from tests.profiles.writing import refusals, with_rule


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9001",
        "https://api.example",
        "https://api.example/v1/",
        "http://localhost",
        "http://[::1]:8080/x",
        "HTTP://API.EXAMPLE",
        "http://under_score.internal",
    ],
)
def test_a_url_of_a_tool_is_right(url: str) -> None:
    assert wrong_with(url) is None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "got {}"),
        ("127.0.0.1:9001", "got {}"),
        ("ftp://a", "got {}"),
        ("ws://a", "got {}"),
        ("http://", "got {}, which names no host"),
        ("http://:80", "got {}, which names no host"),
        ("http://a:0", "got {}, which names no host"),
        ("http://a*b", "got {}, which names no host"),
        ("http://[127.0.0.1]", "got one that is malformed"),
        ("http://a:99999", "got one that is malformed"),
        ("http://[::1", "got one that is malformed"),
        ("http://a b", "got one with spaces, or beyond ASCII"),
        ("http://exämple", "got one with spaces, or beyond ASCII"),
        ("http://a\r\nb", "got one with spaces, or beyond ASCII"),
        ("http://a?key=secret", "got one with a query or fragment"),
        ("http://a#b", "got one with a query or fragment"),
        ("http://user:secret@a", "got one with a user name in it: credentials are the agent's to send"),
        ("http://@a", "got one with a user name in it: credentials are the agent's to send"),
    ],
)
def test_any_other_is_refused_and_its_secrets_are_not_repeated(url: str, reason: str) -> None:
    said = wrong_with(url)

    assert said is not None
    assert said.endswith(reason)
    assert "secret" not in said


@pytest.mark.parametrize(
    ("host", "pattern", "fit"),
    [
        ("127.0.0.1:9001", "127.0.0.1", True),
        ("127.0.0.1:9001", "127.0.0.1:9001", True),
        ("127.0.0.1:9001", "127.0.0.1:9002", False),
        ("a.staging.example:443", "*.staging.example", True),
        ("A.Staging.example:443", "*.STAGING.example", True),
        ("staging.example:443", "*.staging.example", False),
        ("evil-staging.example:443", "*.staging.example", False),
        ("[::1]:80", "::1", True),
        ("[::1]:80", "[::1]:80", True),
    ],
)
def test_a_host_fits_a_pattern(host: str, pattern: str, fit: bool) -> None:
    assert fits_host(host, pattern) is fit


def test_upstreams_outside_the_hosts_that_may_be_touched_are_refused() -> None:
    text = "version: 1\nname: n\nupstreams: {a: 'http://prod.example', b: 'http://b.staging.example'}\n"

    assert refusals(text + "safety: {hosts: ['*.staging.example']}") == [
        "a.yaml:3:16: upstreams.a: expected a host that safety.hosts allows, got `http://prod.example`"
    ]


def test_tools_that_name_the_same_calls_are_refused() -> None:
    tools = "a: {upstream: s, path: /x}, b: {upstream: s, path: /x}, c: {upstream: s, path: /x, method: GET}"

    assert refusals(f"version: 1\nname: n\nupstreams: {{s: 'http://s'}}\ntools: {{{tools}}}") == [
        "a.yaml:4:37: tools.b: unreachable: tool `a` names the same calls"
    ]


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        (
            "[{type: server_error}, {type: timeout}]",
            "rules[0].fault[1].type: cannot share a call with `server_error`: each of them answers or ends it",
        ),
        (
            "[{type: connection_reset, phase: after_upstream}, {type: latency, delay: 1s}, {type: truncated_body}]",
            "rules[0].fault[2].type: cannot share a call with `connection_reset`: each of them answers or ends it",
        ),
        (
            "[{type: server_error}, {type: latency, delay: 1s, phase: after_upstream}]",
            (
                "rules[0].fault[1]: unreachable: `server_error` ends the call before the upstream, "
                "so nothing happens after it"
            ),
        ),
        (
            "[{type: duplicate_delivery}, {type: silent_no_op}]",
            (
                "rules[0].fault[0]: unreachable: `silent_no_op` ends the call before the upstream, "
                "so nothing happens after it"
            ),
        ),
    ],
)
def test_faults_that_cannot_all_happen_to_one_call_are_refused(faults: str, said: str) -> None:
    assert [line.partition(": ")[2] for line in refusals(with_rule(f"{{name: r, fault: {faults}}}"))] == [said]


@pytest.mark.parametrize("others", ["{type: latency, delay: 1s}, {type: tls_certificate}"])
def test_handshakes_and_calls_are_not_struck_by_one_rule(others: str) -> None:
    assert [line.partition(": ")[2] for line in refusals(with_rule(f"{{name: r, fault: [{others}]}}"))] == [
        "rules[0].fault[0].type: cannot share a rule with `tls_certificate`: that one strikes before there is a call"
    ]


@pytest.mark.parametrize(
    "asked",
    ["tool: find", "method: GET", "path: /v1", "query: {q: tea}", "header: {X-Team: a}", "body: {a: 1}"],
)
def test_a_rule_about_handshakes_asks_nothing_of_a_request(asked: str) -> None:
    field = asked.partition(":")[0]
    assert [
        line.partition(": ")[2]
        for line in refusals(with_rule(f"{{name: r, match: {{{asked}}}, fault: {{type: tls_handshake}}}}"))
    ] == [
        f"rules[0].match.{field}: `tls_handshake` strikes before a request is sent; match by upstream, host or session"
    ]


@pytest.mark.parametrize("asked", ["upstream: tool", "host: 127.0.0.1", "session: 'run*'"])
def test_a_rule_about_handshakes_may_ask_where_to_and_who(asked: str) -> None:
    upstreams = "upstreams: {tool: 'https://127.0.0.1'}"
    rule = f"{{name: r, match: {{{asked}}}, fault: {{type: tls_handshake}}}}"
    assert refusals(with_rule(rule, upstreams)) == []


@pytest.mark.parametrize(
    "faults",
    [
        "[{type: latency, delay: 1s}, {type: malformed_json}]",
        "[{type: latency, delay: 1s}, {type: truncated_body}]",
        "[{type: latency, delay: 1s}, {type: latency, delay: 2s, phase: after_upstream}]",
        "[{type: latency, delay: 1s, phase: after_upstream}, {type: connection_reset, phase: after_upstream}]",
        "[{type: rate_limit, limit: 3, per: 1s}, {type: latency, delay: 1s, phase: after_upstream}]",
    ],
)
def test_latency_goes_with_anything_that_leaves_it_room(faults: str) -> None:
    assert refusals(with_rule(f"{{name: r, fault: {faults}}}")) == []


def test_what_is_measured_for_the_whole_run_is_not_asked_of_one_fault() -> None:
    text = "version: 1\nname: x\nexpect:\n  duplicate_effects: {at_most: 0, of: rate_limit}\n"

    (said,) = refusals(text)

    assert "expect.duplicate_effects.of" in said
    assert "not measured by fault" in said


@pytest.mark.parametrize(
    "faults", ["{type: server_error}", "[{type: latency, delay: 1s}, {type: rate_limit}]", "{type: tls_handshake}"]
)
def test_a_rule_that_ends_calls_cannot_go_on(faults: str) -> None:
    (said,) = refusals(with_rule(f"{{name: r, continue: true, fault: {faults}}}"))

    ending = faults.rpartition("type: ")[2].strip("}]")
    assert said == (
        f"a.yaml:4:25: rules[0].continue: cannot go on: `{ending}` answers or ends the call, "
        "so later rules would have nothing to strike"
    )


@pytest.mark.parametrize(
    "said", ["continue: false, fault: {type: server_error}", "continue: true, fault: {type: latency, delay: 1s}"]
)
def test_a_rule_goes_on_if_its_faults_leave_something(said: str) -> None:
    assert refusals(with_rule(f"{{name: r, {said}}}")) == []


RULE = "{name: rain, fault: {type: server_error}}"


@pytest.mark.parametrize(
    ("phases", "said"),
    [
        (
            "[{name: calm}, {name: storm, rules: rain}]",
            "5:10: phases[0]: expected `for`: only the last phase may last for ever",
        ),
        (
            "[{name: calm, for: 1m}, {name: calm, rules: rain}]",
            "5:40: phases[1].name: expected a name of its own, got `calm` again",
        ),
        (
            "[{name: storm, rules: [rain, rian]}]",
            "5:38: phases[0].rules[1]: expected the name of a rule, got `rian`; did you mean `rain`?",
        ),
        ("[{name: storm, rules: 'snow*'}]", "5:31: phases[0].rules: expected the name of a rule (rain), got `snow*`"),
    ],
)
def test_phases_that_do_not_fit_are_refused(phases: str, said: str) -> None:
    assert refusals(with_rule(RULE, f"phases: {phases}\n")) == [f"a.yaml:{said}"]


@pytest.mark.parametrize(
    ("phases", "said"),
    [
        (
            "[{name: a, for: 1}, {name: b, rules: nobody}]",
            "phases[0].for: expected a duration with its unit, such as 250ms, 2s, 5m or 1h, got 1",
        ),
        ("[{for: 1m}, {name: b, rules: nobody}]", "phases[0].name: expected this key, which is missing"),
        (
            "[{name: a, fr: 1m}]",
            "phases[0].fr: expected a key that is known here, got `fr`; did you mean `for`?",
        ),
    ],
)
def test_of_phases_that_are_wrong_in_themselves_nothing_else_is_said(phases: str, said: str) -> None:
    second = "{name: wind, fault: {type: server_error}}"
    (found,) = refusals(with_rule(RULE, f"  - {second}\nphases: {phases}\n"))
    assert found.partition(": ")[2] == said


@pytest.mark.parametrize(
    "phases",
    ["[]", "[{name: all}]", "[{name: a, for: 1m, rules: [rain, 'r*']}, {name: b, for: 2m}, {name: c, rules: r*}]"],
)
def test_phases_that_fit_are_not(phases: str) -> None:
    assert refusals(with_rule(RULE, f"phases: {phases}\n")) == []
