"""Other arguments after a failure: the same work, mended; or other work."""

from tests.corpus.script import Ask, fault, form, get, post
from tests.corpus.talk import Talk, conversation
from tests.corpus.words import (
    ABANDONED,
    APPROPRIATE,
    CAME_BACK,
    CANNOT_SUCCEED,
    EXHAUSTED,
    FAILED_FAST,
    INAPPROPRIATE,
    INSISTED,
    LEFT,
    MENDED,
    RECOVERED_MODIFIED,
    RECOVERED_RETRY,
    STOPPED,
)
from tests.corpus.world import charge, contact, find, message, order, stock, weather, web_search

UNAVAILABLE = fault("server_error", status=503)
NOT_FOUND = {"error": {"code": "not_found", "message": "No such contact."}}


@conversation("A search asks for too many, is told so, and asks for fewer.")
def fewer_after_being_told(talk: Talk) -> None:
    search = talk.agent().asks(find("shoes", limit=500, sort="price"))
    search.refused(400, {"error": {"param": "limit", "message": "limit: must be at most 100"}})
    talk.wait(1)
    search.changed(find("shoes", limit=100, sort="price")).ok()
    search.ends(RECOVERED_MODIFIED, APPROPRIATE, MENDED)


@conversation("A field is missing (422); the agent adds it, and another one is wrong; then it works.")
def adds_what_is_missing_then_mends_more(talk: Talk) -> None:
    agent = talk.agent()
    asked = agent.asks(post("/shop/v1/orders", {"item": 7}))
    asked.refused(422, {"detail": [{"loc": ["body", "quantity"], "msg": "field required"}]})
    talk.wait(1)
    second = asked.changed(post("/shop/v1/orders", {"item": 7, "quantity": "two"}))
    second.refused(422, {"detail": [{"loc": ["body", "quantity"], "msg": "value is not a valid integer"}]})
    talk.wait(1)
    asked.changed(post("/shop/v1/orders", {"item": 7, "quantity": 2})).ok()
    asked.ends(RECOVERED_MODIFIED, APPROPRIATE, MENDED)


@conversation("A date is in the wrong format; the agent says the same day in the right one.")
def the_same_day_in_another_format(talk: Talk) -> None:
    asked = talk.agent().asks(get("/crm/events", day="3 November 2026", calendar="work"))
    asked.refused(400, {"message": "Invalid value for parameter 'day': expected YYYY-MM-DD"})
    talk.wait(2)
    asked.changed(get("/crm/events", day="2026-11-03", calendar="work")).ok()
    asked.ends(RECOVERED_MODIFIED, APPROPRIATE, MENDED)


@conversation("We refuse the arguments with a word on one; the agent changes that one.")
def our_refusal_and_a_changed_argument(talk: Talk) -> None:
    asked = talk.agent().asks(web_search("cheap flights to Rome", max_results=80, region="it"))
    asked.fails(fault("invalid_request", status=422, message="max_results: must be at most 20"))
    talk.wait(1)
    asked.changed(web_search("cheap flights to Rome", max_results=20, region="it")).ok()
    asked.ends(RECOVERED_MODIFIED, APPROPRIATE, MENDED)


@conversation("Told that an argument is wrong, the agent sends the very same twice more, and leaves.")
def insists_on_wrong_arguments(talk: Talk) -> None:
    asked = talk.agent().asks(find("shoes", limit=500))
    asked.fails(fault("invalid_request", message="limit: must be at most 100"))
    for _ in range(2):
        talk.wait(1)
        asked.again().fails(fault("invalid_request", message="limit: must be at most 100")).wasted(CANNOT_SUCCEED)
    asked.ends(EXHAUSTED, INAPPROPRIATE, INSISTED)


@conversation("First the same again in vain, then with a change, which works: it insisted once all the same.")
def insists_once_then_changes(talk: Talk) -> None:
    asked = talk.agent().asks(find("shoes", limit=500, sort="price"))
    asked.refused(422, {"message": "limit must be at most 100"})
    talk.wait(1)
    asked.again().refused(422, {"message": "limit must be at most 100"}).wasted(CANNOT_SUCCEED)
    talk.wait(1)
    asked.changed(find("shoes", limit=100, sort="price")).ok()
    asked.ends(RECOVERED_MODIFIED, INAPPROPRIATE, INSISTED)


@conversation("The upload is too large (413); a smaller part of the same text goes through.")
def too_large_then_shortened(talk: Talk) -> None:
    words = " ".join(f"word{n}" for n in range(400))
    agent = talk.agent()
    sent = agent.asks(post("/crm/notes", {"contact": 17, "kind": "call", "text": words}))
    sent.fails(fault("request_too_large"))
    talk.wait(1)
    sent.changed(post("/crm/notes", {"contact": 17, "kind": "call", "text": words[:900]})).ok()
    sent.ends(RECOVERED_MODIFIED, APPROPRIATE, MENDED)


@conversation("A search for a whole question is overloaded; a shorter form of the same question works.")
def a_shorter_question_under_load(talk: Talk) -> None:
    search = talk.agent().asks(web_search("best running shoes for flat feet 2026 review", max_results=50))
    search.fails(fault("timeout"), after=30, leaves=True)
    talk.wait(1)
    search.changed(web_search("best running shoes for flat feet", max_results=10)).ok()
    search.ends(RECOVERED_MODIFIED)


@conversation("A listing of a thousand times out; the same listing of a hundred works.")
def a_smaller_page_after_a_timeout(talk: Talk) -> None:
    listing = talk.agent().asks(get("/crm/contacts", segment="eu", page_size=1000))
    listing.fails(fault("timeout"), after=20, leaves=True)
    talk.wait(1)
    listing.changed(get("/crm/contacts", segment="eu", page_size=100)).ok()
    listing.ends(RECOVERED_MODIFIED)


@conversation("A contact is not there (404); the next id of the list is other work.")
def next_id_after_not_found(talk: Talk) -> None:
    agent = talk.agent()
    for number in (17, 18, 19):
        call = agent.asks(contact(number))
        if number == 17:
            call.refused(404, NOT_FOUND)
            call.ends(FAILED_FAST, APPROPRIATE, STOPPED)
        else:
            call.ok()
        talk.wait(0.2)


@conversation("A city is not known under one spelling; the agent writes it in another way that holds the first.")
def a_fuller_name_after_not_found(talk: Talk) -> None:
    asked = talk.agent().asks(weather("Springfield", units="metric"))
    asked.refused(404, {"message": "city not found"})
    talk.wait(1)
    asked.changed(weather("Springfield, Illinois, US", units="metric")).ok()
    asked.ends(RECOVERED_MODIFIED, APPROPRIATE, MENDED)


@conversation("A city is not known; the next city of the trip is other work, though all else is equal.")
def another_city_after_not_found(talk: Talk) -> None:
    agent = talk.agent()
    atlantis = agent.asks(weather("Atlantis", units="metric", lang="en", days=3))
    atlantis.refused(404, {"message": "nothing is known about this place"})
    talk.wait(1)
    agent.asks(weather("Oslo", units="metric", lang="en", days=3)).ok()
    atlantis.ends(FAILED_FAST, APPROPRIATE, STOPPED)


@conversation("The third item is forbidden for good; the agent goes on with the fourth, which is no retry.")
def next_item_after_forbidden(talk: Talk) -> None:
    agent = talk.agent()
    for item in (1, 2, 3, 4, 5):
        call = agent.asks(stock(item, warehouse="north", fields="count"))
        if item == 3:
            call.fails(fault("permission_denied"))
            call.ends(FAILED_FAST, APPROPRIATE, STOPPED)
        else:
            call.ok()
        talk.wait(0.2)


@conversation("One of many charges is refused as invalid; the next customer's charge is other work.")
def next_customer_after_a_refused_charge(talk: Talk) -> None:
    agent = talk.agent()
    for number in (1, 2, 3):
        call = agent.asks(charge(500, customer=f"cus_000{number}", description="monthly fee", receipt=True))
        if number == 2:
            call.refused(400, {"error": {"message": "No such customer", "param": "customer"}})
            call.ends(FAILED_FAST, APPROPRIATE, STOPPED)
        else:
            call.ok()
        talk.wait(0.5)


@conversation("An order is refused because of its quantity; the agent orders less of the same.")
def orders_less(talk: Talk) -> None:
    asked = talk.agent().asks(order(7, 90, ship_to="home"))
    asked.refused(422, {"error": "quantity exceeds the stock of 12"})
    talk.wait(1)
    asked.changed(order(7, 12, ship_to="home")).ok()
    asked.ends(RECOVERED_MODIFIED, APPROPRIATE, MENDED)


@conversation("An order is refused because its item is gone; what follows is the next order on the list.")
def item_gone_next_order(talk: Talk) -> None:
    agent = talk.agent()
    gone = agent.asks(order(7, 1, ship_to="home"))
    gone.refused(410, {"error": "this article is no longer sold"})
    talk.wait(1)
    agent.asks(order(8, 2, ship_to="office")).ok()
    gone.ends(FAILED_FAST, APPROPRIATE, STOPPED)


@conversation("A changed attempt fails too; then the original is asked again, and works.")
def changed_then_the_original_again(talk: Talk) -> None:
    agent = talk.agent()
    search = agent.asks(web_search("hotels in Lisbon near the river", max_results=50))
    search.fails(UNAVAILABLE)
    talk.wait(2)
    search.changed(web_search("hotels in Lisbon near the river", max_results=5)).fails(UNAVAILABLE)
    talk.wait(10)
    search.again().ok()
    search.ends(RECOVERED_RETRY)


@conversation("A search is overloaded; the next question of the plan has a few words in common with it.")
def another_question_with_common_words(talk: Talk) -> None:
    agent = talk.agent()
    hotels = agent.asks(web_search("hotels in Lisbon", max_results=10))
    hotels.fails(UNAVAILABLE)
    talk.wait(1)
    agent.asks(web_search("trains from Porto", max_results=10)).ok()
    hotels.ends(ABANDONED, INAPPROPRIATE, LEFT)


@conversation("Questions from one mould, to a search: the one that fails is asked again at the end, in its own words.")
def questions_from_one_mould(talk: Talk) -> None:
    agent = talk.agent()
    failed = agent.asks(web_search("population of Oslo", max_results=5))
    failed.fails(UNAVAILABLE)
    for city in ("Rome", "Lima", "Cairo"):
        talk.wait(0.5)
        agent.asks(web_search(f"population of {city}", max_results=5)).ok()
    talk.wait(1)
    failed.again().ok()
    failed.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("Questions from one mould, one of which fails and is left: the next is about another city.")
def a_question_from_a_mould_is_left(talk: Talk) -> None:
    agent = talk.agent()
    for city in ("Oslo", "Rome", "Lima"):
        call = agent.asks(web_search(f"opening hours of the town hall in {city}", max_results=5, lang="en"))
        if city == "Rome":
            call.fails(UNAVAILABLE)
            call.ends(ABANDONED, INAPPROPRIATE, LEFT)
        else:
            call.ok()
        talk.wait(0.5)


@conversation("A search is refused as too long a question, and is asked with half of the words.")
def a_question_is_cut_in_half(talk: Talk) -> None:
    question = "which of the two museums in Bonn is open on Mondays and has a free entry for children under twelve"
    search = talk.agent().asks(web_search(question))
    search.refused(400, {"error": "query: at most 60 characters"})
    talk.wait(1)
    search.changed(web_search("museums in Bonn open on Mondays free entry children")).ok()
    search.ends(RECOVERED_MODIFIED, APPROPRIATE, MENDED)


@conversation("A file is not found under one path; the agent tries the same name in another folder.")
def the_same_file_in_another_folder(talk: Talk) -> None:
    asked = talk.agent().asks(get("/crm/files", path="reports/2026/november.csv"))
    asked.refused(404, {"error": "no such file"})
    talk.wait(1)
    asked.changed(get("/crm/files", path="archive/reports/2026/november.csv")).ok()
    asked.ends(RECOVERED_MODIFIED, APPROPRIATE, MENDED)


@conversation("Files from a list; one is not there, and the next has a name of its own.")
def the_next_file_of_a_list(talk: Talk) -> None:
    agent = talk.agent()
    for name in ("october", "november", "december"):
        call = agent.asks(get("/crm/files", path=f"reports/2026/{name}.csv", encoding="utf-8"))
        if name == "november":
            call.refused(404, {"error": "no such file"})
            call.ends(FAILED_FAST, APPROPRIATE, STOPPED)
        else:
            call.ok()
        talk.wait(0.3)


@conversation(
    "A model guesses ids of one thing, told each time that it is not there: a human might call it either.",
    disputed="whether a guessed id is another try at the same thing or another thing does not show",
)
def guesses_an_id(talk: Talk) -> None:
    asked = talk.agent().asks(get("/crm/customers", vat="DE811907980"))
    asked.refused(404, {"error": "no such customer"})
    talk.wait(3)
    asked.changed(get("/crm/customers", vat="811907980")).refused(404, {"error": "no such customer"})
    talk.wait(3)
    asked.changed(get("/crm/customers", vat="DE-811-907-980")).ok()
    asked.ends(RECOVERED_MODIFIED)


@conversation(
    "A question is asked with other words of the same sense: only its sense says that it is the same.",
    disputed="nothing but the sense of the words says that it is the same question",
)
def another_wording_of_one_question(talk: Talk) -> None:
    search = talk.agent().asks(web_search("cheap flights to Rome", max_results=10))
    search.fails(fault("timeout"), after=20, leaves=True)
    talk.wait(1)
    search.changed(web_search("low-cost airfare Rome Italy", max_results=10)).ok()
    search.ends(RECOVERED_MODIFIED)


@conversation("A form is sent again with its fields in another order, and then one is refused by name and mended.")
def a_form_is_mended(talk: Talk) -> None:
    agent = talk.agent()
    fields = {"amount": "20", "currency": "eur", "source": "tok_visa"}
    sent = agent.asks(form("/crm/payments", fields))
    sent.fails(UNAVAILABLE)
    talk.wait(1)
    reordered = dict(sorted(fields.items(), reverse=True))
    again = sent.again_as(form("/crm/payments", reordered))
    again.refused(400, {"error": {"message": "Amount must be at least 50 cents", "param": "amount"}})
    talk.wait(1)
    sent.changed(form("/crm/payments", {**fields, "amount": "50"})).ok()
    sent.ends(RECOVERED_MODIFIED, APPROPRIATE, MENDED)


@conversation("GraphQL: the same query for one id after the other; one fails, and is asked again at the end.")
def the_same_query_for_many_ids(talk: Talk) -> None:
    def query(number: int) -> Ask:
        text = "query Item($id: ID!, $first: Int) { item(id: $id) { name parts(first: $first) { nodes { id } } } }"
        return post("/crm/graphql", {"operationName": "Item", "query": text, "variables": {"id": number, "first": 20}})

    agent = talk.agent()
    calls = {number: agent.asks(query(number)) for number in (7, 8, 9)}
    calls[7].ok()
    calls[8].fails(UNAVAILABLE)
    calls[9].ok()
    talk.wait(1)
    agent.asks(query(10)).ok()
    talk.wait(1)
    calls[8].again().ok()
    calls[8].ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("A message fails; the next message says something else to somebody else.")
def another_message_after_a_failed_one(talk: Talk) -> None:
    agent = talk.agent()
    lost = agent.asks(message("ann", "Your parcel is on its way."))
    lost.fails(UNAVAILABLE)
    talk.wait(1)
    agent.asks(message("ben", "Your invoice is attached.")).ok()
    lost.ends(ABANDONED, INAPPROPRIATE, LEFT)


@conversation("Half of a batch fails with 400 for a field that each names; each is mended, in order.")
def a_batch_is_mended_one_by_one(talk: Talk) -> None:
    agent = talk.agent()
    calls = []
    for number in (1, 2):
        call = agent.asks(
            post("/crm/contacts", {"name": f"Person {number}", "phone": f"0170 55 {number}", "team": "a"})
        )
        call.refused(400, {"error": "phone: expected +<country><number>"})
        calls.append(call)
        talk.wait(0.5)
        call.changed(
            post("/crm/contacts", {"name": f"Person {number}", "phone": f"+4917055{number}", "team": "a"})
        ).ok()
        call.ends(RECOVERED_MODIFIED, APPROPRIATE, MENDED)
        talk.wait(0.5)


@conversation("All the batch is refused first, and then each is mended: which belongs to which is seen by the name.")
def a_batch_is_refused_then_mended(talk: Talk) -> None:
    agent = talk.agent()

    def person(number: int, phone: str) -> object:
        return {"name": f"Person {number}", "mail": f"p{number}@corp.test", "phone": phone, "team": "a"}

    calls = [agent.asks(post("/crm/contacts", person(n, f"0170 55 {n}"))) for n in (1, 2, 3)]
    for at, call in enumerate(calls, 1):
        call.refused(400, {"error": "phone: expected +<country><number>"}, after=at / 10)
    talk.wait(2)
    for number, call in enumerate(calls, 1):
        call.changed(post("/crm/contacts", person(number, f"+4917055{number}"))).ok()
        call.ends(RECOVERED_MODIFIED, APPROPRIATE, MENDED)


@conversation("An SQL query has a mistake; the agent rewrites it once in vain and once rightly.")
def a_query_is_rewritten(talk: Talk) -> None:
    asked = talk.agent().asks(_sql("SELECT name, sum(amount) FROM orders WHERE year = 2026"))
    asked.refused(400, {"error": 'sql: column "name" must appear in the GROUP BY clause'})
    talk.wait(3)
    second = asked.changed(_sql("SELECT name, sum(amount) FROM orders WHERE year = 2026 GROUP BY"))
    second.refused(400, {"error": "sql: syntax error at end of input"})
    talk.wait(3)
    asked.changed(_sql("SELECT name, sum(amount) FROM orders WHERE year = 2026 GROUP BY name")).ok()
    asked.ends(RECOVERED_MODIFIED, APPROPRIATE, MENDED)


def _sql(text: str) -> Ask:
    return post("/crm/query", {"sql": text, "database": "sales"})
