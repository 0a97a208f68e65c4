"""The score of a run: live and from its journal, of all sessions or one, judged by what is expected of it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.bus import Bus
from chaosproxy.core.call import CallKind, Layer, ToolEffect
from chaosproxy.core.clock import ManualClock
from chaosproxy.core.decision import QUIET, Decision
from chaosproxy.core.events import (
    BackoffSeen,
    BackoffShape,
    Because,
    CallAnswered,
    CallWasted,
    CanaryFound,
    Certainty,
    DuplicateEffect,
    EpisodeClosed,
    Event,
    KeyJudged,
    KeyVerdict,
    LoopFound,
    LoopKind,
    Resolution,
    RetryAfterJudged,
    RetryAfterVerdict,
    RetryOverBudget,
    SessionEnded,
    Verdict,
    WasteReason,
)
from chaosproxy.core.failures import Outcome
from chaosproxy.core.purpose import Role
from chaosproxy.profiles.models import Profile
from chaosproxy.recovery.scoring.expectations import Result
from chaosproxy.recovery.scoring.score import Score
from chaosproxy.recovery.scoring.scorecard import SESSIONS, Scorecard
from chaosproxy.recovery.scoring.terms import RuleInPlay, Terms
from chaosproxy.reports.scoring import count, terms_of
from chaosproxy.telemetry.outlines import run_of
from chaosproxy.telemetry.recording import Recorder
from chaosproxy.telemetry.records import Record
from chaosproxy.telemetry.run import Run
from tests.recovery.tallying import Ended, both, closed, expect, feed, strike, terms

# One run, two ways

DECISIONS = (
    QUIET,
    Decision(skipped=(("slow", "max_active"),)),
    strike("slow", "latency"),
    strike("spoil", "malformed_json"),
    both(strike("slow", "latency"), strike("spoil", "malformed_json")),
)
TOOLS = st.sampled_from(["find", "pay", "GET /v1/{id}", "_other"])
NAMES = st.sampled_from(["ci-1", "ci-2", "run-1", "run-2"])
PLACES = st.sampled_from(
    [
        (1, CallKind.FIRST, Layer.NONE),
        (1, CallKind.HEDGE, Layer.NONE),
        (2, CallKind.RETRY, Layer.SDK),
        (3, CallKind.FALLBACK, Layer.MODEL),
    ]
)
CALLS = st.builds(
    lambda place, **keys: Ended(attempt=place[0], kind=place[1], layer=place[2], **keys),
    PLACES,
    tool=TOOLS,
    session=NAMES,
    operation=st.integers(1, 6),
    effect=st.sampled_from(ToolEffect),
    role=st.sampled_from(Role),
    outcome=st.sampled_from([Outcome.OK, Outcome.OK, Outcome.TIMEOUT, Outcome.AGENT_LEFT]),
    status=st.sampled_from([200, 500]),
    any_byte=st.booleans(),
    decision=st.sampled_from(DECISIONS),
    skipped=st.sampled_from([None, "not_json"]),
    seconds=st.floats(0, 9),
).map(Ended.event)
PLAIN_CALLS = st.builds(Ended, tool=TOOLS, session=NAMES, operation=st.integers(1, 99)).map(Ended.event)
EPISODES = st.builds(
    closed,
    st.sampled_from(Resolution),
    st.sampled_from(Verdict),
    because=st.sampled_from(Because),
    fault=st.sampled_from(["latency", "malformed_json", "upstream"]),
    tool=TOOLS,
    session=NAMES,
    operation=st.integers(1, 6),
    outcome=st.sampled_from([Outcome.OK, Outcome.TIMEOUT]),
    seconds=st.floats(0, 9),
)
HINTS, SURE, LAYERS = st.sampled_from(RetryAfterVerdict), st.sampled_from(Certainty), st.sampled_from(Layer)
CONCLUSIONS = st.one_of(
    st.builds(
        lambda name, tool, said: RetryAfterJudged(name, tool, said, "retry-after", 2.0, None), NAMES, TOOLS, HINTS
    ),
    st.builds(lambda call, sure, times: DuplicateEffect(call.call, sure, 1, times), CALLS, SURE, st.integers(1, 3)),
    st.builds(lambda call, verdict: KeyJudged(call.call, verdict), CALLS, st.sampled_from(KeyVerdict)),
    st.builds(lambda call, reason: CallWasted(call.call, reason), CALLS, st.sampled_from(WasteReason)),
    st.builds(LoopFound, NAMES, st.tuples(TOOLS, TOOLS), st.sampled_from(LoopKind), st.just((1, 2)), st.just(1.0)),
    st.builds(
        lambda name, tool, who: BackoffSeen(name, tool, 1, who, BackoffShape.FIXED, (1.0, 2.0)), NAMES, TOOLS, LAYERS
    ),
    st.builds(lambda call: RetryOverBudget(call.call), CALLS),
    st.builds(lambda call: CanaryFound(call.call, 1, 2), CALLS),
    st.builds(lambda name: SessionEnded(name, "path", 1, 1, 0, 0.0, 1.0), NAMES),
)
RUNS = st.lists(CALLS | PLAIN_CALLS | EPISODES | CONCLUSIONS, max_size=60)
TERMS = st.sampled_from(
    [
        Terms(),
        terms(
            expect("recovery_rate", at_least=0.5, session="ci-*"),
            expect("loops", at_most=0, tool="p*"),
            expect("success_drop", at_most=0.1, session="run-*"),
            rules=(RuleInPlay("slow", ("latency",), None, 0.5), RuleInPlay("spoil", ("malformed_json",), "find", 0.4)),
        ),
    ]
)


class Writing:
    """A journal in memory."""

    def __init__(self, bus: Bus) -> None:
        recorder = Recorder(Run("x", "d", 7), ManualClock())
        self.records: list[Record] = []
        makers = {
            CallAnswered: recorder.call,
            EpisodeClosed: recorder.episode,
            SessionEnded: recorder.session,
            RetryAfterJudged: recorder.hint_judged,
            DuplicateEffect: recorder.duplicated,
            KeyJudged: recorder.key_judged,
            CallWasted: recorder.wasted,
            LoopFound: recorder.loop,
            BackoffSeen: recorder.backoff,
            RetryOverBudget: recorder.over_budget,
            CanaryFound: recorder.canary,
        }
        for kind, make in makers.items():
            bus.subscribe(kind, lambda event, make=make: self.records.append(make(event)))  # type: ignore[misc]


@given(RUNS, TERMS)
def test_a_run_scores_the_same_live_and_from_its_journal(events: list[Event], judged_by: Terms) -> None:
    bus = Bus()
    live, later = Scorecard(judged_by), Scorecard(judged_by)
    live.attach(bus)
    journal = Writing(bus)
    for event in events:
        bus.publish(event)
    for record in journal.records:
        count(later, msgspec.json.decode(msgspec.json.encode(record), type=type(record)), 1)

    assert later.score() == live.score()
    assert later.whole.pairs() == live.whole.pairs()
    assert later.judge() == live.judge()
    assert later.comparison() == live.comparison()
    assert [later.whole.tool(tool) for tool in later.whole.tools()] == [live.whole.tool(t) for t in live.whole.tools()]


@given(RUNS)
def test_the_whole_is_the_sum_of_its_tools_and_of_its_sessions(events: list[Event]) -> None:
    whole, parts = Scorecard(), [Scorecard(only=name) for name in ("ci-1", "ci-2", "run-1", "run-2")]
    bus = Bus()
    for card in (whole, *parts):
        card.attach(bus)
    for event in events:
        bus.publish(event)

    by_tool = [whole.whole.tool(tool) for tool in whole.whole.tools()]
    assert sum(each.calls for each in by_tool) == whole.score().calls
    assert sum(part.score().calls for part in parts) == whole.score().calls
    assert sum(part.score().faulted for part in parts) == whole.score().faulted
    assert sum(each.decided for each in whole.whole.pairs().values()) == whole.whole.tally().decided
    assert sum(part.whole.tally().decided for part in parts) == whole.whole.tally().decided
    assert sum(part.whole.loops().total() for part in parts) == whole.whole.loops().total()


@given(RUNS)
def test_it_can_be_written_down(events: list[Event]) -> None:
    card = Scorecard()
    bus = Bus()
    card.attach(bus)
    for event in events:
        bus.publish(event)
    assert msgspec.json.decode(msgspec.json.encode(card.score()), type=Score) == card.score()


# In figures

LATE = Ended(operation=2, decision=strike("slow", "latency"), outcome=Outcome.TIMEOUT)
RULE = RuleInPlay("slow", ("latency",))


def test_a_short_day() -> None:
    card = feed(
        Scorecard(),
        Ended(operation=1),
        LATE,
        Ended(operation=2, attempt=2, kind=CallKind.RETRY, layer=Layer.SDK),
        Ended(operation=3, decision=strike("spoil", "malformed_json"), skipped="not_json"),
        Ended(role=Role.HOUSEKEEPING, kind=CallKind.NONE, operation=0),
    )
    card.count_episode(closed(operation=2, seconds=3.0))
    card.count_session("run-1")

    score = card.score()

    assert (score.sessions, score.calls, score.other_calls, score.operations) == (1, 4, 1, 3)
    assert (score.results, score.success, score.amplification) == ({"clean": 2, "recovered": 1}, 1.0, 4 / 3)
    assert (score.faulted, score.spared) == (1, 1)
    assert score.rules_fired == {"slow": 1, "spoil": 1}
    assert score.rules_spared == {"spoil": 1}
    assert [(each.fault, each.injected, each.resolutions) for each in score.faults] == [
        ("latency", 1, {"recovered_retry": 1})
    ]
    assert score.layers == {"sdk": 1}


def test_a_call_is_faulted_once_however_many_rules_struck_it() -> None:
    card = feed(Scorecard(), Ended(decision=both(strike("a", "latency"), strike("b", "timeout"))))
    assert (card.score().faulted, card.rules_fired) == (1, {"a": 1, "b": 1})


def test_a_rule_with_several_faults_fires_once_a_call() -> None:
    card = feed(Scorecard(), Ended(decision=strike("a", "latency", "malformed_json"), skipped="not_json"))
    assert (card.rules_fired, card.rules_spared) == ({"a": 1}, {"a": 1})
    assert card.score().spared == 1


def test_a_second_try_that_fails_before_the_first_is_answered_is_no_second_operation() -> None:
    card = feed(Scorecard(), Ended(attempt=2, kind=CallKind.RETRY, outcome=Outcome.TIMEOUT), Ended())
    card.count_episode(closed())
    assert card.score().results == {"recovered": 1}


def test_one_session_alone() -> None:
    card = Scorecard(only="run-2")
    feed(card, Ended(session="run-1"), Ended(session="run-2"), Ended(session="run-2", outcome=Outcome.TIMEOUT))
    card.count_episode(closed(session="run-1"))
    card.count_loop(LoopFound("run-1", ("find",), LoopKind.RATE, (1,), 1.0))
    assert (card.score().calls, card.score().faults, card.score().loops) == (2, (), {})
    assert card.score().results == {"clean": 1}


def test_what_is_remembered_of_sessions_is_bounded() -> None:
    card = Scorecard(terms(expect("recovery_rate", at_least=0.5, session="ci-*")))
    for number in range(2 * SESSIONS):
        card.count_session(f"ci-{number}")
    assert len(card._where) <= SESSIONS
    assert card.board(("ci-*", None)).sessions == 2 * SESSIONS


# Judged


def test_one_expectation_for_each_part_of_a_run() -> None:
    card = Scorecard(
        terms(
            expect("recovery_rate", at_least=0.5),
            expect("recovery_rate", at_least=0.5, of=("latency",)),
            expect("recovery_rate", at_least=0.5, tool="p*"),
            expect("recovery_rate", at_least=0.5, session="ci-*"),
            expect("recovery_rate", at_least=0.5, of=("latency",), tool="p*", session="ci-*", cases=2),
        )
    )
    feed(card, Ended())
    exhausted = {"resolution": Resolution.EXHAUSTED, "verdict": Verdict.UNKNOWN}
    card.count_episode(closed(fault="latency", tool="pay", session="ci-1", operation=1))
    card.count_episode(closed(fault="latency", tool="find", session="ci-1", operation=2, **exhausted))  # type: ignore[arg-type]
    card.count_episode(closed(fault="timeout", tool="pay", session="run-1", operation=3, **exhausted))  # type: ignore[arg-type]

    judged = card.judge()

    assert [(each.value, each.cases, each.result) for each in judged.checks] == [
        (pytest.approx(1 / 3), 3, Result.FAIL),
        (0.5, 2, Result.PASS),
        (0.5, 2, Result.PASS),
        (0.5, 2, Result.PASS),
        (1.0, 1, Result.INCONCLUSIVE),
    ]
    assert judged.result is Result.FAIL


def test_an_agent_that_exits_badly_fails_unless_that_is_expected() -> None:
    card = feed(Scorecard(terms(rules=(RULE,))), LATE)
    assert card.judge(agent_status=0).result is Result.PASS
    assert card.judge(agent_status=1).reasons == ("agent_exit_status: 1, expected at most 0",)
    lenient = feed(Scorecard(terms(expect("agent_exit_status", at_most=3), rules=(RULE,))), LATE)
    assert [each.result for each in lenient.judge(agent_status=1).checks] == [Result.PASS]


def test_without_an_agent_of_ours_nothing_is_expected_of_one() -> None:
    card = feed(Scorecard(terms(rules=(RULE,))), LATE)
    assert card.judge().checks == ()
    asked = feed(Scorecard(terms(expect("agent_exit_status", at_most=0), rules=(RULE,))), LATE).judge()
    assert asked.reasons == ("agent_exit_status: not known, because the agent was not started by us",)


def test_an_agent_that_crashed_before_its_first_call_fails() -> None:
    judged = Scorecard(terms(rules=(RULE,))).judge(agent_status=1)
    assert judged.result is Result.FAIL
    assert judged.reasons == ("agent_exit_status: 1, expected at most 0", "the agent called nothing")


def test_a_failure_wins_over_doubt() -> None:
    card = feed(Scorecard(terms(expect("duplicate_effects", at_most=0), rules=(RULE,))), Ended())
    card.count_duplicate("run-1", "find", Certainty.CONFIRMED)
    judged = card.judge()
    assert judged.result is Result.FAIL
    assert judged.reasons == (
        "duplicate_effects: 1 in 0 cases, expected at most 0",
        "rule 'slow' never fired",
    )


def test_the_terms_of_a_profile_are_those_of_its_journals() -> None:
    profile = Profile.model_validate(
        {
            "version": 1,
            "name": "x",
            "seed": 9,
            "rules": [
                {
                    "name": "slow",
                    "match": {"tool": "p*"},
                    "when": {"sessions": 0.5},
                    "fault": [{"type": "latency", "delay": "1s"}, {"type": "latency", "delay": "2s"}],
                },
                {"name": "whole", "when": {"sessions": 1}, "fault": {"type": "empty_body"}},
            ],
            "expect": {
                "loops": {"at_most": 0},
                "recovery_rate": [{"at_least": "95%", "of": "latency"}, {"at_least": "80%", "tool": "p*", "cases": 3}],
            },
        },
        strict=False,
    )
    assert Terms.of(profile) == terms_of(Recorder(run_of(profile, "d"), ManualClock()).run_started())
    assert Terms.of(profile) == Terms(
        rules=(RuleInPlay("slow", ("latency",), "p*", 0.5), RuleInPlay("whole", ("empty_body",))),
        wanted=(
            expect("recovery_rate", at_least=0.95, of=("latency",)),
            expect("recovery_rate", at_least=0.8, tool="p*", cases=3),
            expect("loops", at_most=0),
        ),
        seed=9,
    )
