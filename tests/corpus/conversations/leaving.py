"""How episodes end without a retry: fallbacks, a word to a human, giving up, and what we did not see to its end."""

from tests.corpus.script import fault
from tests.corpus.talk import Talk, conversation
from tests.corpus.words import (
    ABANDONED,
    APPROPRIATE,
    CAME_BACK,
    CENSORED,
    ESCALATED,
    EXHAUSTED,
    FAILED_FAST,
    FELL_BACK,
    GAVE_UP,
    INAPPROPRIATE,
    LEFT,
    RECOVERED_FALLBACK,
    RECOVERED_RETRY,
    SAID_SO,
    STOPPED,
    UNKNOWN,
)
from tests.corpus.world import ask_human, charge, contact, find, message, stock, weather, weather_elsewhere

UNAVAILABLE = fault("server_error", status=503)
FORBIDDEN = fault("permission_denied")


@conversation("A provider is down; the declared stand-in answers.")
def a_stand_in_answers(talk: Talk) -> None:
    reading = talk.agent().asks(weather("Oslo"))
    reading.fails(UNAVAILABLE)
    talk.wait(1)
    reading.elsewhere(weather_elsewhere("Oslo")).ok()
    reading.ends(RECOVERED_FALLBACK, APPROPRIATE, FELL_BACK)


@conversation("Retried in vain, then the stand-in is asked, fails once, and answers on its own retry.")
def a_stand_in_that_needs_two_attempts(talk: Talk) -> None:
    reading = talk.agent().asks(weather("Oslo"))
    reading.fails(UNAVAILABLE)
    talk.wait(1)
    reading.again().fails(UNAVAILABLE)
    talk.wait(1)
    other = reading.elsewhere(weather_elsewhere("Oslo"))
    other.fails(UNAVAILABLE)
    talk.wait(1)
    other.again().ok()
    reading.ends(RECOVERED_FALLBACK, APPROPRIATE)


@conversation("Two cities fail; the stand-in is asked for the second first: which is which shows in the arguments.")
def two_failures_and_the_stand_in(talk: Talk) -> None:
    agent = talk.agent()
    oslo, rome = agent.asks(weather("Oslo")), agent.asks(weather("Rome"))
    oslo.fails(UNAVAILABLE)
    rome.fails(UNAVAILABLE, after=0.2)
    talk.wait(1)
    rome.elsewhere(weather_elsewhere("Rome")).ok()
    talk.wait(0.5)
    oslo.elsewhere(weather_elsewhere("Oslo")).ok()
    for each in (oslo, rome):
        each.ends(RECOVERED_FALLBACK, APPROPRIATE, FELL_BACK)


@conversation("The stand-in is used by itself, nothing having failed: new work.")
def the_stand_in_by_itself(talk: Talk) -> None:
    agent = talk.agent()
    agent.asks(weather("Oslo")).ok()
    talk.wait(1)
    agent.asks(weather_elsewhere("Oslo")).ok()


@conversation("The provider fails, is retried and works; then the stand-in is asked, to compare: new work.")
def the_stand_in_after_recovery(talk: Talk) -> None:
    agent = talk.agent()
    reading = agent.asks(weather("Oslo"))
    reading.fails(UNAVAILABLE)
    talk.wait(1)
    reading.again().ok()
    reading.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
    talk.wait(1)
    agent.asks(weather_elsewhere("Oslo")).ok()


@conversation("A search fails twice; the agent tells a human, and then does other work.")
def tells_a_human_after_two_attempts(talk: Talk) -> None:
    agent = talk.agent()
    search = agent.asks(find("shoes"))
    search.fails(UNAVAILABLE)
    talk.wait(2)
    search.again().fails(UNAVAILABLE)
    talk.wait(2)
    agent.asks(ask_human("The shop is down; I could not find shoes.")).ok()
    talk.wait(1)
    agent.asks(contact(4)).ok()
    search.ends(ESCALATED, APPROPRIATE, SAID_SO)


@conversation("A charge may have run; the agent does not try again, and tells a human.")
def tells_a_human_of_a_doubtful_charge(talk: Talk) -> None:
    agent = talk.agent()
    paid = agent.asks(charge(900))
    paid.fails(fault("lost_reply"))
    talk.wait(1)
    agent.asks(ask_human("The charge of 9 euro may or may not have gone through.")).ok()
    paid.ends(ESCALATED, APPROPRIATE, SAID_SO)


@conversation("The agent goes on with other work first, and writes to a human much later, about something else.")
def a_human_is_told_later_of_something_else(talk: Talk) -> None:
    agent = talk.agent()
    search = agent.asks(find("shoes"))
    search.fails(UNAVAILABLE)
    talk.wait(1)
    agent.asks(contact(4)).ok()
    talk.wait(60)
    agent.asks(ask_human("Contact 4 has no phone number.")).ok()
    search.ends(ABANDONED, INAPPROPRIATE, LEFT)


@conversation("Forbidden, and the agent stops at once: one attempt, other work, as it should be.")
def stops_at_a_closed_door(talk: Talk) -> None:
    agent = talk.agent()
    search = agent.asks(find("shoes"))
    search.fails(FORBIDDEN)
    talk.wait(1)
    agent.asks(contact(4)).ok()
    search.ends(FAILED_FAST, APPROPRIATE, STOPPED)


@conversation("We stop while an episode is open: nobody knows how it would have ended.", edge=13)
def we_stop_in_the_middle(talk: Talk) -> None:
    search = talk.agent().asks(find("shoes"))
    search.fails(UNAVAILABLE)
    talk.wait(1)
    talk.stop()
    search.ends(CENSORED, UNKNOWN)


@conversation("We stop while a retry is in flight.")
def we_stop_while_a_retry_flies(talk: Talk) -> None:
    search = talk.agent().asks(find("shoes"))
    search.fails(UNAVAILABLE)
    talk.wait(1)
    search.again()
    talk.wait(1)
    talk.stop()
    search.ends(CENSORED, UNKNOWN)


@conversation("The agent's run ends by its own word after one failed attempt: it has given up.")
def the_run_ends_after_a_failure(talk: Talk) -> None:
    agent = talk.agent()
    agent.asks(stock(1)).ok()
    search = agent.asks(find("shoes"))
    search.fails(UNAVAILABLE)
    talk.wait(1)
    agent.leaves()
    search.ends(ABANDONED, INAPPROPRIATE, LEFT)


@conversation("One run ends in the middle of an episode, another one goes on and recovers.")
def one_run_ends_another_goes_on(talk: Talk) -> None:
    ann, ben = talk.agent("ann"), talk.agent("ben")
    hers, his = ann.asks(find("shoes")), ben.asks(find("shoes"))
    hers.fails(UNAVAILABLE)
    his.fails(UNAVAILABLE, after=0.2)
    talk.wait(0.5)
    ann.leaves()
    talk.wait(1)
    his.again().ok()
    hers.ends(ABANDONED, INAPPROPRIATE, LEFT)
    his.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("A run whose name comes again starts afresh: its first call is no retry of the old run's failure.")
def a_name_that_comes_again(talk: Talk) -> None:
    old = talk.agent("nightly")
    search = old.asks(find("shoes"))
    search.fails(UNAVAILABLE)
    talk.wait(1)
    old.leaves()
    search.ends(ABANDONED, INAPPROPRIATE, LEFT)
    talk.wait(5)
    new = talk.agent("nightly")
    new.asks(find("shoes")).ok()


@conversation("A failure is left for an hour while the agent works on: given up long ago.")
def given_up_while_working_on(talk: Talk) -> None:
    agent = talk.agent()
    sent = agent.asks(message("ann", "hello"))
    sent.fails(UNAVAILABLE)
    talk.wait(2)
    sent.again().fails(UNAVAILABLE)
    for number in range(12):
        talk.wait(300)
        agent.asks(contact(number)).ok()
    sent.ends(EXHAUSTED, UNKNOWN, GAVE_UP)


@conversation("Three things fail in one outage: one is retried, one falls back, one is left.")
def three_ways_out_of_one_outage(talk: Talk) -> None:
    agent = talk.agent()
    items, reading, person = agent.asks(find("shoes")), agent.asks(weather("Oslo")), agent.asks(contact(9))
    items.fails(UNAVAILABLE)
    reading.fails(UNAVAILABLE, after=0.15)
    person.fails(UNAVAILABLE, after=0.2)
    talk.wait(1)
    reading.elsewhere(weather_elsewhere("Oslo")).ok()
    talk.wait(1)
    items.again().ok()
    talk.wait(1)
    agent.asks(stock(7)).ok()
    items.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
    reading.ends(RECOVERED_FALLBACK, APPROPRIATE, FELL_BACK)
    person.ends(ABANDONED, INAPPROPRIATE, LEFT)


@conversation("Waits are counted on a clock that only goes forward; the wall clock's date plays no part.", edge=16)
def waits_go_by_the_steady_clock(talk: Talk) -> None:
    search = talk.agent().asks(find("shoes"))
    search.refused(503, date="Sun, 22 Nov 2020 12:00:00 GMT", retry_after="4")
    talk.wait(4.05)
    search.again().ok(date="Sun, 22 Nov 2030 12:00:00 GMT").hint("compliant")
    search.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
