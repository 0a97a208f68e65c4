"""Which fault explains a failure."""

from dataclasses import replace
from typing import Any

import pytest

from chaosproxy.core.answer import Answer, Origin, UpstreamTruth
from chaosproxy.core.decision import QUIET, Decision, Injection
from chaosproxy.core.effects import Ending, Extent, Place, Reject, Stall, Throttle, Truncate
from chaosproxy.core.failures import Course, FailureKind, Outcome, Phase
from chaosproxy.recovery.following.causes import NATURES, cause_of, delivered
from tests.recovery.conversation import LATENCY, SPOIL, TRANSIENT, inject

TRUNCATED = inject(
    "truncated_body", TRANSIENT, Truncate(Place(Extent.BODY, 0.5), Ending.CLOSE), phase=Phase.DURING_BODY
)

FAILED = Answer(
    outcome=Outcome.UNAVAILABLE,
    origin=Origin.UPSTREAM,
    truth=UpstreamTruth.SENT_UNKNOWN,
    status=500,
    first_byte=1.0,
    ended=2.0,
)
LEFT = replace(FAILED, outcome=Outcome.AGENT_LEFT, status=0, first_byte=0.0)
BROKEN_OFF = replace(FAILED, outcome=Outcome.TRUNCATED, status=200)


def fault(answer: Answer, *injections: Injection, **more: Any) -> str:  # noqa: ANN401 - any field of an answer
    decision = Decision(rule="r", injections=injections) if injections else QUIET
    return cause_of(decision, replace(answer, **more)).fault


def test_what_we_answered_is_the_faults_doing() -> None:
    cause = cause_of(Decision("r", (SPOIL,)), replace(FAILED, origin=Origin.INJECTED))
    assert (cause.fault, cause.rule, cause.nature) == ("malformed_json", "the malformed_json rule", SPOIL.nature)


def test_what_was_said_may_have_another_nature_than_the_fault() -> None:
    lasting = NATURES[Outcome.INVALID]
    reject = Reject(FailureKind.REQUEST_TOO_LARGE, Phase.BEFORE_UPSTREAM, nature=lasting)
    cause = cause_of(Decision("r", (inject("rate_limit", TRANSIENT, reject),)), replace(FAILED, origin=Origin.INJECTED))
    assert (cause.fault, cause.nature) == ("rate_limit", lasting)


def test_of_several_faults_the_last_one_ends_the_call() -> None:
    assert fault(FAILED, LATENCY, SPOIL, origin=Origin.INJECTED) == "malformed_json"


def test_a_delayed_call_that_then_fails_by_itself_is_the_upstreams() -> None:
    cause = cause_of(Decision("r", (LATENCY,)), FAILED)
    assert (cause.fault, cause.rule) == ("upstream", None)


def test_an_upstream_error_under_a_spoiler_that_could_not_be_applied_is_the_upstreams() -> None:
    assert fault(FAILED, SPOIL, skipped="not_json") == "upstream"
    assert fault(BROKEN_OFF, SPOIL, skipped="not_json") == "upstream"


def test_a_body_that_we_cut_is_the_faults_whoevers_status_it_bears() -> None:
    assert fault(BROKEN_OFF, TRUNCATED) == "truncated_body"


SLOW = inject("slow_body", TRANSIENT, Throttle(Extent.BYTES, 1, 1.0), phase=Phase.DURING_BODY)
STALLED = inject("stall", TRANSIENT, Stall(Place(Extent.BODY, 0.5), 600.0, None), phase=Phase.DURING_BODY)


@pytest.mark.parametrize("injection", [SLOW, STALLED])
def test_whoever_leaves_a_reply_that_we_hold_up_leaves_because_of_us(injection: Injection) -> None:
    assert fault(LEFT, injection) == injection.fault


def test_a_slow_body_that_breaks_off_by_itself_is_the_upstreams() -> None:
    assert fault(BROKEN_OFF, SLOW) == "upstream"


def test_a_body_that_broke_off_by_itself_is_the_upstreams() -> None:
    assert fault(BROKEN_OFF, TRUNCATED, problem="the upstream closed early") == "upstream"
    assert fault(BROKEN_OFF, LATENCY) == "upstream"
    assert fault(BROKEN_OFF) == "upstream"


def test_who_leaves_left_because_of_the_waiting() -> None:
    assert fault(LEFT, LATENCY, SPOIL) == "latency"
    assert fault(LEFT, LATENCY, origin=Origin.INJECTED) == "latency"


def test_who_leaves_without_our_holding_the_call_left_the_upstream() -> None:
    assert fault(LEFT, SPOIL) == "upstream"
    assert fault(LEFT) == "upstream"


def test_our_own_502_is_the_proxys() -> None:
    assert fault(FAILED, origin=Origin.PROXY, status=502) == "proxy"
    assert fault(FAILED, LATENCY, origin=Origin.PROXY, status=502) == "proxy"


def test_every_outcome_but_ok_has_a_nature() -> None:
    assert set(NATURES) == set(Outcome) - {Outcome.OK}
    assert all(nature.explicit and nature.healthy for nature in NATURES.values())


@pytest.mark.parametrize(
    ("course", "outcomes"),
    [
        (Course.PERSISTENT, {Outcome.DENIED, Outcome.NOT_FOUND, Outcome.QUOTA, Outcome.INVALID, Outcome.UNTRUSTED}),
        (Course.CONDITIONAL, {Outcome.AUTH}),
    ],
)
def test_what_lasts(course: Course, outcomes: set[Outcome]) -> None:
    assert {outcome for outcome, nature in NATURES.items() if nature.course is course} == outcomes


@pytest.mark.parametrize(
    ("outcome", "first_byte", "status", "has_it"),
    [
        (Outcome.OK, 1.0, 200, True),
        (Outcome.AGENT_LEFT, 1.0, 200, True),
        (Outcome.AGENT_LEFT, 0.0, 0, False),
        (Outcome.AGENT_LEFT, 1.0, 500, False),
        (Outcome.TRUNCATED, 1.0, 200, False),
    ],
)
def test_who_has_what_it_wanted(outcome: Outcome, first_byte: float, status: int, has_it: bool) -> None:
    assert delivered(replace(FAILED, outcome=outcome, first_byte=first_byte, status=status)) is has_it
