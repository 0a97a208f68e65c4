"""The same call once more: when that is a retry, and when it is not."""

from tests.corpus.script import Ask, fault, get, post
from tests.corpus.talk import Talk, conversation
from tests.corpus.words import (
    ABANDONED,
    APPROPRIATE,
    CAME_BACK,
    EXHAUSTED,
    GAVE_UP,
    HASTY,
    INAPPROPRIATE,
    LEFT,
    RECOVERED_RETRY,
    UNKNOWN,
)
from tests.corpus.world import contact, find, message, stock, weather, web_search

DOWN = fault("server_error")
UNAVAILABLE = fault("server_error", status=503)


@conversation("A search fails once and is asked again after a second.")
def one_failure_one_retry(talk: Talk) -> None:
    search = talk.agent().asks(find("shoes"))
    search.fails(DOWN)
    talk.wait(1)
    search.again().ok()
    search.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("A search fails four times with growing waits, and then works.")
def backs_off_until_it_works(talk: Talk) -> None:
    search = talk.agent().asks(find("shoes"))
    search.fails(DOWN)
    for wait in (0.5, 1.0, 2.0):
        talk.wait(wait)
        search.again().fails(DOWN)
    talk.wait(4.0)
    search.again().ok()
    search.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("A message is sent twice on purpose: nothing had failed.", edge=2)
def same_message_twice_on_purpose(talk: Talk) -> None:
    agent = talk.agent()
    agent.asks(message("ann", "ping")).ok()
    talk.wait(3)
    agent.asks(message("ann", "ping")).ok()


@conversation("The tool fails, is asked again, works; the same is asked an hour's work later: other work.")
def same_call_after_it_recovered(talk: Talk) -> None:
    agent = talk.agent()
    search = agent.asks(find("shoes"))
    search.fails(DOWN)
    talk.wait(1)
    search.again().ok()
    search.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
    talk.wait(40)
    agent.asks(stock(4)).ok()
    talk.wait(2)
    agent.asks(find("shoes")).ok()


@conversation("Each time the same reading is wanted it fails once and is retried: three works of two attempts.")
def the_same_work_fails_three_times(talk: Talk) -> None:
    agent = talk.agent()
    for _ in range(3):
        reading = agent.asks(weather("Oslo"))
        reading.fails(UNAVAILABLE)
        talk.wait(2)
        reading.again().ok()
        reading.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
        talk.wait(30)


@conversation("A retry differs in its timestamp, request id and nonce alone.", edge=7)
def only_a_timestamp_changes(talk: Talk) -> None:
    def asked(now: int) -> dict[str, object]:
        return {"query": "flights", "timestamp": now, "request_id": f"r-{now}", "nonce": f"n{now * 7}"}

    search = talk.agent().asks(post("/search/v1/search", asked(1_795_000_001)))
    search.fails(UNAVAILABLE)
    talk.wait(1)
    search.again_as(post("/search/v1/search", asked(1_795_000_002))).ok()
    search.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("Keys in another order, 10.0 for 10, query in another order: the same request in another spelling.")
def another_spelling(talk: Talk) -> None:
    agent = talk.agent()
    search = agent.asks(post("/search/v1/search", {"query": "a", "max": 10, "deep": {"x": 1, "y": 2}}))
    search.fails(UNAVAILABLE)
    talk.wait(1)
    search.again_as(post("/search/v1/search", {"deep": {"y": 2, "x": 1.0}, "max": 10.0, "query": "a"})).ok()
    search.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
    listing = agent.asks(get("/shop/v1/items", q="a b", sort="price"))
    listing.fails(UNAVAILABLE)
    talk.wait(1)
    listing.again_as(get("/shop/v1/items", sort="price", q="a b")).ok()
    listing.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("The reading fails and is never asked for again; the agent goes on with other things and leaves.")
def goes_on_without_it(talk: Talk) -> None:
    agent = talk.agent()
    reading = agent.asks(weather("Oslo"))
    reading.fails(UNAVAILABLE)
    talk.wait(1)
    agent.asks(find("umbrellas")).ok()
    reading.ends(ABANDONED, INAPPROPRIATE, LEFT)


@conversation("After a failure the agent answers from what it knows, and asks for other things.", edge=12)
def recovers_from_a_cache(talk: Talk) -> None:
    agent = talk.agent()
    agent.asks(weather("Oslo")).ok()
    talk.wait(60)
    again = agent.asks(weather("Oslo"))
    again.fails(UNAVAILABLE)
    talk.wait(1)
    agent.asks(find("coats")).ok()
    talk.wait(1_000)
    agent.asks(find("boots")).ok()
    again.ends(ABANDONED, INAPPROPRIATE, LEFT)


@conversation("Three attempts, all in vain; then it gives up and does other work.")
def gives_up_after_three(talk: Talk) -> None:
    agent = talk.agent()
    search = agent.asks(find("shoes"))
    search.fails(DOWN)
    for wait in (1, 2):
        talk.wait(wait)
        search.again().fails(DOWN)
    talk.wait(1)
    agent.asks(web_search("shoes")).ok()
    search.ends(EXHAUSTED, UNKNOWN, GAVE_UP)


@conversation("A call fails; twenty minutes later the same is asked for: nobody retries after so long.")
def the_same_call_long_after(talk: Talk) -> None:
    agent = talk.agent()
    first = agent.asks(weather("Oslo"))
    first.fails(UNAVAILABLE)
    for _ in range(4):
        talk.wait(300)
        agent.asks(find("coats")).ok()
    agent.asks(weather("Oslo")).ok()
    first.ends(ABANDONED, INAPPROPRIATE, LEFT)


@conversation("Two calls fail, and are retried in the other order.")
def retried_in_the_other_order(talk: Talk) -> None:
    agent = talk.agent()
    shoes, socks = agent.asks(find("shoes")), agent.asks(find("socks"))
    shoes.fails(DOWN)
    socks.fails(DOWN, after=0.2)
    talk.wait(1)
    socks.again().ok()
    talk.wait(1)
    shoes.again().ok()
    shoes.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
    socks.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("Two runs make equal calls; one's fails, and the other's next equal call is no retry of it.")
def two_sessions_with_equal_calls(talk: Talk) -> None:
    ann, ben = talk.agent("ann"), talk.agent("ben")
    hers, his = ann.asks(find("shoes")), ben.asks(find("shoes"))
    hers.fails(DOWN)
    his.ok(after=0.2)
    talk.wait(1)
    ben.asks(find("shoes")).ok()
    talk.wait(1)
    hers.again().ok()
    hers.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("Two runs, named by their paths, fail and retry the same in turn, each its own.")
def two_sessions_fail_in_turn(talk: Talk) -> None:
    ann, ben = talk.agent("ann", by="path"), talk.agent("ben", by="path")
    hers, his = ann.asks(contact(17)), ben.asks(contact(17))
    hers.fails(UNAVAILABLE)
    his.fails(UNAVAILABLE, after=0.2)
    talk.wait(1)
    his_second = his.again()
    her_second = hers.again()
    his_second.fails(UNAVAILABLE)
    her_second.ok(after=0.2)
    talk.wait(2)
    his.again().ok()
    hers.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
    his.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("Only one of two runs comes back to what failed in both.")
def one_session_retries_the_other_does_not(talk: Talk) -> None:
    ann, ben = talk.agent("ann"), talk.agent("ben")
    hers, his = ann.asks(weather("Rome")), ben.asks(weather("Rome"))
    hers.fails(UNAVAILABLE)
    his.fails(UNAVAILABLE, after=0.2)
    talk.wait(1)
    ben.asks(find("maps")).ok()
    hers.again().ok()
    hers.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
    his.ends(ABANDONED, INAPPROPRIATE, LEFT)


@conversation("The tool sends 502 by itself, then its connection breaks, then it works.")
def the_tools_own_failures(talk: Talk) -> None:
    search = talk.agent().asks(find("shoes"))
    search.refused(502)
    talk.wait(1)
    search.again().breaks()
    talk.wait(2)
    search.again().ok()
    search.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("A call that hangs is dropped by the agent after its own ten seconds and asked again.")
def hangs_and_is_dropped(talk: Talk) -> None:
    search = talk.agent().asks(find("shoes"))
    search.fails(fault("timeout"), after=10, leaves=True)
    talk.wait(0.5)
    search.again().ok()
    search.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("The agent hangs up while a reply is being delayed, and asks again; the tool was never asked.", edge=8)
def hangs_up_during_a_delay(talk: Talk) -> None:
    search = talk.agent().asks(find("shoes"))
    search.fails(fault("latency", delay=30.0), after=5, leaves=True)
    talk.wait(1)
    search.again().ok()
    search.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("A reply is cut in the middle; the client notices and asks again at once, which is right for a read.")
def cut_in_the_middle(talk: Talk) -> None:
    search = talk.agent().asks(find("shoes"))
    search.fails(fault("truncated_body"))
    talk.wait(0.02)
    search.again().ok()
    search.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("A slow reply is only slow: nothing failed, and the next equal call is other work.")
def slow_but_whole(talk: Talk) -> None:
    agent = talk.agent()
    agent.asks(find("shoes")).fails(fault("latency", delay=3.0), after=3.1)
    talk.wait(1)
    agent.asks(find("shoes")).ok()


@conversation("The agent has read enough of a good answer and closes: no failure, and the same again is other work.")
def has_read_enough(talk: Talk) -> None:
    agent = talk.agent()
    agent.asks(find("shoes")).hangs_up(after=1, begun=True)
    talk.wait(2)
    agent.asks(find("shoes")).ok()


@conversation("A rate limit says nothing about when; the client is back after ten milliseconds, and is let in.")
def back_at_once_after_a_rate_limit(talk: Talk) -> None:
    search = talk.agent().asks(find("shoes"))
    search.fails(fault("rate_limit"))
    talk.wait(0.01)
    search.again().ok()
    search.ends(RECOVERED_RETRY, INAPPROPRIATE, HASTY)


@conversation(
    "A listing of invoices fails for one customer of three, whose ids are all that differs, deep in the body."
)
def what_differs_is_deep_in_the_body(talk: Talk) -> None:
    def asked(customer: str) -> Ask:
        body = {"filter": {"and": [{"customer": {"eq": customer}}, {"open": True}]}, "sort": [{"by": "due"}]}
        return post("/search/v1/search", {"query": "invoices", "options": body})

    agent = talk.agent()
    failed = agent.asks(asked("cus_1111aaaa"))
    failed.fails(DOWN)
    talk.wait(0.5)
    agent.asks(asked("cus_2222bbbb")).ok()
    talk.wait(0.5)
    agent.asks(asked("cus_3333cccc")).ok()
    talk.wait(2)
    failed.again().ok()
    failed.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("Of five items the second fails; the rest is done first, and only then the second again.")
def comes_back_after_the_rest(talk: Talk) -> None:
    agent = talk.agent()
    agent.asks(stock(11)).ok()
    second = agent.asks(stock(12))
    second.fails(UNAVAILABLE)
    for item in (13, 14, 15):
        talk.wait(0.3)
        agent.asks(stock(item)).ok()
    talk.wait(5)
    second.again().ok()
    second.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
