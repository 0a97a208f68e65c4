"""Whether the way it ended was the right way to react."""

from itertools import product

import msgspec
import pytest

from chaosproxy.core.call import ToolEffect
from chaosproxy.core.events import Because, Resolution, Verdict
from chaosproxy.core.failures import Course, Nature, Reaction
from chaosproxy.recovery.following.verdicts import TABLE, Conduct, cannot_work_unchanged, verdict_on
from tests.recovery.conversation import (
    BROKEN,
    DENIED,
    DOWN,
    EXPIRED,
    FORBIDDEN,
    GARBAGE,
    REPLY_LOST,
    THROTTLED,
    Conversation,
    Ill,
    inject,
)

FLAGS = tuple(field.name for field in msgspec.structs.fields(Conduct))


@pytest.fixture
def talk() -> Conversation:
    return Conversation()


def test_there_is_a_verdict_on_everything() -> None:
    for resolution, flags in product(Resolution, product((False, True), repeat=len(FLAGS))):
        verdict_on(resolution, Conduct(**dict(zip(FLAGS, flags, strict=True))))


def test_every_line_decides_something() -> None:
    decided = set()
    for resolution, flags in product(Resolution, product((False, True), repeat=len(FLAGS))):
        conduct = dict(zip(FLAGS, flags, strict=True))
        fits = (
            number
            for number, line in enumerate(TABLE)
            if resolution in line.resolutions and (line.conduct is None or conduct[line.conduct])
        )
        decided.add(next(fits))
    assert decided == set(range(len(TABLE)))


def test_what_is_censored_is_not_judged_whatever_the_agent_did() -> None:
    conduct = Conduct(**dict.fromkeys(FLAGS, True))
    assert verdict_on(Resolution.CENSORED, conduct) == (Verdict.UNKNOWN, Because.CENSORED)


def test_waiting_and_coming_back_is_right(talk: Conversation) -> None:
    talk.ask().gets(THROTTLED, retry_after=2)
    talk.wait(2)
    talk.ask().gets_ok()
    assert (talk.resolutions, talk.verdicts) == (["recovered_retry"], ["appropriate"])


def test_coming_back_early_is_wrong_even_if_it_works(talk: Conversation) -> None:
    talk.ask().gets(THROTTLED, retry_after=2)
    talk.wait(1)
    talk.ask().gets_ok()
    assert (talk.resolutions, talk.verdicts) == (["recovered_retry"], ["inappropriate"])


def test_an_early_retry_is_not_made_good_by_a_later_one(talk: Conversation) -> None:
    talk.ask().gets(THROTTLED, retry_after=2)
    talk.ask().gets(THROTTLED, retry_after=2)
    talk.wait(2)
    talk.ask().gets_ok()
    assert talk.retry_after == ["early", "compliant"]
    assert talk.verdicts == ["inappropriate"]


def test_retrying_when_nobody_asked_to_wait_is_right(talk: Conversation) -> None:
    talk.ask().gets(BROKEN)
    talk.ask().gets_ok()
    assert talk.verdicts == ["appropriate"]


def test_giving_up_what_would_have_passed_is_wrong(talk: Conversation) -> None:
    talk.ask().gets(BROKEN)
    talk.end()
    assert (talk.resolutions, talk.verdicts) == (["abandoned"], ["inappropriate"])


def test_having_tried_in_vain_proves_nothing(talk: Conversation) -> None:
    talk.ask().gets(BROKEN)
    talk.ask().gets(BROKEN)
    talk.end()
    assert (talk.resolutions, talk.verdicts) == (["exhausted"], ["unknown"])


@pytest.mark.parametrize("ill", [DENIED, FORBIDDEN])
class TestForbidden:
    def test_stopping_is_right(self, talk: Conversation, ill: Ill) -> None:
        talk.ask().gets(ill)
        talk.end()
        assert (talk.resolutions, talk.verdicts) == (["failed_fast"], ["appropriate"])

    def test_asking_again_is_wrong(self, talk: Conversation, ill: Ill) -> None:
        talk.ask().gets(ill)
        talk.ask().gets(ill)
        talk.end()
        assert (talk.resolutions, talk.verdicts) == (["exhausted"], ["inappropriate"])

    def test_even_if_it_works(self, talk: Conversation, ill: Ill) -> None:
        talk.ask().gets(ill)
        talk.ask().gets_ok()
        assert (talk.resolutions, talk.verdicts) == (["recovered_retry"], ["inappropriate"])

    def test_asking_with_other_credentials_is_not_asking_again_unchanged(self, talk: Conversation, ill: Ill) -> None:
        talk.ask(token="mine").gets(ill)
        talk.ask(token="the boss's").gets_ok()
        assert (talk.resolutions, talk.verdicts) == (["recovered_retry"], ["appropriate"])

    def test_it_counts_also_when_it_is_not_the_first_failure(self, talk: Conversation, ill: Ill) -> None:
        talk.ask().gets(BROKEN)
        talk.ask().gets(ill)
        talk.ask().gets(ill)
        talk.end()
        assert (talk.resolutions, talk.verdicts) == (["exhausted"], ["inappropriate"])


class TestCredentials:
    def test_new_ones_mend_a_401(self, talk: Conversation) -> None:
        talk.ask(token="old").gets(EXPIRED)
        talk.ask(token="new").gets_ok()
        assert (talk.resolutions, talk.verdicts) == (["recovered_reauth"], ["appropriate"])

    def test_with_a_stumble_in_between(self, talk: Conversation) -> None:
        talk.ask(token="old").gets(EXPIRED)
        talk.ask(token="new").gets(DOWN)
        talk.ask(token="new").gets_ok()
        assert talk.resolutions == ["recovered_reauth"]

    def test_the_same_ones_again_are_wrong_even_if_it_works(self, talk: Conversation) -> None:
        talk.ask(token="old").gets(EXPIRED)
        talk.ask(token="old").gets_ok()
        assert (talk.resolutions, talk.verdicts) == (["recovered_retry"], ["inappropriate"])

    def test_new_ones_that_are_refused_too_prove_nothing(self, talk: Conversation) -> None:
        talk.ask(token="old").gets(EXPIRED)
        talk.ask(token="new").gets(EXPIRED)
        talk.end()
        assert (talk.resolutions, talk.verdicts) == (["exhausted"], ["unknown"])

    def test_other_credentials_after_another_failure_are_no_reauthentication(self, talk: Conversation) -> None:
        talk.ask(token="old").gets(BROKEN)
        talk.ask(token="new").gets_ok()
        assert talk.resolutions == ["recovered_retry"]

    def test_stopping_where_stopping_is_not_called_healthy_cannot_be_told(self, talk: Conversation) -> None:
        talk.ask().gets(EXPIRED)
        talk.end()
        assert (talk.resolutions, talk.verdicts) == (["failed_fast"], ["unknown"])


class TestLostReplies:
    """The write ran, the reply was lost: the agent cannot know."""

    def test_the_same_key_again_is_right(self, talk: Conversation) -> None:
        talk.write(key="k1").gets(REPLY_LOST)
        talk.write(key="k1").gets_ok(replayed=True)
        assert (talk.resolutions, talk.verdicts, talk.duplicates) == (["recovered_retry"], ["appropriate"], 0)

    @pytest.mark.parametrize(("first", "second"), [(None, None), ("k1", "k2"), ("k1", None), (None, "k2")])
    def test_no_key_or_another_key_is_wrong(self, talk: Conversation, first: str | None, second: str | None) -> None:
        talk.write(key=first).gets(REPLY_LOST)
        talk.write(key=second).gets_ok()
        assert (talk.resolutions, talk.verdicts, talk.duplicates) == (["recovered_retry"], ["inappropriate"], 1)

    def test_giving_up_without_a_key_cannot_be_judged_from_traffic(self, talk: Conversation) -> None:
        talk.write().gets(REPLY_LOST)
        talk.end()
        assert (talk.resolutions, talk.verdicts) == (["abandoned"], ["unknown"])

    def test_giving_up_although_the_key_made_it_safe_is_wrong(self, talk: Conversation) -> None:
        talk.write(key="k1").gets(REPLY_LOST)
        talk.end()
        assert talk.verdicts == ["inappropriate"]

    @pytest.mark.parametrize("effect", [ToolEffect.READ, ToolEffect.IDEMPOTENT])
    def test_what_may_be_done_twice_may_be_sent_twice(self, talk: Conversation, effect: ToolEffect) -> None:
        talk.ask(effect=effect).gets(REPLY_LOST)
        talk.ask(effect=effect).gets_ok()
        assert (talk.verdicts, talk.duplicates) == (["appropriate"], 0)


def test_taking_garbage_for_an_answer_is_wrong(talk: Conversation) -> None:
    talk.ask().gets(GARBAGE)
    talk.ask("go on").gets_ok()
    talk.end()
    assert (talk.resolutions, talk.verdicts) == (["undetected"], ["inappropriate"])


def test_asking_again_after_garbage_is_right(talk: Conversation) -> None:
    talk.ask().gets(GARBAGE)
    talk.ask().gets_ok()
    assert (talk.resolutions, talk.verdicts) == (["recovered_retry"], ["appropriate"])


@pytest.mark.parametrize(
    ("course", "healthy", "in_vain"),
    [
        (Course.TRANSIENT, (), False),
        (Course.PERSISTENT, (Reaction.STOP_AND_SAY,), True),
        (Course.CONDITIONAL, (Reaction.REAUTHENTICATE,), True),
        (Course.PERSISTENT, (Reaction.WAIT_THEN_RETRY,), False),
    ],
)
def test_what_is_in_vain(course: Course, healthy: tuple[Reaction, ...], in_vain: bool) -> None:
    assert cannot_work_unchanged(Nature(explicit=True, course=course, healthy=healthy)) is in_vain


def test_stopping_at_what_lasts_is_right_whatever_else_is_called_healthy(talk: Conversation) -> None:
    lasting = Nature(explicit=True, course=Course.PERSISTENT, healthy=(Reaction.CHANGE_ARGUMENTS,))
    talk.ask().gets(msgspec.structs.replace(DENIED, injection=inject("bad_request", lasting)))
    talk.end()
    assert (talk.resolutions, talk.verdicts) == (["failed_fast"], ["appropriate"])
