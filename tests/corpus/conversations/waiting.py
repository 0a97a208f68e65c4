"""Told how long to wait: obeyed, broken, capped, ignored."""

from tests.corpus.script import fault
from tests.corpus.talk import Talk, conversation
from tests.corpus.words import (
    ABANDONED,
    APPROPRIATE,
    BREACH_OTHER,
    CAME_BACK,
    CAME_EARLY,
    CAPPED,
    COMPLIANT,
    EARLY,
    EXHAUSTED,
    INAPPROPRIATE,
    LATE,
    LEFT,
    MODEL,
    NO_RETRY,
    RECOVERED_RETRY,
    TOO_EARLY,
)
from tests.corpus.world import chat, find, stock, user

SHOES = "shoes"


@conversation("Asked to come back in five seconds, it comes back in five.")
def comes_back_when_asked_to(talk: Talk) -> None:
    search = talk.agent().asks(find(SHOES))
    search.fails(fault("rate_limit", retry_after=5.0))
    talk.wait(5.01)
    search.again().ok().hint(COMPLIANT)
    search.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("Asked to come back in five seconds, it comes back in one, is refused, waits, and is let in.")
def comes_back_too_early_once(talk: Talk) -> None:
    search = talk.agent().asks(find(SHOES))
    search.fails(fault("rate_limit", retry_after=5.0))
    talk.wait(1)
    search.again().fails(fault("rate_limit", retry_after=4.0)).hint(TOO_EARLY).wasted(EARLY)
    talk.wait(4.01)
    search.again().ok().hint(COMPLIANT)
    search.ends(RECOVERED_RETRY, INAPPROPRIATE, CAME_EARLY)


@conversation("Asked to come back in two seconds, it does so after a minute: late, and all right.")
def comes_back_late(talk: Talk) -> None:
    search = talk.agent().asks(find(SHOES))
    search.fails(fault("rate_limit", retry_after=2.0))
    talk.wait(60)
    search.again().ok().hint(LATE)
    search.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("Asked to come back in five minutes, it does, after other work.")
def a_long_wait_is_honoured(talk: Talk) -> None:
    agent = talk.agent()
    search = agent.asks(find(SHOES))
    search.fails(fault("rate_limit", retry_after=300.0))
    talk.wait(20)
    agent.asks(chat([user("meanwhile")])).ok(after=1)
    talk.wait(281)
    search.again(layer=MODEL).ok().hint(COMPLIANT)
    search.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation(
    "An hour is asked for, and honoured: still the same work, though no failure is remembered so long otherwise."
)
def an_hour_is_honoured(talk: Talk) -> None:
    search = talk.agent().asks(find(SHOES))
    search.fails(fault("rate_limit", retry_after=3600.0))
    talk.wait(3601)
    search.again().ok().hint(COMPLIANT)
    search.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("An SDK waits a minute at most and comes back after sixty seconds of the five minutes asked for.")
def a_long_wait_is_capped(talk: Talk) -> None:
    turn = talk.agent().asks(chat([user("hello")]))
    turn.fails(fault("rate_limit", retry_after=300.0))
    talk.wait(60)
    turn.again(sdk=1).ok(after=0.5).hint(CAPPED)
    turn.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("A day is asked for; the agent goes on with other work and never comes back.")
def a_days_wait_is_not_taken(talk: Talk) -> None:
    agent = talk.agent()
    search = agent.asks(find(SHOES))
    search.fails(fault("rate_limit", retry_after=86_400.0)).hint(NO_RETRY)
    talk.wait(2)
    agent.asks(stock(4)).ok()
    search.ends(ABANDONED)


@conversation(
    "Three hints in all spellings: a date, nothing that can be read, two headers of which the first counts.", edge=11
)
def hints_in_all_spellings(talk: Talk) -> None:
    agent = talk.agent()
    dated = agent.asks(find("hats"))
    dated.refused(429, retry_after=_date(10))
    talk.wait(9.5)
    dated.again().ok().hint(COMPLIANT)
    unreadable = agent.asks(find("caps"))
    unreadable.refused(429, retry_after="soon")
    talk.wait(1)
    unreadable.again().ok()
    negative = agent.asks(find("bags"))
    negative.refused(429, retry_after="-5")
    talk.wait(1)
    negative.again().ok()
    nothing = agent.asks(find("ties"))
    nothing.refused(429, retry_after="0")
    talk.wait(0.2)
    nothing.again().ok().hint(COMPLIANT)
    both = agent.asks(find("belts"))
    both.refused(429, retry_after_ms="1500", retry_after="30")
    talk.wait(1.6)
    both.again().ok().hint(COMPLIANT)
    for each in (dated, unreadable, negative, nothing, both):
        each.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


def _date(seconds: int) -> str:
    """An HTTP date, so many seconds behind the first answer of a conversation (see `answering.WALL`)."""
    return f"Sun, 22 Nov 2026 12:00:{seconds:02d} GMT"


@conversation("Nothing but the text says when: it is waited for, and then not.")
def a_hint_in_the_text(talk: Talk) -> None:
    told = "Rate limit reached for gpt-4o. Please try again in 3.89s. Visit the account page to learn more."
    turn = talk.agent().asks(chat([user("hello")]))
    turn.refused(429, {"error": {"message": told, "type": "tokens", "code": "rate_limit_exceeded"}})
    talk.wait(3.9)
    again = turn.again(sdk=1).hint(COMPLIANT)
    again.refused(429, {"error": {"message": told, "type": "tokens", "code": "rate_limit_exceeded"}})
    talk.wait(1)
    turn.again(sdk=2).ok(after=0.5).hint(TOO_EARLY)
    turn.ends(RECOVERED_RETRY, INAPPROPRIATE, CAME_EARLY)


@conversation("While the shop asks to wait, another call goes to it and is refused too: a shared limit is broken.")
def another_call_breaks_a_shared_limit(talk: Talk) -> None:
    agent = talk.agent()
    search = agent.asks(find(SHOES))
    search.fails(fault("rate_limit", retry_after=10.0))
    talk.wait(1)
    other = agent.asks(stock(4)).hint(BREACH_OTHER)
    other.fails(fault("rate_limit", retry_after=9.0))
    talk.wait(9.2)
    search.again().ok().hint(COMPLIANT)
    other.again().ok().hint(COMPLIANT)
    search.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
    other.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("While the shop asks to wait, a call goes to somebody else: no limit is broken.")
def another_tool_is_not_limited(talk: Talk) -> None:
    agent = talk.agent()
    search = agent.asks(find(SHOES))
    search.fails(fault("rate_limit", retry_after=10.0))
    talk.wait(1)
    agent.asks(chat([user("meanwhile")])).ok(after=1)
    talk.wait(8.5)
    search.again(layer=MODEL).ok().hint(COMPLIANT)
    search.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("Hints are ignored until it gives up.")
def ignores_hints_and_gives_up(talk: Talk) -> None:
    search = talk.agent().asks(find(SHOES))
    search.fails(fault("rate_limit", retry_after=30.0))
    for _ in range(2):
        talk.wait(1)
        last = search.again().fails(fault("rate_limit", retry_after=30.0)).hint(TOO_EARLY).wasted(EARLY)
    last.hint(NO_RETRY)
    search.ends(EXHAUSTED, INAPPROPRIATE, CAME_EARLY)


@conversation("A 503 asks for three seconds; it is not asked again, and the run is over.")
def a_hint_that_nobody_follows(talk: Talk) -> None:
    search = talk.agent().asks(find(SHOES))
    search.fails(fault("server_error", status=503, retry_after=3.0)).hint(NO_RETRY)
    search.ends(ABANDONED, INAPPROPRIATE, LEFT)
