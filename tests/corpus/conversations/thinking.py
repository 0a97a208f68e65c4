"""Agents whose language model is seen too: turns that grow, SDKs and frameworks that retry, models that decide."""

import json

from tests.corpus.script import fault
from tests.corpus.talk import Agent, Said, Talk, conversation
from tests.corpus.words import (
    APPROPRIATE,
    CAME_BACK,
    CANNOT_SUCCEED,
    EXHAUSTED,
    FAILED_FAST,
    FELL_BACK,
    FRAMEWORK,
    MENDED,
    MODEL,
    RECOVERED_FALLBACK,
    RECOVERED_MODIFIED,
    RECOVERED_RETRY,
    STOPPED,
)
from tests.corpus.world import calls_tool, chat, claude, completion, find, result, user, weather, weather_elsewhere

UNAVAILABLE = fault("server_error", status=503)
OVERLOADED = fault("overloaded", dialect="anthropic")
TASK = user("Find me shoes under 50 euro, and the weather in Oslo.")
WANTS = calls_tool(1, "find_items", '{"q": "shoes"}')


def thinks(agent: Agent, messages: list[dict[str, object]], model: str = "gpt-4o") -> Said:
    """A turn of the model that goes well, half a second long."""
    return agent.asks(chat(messages, model)).ok(completion(WANTS), after=0.5)


@conversation("A conversation grows turn by turn, and nothing fails: every turn is new work.")
def a_conversation_grows(talk: Talk) -> None:
    agent = talk.agent()
    messages = [TASK]
    for turn in range(1, 6):
        thinks(agent, messages)
        agent.asks(find(f"shoes {turn}")).ok()
        messages = [*messages, calls_tool(turn, "find_items", '{"q": "shoes"}'), result(turn, f"{turn} found")]


@conversation("A turn fails, is retried as it is, and the next turn has grown by two messages.", edge=6)
def a_retry_then_the_next_turn_then_another_model(talk: Talk) -> None:
    agent = talk.agent()
    turn = agent.asks(chat([TASK]))
    turn.fails(UNAVAILABLE)
    talk.wait(2)
    turn.again(layer=FRAMEWORK).ok(completion(WANTS), after=0.5)
    turn.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
    agent.asks(find("shoes")).ok()
    grown = [TASK, WANTS, result(1, "3 found")]
    third = agent.asks(chat(grown))
    third.fails(UNAVAILABLE)
    talk.wait(1)
    third.elsewhere(chat(grown, "gpt-4o-mini"), layer=FRAMEWORK).ok(completion(WANTS), after=0.5)
    third.ends(RECOVERED_FALLBACK, APPROPRIATE, FELL_BACK)


@conversation("A turn fails and the framework gives it up; the user writes on: the list has grown, it is new work.")
def the_user_writes_on_after_a_failed_turn(talk: Talk) -> None:
    agent = talk.agent()
    turn = agent.asks(chat([TASK]))
    turn.fails(fault("quota_exhausted", dialect="openai"))
    talk.wait(30)
    thinks(agent, [TASK, user("Are you still there? Leave the weather out.")])
    turn.ends(FAILED_FAST, APPROPRIATE, STOPPED)


@conversation("Too many tokens: the agent sends the same conversation, its oldest turns cut out.")
def history_is_trimmed(talk: Talk) -> None:
    agent = talk.agent()
    long = [TASK]
    for page in range(1, 9):
        long += [calls_tool(page, "find_items", "{}"), result(page, f"page {page} " + "lorem ipsum " * 40)]
    turn = agent.asks(chat(long))
    turn.fails(fault("request_too_large", dialect="openai"))
    talk.wait(1)
    turn.changed(chat([TASK, *long[-6:]]), layer=FRAMEWORK).ok(completion(WANTS), after=0.5)
    turn.ends(RECOVERED_MODIFIED, APPROPRIATE, MENDED)


@conversation(
    "Three attempts by the SDK, marked, within one of the framework's; then the framework tries once more.", edge=5
)
def sdk_retries_inside_a_framework_retry(talk: Talk) -> None:
    turn = talk.agent().asks(chat([TASK]))
    turn.fails(UNAVAILABLE)
    talk.wait(0.45)
    turn.again(sdk=1).fails(UNAVAILABLE)
    talk.wait(0.9)
    turn.again(sdk=2).fails(UNAVAILABLE)
    talk.wait(4)
    turn.again(layer=FRAMEWORK).fails(UNAVAILABLE)
    talk.wait(0.45)
    turn.again(sdk=1).fails(UNAVAILABLE)
    talk.wait(0.9)
    turn.again(sdk=2).ok(completion(WANTS), after=0.5)
    turn.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("Two runs with equal prompts; the SDK of each retries its own.")
def sdk_retries_of_two_sessions(talk: Talk) -> None:
    ann, ben = talk.agent("ann"), talk.agent("ben")
    hers, his = ann.asks(chat([TASK])), ben.asks(chat([TASK]))
    hers.fails(UNAVAILABLE)
    his.fails(UNAVAILABLE, after=0.2)
    talk.wait(0.4)
    his_next, her_next = his.again(sdk=1), hers.again(sdk=1)
    his_next.ok(completion(WANTS), after=0.5)
    her_next.fails(UNAVAILABLE, after=0.6)
    talk.wait(0.8)
    hers.again(sdk=2).ok(completion(WANTS), after=0.5)
    hers.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)
    his.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation(
    "A tool fails; the framework asks the tool again at once; then the model is told, and decides to ask again."
)
def framework_first_then_the_model(talk: Talk) -> None:
    agent = talk.agent()
    thinks(agent, [TASK])
    search = agent.asks(find("shoes"))
    search.fails(UNAVAILABLE)
    talk.wait(1)
    search.again(layer=FRAMEWORK).fails(UNAVAILABLE)
    thinks(agent, [TASK, WANTS, result(1, "error: unavailable")])
    search.again(layer=MODEL).ok()
    search.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("The model sees that its arguments were refused, and mends them.")
def the_model_mends_its_arguments(talk: Talk) -> None:
    agent = talk.agent()
    thinks(agent, [TASK])
    search = agent.asks(find("shoes", limit=500))
    search.refused(400, {"error": "limit must be at most 100"})
    thinks(agent, [TASK, WANTS, result(1, "error: limit must be at most 100")])
    search.changed(find("shoes", limit=100), layer=MODEL).ok()
    search.ends(RECOVERED_MODIFIED, APPROPRIATE, MENDED)


@conversation("The tool for the weather is down; the model turns to another one that is declared to stand in for it.")
def the_model_falls_back(talk: Talk) -> None:
    agent = talk.agent()
    thinks(agent, [TASK])
    reading = agent.asks(weather("Oslo"))
    reading.fails(UNAVAILABLE)
    thinks(agent, [TASK, WANTS, result(1, "error: unavailable")])
    reading.elsewhere(weather_elsewhere("Oslo"), layer=MODEL).ok()
    reading.ends(RECOVERED_FALLBACK, APPROPRIATE, FELL_BACK)


@conversation("Anthropic is overloaded twice; the same messages go to another model of theirs.")
def another_model_after_two_attempts(talk: Talk) -> None:
    turn = talk.agent().asks(claude([TASK]))
    turn.fails(OVERLOADED)
    talk.wait(0.9)
    turn.again(sdk=1).fails(OVERLOADED)
    talk.wait(1)
    turn.elsewhere(claude([TASK], "claude-haiku-4-5"), layer=FRAMEWORK).ok(after=0.5)
    turn.ends(RECOVERED_FALLBACK, APPROPRIATE, FELL_BACK)


@conversation("Two sub-agents of a run ask the same model about different tasks; one fails and is retried.")
def sub_agents_with_different_tasks(talk: Talk) -> None:
    agent = talk.agent()
    one = agent.asks(chat([user("Summarise the first report."), user("Be brief.")]))
    two = agent.asks(chat([user("Summarise the second report."), user("Be brief.")]))
    one.fails(UNAVAILABLE)
    two.ok(completion(WANTS), after=0.4)
    talk.wait(1)
    three = agent.asks(chat([user("Summarise the third report."), user("Be brief.")]))
    again = one.again(layer=FRAMEWORK)
    three.ok(completion(WANTS), after=0.4)
    again.ok(completion(WANTS), after=0.5)
    one.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


@conversation("A model is refused for good (403); the framework asks it twice more all the same.")
def insists_on_a_forbidden_model(talk: Talk) -> None:
    turn = talk.agent().asks(chat([TASK]))
    turn.fails(fault("permission_denied"))
    for _ in range(2):
        talk.wait(2)
        turn.again(layer=FRAMEWORK).fails(fault("permission_denied")).wasted(CANNOT_SUCCEED)
    turn.ends(EXHAUSTED)


@conversation("A stream of the model's breaks off in the middle; the SDK does not retry, the framework does.", edge=17)
def a_stream_breaks_off(talk: Talk) -> None:
    turn = talk.agent().asks(chat([TASK], stream=True))
    turn.fails(fault("stream_cut", after="3 events"), after=2.0, body=_stream())
    talk.wait(1)
    turn.again(layer=FRAMEWORK).ok(_stream(), after=2.0)
    turn.ends(RECOVERED_RETRY, APPROPRIATE, CAME_BACK)


def _stream() -> str:
    """A model's answer, word by word."""
    chunks = [{"id": "chatcmpl-9xY", "choices": [{"index": 0, "delta": {"content": f"word {n}"}}]} for n in range(9)]
    return "".join([f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]) + "data: [DONE]\n\n"


@conversation("The same question twice on purpose, to have two drafts: nothing had failed.")
def two_drafts_of_one_prompt(talk: Talk) -> None:
    agent = talk.agent()
    thinks(agent, [TASK])
    talk.wait(0.2)
    thinks(agent, [TASK])


@conversation("Three models in turn for one question, the first two of which fail.")
def a_ladder_of_models(talk: Talk) -> None:
    agent = talk.agent()
    turn = agent.asks(chat([TASK]))
    turn.fails(UNAVAILABLE)
    talk.wait(0.2)
    turn.elsewhere(chat([TASK], "gpt-4o-mini"), layer=FRAMEWORK).fails(UNAVAILABLE)
    talk.wait(0.2)
    turn.elsewhere(chat([TASK], "o4-mini"), layer=FRAMEWORK).ok(completion(WANTS), after=0.8)
    turn.ends(RECOVERED_FALLBACK, APPROPRIATE, FELL_BACK)


@conversation("One provider is overloaded; the same messages go to another provider, in that one's own format.")
def another_provider(talk: Talk) -> None:
    turn = talk.agent().asks(chat([TASK]).with_fields(tools=None))
    turn.fails(fault("overloaded", dialect="openai"))
    talk.wait(0.5)
    turn.elsewhere(claude([TASK]), layer=FRAMEWORK).ok(after=0.7)
    turn.ends(RECOVERED_FALLBACK, APPROPRIATE, FELL_BACK)


@conversation("Two models are asked the same from the start, to compare them: no fallback, nothing failed.")
def two_models_compared(talk: Talk) -> None:
    agent = talk.agent()
    thinks(agent, [TASK])
    thinks(agent, [TASK], "gpt-4o-mini")
