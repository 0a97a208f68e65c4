"""Every field of a record comes from where it should, and nothing secret comes along."""

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from chaosproxy.core.answer import Hint, Origin, Reply, UpstreamTruth
from chaosproxy.core.bus import Bus
from chaosproxy.core.call import CallKind, Layer, ToolEffect
from chaosproxy.core.clock import ManualClock
from chaosproxy.core.decision import Decision, Injection
from chaosproxy.core.effects import Rewrite
from chaosproxy.core.events import (
    BackoffSeen,
    BackoffShape,
    CallWasted,
    CanaryFound,
    Certainty,
    DuplicateEffect,
    Event,
    KeyJudged,
    KeyVerdict,
    LoopFound,
    LoopKind,
    RequestRefused,
    RetryAfterJudged,
    RetryAfterVerdict,
    RetryOverBudget,
    WasteReason,
)
from chaosproxy.core.failures import Outcome, Phase
from chaosproxy.core.purpose import Purpose, Role
from chaosproxy.telemetry.journal import Journal
from chaosproxy.telemetry.recording import MODEL_LONGEST, TARGET_LONGEST, Recorder, target
from chaosproxy.telemetry.records import RuleOutline
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

RUN = Run(
    profile="monday",
    digest="abc123",
    seed=7,
    version="1.2.3",
    id="r1",
    rules=(RuleOutline("down", ("server_error",), "find"),),
    tools={"find": None, "charge": ToolEffect.WRITE},
)
CHARGE = msgspec.structs.replace(route("charge", "/v1/charges", "expand=hush-query&page=2"), effect=ToolEffect.WRITE)
FIFTH = {"number": 5, "session": "agent-1", "tool": "find"}
HEAD = {"v": 1, "at": "2026-11-22T12:00:00.000000Z", "mono": 1_000.0, "run": "r1"}


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(RUN, ManualClock())


def fields(record: object) -> object:
    return msgspec.json.decode(msgspec.json.encode(record))


def test_struck_call(recorder: Recorder) -> None:
    event = answered(
        about=call(5, CHARGE, trace_id="4bf9", purpose=Purpose(Role.MODEL, "sim-1", conversation="c0ffee")),
        match=replace(MATCH, follows=3),
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
        "effect": "write",
        "role": "model",
        "follows": 3,
        "model": "sim-1",
        "rules": ["slow and down", "slow and down"],
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
        "model_seconds": 0.5,
        "because": "came_back",
        "outcome": "unavailable",
        "calls": [11, 14, 15],
        "ended_by": 15,
        "effect": "write",
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
        "forgotten": 2,
    }


MADE_NOW = [
    (
        RetryAfterJudged("agent-1", "find", RetryAfterVerdict.EARLY, "retry-after", 2.0, None, 5, 7),
        {"type": "retry_after", "session": "agent-1", "tool": "find", "verdict": "early", "hint": "retry-after"}
        | {"asked": 2.0, "waited": None, "number": 5, "operation": 7},
    ),
    (
        DuplicateEffect(call(5), Certainty.CONFIRMED, 7, 2),
        {"type": "duplicate_effect"} | FIFTH | {"certainty": "confirmed", "operation": 7, "times": 2},
    ),
    (KeyJudged(call(5), KeyVerdict.ROTATED), {"type": "idempotency_key"} | FIFTH | {"verdict": "rotated"}),
    (CallWasted(call(5), WasteReason.EARLY), {"type": "wasted_call"} | FIFTH | {"reason": "early"}),
    (
        LoopFound("agent-1", ("find", "charge"), LoopKind.PING_PONG, (2, 3, 4, 5), 1.5),
        {"type": "loop", "session": "agent-1", "tools": ["find", "charge"], "kind": "ping_pong"}
        | {"calls": [2, 3, 4, 5], "seconds": 1.5},
    ),
    (
        BackoffSeen("agent-1", "find", 7, Layer.SDK, BackoffShape.EXPONENTIAL, (0.5, 1.0, 2.0)),
        {"type": "backoff", "session": "agent-1", "tool": "find", "operation": 7, "layer": "sdk"}
        | {"shape": "exponential", "waits": [0.5, 1.0, 2.0]},
    ),
    (RetryOverBudget(call(5)), {"type": "over_budget"} | FIFTH),
    (
        CanaryFound(call(5, purpose=Purpose(Role.MODEL)), 3, 2),
        {"type": "canary"} | FIFTH | {"episode": 3, "planted": 2, "role": "model"},
    ),
    (
        RequestRefused("bad_framing", "x" * 9_999, 400),
        {"type": "refused", "reason": "bad_framing", "detail": "x" * 500, "status": 400},
    ),
    (
        TUNNEL_CLOSED,
        {"type": "tunnel", "host": "pay.test:443", "mode": "blind", "reason": "no_ca"}
        | {"bytes_up": 517, "bytes_down": 4_096, "seconds": 1.5},
    ),
]


@pytest.mark.parametrize(("event", "line"), MADE_NOW, ids=lambda each: type(each).__name__)
def test_what_has_no_time_of_its_own_happened_now(tmp_path: Path, event: Event, line: dict[str, object]) -> None:
    bus = Bus()
    journal = Journal(tmp_path / "j", RUN, ManualClock())
    journal.attach(bus)
    bus.publish(event)
    journal.flush()

    assert json.loads((tmp_path / "j").read_bytes()) == HEAD | line


def test_a_models_name_has_an_end(recorder: Recorder) -> None:
    record = recorder.call(answered(about=call(purpose=Purpose(Role.MODEL, "m" * 9_999))))

    assert record.model == "m" * MODEL_LONGEST


def test_the_run_itself(recorder: Recorder) -> None:
    assert fields(recorder.run_started()) == HEAD | {
        "type": "run_started",
        "profile": "monday",
        "digest": "abc123",
        "seed": 7,
        "version": "1.2.3",
        "rules": [{"name": "down", "faults": ["server_error"], "tool": "find", "sessions": None}],
        "expect": [],
        "tools": {"find": None, "charge": "write"},
    }
    assert fields(recorder.control("SIGTERM", "stop", {"signal": "15"})) == HEAD | {
        "type": "control",
        "who": "SIGTERM",
        "what": "stop",
        "detail": {"signal": "15"},
    }
    assert fields(recorder.agent("python", 139, 2.5)) == HEAD | {
        "type": "agent",
        "command": "python",
        "status": 139,
        "seconds": 2.5,
    }
    assert fields(recorder.run_ended(9.5, 5, 1, {"down": 4})) == HEAD | {
        "type": "run_ended",
        "seconds": 9.5,
        "calls": 5,
        "dropped": 1,
        "eligible": {"down": 4},
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
