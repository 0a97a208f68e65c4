"""Requests to wait that count for a whole session."""

from chaosproxy.core.answer import Hint
from chaosproxy.core.events import RetryAfterJudged
from chaosproxy.recovery.following.limits import MOST, UPSTREAMS, Limit, broken_by, drop_over, remember
from tests.recovery.conversation import BROKEN, THROTTLED, Conversation


def limit(operation: int = 1, seconds: float = 10.0, given: float = 100.0) -> Limit:
    return Limit(operation, Hint(seconds, "retry-after"), given)


def test_it_is_broken_while_it_runs_by_another_operation() -> None:
    limits: dict[str, list[Limit]] = {}
    remember(limits, "shop", limit())
    assert broken_by(limits, "shop", 2, 105.0) is not None
    assert broken_by(limits, "shop", 1, 105.0) is None
    assert broken_by(limits, "mail", 2, 105.0) is None
    assert broken_by(limits, "shop", 2, 99.9) is None  # it was on its way
    assert broken_by(limits, "shop", 2, 109.9) is None  # within the tolerance


def test_what_is_over_is_dropped_and_the_rest_bounded() -> None:
    limits: dict[str, list[Limit]] = {}
    for number in range(3 * MOST):
        remember(limits, "shop", limit(number))
    assert len(limits["shop"]) == MOST
    remember(limits, "shop", limit(given=200.0))
    assert len(limits["shop"]) == 1
    for number in range(2 * UPSTREAMS):
        remember(limits, f"upstream {number}", limit())
    assert len(limits) == UPSTREAMS
    drop_over(limits, 1_000.0)
    assert limits == {}


class TestInAConversation:
    def test_a_call_that_goes_on_asking_is_a_breach_and_not_early(self) -> None:
        talk = Conversation()
        talk.ask("find tea", at="GET shop/tea").gets(THROTTLED, retry_after=10)
        talk.wait(1)
        talk.ask("find coffee", at="GET shop/coffee").gets(THROTTLED, retry_after=10)
        (judged,) = talk.said(RetryAfterJudged)
        assert (judged.verdict, judged.number, judged.operation) == ("breach_other", 2, 2)
        assert judged.waited is not None
        assert round(judged.waited, 6) == 1.0
        talk.wait(10)
        talk.ask("find tea", at="GET shop/tea").gets_ok()
        talk.ask("find coffee", at="GET shop/coffee").gets_ok()
        assert talk.retry_after == ["breach_other", "compliant", "compliant"]
        assert talk.verdicts == ["appropriate", "appropriate"]

    def test_not_if_it_passed_or_failed_otherwise(self) -> None:
        talk = Conversation()
        talk.ask("find tea", at="GET shop/tea").gets(THROTTLED, retry_after=10)
        talk.ask("find coffee", at="GET shop/coffee").gets_ok()
        talk.ask("find milk", at="GET shop/milk").gets(BROKEN)
        assert talk.retry_after == []

    def test_who_comes_back_as_asked_is_not_blamed_for_anothers_hint(self) -> None:
        talk = Conversation()
        talk.ask("find tea", at="GET shop/tea").gets(THROTTLED, retry_after=10)
        talk.wait(5)
        talk.ask("find coffee", at="GET shop/coffee").gets(THROTTLED, retry_after=10)
        talk.wait(5)
        talk.ask("find tea", at="GET shop/tea").gets(THROTTLED, retry_after=10)
        assert talk.retry_after == ["breach_other", "compliant"]

    def test_nobody_can_break_what_the_transport_does_not_show(self) -> None:
        talk = Conversation()
        talk.ask("find tea", transport="mcp").gets(THROTTLED, retry_after=10)
        talk.ask("find coffee", transport="mcp").gets(THROTTLED, retry_after=10)
        talk.ask("find tea", transport="mcp").gets_ok()
        talk.end()
        assert talk.retry_after == ["not_visible", "not_visible"]
        assert talk.because == [("recovered_retry", "came_back"), ("abandoned", "left")]
