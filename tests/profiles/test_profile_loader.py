"""From files to a profile: everything that is wrong is said at once and at its place; what loads is complete."""

from pathlib import Path

import pytest

from chaosproxy.core.call import ToolEffect
from chaosproxy.core.errors import UsageError
from chaosproxy.dialects import builtin_names
from chaosproxy.faults._catalogue import catalogue
from chaosproxy.faults.latency import Latency
from chaosproxy.profiles.loader import Overrides, load_profile
from chaosproxy.profiles.mistakes import ProfileError
from tests.profiles.writing import load, refusals, with_rule

MINIMAL = "version: 1\nname: minimal\n"

TEN_MISTAKES = """\
version: 1
name: ten mistakes
upstreams:
  search: http://127.0.0.1:9001
  payments: {url: ftp://payments.example, timeout: 30}
tools:
  find: {upstream: serch, method: GET, path: /v1/search}
  charge: {upstream: payments, method: POST, path: /v1/charges, efect: write}
rules:
  - name: slow
    match: {tool: find}
    when: {probability: 130%}
    fault: {type: latncy, delay: 2s}
  - name: slow
    match: {tool: refund}
    fault:
      type: rate_limit
      limit: 3
      per: 1m
      dialect: opanai
expect:
  recovery_rat: {at_least: 95%}
"""

TEN_MESSAGES = """\
ten.yaml:5:19: upstreams.payments.url: expected a URL such as http://127.0.0.1:9001 or https://api.example/v1, \
got `ftp://payments.example`
ten.yaml:5:52: upstreams.payments.timeout: expected a duration with its unit, such as 250ms, 2s, 5m or 1h, got 30
ten.yaml:7:20: tools.find.upstream: expected one of the upstreams (search and payments), got `serch`; \
did you mean `search`?
ten.yaml:8:65: tools.charge.efect: expected a key that is known here, got `efect`; did you mean `effect`?
ten.yaml:12:25: rules[0].when.probability: expected a rate from 0% to 100% (or 0 to 1), got 130%
ten.yaml:13:19: rules[0].fault.type: expected a fault, got `latncy`; did you mean `latency`?
ten.yaml:14:11: rules[1].name: expected a name of its own, got `slow` again
ten.yaml:15:19: rules[1].match.tool: unreachable: no tool fits `refund`; declared: find, charge; did you mean `find`?
ten.yaml:20:16: rules[1].fault.dialect: expected a dialect (THE_DIALECTS) or the path of a dialect file, \
got `opanai`; did you mean `openai`?
ten.yaml:22:3: expect.recovery_rat: expected a key that is known here, got `recovery_rat`; \
did you mean `recovery_rate`?""".replace("THE_DIALECTS", ", ".join(builtin_names()))


def test_ten_mistakes_are_told_at_once_each_at_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ten.yaml").write_text(TEN_MISTAKES)
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ProfileError) as caught:
        load_profile(["ten.yaml"], {})

    assert str(caught.value) == TEN_MESSAGES
    assert len(caught.value.mistakes) == 10
    assert isinstance(caught.value, UsageError)


def test_a_mistake_is_more_than_its_text() -> None:
    with pytest.raises(ProfileError) as caught:
        load(with_rule("{name: a, fault: {type: rate_limt}}"))

    [mistake] = caught.value.mistakes
    assert mistake[:4] == ("a.yaml", 4, 29, "rules[0].fault.type")
    assert mistake.suggestion == "rate_limit"


def test_what_loads_is_complete_and_in_our_units() -> None:
    loaded = load(
        """
version: 1
name: all of it
seed: 7
upstreams:
  search: http://127.0.0.1:9001
  payments: {url: "https://payments.staging.example/api", dialect: stripe, timeout: 30s}
tools:
  charge: {upstream: payments, method: post, path: /v1/charges, effect: write, idempotency_key: header:Idempotency-Key}
rules:
  - name: everything
    match: {tool: ch*, header: {X-Team: shopping}, body: {amount: 5, test: false}}
    when: {probability: 30%, calls: [1, 4-6], attempts: 2, max: 3}
    fault: [{type: latency, delay: 1m, phase: after_upstream}, {type: malformed_json, how: prose}]
safety: {hosts: ["*.staging.example", "127.0.0.1"], max_ratio: 0.5}
sessions: {from: [path, "header:X-Run"], idle: 5m}
recovery: {window: 90s}
expect:
  time_to_recovery_p95: {at_most: 10s}
  recovery_rate: {at_least: 95%, of: latency, cases: 10}
"""
    )
    profile = loaded.profile

    assert profile.upstreams["search"].url == "http://127.0.0.1:9001"
    assert profile.upstreams["payments"].timeout == 30.0
    assert profile.tools["charge"].method == "POST"
    assert profile.tools["charge"].effect is ToolEffect.WRITE
    assert profile.rules[0].when.probability == 0.3
    assert profile.rules[0].when.calls == ((1, 1), (4, 6))
    assert profile.rules[0].when.attempts == ((2, 2),)
    assert profile.rules[0].match.body == {"amount": 5, "test": False}
    slow, spoiled = profile.rules[0].fault
    assert isinstance(slow, Latency)
    assert slow.delay == 60.0
    assert type(spoiled) is catalogue()["malformed_json"]
    assert profile.safety.max_ratio == 0.5
    assert profile.sessions.from_ == ("path", "header:X-Run")
    assert profile.recovery.window == 90.0
    assert profile.expect["recovery_rate"][0].at_least == 0.95
    assert profile.expect["recovery_rate"][0].of == ("latency",)
    assert profile.expect["time_to_recovery_p95"][0].at_most == 10.0
    assert set(loaded.dialects) == {"generic", "stripe"}
    assert loaded.files == ("a.yaml",)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("{fault: {type: unauthorized}}", "a.yaml:4:5: rules[0].name: expected this key, which is missing"),
        (
            "{name: '', fault: {type: unauthorized}}",
            (
                "a.yaml:4:12: rules[0].name: expected a name: one line of text, not empty, of at most 200 characters, "
                "got an empty text"
            ),
        ),
        (
            "{name: a, fault: {delay: 2s}}",
            "a.yaml:4:22: rules[0].fault.type: expected this key, which is missing: it says which fault it is",
        ),
        ("{name: a, fault: latency}", "a.yaml:4:22: rules[0].fault: expected a mapping, got `latency`"),
        ("{name: a, fault: []}", "a.yaml:4:22: rules[0].fault: expected at least one item, got an empty list"),
        (
            "{name: a, when: {aftr: 30s}, fault: {type: unauthorized}}",
            "a.yaml:4:22: rules[0].when.aftr: expected a key that is known here, got `aftr`; did you mean `after`?",
        ),
        (
            "{name: a, continues: true, fault: {type: unauthorized}}",
            (
                "a.yaml:4:15: rules[0].continues: expected a key that is known here, got `continues`; "
                "did you mean `continue`?"
            ),
        ),
        (
            "{name: a, when: {calls: [1, 3-2]}, fault: {type: unauthorized}}",
            (
                "a.yaml:4:33: rules[0].when.calls[1]: expected a number from 1, or a range that goes up, such as 1-2, "
                "got `3-2`"
            ),
        ),
        (
            "{name: a, when: {max: '3'}, fault: {type: unauthorized}}",
            "a.yaml:4:27: rules[0].when.max: expected a whole number, got `3` in quotes, which is text",
        ),
        (
            "{name: a, fault: {type: timeout, phase: after_upsteam}}",
            (
                "a.yaml:4:45: rules[0].fault.phase: expected before_upstream, after_upstream or during_body, "
                "got `after_upsteam`; did you mean `after_upstream`?"
            ),
        ),
        (
            "{name: a, fault: {type: timeout, phase: during_body}}",
            "a.yaml:4:45: rules[0].fault.phase: timeout can strike before_upstream or after_upstream, not during_body",
        ),
        (
            "{name: a, fault: [{type: latency, delay: 1s}, {type: rate_limit, limit: 3}]}",
            "a.yaml:4:51: rules[0].fault[1].per: `limit` means nothing without it",
        ),
        (
            '{name: a, match: {header: {X-Team: "a\\r\\nX-Evil: b"}}, fault: {type: unauthorized}}',
            (
                "a.yaml:4:40: rules[0].match.header.X-Team: expected one line of text, without control characters, "
                "got `a��X-Evil: b`"
            ),
        ),
        (
            '{name: a, match: {header: {"X Team": a}}, fault: {type: unauthorized}}',
            "a.yaml:4:32: rules[0].match.header.X Team: expected the name of a header, such as X-Team, got `X Team`",
        ),
        (
            "{name: a, match: {method: PSOT}, fault: {type: unauthorized}}",
            "a.yaml:4:31: rules[0].match.method: expected an HTTP method, got `PSOT`; did you mean `POST`?",
        ),
    ],
)
def test_a_wrong_rule_is_refused_in_these_words(rule: str, said: str) -> None:
    assert refusals(with_rule(rule)) == [said]


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        (
            "sessions: {from: [path, cookie]}",
            (
                "a.yaml:3:25: sessions.from[1]: expected proxy_user, path, mcp, trace, client, connection, "
                "header:NAME or baggage:KEY, got `cookie`"
            ),
        ),
        ("sessions: {from: []}", "a.yaml:3:18: sessions.from: expected at least one item, got an empty list"),
        (
            "stages: []",
            (
                "a.yaml:3:1: stages: expected a key that is known here (description, expect, name, phases, "
                "recovery, rules, safety, seed, sessions, tools, upstreams or version), got `stages`"
            ),
        ),
        (
            "expect: {recovery_rate: {at_least: 95}}",
            "a.yaml:3:36: expect.recovery_rate.at_least: expected a rate from 0% to 100% (or 0 to 1), got 95",
        ),
        (
            "expect: {time_to_recovery_p50: {at_most: 95}}",
            (
                "a.yaml:3:42: expect.time_to_recovery_p50.at_most: expected a duration with its unit, such as 250ms, "
                "2s, 5m or 1h, got 95"
            ),
        ),
        (
            "expect: {duplicate_effects: {at_most: -1}}",
            "a.yaml:3:39: expect.duplicate_effects.at_most: expected at least 0, got -1",
        ),
        (
            "expect: {amplification: {cases: 3}}",
            (
                "a.yaml:3:25: expect.amplification: expected at_least or at_most: an expectation needs a bound, "
                "got a mapping"
            ),
        ),
        (
            "expect: {amplification: {at_most: 1, at_least: 2}}",
            "a.yaml:3:48: expect.amplification.at_least: expected no more than at_most, or nothing can be both",
        ),
        (
            "upstreams: {~run: http://127.0.0.1}",
            (
                "a.yaml:3:13: upstreams.~run: expected a name that can stand in a URL: letters, digits, `.`, `_` and "
                "`-`, got `~run`"
            ),
        ),
        ("safety: {max_active: 0}", "a.yaml:3:22: safety.max_active: expected at least 1, got 0"),
        ("recovery: {window: 0}", "a.yaml:3:20: recovery.window: expected more than 0, got 0"),
        (
            "recovery: {window: 99999999d}",
            ("a.yaml:3:20: recovery.window: expected a duration of at most 10000000d, got `99999999d`"),
        ),
    ],
)
def test_a_wrong_setting_is_refused_in_these_words(rest: str, said: str) -> None:
    assert refusals(MINIMAL + rest) == [said]


def test_two_missing_keys_are_two_mistakes() -> None:
    assert refusals("seed: 1\n") == [
        "a.yaml:1:1: version: expected this key, which is missing",
        "a.yaml:1:1: name: expected this key, which is missing",
    ]


def test_what_a_wrong_key_would_have_said_is_not_held_against_others() -> None:
    text = with_rule(
        "{name: some, when: {probability: 130%}, fault: {type: unauthorized}}",
        "  - {name: others, fault: {type: unauthorized}}\n",
    )

    assert [line.partition(": expected")[0] for line in refusals(text)] == ["a.yaml:4:38: rules[0].when.probability"]


# Files


def test_a_file_that_is_no_profile_gives_one_clear_line(tmp_path: Path) -> None:
    tmp_path.joinpath("empty.yaml").write_text("# nothing\n")
    tmp_path.joinpath("list.yaml").write_text("- 1\n")
    tmp_path.joinpath("text.yaml").write_text("hello\n")
    tmp_path.joinpath("latin.yaml").write_bytes(b"name: caf\xe9\n")
    tmp_path.joinpath("binary.yaml").write_bytes(b"\x7fELF\x00\x01")
    tmp_path.joinpath("huge.yaml").write_bytes(b"# " + b"x" * 10_000_000)
    said = {
        "empty.yaml": "expected a profile, got an empty file",
        "list.yaml": "1:1: expected a mapping of keys such as version, name and rules, got a list",
        "text.yaml": "1:1: expected a mapping of keys such as version, name and rules, got `hello`",
        "latin.yaml": "this file is not text in UTF-8 (byte 9)",
        "binary.yaml": "1:1: expected text, got the control character U+007F",
        "huge.yaml": "this file has more than 1 MiB; that is no profile",
        "missing.yaml": "there is no such file",
        ".": "this is a directory, not a file",
    }

    for name, message in said.items():
        path = tmp_path / name
        with pytest.raises(ProfileError) as caught:
            load_profile([path], {})
        colon = ":" if message[0].isdigit() else ": "
        assert str(caught.value) == f"{path}{colon}{message}"


def test_mistakes_of_all_files_are_told_together(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [1")
    missing = tmp_path / "missing.yaml"

    with pytest.raises(ProfileError) as caught:
        load_profile([broken, missing], {})

    assert [mistake.file for mistake in caught.value.mistakes] == [str(broken), str(missing)]


def test_an_unknown_name_is_told_the_nearest_and_all_others() -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile(["slow-serch"], {})

    said = str(caught.value)
    assert said.startswith("slow-serch: no file and no shipped profile has this name; shipped are: ")
    assert "bad-monday, " in said
    assert said.endswith("did you mean `slow-search`?")


def test_no_profile_at_all_is_refused() -> None:
    with pytest.raises(ProfileError, match="expected at least one profile"):
        load_profile([], {})


# The command line's word


def test_overrides_lie_over_all_files_and_keep_what_they_do_not_say() -> None:
    text = MINIMAL + "seed: 1\nupstreams: {a: 'http://old', b: {url: 'http://old', timeout: 9s}}\n"
    upstreams = {"a": "http://new:1", "b": "http://new:2", "c": "http://new:3"}

    profile = load(text, overrides=Overrides(upstreams=upstreams, seed=5)).profile

    assert {name: each.url for name, each in profile.upstreams.items()} == upstreams
    assert profile.upstreams["b"].timeout == 9.0
    assert profile.seed == 5


def test_a_wrong_override_is_told_as_the_option_it_is() -> None:
    said = refusals(MINIMAL, overrides=Overrides(upstreams={"search": "127.0.0.1:9001", "b/c": "http://x"}))

    assert [line.partition(": expected")[0] for line in said] == [
        "--upstream b/c: upstreams.b/c",
        "--upstream search: upstreams.search.url",
    ]


# The digest


def test_the_digest_tells_what_a_profile_does_and_not_how_it_is_written() -> None:
    short = "version: 1\nname: n\nupstreams: {a: http://x}\nrules: [{name: r, fault: {type: latency, delay: 1m}}]\n"
    long = """
# a comment
name: n
version: 1
upstreams:
  a: {url: "${URL:-http://x}", timeout: 5m}
rules:
  - name: r
    when: {}
    fault: [{delay: 60s, type: latency}]
"""

    assert load(short).digest == load(long).digest
    assert len(load(short).digest) == 12
    assert load(short).digest != load(long, environ={"URL": "http://y"}).digest
    assert load(short).digest != load(short.replace("1m", "2m")).digest
    assert load(short).digest != load(short, overrides=Overrides(seed=9)).digest
