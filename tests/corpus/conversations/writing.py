"""Writes that may have run: keys, checks, and effects that are there more than once."""

from tests.corpus.script import fault, get, post
from tests.corpus.talk import Talk, conversation
from tests.corpus.words import (
    ABANDONED,
    ABSENT,
    AFTER_SUCCESS,
    APPROPRIATE,
    AVOIDED,
    BLIND,
    CAME_BACK,
    CHECKED,
    CONFIRMED,
    EXPOSED,
    FAILED_FAST,
    INAPPROPRIATE,
    LEFT,
    MISUSE,
    RECOVERED_FALLBACK,
    RECOVERED_RETRY,
    REUSED,
    ROTATED,
    SDK,
    UNKNOWN,
)
from tests.corpus.world import charge, message, order, stock

LOST = fault("lost_reply")
CHARGED = {"id": "ch_1", "amount": 900, "status": "succeeded"}


@conversation("The charge runs and its reply is lost; the agent charges again, without a key: two charges.")
def charges_twice(talk: Talk) -> None:
    paid = talk.agent().asks(charge(900))
    paid.fails(LOST)
    talk.wait(1)
    paid.again().ok().duplicates(EXPOSED).duplicates(CONFIRMED).key(ABSENT)
    paid.ends(RECOVERED_RETRY, INAPPROPRIATE, BLIND)


@conversation("The same under a key: the tool replays its stored reply.")
def charges_again_under_its_key(talk: Talk) -> None:
    paid = talk.agent().asks(charge(900, key="order-7"))
    paid.fails(LOST, body=CHARGED)
    talk.wait(1)
    paid.again().ok(CHARGED, idempotent_replayed="true").duplicates(AVOIDED).key(REUSED)
    paid.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("A key for the retry that is not the first one's: it looks safe, and is not.")
def rotates_its_key(talk: Talk) -> None:
    paid = talk.agent().asks(charge(900, key="try-1"))
    paid.fails(LOST)
    talk.wait(1)
    paid.again(idempotency_key="try-2").ok().duplicates(EXPOSED).duplicates(CONFIRMED).key(ROTATED)
    paid.ends(RECOVERED_RETRY, INAPPROPRIATE, BLIND)


@conversation(
    "A tool that ignores keys runs twice: the key was reused, and the second execution is a fact all the same."
)
def a_key_that_the_tool_ignores(talk: Talk) -> None:
    paid = talk.agent().asks(order(7).but(idempotency_key="o-7"))
    paid.fails(LOST, body={"id": "ord_1"})
    talk.wait(1)
    paid.again().ok({"id": "ord_2"}).duplicates(CONFIRMED).key(REUSED)
    paid.ends(RECOVERED_RETRY, APPROPRIATE)


@conversation("The charge's reply is lost; the agent lists the charges, sees it, and goes on.")
def looks_first_and_need_not_charge_again(talk: Talk) -> None:
    agent = talk.agent()
    paid = agent.asks(charge(900))
    paid.fails(LOST)
    talk.wait(1)
    agent.asks(get("/pay/v1/charges", customer="cus_7Hq2Lk9")).ok()
    paid.duplicates(AVOIDED)
    talk.wait(1)
    agent.asks(stock(4)).ok()
    paid.ends(ABANDONED, APPROPRIATE, CHECKED)


@conversation("It looks first, does not find the charge (it never ran), and charges again: as it should.")
def looks_first_and_charges_again(talk: Talk) -> None:
    agent = talk.agent()
    paid = agent.asks(charge(900))
    paid.hangs_up(after=20)
    talk.wait(1)
    agent.asks(get("/pay/v1/charges", customer="cus_7Hq2Lk9")).ok({"data": []})
    paid.duplicates(AVOIDED)
    talk.wait(1)
    paid.again().ok()
    paid.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("A declared tool looks for the message before it is sent again.")
def looks_in_the_sent_folder(talk: Talk) -> None:
    agent = talk.agent()
    sent = agent.asks(message("ann", "The order is on its way."))
    sent.fails(fault("lost_reply", how="reset"))
    talk.wait(1)
    agent.asks(get("/mail/v1/folders/sent")).ok()
    sent.duplicates(AVOIDED)
    talk.wait(1)
    agent.asks(message("ben", "Please close the ticket.")).ok()
    sent.ends(ABANDONED, APPROPRIATE, CHECKED)


@conversation("A read of something else is no check.")
def a_read_of_something_else_is_no_check(talk: Talk) -> None:
    agent = talk.agent()
    paid = agent.asks(charge(900))
    paid.fails(LOST)
    talk.wait(1)
    agent.asks(get("/pay/v1/customers/cus_7Hq2Lk9")).ok()
    talk.wait(1)
    paid.again().ok().duplicates(EXPOSED).duplicates(CONFIRMED)
    paid.ends(RECOVERED_RETRY, INAPPROPRIATE, BLIND)


@conversation("A look that fails shows nothing, and the charge is sent again: blind.")
def a_look_that_fails_is_no_check(talk: Talk) -> None:
    agent = talk.agent()
    paid = agent.asks(charge(900))
    paid.fails(LOST)
    talk.wait(1)
    look = agent.asks(get("/pay/v1/charges"))
    look.fails(fault("server_error", status=503))
    talk.wait(1)
    paid.again().ok().duplicates(EXPOSED).duplicates(CONFIRMED)
    paid.ends(RECOVERED_RETRY, INAPPROPRIATE, BLIND)
    look.ends(ABANDONED, INAPPROPRIATE, LEFT)


@conversation("The charge is refused at the door (503, before the tool): sending it again risks nothing.")
def refused_at_the_door(talk: Talk) -> None:
    paid = talk.agent().asks(charge(900))
    paid.fails(fault("server_error", status=503))
    talk.wait(1)
    paid.again().ok().key(ABSENT)
    paid.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("A charge's reply is lost, and nothing more is said of it: what was done does not show.")
def a_lost_charge_is_left(talk: Talk) -> None:
    agent = talk.agent()
    paid = agent.asks(charge(900))
    paid.fails(LOST)
    talk.wait(2)
    agent.asks(stock(4)).ok()
    paid.ends(ABANDONED, UNKNOWN)


@conversation("An impatient client sends the charge again after it was answered: a late duplicate under its key.")
def a_late_duplicate_under_its_key(talk: Talk) -> None:
    paid = talk.agent().asks(charge(900, key="order-8"))
    paid.ok(CHARGED)
    talk.wait(5)
    paid.again().ok(CHARGED, idempotent_replayed="true").wasted(AFTER_SUCCESS)


@conversation("The same key for another amount: a mistake, and other work.")
def a_key_for_other_content(talk: Talk) -> None:
    agent = talk.agent()
    agent.asks(charge(900, key="order-9")).ok()
    talk.wait(3)
    second = agent.asks(charge(1_200, key="order-9")).key(MISUSE)
    second.refused(409, {"error": "keys can only be used for the same request"})
    second.ends(FAILED_FAST, APPROPRIATE)


@conversation("Two equal charges on purpose, each under a key of its own, neither of which fails.")
def two_charges_with_two_keys(talk: Talk) -> None:
    agent = talk.agent()
    agent.asks(charge(900, key="week-1")).ok()
    talk.wait(2)
    agent.asks(charge(900, key="week-2")).ok()


@conversation("Two equal charges at once, each with its key, both lost, each sent again under its own.")
def keys_tell_twins_apart(talk: Talk) -> None:
    agent = talk.agent()
    one = agent.asks(charge(900, key="a"))
    two = agent.twin(charge(900, key="b"))
    one.fails(LOST, body={"id": "ch_a"})
    two.fails(LOST, after=0.2, body={"id": "ch_b"})
    talk.wait(1)
    two.again().ok({"id": "ch_b"}, idempotent_replayed="true").duplicates(AVOIDED).key(REUSED)
    one.again().ok({"id": "ch_a"}, idempotent_replayed="true").duplicates(AVOIDED).key(REUSED)
    one.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
    two.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("A mail's reply is lost, and the text goes by the other way too: sent twice, for all that is known.")
def falls_back_to_another_write(talk: Talk) -> None:
    agent = talk.agent()
    sent = agent.asks(message("ann", "The doctor is late."))
    sent.fails(LOST)
    talk.wait(1)
    sent.elsewhere(post("/mail/v1/sms", {"to": "ann", "text": "The doctor is late."})).ok().duplicates(
        EXPOSED
    ).duplicates(CONFIRMED)
    sent.ends(RECOVERED_FALLBACK, INAPPROPRIATE, BLIND)


@conversation("A PUT whose reply is lost is put again: twice is the same as once.")
def putting_twice_is_putting_once(talk: Talk) -> None:
    put = talk.agent().asks(post("/shop/v1/carts/9", {"items": [1, 2]}, "PUT"))
    put.fails(LOST)
    talk.wait(1)
    put.again().ok()
    put.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("A new order is made while another one's fate is unknown: other items, other work, no risk.")
def another_order_meanwhile(talk: Talk) -> None:
    agent = talk.agent()
    lost = agent.asks(order(7, 1, ship_to="home", gift=False))
    lost.fails(LOST)
    talk.wait(1)
    agent.asks(order(8, 1, ship_to="home", gift=False)).ok()
    lost.ends(ABANDONED, UNKNOWN)


@conversation("AWS SDKs name each call and count its attempts: the name joins them, whatever else changes.")
def an_invocation_id_joins(talk: Talk) -> None:
    asked = post("/crm/records", {"kind": "note", "text": "hello"})
    named = asked.but(amz_sdk_invocation_id="11-22", amz_sdk_request="attempt=1; max=3")
    call = talk.agent().asks(named)
    call.fails(fault("server_error", status=503))
    talk.wait(0.03)
    call.again(layer=SDK, amz_sdk_request="attempt=2; max=3").fails(fault("server_error", status=503))
    talk.wait(0.08)
    call.again(layer=SDK, amz_sdk_request="attempt=3; max=3").ok()
    call.ends(RECOVERED_RETRY)
