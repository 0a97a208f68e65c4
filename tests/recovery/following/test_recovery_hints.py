"""Retry-After, obeyed or not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.answer import Hint
from chaosproxy.core.events import RetryAfterJudged, RetryAfterVerdict
from chaosproxy.recovery.following.hints import judge_wait, latest, soonest, visible
from tests.recovery.conversation import BROKEN, THROTTLED, Conversation


@pytest.mark.parametrize(
    ("asked", "waited", "verdict"),
    [
        (1, 0.94, "early"),
        (1, 0.96, "compliant"),  # 50 ms
        (10, 9.79, "early"),
        (10, 9.81, "compliant"),  # 2 %
        (1, 6, "compliant"),  # 5 s more
        (1, 6.1, "late"),
        (100, 150, "compliant"),  # half as long again
        (100, 151, "late"),
        (0, 0, "compliant"),
        (0, 5.1, "late"),
        (-30, 0, "compliant"),  # a date in the past
        (86_400, 1, "early"),
    ],
)
def test_the_limits(asked: float, waited: float, verdict: str) -> None:
    assert judge_wait(Hint(asked, "retry-after"), waited, sdk=False) == verdict


@given(st.floats(0, 1e5), st.floats(-1, 1), st.sampled_from([0.0, 1.0]))
def test_the_bounds_are_where_the_verdict_changes(asked: float, beside: float, granularity: float) -> None:
    hint = Hint(asked, "retry-after", granularity=granularity)
    first, last = soonest(asked, granularity), latest(asked)

    early = judge_wait(hint, first + beside, sdk=False) == RetryAfterVerdict.EARLY
    late = judge_wait(hint, last + beside, sdk=False) == RetryAfterVerdict.LATE
    assert early == (first + beside < first)
    assert late == (last + beside > last)


def test_a_date_is_good_to_a_second() -> None:
    assert judge_wait(Hint(5, "retry-after", granularity=1.0), 4.1, sdk=False) == "compliant"
    assert judge_wait(Hint(5, "retry-after", granularity=1.0), 3.9, sdk=False) == "early"


@pytest.mark.parametrize(("asked", "sdk", "verdict"), [(61, True, "capped"), (60, True, "early"), (61, False, "early")])
def test_an_sdk_that_will_not_wait_so_long_is_capped(asked: float, sdk: bool, verdict: str) -> None:
    assert judge_wait(Hint(asked, "retry-after"), 8, sdk=sdk) == verdict


@given(st.floats(-10, 1e5), st.floats(0, 1e6), st.floats(0, 1e6), st.booleans())
def test_waiting_longer_is_never_earlier(asked: float, one: float, other: float, sdk: bool) -> None:
    order = ["early", "capped", "compliant", "late"]
    verdicts = [judge_wait(Hint(asked, "retry-after"), wait, sdk=sdk) for wait in sorted((one, other))]
    assert order.index(verdicts[0]) <= order.index(verdicts[1])


@pytest.mark.parametrize(
    ("source", "transport", "seen"),
    [
        ("retry-after", "http", True),
        ("retry-after", "mcp_http", False),
        ("x-ratelimit-reset", "mcp_http", False),
        ("text", "mcp_http", True),
        ("retry-info", "mcp_http", True),
    ],
)
def test_what_mcp_hands_on(source: str, transport: str, seen: bool) -> None:
    assert visible(Hint(1, source), transport) is seen


class TestInAConversation:
    def test_the_next_attempt_of_the_same_operation_is_judged(self) -> None:
        talk = Conversation()
        talk.ask("find tea").gets(THROTTLED, retry_after=3)
        talk.ask("find coffee").gets_ok()
        assert talk.retry_after == []
        talk.wait(3)
        talk.ask("find tea").gets_ok()
        (judged,) = talk.said(RetryAfterJudged)
        assert (judged.session, judged.tool, judged.verdict) == ("run-1", "find", "compliant")
        assert (judged.hint, judged.asked) == ("retry-after", 3)
        assert judged.waited == pytest.approx(3.1)

    def test_only_that_one(self) -> None:
        talk = Conversation()
        talk.ask().gets(THROTTLED, retry_after=1)
        talk.wait(1)
        talk.ask().gets(BROKEN)
        talk.ask().gets_ok()
        assert talk.retry_after == ["compliant"]

    def test_a_date(self) -> None:
        talk = Conversation()
        talk.ask().gets(THROTTLED, retry_after=2, date=True)
        talk.wait(1.2)
        talk.ask().gets_ok()
        assert talk.retry_after == ["compliant"]

    def test_a_capped_sdk_is_not_the_agents_fault(self) -> None:
        talk = Conversation()
        talk.ask().gets(THROTTLED, retry_after=86_400)
        talk.wait(8)
        talk.ask(sdk=1).gets_ok()
        assert (talk.retry_after, talk.verdicts) == (["capped"], ["appropriate"])

    def test_who_does_not_come_back_gets_no_retry(self) -> None:
        talk = Conversation()
        talk.ask().gets(THROTTLED, retry_after=2)
        talk.end()
        (judged,) = talk.said(RetryAfterJudged)
        assert (judged.verdict, judged.waited) == ("no_retry", None)

    def test_who_was_asked_to_wait_longer_than_we_watch_has_not_given_up_yet(self) -> None:
        talk = Conversation(horizon="15m")
        talk.ask().gets(THROTTLED, retry_after=3600)
        talk.tick(after=901)
        talk.tick(after=3000)
        assert talk.resolutions == []
        talk.ask().gets_ok()
        assert (talk.resolutions, talk.retry_after) == (["recovered_retry"], ["compliant"])

    def test_a_horizon_after_the_end_of_that_wait_it_has(self) -> None:
        talk = Conversation(horizon="15m")
        talk.ask().gets(THROTTLED, retry_after=3600)
        talk.tick(after=901)
        talk.tick(after=3500)
        assert talk.resolutions == []
        talk.tick(after=200)
        assert (talk.resolutions, talk.retry_after) == (["abandoned"], ["no_retry"])

    def test_who_waits_long_keeps_no_other_from_being_given_up(self) -> None:
        talk = Conversation(horizon="15m")
        talk.ask("patient").gets(THROTTLED, retry_after=3600)
        talk.ask("other").gets(THROTTLED)
        talk.tick(after=901)
        assert talk.resolutions == ["abandoned"]

    def test_a_hint_on_a_good_answer_asks_for_nothing(self) -> None:
        talk = Conversation()
        asked = talk.ask()
        asked.gets(THROTTLED, retry_after=2)
        talk.wait(2)
        talk.ask().gets_ok()
        talk.ask().gets_ok()
        assert talk.retry_after == ["compliant"]
