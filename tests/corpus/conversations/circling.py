"""Loops, and what only looks like one."""

from tests.corpus.script import fault
from tests.corpus.talk import Talk, conversation
from tests.corpus.words import (
    APPROPRIATE,
    CAME_BACK,
    CYCLE,
    EXHAUSTED,
    IDENTICAL,
    INAPPROPRIATE,
    LLM_SPIN,
    LOOPED,
    LOOPING,
    PING_PONG,
    RATE,
    RECOVERED_RETRY,
    TURN_OF_LOOP,
)
from tests.corpus.world import (
    calls_tool,
    chat,
    completion,
    contact,
    find,
    job,
    result,
    stock,
    user,
    weather,
    web_search,
)

UNAVAILABLE = fault("server_error", status=503)
BROKEN = fault("server_error")
WANTS = calls_tool(1, "find_items", '{"q": "shoes"}')


@conversation("The same failing call eight times, a second apart, and then the run ends.")
def the_same_failing_call_eight_times(talk: Talk) -> None:
    search = talk.agent().asks(find("shoes"))
    search.fails(BROKEN)
    for turn in range(2, 9):
        talk.wait(1)
        again = search.again().fails(BROKEN)
        if turn > 5:
            again.wasted(TURN_OF_LOOP)
    search.ends(LOOPING, INAPPROPRIATE, LOOPED)
    talk.loops(IDENTICAL)


@conversation("Five failing attempts, each twice as long after the one before: patience, and no loop.")
def backing_off_is_no_loop(talk: Talk) -> None:
    search = talk.agent().asks(find("shoes"))
    search.fails(BROKEN)
    for wait in (1, 2, 4, 8, 16):
        talk.wait(wait)
        search.again().fails(BROKEN)
    search.ends(EXHAUSTED)


@conversation("The same good answer to the same search eight times: the agent does not see that it has it.")
def the_same_good_answer_eight_times(talk: Talk) -> None:
    agent = talk.agent()
    for turn, pause in enumerate((0, 1.3, 0.4, 2.9, 0.7, 1.9, 0.2, 3.1), 1):
        talk.wait(pause)
        search = agent.asks(find("shoes")).ok({"items": []})
        if turn > 5:
            search.wasted(TURN_OF_LOOP)
    talk.loops(IDENTICAL)


@conversation("Three calls in turn, four times over, with the same replies.")
def three_calls_in_turn(talk: Talk) -> None:
    agent = talk.agent()
    pauses = iter((0.3, 1.1, 0.2, 2.0, 0.5, 0.9, 1.7, 0.4, 0.8, 0.3, 1.4, 0.6))
    for turn in range(4):
        for ask in (find("shoes"), stock(7), contact(3)):
            talk.wait(next(pauses))
            call = agent.asks(ask).ok({"same": True})
            if turn == 3:
                call.wasted(TURN_OF_LOOP)
    talk.loops(CYCLE)


@conversation("Two tools in turn, both failing, five times: each is tried because the other failed.")
def two_failing_tools_in_turn(talk: Talk) -> None:
    agent = talk.agent()
    one, two = agent.asks(contact(3)), None
    one.fails(BROKEN)
    talk.wait(3)
    two = agent.asks(web_search("contact 3"))
    two.fails(BROKEN)
    for turn in range(2, 6):
        talk.wait(3)
        first = one.again().fails(BROKEN)
        talk.wait(3)
        second = two.again().fails(BROKEN)
        if turn > 4:
            first.wasted(TURN_OF_LOOP)
            second.wasted(TURN_OF_LOOP)
    one.ends(LOOPING, INAPPROPRIATE, LOOPED)
    two.ends(LOOPING, INAPPROPRIATE, LOOPED)
    talk.loops(PING_PONG)


@conversation("The model asks for the same tool call turn after turn, although it gets its result each time.")
def a_model_that_spins(talk: Talk) -> None:
    agent = talk.agent()
    messages = [user("Find shoes.")]
    for turn in range(1, 7):
        agent.asks(chat(messages)).ok(completion(WANTS), after=0.5)
        search = agent.asks(find("shoes")).ok({"items": [turn]})
        messages = [*messages, WANTS, result(1, f"found {turn}")]
        if turn > 4:
            search.wasted(TURN_OF_LOOP)
    talk.loops(LLM_SPIN)


@conversation("A model that works through a list, one tool call a turn, each with other arguments: no loop.")
def a_model_that_works_through_a_list(talk: Talk) -> None:
    agent = talk.agent()
    messages = [user("What do we have of items 1 to 8?")]
    for item in range(1, 9):
        agent.asks(chat(messages)).ok(completion(calls_tool(item, "stock", f'{{"item": {item}}}')), after=0.5)
        agent.asks(stock(item)).ok({"count": 3})
        messages = [*messages, calls_tool(item, "stock", f'{{"item": {item}}}'), result(item, "3")]


@conversation("Two tools in turn, both working, on item after item: a pipeline, and no loop.")
def a_pipeline_is_no_cycle(talk: Talk) -> None:
    agent = talk.agent()
    for item in range(1, 9):
        agent.asks(stock(item)).ok({"count": 3})
        talk.wait(0.2)
        agent.asks(contact(item)).ok({"name": "same"})
        talk.wait(0.2)


@conversation("Six attempts in a bad minute, then success: it insisted, and it got there.")
def six_attempts_then_success(talk: Talk) -> None:
    search = talk.agent().asks(find("shoes"))
    search.fails(UNAVAILABLE)
    for wait in (2, 4, 8, 16):
        talk.wait(wait)
        search.again().fails(UNAVAILABLE)
    talk.wait(32)
    search.again().ok()
    search.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("A poll every two seconds for three minutes: long, and no loop.")
def a_long_poll_is_no_loop(talk: Talk) -> None:
    agent = talk.agent()
    agent.asks(job(4)).ok({"status": "running", "percent": 0})
    for turn in range(90):
        talk.wait(2)
        agent.polls(job(4)).ok({"status": "running", "percent": turn})


@conversation("Seven hundred different calls in half a minute.")
def far_too_many_calls(talk: Talk) -> None:
    agent = talk.agent()
    for number in range(1, 701):
        agent.asks(contact(number)).ok(after=0.01)
        talk.wait(0.03)
    talk.loops(RATE)


@conversation("The same weather is read in the morning, at noon and in the evening, with equal replies: no loop.")
def the_same_reading_all_day(talk: Talk) -> None:
    agent = talk.agent()
    for _ in range(7):
        agent.asks(weather("Oslo")).ok({"celsius": 7})
        talk.wait(137)
        agent.asks(find("coats")).ok()
        talk.wait(1_200)
