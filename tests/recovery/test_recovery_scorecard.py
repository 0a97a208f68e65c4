"""The score of a run, from what a conversation published."""

import msgspec
import pytest

from chaosproxy.core.bus import Bus
from chaosproxy.core.decision import Decision
from chaosproxy.core.events import FaultInjected
from chaosproxy.core.measures import MEASURES, OF_THE_RUN_ONLY
from chaosproxy.profiles.models import Expectation
from chaosproxy.recovery.expectations import Measured, Result
from chaosproxy.recovery.scorecard import OF_THE_RUN, Scorecard
from chaosproxy.recovery.tallies import BY_FAULT
from tests.recovery.conversation import (
    BROKEN,
    DENIED,
    GARBAGE,
    REPLY_LOST,
    SPOIL,
    THROTTLED,
    Conversation,
    Ill,
)


@pytest.fixture
def talk() -> Conversation:
    return Conversation()


@pytest.fixture
def card(talk: Conversation) -> Scorecard:
    scorecard = Scorecard()
    scorecard.attach(talk.bus)
    return scorecard


def a_bad_day(talk: Conversation, run: str = "run-1") -> None:
    """Seven intentions, eleven calls."""
    talk.ask("find tea", run=run).gets(THROTTLED, retry_after=2)
    talk.wait(2)
    talk.ask("find tea", run=run).gets_ok(after=1)
    talk.ask("find coffee", run=run).gets(THROTTLED, retry_after=2)
    talk.wait(1)
    talk.ask("find coffee", run=run).gets(BROKEN)
    talk.wait(1)
    talk.ask("find coffee", run=run).gets_ok(after=1)
    talk.write("charge", run=run).gets(REPLY_LOST)
    talk.write("charge", run=run).gets_ok()
    talk.ask("read", run=run).gets(GARBAGE)
    talk.ask("forbidden", run=run).gets(DENIED)
    talk.ask("find milk", run=run).gets_ok()
    talk.write("send", run=run).gets_ok()
    talk.end(run)


def expect(**keys: object) -> Expectation:
    return Expectation.model_validate(keys)


RULES = [
    f"the {fault} rule"
    for fault in ("rate_limit", "server_error", "connection_reset", "malformed_json", "permission_denied")
]


def test_a_bad_day_in_figures(talk: Conversation, card: Scorecard) -> None:
    a_bad_day(talk)
    score = card.score()
    assert (score.calls, score.operations, score.amplification) == (11, 7, 11 / 7)
    assert (score.duplicate_effects, score.undetected_faults) == (1, 1)
    assert score.retry_after == {"compliant": 1, "early": 1}
    assert score.rules_fired == {
        "the rate_limit rule": 2,
        "the server_error rule": 1,
        "the connection_reset rule": 1,
        "the malformed_json rule": 1,
        "the permission_denied rule": 1,
    }
    assert [(fault.fault, fault.injected, fault.resolutions) for fault in score.faults] == [
        ("connection_reset", 1, {"recovered_retry": 1}),
        ("malformed_json", 1, {"undetected": 1}),
        ("permission_denied", 1, {"failed_fast": 1}),
        ("rate_limit", 2, {"recovered_retry": 2}),
        ("server_error", 1, {}),
    ]
    limited = score.faults[3]
    assert (limited.time_to_recovery_p50, limited.time_to_recovery_p95) == pytest.approx((3.0, 3.1))
    assert (limited.recovery_rate, limited.attempts_per_episode) == (1.0, 2.5)
    assert limited.verdicts == {"appropriate": 1, "inappropriate": 1}


def test_a_call_is_faulted_once_and_not_at_all_if_it_was_spared(talk: Conversation, card: Scorecard) -> None:
    ill = Ill(outcome=GARBAGE.outcome, status=200, injection=SPOIL)
    talk.ask().gets(ill)
    talk.ask().gets(ill, skipped="not_json")
    talk.ask().gets_ok()
    assert (card.score().faulted, card.score().spared) == (1, 1)
    another = msgspec.structs.replace(SPOIL, rule="another rule")
    card.attach(bus := Bus())
    bus.publish(FaultInjected(talk.ask().call, Decision(SPOIL.rule, (SPOIL, another))))
    assert (card.score().faulted, card.score().spared) == (2, 1)


def test_it_can_be_written_down(talk: Conversation, card: Scorecard) -> None:
    a_bad_day(talk)
    assert msgspec.json.decode(msgspec.json.encode(card.score()), type=type(card.score())) == card.score()


@pytest.mark.parametrize(
    ("name", "faults", "expected"),
    [
        ("recovery_rate", (), (3 / 5, 5)),
        ("recovery_rate", ("rate_limit", "malformed_json"), (2 / 3, 3)),
        ("recovery_rate", ("latency",), (None, 0)),
        ("appropriate_rate", (), (2 / 5, 5)),
        ("retry_after_violations", (), (1, 2)),
        ("duplicate_effects", (), (1, 2)),
        ("undetected_faults", (), (1, 5)),
        ("undetected_faults", ("rate_limit",), (0, 2)),
        ("time_to_recovery_p50", ("rate_limit",), (3.0, 2)),
        ("time_to_recovery_p95", (), (3.1, 3)),
        ("amplification", (), (11 / 7, 7)),
        ("amplification", ("rate_limit",), (5 / 2, 2)),
    ],
)
def test_measures(
    talk: Conversation, card: Scorecard, name: str, faults: tuple[str, ...], expected: tuple[float | None, int]
) -> None:
    a_bad_day(talk)
    measured = card.measure(name, faults)
    assert (measured.value, measured.cases) == pytest.approx(expected)


def test_every_measure_can_be_taken(card: Scorecard) -> None:
    assert set(BY_FAULT) | set(OF_THE_RUN) == set(MEASURES)
    assert set(OF_THE_RUN) - set(BY_FAULT) == OF_THE_RUN_ONLY
    for name in MEASURES:
        assert card.measure(name).cases == 0
    with pytest.raises(KeyError):
        card.measure("happiness")
    with pytest.raises(KeyError):
        card.measure("happiness", ("latency",))


def test_what_cannot_be_told_by_fault_says_so(card: Scorecard) -> None:
    assert card.measure("duplicate_effects", ("latency",)) == Measured(
        None, 0, "cannot be told by fault; leave out `of`"
    )


def test_one_session_alone(talk: Conversation) -> None:
    everyone, one, nobody = Scorecard(), Scorecard("run-2"), Scorecard("run-3")
    for card in (everyone, one, nobody):
        card.attach(talk.bus)
    a_bad_day(talk, "run-1")
    alone = Conversation()
    expected = Scorecard()
    expected.attach(alone.bus)
    a_bad_day(alone, "run-2")
    a_bad_day(talk, "run-2")
    assert everyone.calls == 22
    assert counts(one) == counts(expected)
    assert nobody.score() == Scorecard().score()


def counts(card: Scorecard) -> tuple[object, ...]:
    score = card.score()
    return (
        (score.calls, score.operations, score.duplicate_effects, score.retry_after, score.rules_fired),
        [(fault.fault, fault.injected, fault.resolutions, fault.verdicts) for fault in score.faults],
    )


class TestJudging:
    def test_a_run_that_kept_what_was_expected_passes(self, talk: Conversation, card: Scorecard) -> None:
        a_bad_day(talk)
        wanted = {
            "recovery_rate": expect(at_least=0.9, of=("rate_limit",), cases=2),
            "amplification": expect(at_most=2),
            "time_to_recovery_p95": expect(at_most=5),
        }
        judged = card.judge(wanted, RULES)
        assert (judged.result, judged.reasons) == (Result.PASS, ())

    def test_a_duplicate_fails_it(self, talk: Conversation, card: Scorecard) -> None:
        a_bad_day(talk)
        judged = card.judge({"duplicate_effects": expect(at_most=0)}, RULES)
        assert judged.result is Result.FAIL
        assert judged.reasons == ("duplicate_effects: 1 in 2 cases, expected at most 0",)

    def test_an_agent_that_called_nothing(self, card: Scorecard) -> None:
        judged = card.judge({}, [])
        assert (judged.result, judged.reasons) == (Result.INCONCLUSIVE, ("the agent called nothing",))

    def test_a_rule_that_never_fired(self, talk: Conversation, card: Scorecard) -> None:
        a_bad_day(talk)
        judged = card.judge({}, [*RULES, "the full moon"])
        assert (judged.result, judged.reasons) == (Result.INCONCLUSIVE, ("rule 'the full moon' never fired",))

    def test_a_rule_whose_faults_could_never_be_applied(self, talk: Conversation, card: Scorecard) -> None:
        ill = Ill(outcome=GARBAGE.outcome, status=200, injection=SPOIL)
        talk.ask().gets(ill, skipped="not_json")
        judged = card.judge({}, ["the malformed_json rule"])
        assert judged.result is Result.INCONCLUSIVE
        talk.ask().gets(ill)
        assert card.judge({}, ["the malformed_json rule"]).result is Result.PASS

    def test_too_few_cases(self, talk: Conversation, card: Scorecard) -> None:
        a_bad_day(talk)
        judged = card.judge({"recovery_rate": expect(at_least=0.1, cases=50)}, RULES)
        assert judged.result is Result.INCONCLUSIVE

    def test_a_failure_wins_over_doubt(self, talk: Conversation, card: Scorecard) -> None:
        a_bad_day(talk)
        judged = card.judge({"duplicate_effects": expect(at_most=0)}, [*RULES, "the full moon"])
        assert judged.result is Result.FAIL
        assert judged.reasons[-1] == "rule 'the full moon' never fired"
