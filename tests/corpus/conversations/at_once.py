"""Several calls in flight: twins, fans over similar items, hedges."""

from tests.corpus.script import fault, get
from tests.corpus.talk import Talk, conversation
from tests.corpus.words import (
    ABANDONED,
    APPROPRIATE,
    CAME_BACK,
    EXHAUSTED,
    GAVE_UP,
    INAPPROPRIATE,
    LEFT,
    RECOVERED_RETRY,
    UNKNOWN,
)
from tests.corpus.world import contact, find, message, order, stock, weather, web_search

UNAVAILABLE = fault("server_error", status=503)
RESET = fault("connection_reset")


@conversation("Two equal calls in flight at once both fail, and both are retried: two works of two attempts.", edge=1)
def two_twins_fail_and_are_retried(talk: Talk) -> None:
    agent = talk.agent()
    one = agent.asks(find("shoes"))
    two = agent.twin(find("shoes"))
    one.fails(UNAVAILABLE)
    two.fails(UNAVAILABLE, after=0.2)
    talk.wait(1)
    third = one.again()
    fourth = two.again()
    third.ok()
    fourth.ok(after=0.2)
    one.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
    two.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("Of two equal calls in flight one fails and is retried while the other is still on its way.")
def one_twin_fails_while_the_other_flies(talk: Talk) -> None:
    agent = talk.agent()
    one = agent.asks(find("shoes"))
    two = agent.twin(find("shoes"))
    one.fails(RESET)
    talk.wait(0.5)
    again = one.again()
    talk.wait(0.5)
    two.ok()
    again.ok()
    one.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("Three equal calls fail; one of their works is given up, two come back.")
def three_twins_two_come_back(talk: Talk) -> None:
    agent = talk.agent()
    one = agent.asks(web_search("news"))
    two = agent.twin(web_search("news"))
    three = agent.twin(web_search("news"))
    for each, after in ((one, 0.1), (two, 0.2), (three, 0.3)):
        each.fails(UNAVAILABLE, after=after)
    talk.wait(1)
    one.again().ok()
    talk.wait(0.2)
    two.again().ok()
    talk.wait(5)
    agent.asks(find("newspapers")).ok()
    one.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
    two.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
    three.ends(ABANDONED, INAPPROPRIATE, LEFT)


@conversation("The weather of five cities at once; two fail and are asked again: the others are no retries of them.")
def five_cities_at_once(talk: Talk) -> None:
    agent = talk.agent()
    cities = {city: agent.asks(weather(city, units="metric", lang="en")) for city in _CITIES}
    for at, (city, call) in enumerate(cities.items(), 1):
        if city in ("Rome", "Lima"):
            call.fails(UNAVAILABLE, after=at / 10)
        else:
            call.ok(after=at / 10)
    talk.wait(1)
    for city in ("Rome", "Lima"):
        talk.wait(0.1)
        cities[city].again().ok()
        cities[city].ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


_CITIES = ("Oslo", "Rome", "Cairo", "Lima", "Quito")


@conversation("Cities one after the other; one fails in the middle and is left out: the next city is other work.")
def cities_in_a_row_one_left_out(talk: Talk) -> None:
    agent = talk.agent()
    for city in _CITIES:
        call = agent.asks(weather(city, units="metric", lang="en", days=3))
        if city == "Cairo":
            call.fails(UNAVAILABLE)
            call.ends(ABANDONED, INAPPROPRIATE, LEFT)
        else:
            call.ok()
        talk.wait(0.2)


@conversation("Ids one after the other, two of which fail; both are asked again at the end of the list.")
def ids_in_a_row_retried_at_the_end(talk: Talk) -> None:
    agent = talk.agent()
    calls = {}
    for number in range(100, 108):
        calls[number] = agent.asks(contact(number))
        if number in (101, 105):
            calls[number].fails(UNAVAILABLE)
        else:
            calls[number].ok()
        talk.wait(0.1)
    talk.wait(2)
    for number in (101, 105):
        calls[number].again().ok()
        calls[number].ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("A whole fan of items fails at once, and all are retried in a shuffled order.")
def a_fan_fails_and_comes_back_shuffled(talk: Talk) -> None:
    agent = talk.agent()
    calls = {item: agent.asks(stock(item, warehouse="north", fields="count,price")) for item in range(1, 7)}
    for item, call in calls.items():
        call.fails(UNAVAILABLE, after=0.1 + item / 100)
    talk.wait(2)
    for item in (4, 1, 6, 3, 2, 5):
        calls[item].again().ok()
        calls[item].ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("Six orders that differ in the item alone; the third's fails at the door, and is sent again last.")
def orders_that_differ_in_the_item(talk: Talk) -> None:
    agent = talk.agent()
    failed = None
    for item in range(41, 47):
        call = agent.asks(order(item, 2, ship_to="home", gift=False, note="thanks"))
        if item == 43:
            failed = call.fails(UNAVAILABLE)
        else:
            call.ok()
        talk.wait(0.3)
    assert failed is not None
    failed.again().ok()
    failed.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("The same text goes to four people; to one it fails and is sent again.")
def one_text_to_four_people(talk: Talk) -> None:
    agent = talk.agent()
    text = "The meeting is moved to Thursday at ten; please say whether you can come."
    calls = {name: agent.asks(message(name, text)) for name in ("ann", "ben", "cat", "dan")}
    calls["ann"].ok()
    calls["ben"].fails(UNAVAILABLE)
    calls["cat"].ok()
    calls["dan"].ok()
    talk.wait(1)
    calls["ben"].again().ok()
    calls["ben"].ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("Days one after the other: a report that differs in its date alone is another report.")
def a_report_for_each_day(talk: Talk) -> None:
    agent = talk.agent()
    for day in range(1, 6):
        call = agent.asks(get("/crm/reports/sales", day=f"2026-11-0{day}", region="eu", currency="eur", detail="full"))
        if day == 3:
            call.fails(UNAVAILABLE)
            call.ends(ABANDONED, INAPPROPRIATE, LEFT)
        else:
            call.ok()
        talk.wait(0.5)


@conversation("A hedge: the second equal call answers first, and the first is dropped at once.", edge=14)
def a_hedge_whose_second_wins(talk: Talk) -> None:
    agent = talk.agent()
    slow = agent.asks(find("shoes"))
    talk.wait(0.8)
    agent.twin(find("shoes")).ok()
    talk.wait(0.01)
    slow.hangs_up().is_hedge()


@conversation("A hedge: the first answers after all, and the second is dropped.")
def a_hedge_whose_first_wins(talk: Talk) -> None:
    agent = talk.agent()
    slow = agent.asks(web_search("news"))
    talk.wait(0.5)
    spare = agent.twin(web_search("news"))
    talk.wait(0.2)
    slow.ok()
    talk.wait(0.005)
    spare.hangs_up(after=0.1).is_hedge()


@conversation("Two equal calls; one is answered, the other hangs until the agent's timeout much later: a failure.")
def a_twin_that_times_out_is_no_hedge(talk: Talk) -> None:
    agent = talk.agent()
    agent.asks(find("shoes")).ok()
    slow = agent.asks(find("hats"))
    agent.twin(find("hats")).ok(after=0.3)
    talk.wait(20)
    slow.hangs_up()
    talk.wait(1)
    slow.again().ok()
    slow.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("Two fans run into one outage: retries and new items mix, and one item is given up.")
def fan_in_an_outage_with_new_items(talk: Talk) -> None:
    agent = talk.agent()
    one, two = agent.asks(stock(1)), agent.asks(stock(2))
    one.fails(UNAVAILABLE)
    two.fails(UNAVAILABLE, after=0.15)
    talk.wait(1)
    three = agent.asks(stock(3))
    again = one.again()
    three.fails(UNAVAILABLE)
    again.fails(UNAVAILABLE)
    talk.wait(2)
    two.again().ok()
    three.again().ok()
    talk.wait(0.5)
    agent.asks(stock(4)).ok()
    one.ends(EXHAUSTED, UNKNOWN, GAVE_UP)
    two.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
    three.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
