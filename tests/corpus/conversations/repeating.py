"""Polls, pages and continuations: repetition that is work."""

from tests.corpus.script import Ask, fault, get, post, rpc
from tests.corpus.talk import Talk, conversation
from tests.corpus.words import ABANDONED, APPROPRIATE, CAME_BACK, INAPPROPRIATE, LEFT, RECOVERED_RETRY
from tests.corpus.world import find, job, stock, weather

UNAVAILABLE = fault("server_error", status=503)
RUNNING = {"id": "job-9", "status": "running"}
DONE = {"id": "job-9", "status": "succeeded", "rows": 120}


@conversation("A job is asked for twenty times while it is running: polls, no retries, no loop.", edge=3)
def polls_twenty_times(talk: Talk) -> None:
    agent = talk.agent()
    agent.asks(post("/jobs/v1/jobs", {"kind": "export"})).ok({"id": 9, "status": "queued"}, status=202)
    talk.wait(2)
    agent.asks(job(9)).ok(RUNNING)
    for _ in range(19):
        talk.wait(2)
        agent.polls(job(9)).ok(RUNNING)
    talk.wait(2)
    agent.polls(job(9)).ok(DONE)


@conversation("A poll fails once: that poll is retried, and the polling goes on.")
def a_poll_fails_once(talk: Talk) -> None:
    agent = talk.agent()
    agent.asks(job(9)).ok(RUNNING)
    for at in range(1, 7):
        talk.wait(3)
        poll = agent.polls(job(9))
        if at == 4:
            poll.fails(UNAVAILABLE)
            talk.wait(1)
            poll.again().ok(RUNNING)
            poll.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
        else:
            poll.ok(RUNNING if at < 6 else DONE)


@conversation("A poll fails, and the next one comes in its usual rhythm: still the same wish, so a retry.")
def a_poll_fails_and_the_rhythm_goes_on(talk: Talk) -> None:
    agent = talk.agent()
    agent.asks(job(9)).ok(RUNNING)
    for _ in range(3):
        talk.wait(5)
        agent.polls(job(9)).ok(RUNNING)
    talk.wait(5)
    poll = agent.polls(job(9))
    poll.fails(UNAVAILABLE)
    talk.wait(5)
    poll.again().ok(RUNNING)
    poll.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
    talk.wait(5)
    agent.polls(job(9)).ok(DONE)


@conversation(
    "A price is watched every ten seconds; nothing in the replies says that anything is pending.",
    disputed="a rhythm shows only with the fourth call; the second and third cannot be told from new work by then",
)
def watches_a_price_in_an_even_rhythm(talk: Talk) -> None:
    agent = talk.agent()
    watched = get("/crm/prices/ACME")
    agent.asks(watched).ok({"price": 10})
    for price in (11, 11, 12, 11, 13, 13, 12):
        talk.wait(10)
        agent.polls(watched).ok({"price": price})


@conversation("Two jobs are polled in turn.")
def polls_two_jobs_in_turn(talk: Talk) -> None:
    agent = talk.agent()
    agent.asks(job(1)).ok({"state": "pending"})
    agent.asks(job(2)).ok({"state": "in_progress"})
    for _ in range(6):
        talk.wait(2)
        agent.polls(job(1)).ok({"state": "pending"})
        agent.polls(job(2)).ok({"state": "in_progress"})
    talk.wait(2)
    agent.polls(job(1)).ok({"state": "completed"})
    agent.polls(job(2)).ok({"state": "failed"})


@conversation("The same weather is asked for three times in a day's work, at odd times: no polling, and no retry.")
def the_same_reading_at_odd_times(talk: Talk) -> None:
    agent = talk.agent()
    for pause in (0, 7, 190):
        talk.wait(pause)
        agent.asks(weather("Oslo")).ok({"celsius": 7})


@conversation("A listing of five pages, the third of which fails once: the retry is the third page's.", edge=4)
def the_third_page_fails(talk: Talk) -> None:
    agent = talk.agent()
    agent.asks(find("shoes")).ok({"items": [1], "next": 2})
    for page in (2, 3, 4, 5):
        talk.wait(0.2)
        call = agent.pages(find("shoes", page=page))
        if page == 3:
            call.fails(UNAVAILABLE)
            talk.wait(1)
            call.again().ok({"items": [page]})
            call.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
        else:
            call.ok({"items": [page]})


@conversation("A page fails for good, and the agent goes on with the next: that is no retry with other arguments.")
def a_page_is_left_out(talk: Talk) -> None:
    agent = talk.agent()
    agent.asks(get("/crm/contacts", segment="eu", limit=50)).ok({"items": [1]})
    for offset in (50, 100, 150):
        talk.wait(0.2)
        call = agent.pages(get("/crm/contacts", segment="eu", limit=50, offset=offset))
        if offset == 100:
            call.fails(UNAVAILABLE)
            call.ends(ABANDONED, INAPPROPRIATE, LEFT)
        else:
            call.ok({"items": [offset]})


@conversation("Pages by cursors, which tell nothing; one breaks off and is asked again.")
def pages_by_cursor(talk: Talk) -> None:
    agent = talk.agent()
    agent.asks(post("/search/v1/search", {"query": "news"})).ok({"items": [], "next_cursor": "aXQ6MQ"})
    second = agent.pages(post("/search/v1/search", {"query": "news", "cursor": "aXQ6MQ"}))
    second.fails(fault("truncated_body"))
    talk.wait(0.5)
    second.again().ok({"items": [], "next_cursor": "eHo6NDQ"})
    second.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
    talk.wait(0.5)
    agent.pages(post("/search/v1/search", {"query": "news", "cursor": "eHo6NDQ"})).ok({"items": []})


@conversation("A listing has gone through; it is read anew from its first page: new work, and no retry of anything.")
def a_listing_is_read_anew(talk: Talk) -> None:
    agent = talk.agent()
    for _ in range(2):
        agent.asks(find("shoes")).ok({"items": [1]})
        for page in (2, 3):
            talk.wait(0.3)
            agent.pages(find("shoes", page=page)).ok({"items": [page]})
        talk.wait(25)


@conversation("The first page fails and is retried before the second is asked for.")
def the_first_page_fails(talk: Talk) -> None:
    agent = talk.agent()
    first = agent.asks(find("shoes"))
    first.fails(UNAVAILABLE)
    talk.wait(1)
    first.again().ok({"items": [1]})
    first.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
    talk.wait(0.2)
    agent.pages(find("shoes", page=2)).ok({"items": [2]})


@conversation("Pages of several listings are read at once, and one page of each fails.")
def pages_of_two_listings_at_once(talk: Talk) -> None:
    agent = talk.agent()
    agent.asks(find("shoes")).ok()
    agent.asks(find("socks")).ok()
    shoes, socks = agent.pages(find("shoes", page=2)), agent.pages(find("socks", page=2))
    shoes.fails(UNAVAILABLE)
    socks.fails(UNAVAILABLE, after=0.2)
    more = agent.pages(find("shoes", page=3))
    more.ok()
    talk.wait(1)
    socks.again().ok()
    shoes.again().ok()
    shoes.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
    socks.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("A tool asks for more input and gets it; the client lists tools by itself: neither is a retry.", edge=10)
def input_is_required(talk: Talk) -> None:
    agent = talk.agent()
    call = {"name": "book_table", "arguments": {"people": 4, "day": "2026-12-01"}}
    agent.beside(rpc("tools/list", 1)).ok({"jsonrpc": "2.0", "id": 1, "result": {"tools": []}})
    required = {"resultType": "input_required", "inputRequests": {"time": {"method": "elicitation/create"}}}
    agent.asks(rpc("tools/call", 2, call)).ok(
        {"jsonrpc": "2.0", "id": 2, "result": {**required, "requestState": "c3RhdGU"}}
    )
    talk.wait(4)
    given = {"requestState": "c3RhdGU", "inputResponses": {"time": {"action": "accept", "content": {"at": "19:00"}}}}
    agent.continues(rpc("tools/call", 3, {**call, **given})).ok({"jsonrpc": "2.0", "id": 3, "result": {"content": []}})
    agent.beside(rpc("tools/list", 4)).ok({"jsonrpc": "2.0", "id": 4, "result": {"tools": []}})


@conversation("Between a failure and its retry the client pings and lists tools: these take no part.")
def housekeeping_in_between(talk: Talk) -> None:
    agent = talk.agent()
    call = agent.asks(rpc("tools/call", 5, {"name": "find", "arguments": {"q": "shoes"}}))
    call.fails(fault("server_error", status=503))
    agent.beside(rpc("ping", 6)).ok({"jsonrpc": "2.0", "id": 6, "result": {}})
    agent.beside(rpc("tools/list", 7)).ok({"jsonrpc": "2.0", "id": 7, "result": {"tools": []}})
    talk.wait(1)
    call.again_as(rpc("tools/call", 8, {"name": "find", "arguments": {"q": "shoes"}})).ok(
        {"jsonrpc": "2.0", "id": 8, "result": {"content": []}}
    )
    call.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("MCP calls with equal ids and other arguments, then equal arguments and other ids.")
def message_ids_say_nothing(talk: Talk) -> None:
    agent = talk.agent()

    def call(number: int, item: int) -> Ask:
        return rpc(
            "tools/call", number, {"name": "stock", "arguments": {"item": item}, "_meta": {"progressToken": number}}
        )

    good = {"jsonrpc": "2.0", "id": 1, "result": {"content": []}}
    one = agent.asks(call(1, 11))
    one.fails(UNAVAILABLE)
    talk.wait(0.5)
    agent.asks(call(1, 12)).ok(good)
    talk.wait(0.5)
    one.again_as(call(3, 11)).ok(good)
    one.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
    talk.wait(0.5)
    agent.asks(stock(11)).ok()
