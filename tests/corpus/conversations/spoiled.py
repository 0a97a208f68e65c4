"""Replies that look good and are not: noticed or taken for true."""

from tests.corpus.script import fault, get
from tests.corpus.talk import Talk, conversation
from tests.corpus.words import (
    APPROPRIATE,
    CAME_BACK,
    INAPPROPRIATE,
    MODEL,
    NOTHING_FOLLOWED,
    RECOVERED_FALLBACK,
    RECOVERED_RETRY,
    UNDETECTED,
    UNKNOWN,
    WENT_ON,
)
from tests.corpus.world import chat, completion, find, order, stock, user, weather, weather_elsewhere

ITEM = {"id": 7, "name": "shoe", "price": 40, "updated_at": "2026-11-03"}
WRONG = fault("wrong_values", how="number", field="price", canary=False)
GARBLED = fault("malformed_json")


@conversation("A price is wrong; the agent orders by it, and never asks again.", edge=15)
def acts_on_a_wrong_price(talk: Talk) -> None:
    agent = talk.agent()
    price = agent.asks(find("shoe", id=7))
    price.fails(WRONG, body=ITEM)
    talk.wait(1)
    agent.asks(order(7)).ok()
    price.ends(UNDETECTED, INAPPROPRIATE, WENT_ON)


@conversation("A price is wrong; the agent doubts it, asks once more, and gets the true one.")
def doubts_a_price_and_asks_again(talk: Talk) -> None:
    agent = talk.agent()
    price = agent.asks(find("shoe", id=7))
    price.fails(WRONG, body=ITEM)
    talk.wait(1)
    price.again().ok(ITEM)
    price.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
    agent.asks(order(7)).ok()


@conversation("A wrong value is the last thing that the agent got: whether it noticed does not show.")
def nothing_follows_a_wrong_value(talk: Talk) -> None:
    agent = talk.agent()
    price = agent.asks(find("shoe", id=7))
    price.fails(WRONG, body=ITEM)
    agent.leaves()
    price.ends(UNDETECTED, UNKNOWN, NOTHING_FOLLOWED)


@conversation("The JSON is broken; the agent's parser says so, and it asks again.")
def broken_json_is_asked_again(talk: Talk) -> None:
    search = talk.agent().asks(find("shoes"))
    search.fails(GARBLED, body=ITEM)
    talk.wait(0.5)
    search.again().ok(ITEM)
    search.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("The JSON is broken, and the agent works on with other things as if it had got it.")
def broken_json_is_swallowed(talk: Talk) -> None:
    agent = talk.agent()
    search = agent.asks(find("shoes"))
    search.fails(GARBLED, body=ITEM)
    talk.wait(1)
    agent.asks(stock(7)).ok()
    talk.wait(1)
    agent.asks(stock(8)).ok()
    search.ends(UNDETECTED, INAPPROPRIATE, WENT_ON)


@conversation("An empty list where there are items; the agent asks somebody else.")
def an_empty_answer_makes_it_fall_back(talk: Talk) -> None:
    agent = talk.agent()
    reading = agent.asks(weather("Oslo"))
    reading.fails(fault("empty_body"), body={"celsius": 7})
    talk.wait(1)
    reading.elsewhere(weather_elsewhere("Oslo")).ok({"t": 7})
    reading.ends(RECOVERED_FALLBACK, APPROPRIATE)


@conversation("An error in a 200; the agent reads it and asks again.")
def an_error_in_a_success(talk: Talk) -> None:
    search = talk.agent().asks(find("shoes"))
    search.fails(fault("error_in_success"), body=ITEM)
    talk.wait(2)
    search.again().ok(ITEM)
    search.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation(
    "The tool itself says in a 200 that it failed; the agent asks again, and it works.",
    disputed="the bodies of good answers are not read, so an error that a tool puts into a 200 by itself is not seen",
)
def the_tools_own_error_in_a_success(talk: Talk) -> None:
    search = talk.agent().asks(find("shoes"))
    search.ok({"ok": False, "error": "index is being rebuilt"})
    talk.wait(2)
    search.again().ok(ITEM)
    search.ends(RECOVERED_RETRY)


@conversation("A wrong number bears a mark that stands nowhere else; it turns up in the agent's order.")
def a_canary_turns_up_in_an_order(talk: Talk) -> None:
    agent = talk.agent()
    price = agent.asks(find("shoe", id=7))
    price.fails(fault("wrong_values", how="text", field="name"), body=ITEM)
    talk.wait(1)
    agent.asks(order("{canary:1}")).ok().carries_canary()
    price.ends(UNDETECTED, INAPPROPRIATE, WENT_ON)


@conversation("The mark turns up in a prompt: the model has been told what is false; the agent then asks again.")
def a_canary_in_a_prompt_then_asked_again(talk: Talk) -> None:
    agent = talk.agent()
    agent.asks(chat([user("What does the shoe cost?")])).ok(completion({"role": "assistant"}), after=0.5)
    price = agent.asks(find("shoe", id=7))
    price.fails(fault("wrong_values", how="text", field="name"), body=ITEM)
    agent.asks(chat([user("What does the shoe cost?"), user("It is called {canary:2}.")])).ok(
        completion({"role": "assistant"}), after=0.5
    ).carries_canary()
    price.again(layer=MODEL).ok(ITEM)
    price.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation(
    "Two equal reads, the first of which was spoiled, with a check in between: asked again, so it was noticed."
)
def asked_again_after_other_work(talk: Talk) -> None:
    agent = talk.agent()
    price = agent.asks(find("shoe", id=7))
    price.fails(WRONG, body=ITEM)
    talk.wait(1)
    agent.asks(get("/shop/v1/items/7")).ok(ITEM)
    talk.wait(1)
    price.again().ok(ITEM)
    price.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("Of five pages of results one is cut short without a word; nobody asks again.")
def a_short_list_is_taken_for_whole(talk: Talk) -> None:
    agent = talk.agent()
    rows = {"items": [{"id": n, "name": f"item {n}"} for n in range(10)]}
    agent.asks(find("hats")).ok(rows)
    for page in (2, 3, 4):
        talk.wait(0.3)
        call = agent.pages(find("hats", page=page))
        if page == 3:
            call.fails(fault("partial_result"), body=rows)
            call.ends(UNDETECTED, INAPPROPRIATE, WENT_ON)
        else:
            call.ok(rows)


@conversation("A fault that finds nothing to spoil lets the call pass: nothing failed.")
def nothing_to_spoil(talk: Talk) -> None:
    agent = talk.agent()
    agent.asks(find("shoes")).fails(WRONG, body={"names": ["a"]})
    talk.wait(2)
    agent.asks(find("shoes")).ok()


@conversation("A tool's write says `done` and does nothing; the agent goes on, as who would not.")
def a_write_that_did_nothing(talk: Talk) -> None:
    agent = talk.agent()
    made = agent.asks(order(7))
    made.fails(fault("silent_no_op"))
    talk.wait(1)
    agent.asks(stock(4)).ok()
    made.ends(UNDETECTED, INAPPROPRIATE, WENT_ON)
