"""Every field of a record comes from where it should, and nothing secret comes along."""

from dataclasses import replace

import msgspec
import pytest

from chaosproxy.core.answer import Hint, Origin, Reply, UpstreamTruth
from chaosproxy.core.call import CallKind, Layer
from chaosproxy.core.clock import ManualClock
from chaosproxy.core.decision import Decision, Injection
from chaosproxy.core.effects import Rewrite
from chaosproxy.core.events import (
    DuplicateEffect,
    RequestRefused,
    RetryAfterJudged,
    RetryAfterVerdict,
)
from chaosproxy.core.failures import Outcome, Phase
from chaosproxy.telemetry.recording import TARGET_LONGEST, Recorder, target
from chaosproxy.telemetry.run import Run
from tests.telemetry.happenings import (
    MATCH,
    NATURE,
    OK,
    REFUSED,
    SESSION_ENDED,
    STRUCK,
    TUNNEL_CLOSED,
    answered,
    call,
    episode,
    route,
)

HEAD = {"v": 1, "at": "2026-11-22T12:00:00.000000Z", "mono": 1_000.0, "run": "r1"}


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(Run(profile="monday", digest="abc123", seed=7, version="1.2.3", id="r1"), ManualClock())


def fields(record: object) -> object:
    return msgspec.json.decode(msgspec.json.encode(record))


def test_struck_call(recorder: Recorder) -> None:
    event = answered(
        5,
        about=call(5, route("charge", "/v1/charges", "expand=hush-query&page=2"), trace_id="4bf9"),
        decision=STRUCK,
        answer=replace(
            REFUSED,
            first_byte=1_000.25,
            ended=1_000.5,
            bytes_out=99,
            upstream_status=201,
            upstream_seconds=0.125,
            truth=UpstreamTruth.EXECUTED,
            skipped="not_json",
            problem="upstream closed",
            executions=2,
        ),
    )

    assert fields(recorder.call(event)) == HEAD | {
        "type": "call",
        "at": "2026-11-22T12:00:00.500000Z",
        "mono": 1_000.5,
        "number": 5,
        "session": "agent-1",
        "session_source": "path",
        "tool": "charge",
        "upstream": "search",
        "transport": "http",
        "method": "GET",
        "target": "/v1/charges?expand=&page=",
        "fingerprint": "00ff00ff00ff00ff",
        "operation": 7,
        "attempt": 1,
        "kind": "first",
        "layer": "none",
        "match_rule": 9,
        "rule": "slow and down",
        "faults": ["latency", "server_error"],
        "phase": "before_upstream",
        "phases": ["before_upstream", "after_upstream"],
        "draw": 0.118,
        "reason": "probability 30%, drew 0.118",
        "skipped": [
            {"rule": "earlier rule", "reason": "max_active"},
            {"rule": "slow and down", "reason": "not_json"},
        ],
        "status": 503,
        "outcome": "unavailable",
        "origin": "injected",
        "upstream_truth": "executed",
        "upstream_status": 201,
        "bytes": 99,
        "first_byte_seconds": 0.25,
        "seconds": 0.5,
        "injected_seconds": 0.25,
        "upstream_seconds": 0.125,
        "hint": {"seconds": 2.0, "source": "retry-after", "granularity": 1.0},
        "trace_id": "4bf9",
        "problem": "upstream closed",
        "executions": 2,
        "changes": [],
    }


def test_what_was_done_to_a_reply_is_said_with_its_canary(recorder: Recorder) -> None:
    def same(reply: Reply) -> Reply:
        return reply

    lie = Injection("lies", "wrong_values", Phase.AFTER_UPSTREAM, NATURE, (Rewrite(same, "number, canary 481607"),))
    told = Decision("lies", (lie,), "always")

    assert recorder.call(answered(decision=told)).changes == ("number, canary 481607",)
    spared = replace(REFUSED, skipped="not_json")
    assert recorder.call(answered(decision=told, answer=spared)).changes == (), "it was not done"


def test_a_line_opens_with_type_version_and_times(recorder: Recorder) -> None:
    assert msgspec.json.encode(recorder.call(answered())).startswith(
        b'{"type":"call","v":1,"at":"2026-11-22T12:00:00.0'
    )
    assert list(recorder.episode(episode()).__struct_fields__[:4]) == ["v", "at", "mono", "run"]


def test_retry_by_an_sdk(recorder: Recorder) -> None:
    match = replace(MATCH, attempt=3, kind=CallKind.RETRY, layer=Layer.SDK, rule=2)
    record = recorder.call(replace(answered(), match=match))

    assert (record.attempt, record.kind, record.layer, record.match_rule) == (3, "retry", "sdk", 2)


def test_quiet_call_has_no_fault(recorder: Recorder) -> None:
    record = recorder.call(answered())

    assert (record.rule, record.faults, record.phase, record.draw, record.skipped) == (None, (), None, None, ())
    assert (record.reason, record.hint, record.problem) == ("no rule fired", None, None)


def test_agent_that_got_no_byte(recorder: Recorder) -> None:
    gone = replace(OK, first_byte=0.0, status=0, outcome=Outcome.AGENT_LEFT, origin=Origin.PROXY)

    assert recorder.call(answered(answer=gone)).first_byte_seconds is None


def test_held_back_without_a_rule_that_fired(recorder: Recorder) -> None:
    held = Decision(skipped=(("slow and down", "max_ratio"),))
    record = recorder.call(answered(decision=held, answer=replace(OK, hint=Hint(1.0, "retry-after"))))

    assert [(each.rule, each.reason) for each in record.skipped] == [("slow and down", "max_ratio")]


def test_episode(recorder: Recorder) -> None:
    assert fields(recorder.episode(episode())) == HEAD | {
        "type": "episode",
        "at": "2026-11-22T12:00:08.500000Z",
        "mono": 1_008.5,
        "episode": 3,
        "session": "agent-1",
        "tool": "find",
        "operation": 7,
        "fault": "server_error",
        "rule": "slow and down",
        "resolution": "recovered_retry",
        "verdict": "appropriate",
        "attempts": 3,
        "opened": 1_001.0,
        "closed": 1_008.5,
        "seconds": 7.5,
        "detection_seconds": 0.25,
        "wait_seconds": 6.0,
        "service_seconds": 1.5,
    }


def test_session(recorder: Recorder) -> None:
    assert fields(recorder.session(SESSION_ENDED)) == HEAD | {
        "type": "session",
        "at": "2026-11-22T12:00:09.000000Z",
        "mono": 1_009.0,
        "session": "agent-1",
        "source": "path",
        "calls": 5,
        "operations": 3,
        "episodes": 1,
        "started": 1_000.0,
        "ended": 1_009.0,
    }


def test_what_has_no_time_of_its_own_happened_now(recorder: Recorder) -> None:
    judged = RetryAfterJudged("agent-1", "find", RetryAfterVerdict.EARLY, "retry-after", 2.0, None)

    assert fields(recorder.hint_judged(judged)) == HEAD | {
        "type": "retry_after",
        "session": "agent-1",
        "tool": "find",
        "verdict": "early",
        "hint": "retry-after",
        "asked": 2.0,
        "waited": None,
    }
    assert fields(recorder.duplicated(DuplicateEffect(call(5), "confirmed"))) == HEAD | {
        "type": "duplicate_effect",
        "number": 5,
        "session": "agent-1",
        "tool": "find",
        "certainty": "confirmed",
    }
    assert fields(recorder.refused(RequestRefused("bad_framing", "x" * 9_999, 400))) == HEAD | {
        "type": "refused",
        "reason": "bad_framing",
        "detail": "x" * 500,
        "status": 400,
    }
    assert fields(recorder.tunnel(TUNNEL_CLOSED)) == HEAD | {
        "type": "tunnel",
        "host": "pay.test:443",
        "mode": "blind",
        "reason": "no_ca",
        "bytes_up": 517,
        "bytes_down": 4_096,
        "seconds": 1.5,
    }


def test_the_run_itself(recorder: Recorder) -> None:
    assert fields(recorder.run_started()) == HEAD | {
        "type": "run_started",
        "profile": "monday",
        "digest": "abc123",
        "seed": 7,
        "version": "1.2.3",
    }
    assert fields(recorder.control("SIGTERM", "stop", {"signal": "15"})) == HEAD | {
        "type": "control",
        "who": "SIGTERM",
        "what": "stop",
        "detail": {"signal": "15"},
    }
    assert fields(recorder.run_ended(9.5, 5, 1)) == HEAD | {
        "type": "run_ended",
        "seconds": 9.5,
        "calls": 5,
        "dropped": 1,
    }


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", "/v1/items"),
        ("q=hush&page=2", "/v1/items?q=&page="),
        ("q=a=b", "/v1/items?q="),
        ("q=", "/v1/items?q="),
        ("eyJhbGciOiJIUzI1NiJ9", "/v1/items?"),
        ("flag&q=1", "/v1/items?q="),
        ("q=%3D%26hush", "/v1/items?q="),
    ],
)
def test_target_keeps_names_only(query: str, shown: str) -> None:
    assert target(route(query=query)) == shown


def test_target_has_an_end() -> None:
    assert len(target(route(path="/" + "x" * 9_999))) == TARGET_LONGEST
    assert len(target(route(query="x" * 9_999 + "=1"))) == TARGET_LONGEST


def test_runs_are_told_apart() -> None:
    assert Run("monday", "abc123", 7).id != Run("monday", "abc123", 7).id
