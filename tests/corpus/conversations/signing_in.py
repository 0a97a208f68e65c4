"""Credentials and sessions of a protocol: what mends a refusal, and what asks again in vain."""

from tests.corpus.script import Ask, fault, rpc
from tests.corpus.talk import Talk, conversation
from tests.corpus.words import (
    APPROPRIATE,
    CANNOT_SUCCEED,
    ESCALATED,
    EXHAUSTED,
    EXPOSED,
    FAILED_FAST,
    INAPPROPRIATE,
    INSISTED,
    MENDED,
    RECOVERED_REAUTH,
    RECOVERED_RECONNECT,
    RECOVERED_RETRY,
    SAID_SO,
    STOPPED,
)
from tests.corpus.world import ask_human, find, stock, token

EXPIRED = fault("token_expired")
GOOD = {"jsonrpc": "2.0", "id": 1, "result": {"content": []}}
TOKENS = {"access_token": "token-2", "token_type": "Bearer", "expires_in": 3600}


@conversation("The token has expired; the agent gets a new one and asks again with it.", edge=18)
def gets_a_new_token(talk: Talk) -> None:
    agent = talk.agent()
    search = agent.asks(find("shoes"))
    search.fails(EXPIRED)
    agent.token = None
    agent.beside(token()).ok(TOKENS)
    agent.token = "token-2"
    search.again().ok()
    search.ends(RECOVERED_REAUTH, APPROPRIATE, MENDED)


@conversation("Other credentials, from wherever they came: no token call is seen.")
def other_credentials(talk: Talk) -> None:
    agent = talk.agent()
    search = agent.asks(find("shoes"))
    search.refused(401)
    talk.wait(3)
    agent.token = "token-of-another-account"
    search.again().ok()
    search.ends(RECOVERED_REAUTH, APPROPRIATE, MENDED)


@conversation("Refused, it asks again with the very same credentials, twice, and gives up.")
def insists_with_the_old_token(talk: Talk) -> None:
    search = talk.agent().asks(find("shoes"))
    search.fails(EXPIRED)
    for _ in range(2):
        talk.wait(1)
        search.again().fails(EXPIRED).wasted(CANNOT_SUCCEED)
    search.ends(EXHAUSTED, INAPPROPRIATE, INSISTED)


@conversation("Three calls in flight are refused at once; one token call mends them all.")
def one_token_for_three_calls(talk: Talk) -> None:
    agent = talk.agent()
    calls = [agent.asks(stock(item)) for item in (1, 2, 3)]
    for at, call in enumerate(calls, 1):
        call.fails(EXPIRED, after=at / 10)
    agent.token = None
    agent.beside(token()).ok(TOKENS)
    agent.token = "token-2"
    for call in calls:
        call.again().ok()
        call.ends(RECOVERED_REAUTH, APPROPRIATE, MENDED)


@conversation("The token endpoint fails first and is asked again: nobody's work, so no episode of its own.")
def the_token_endpoint_fails_first(talk: Talk) -> None:
    agent = talk.agent()
    search = agent.asks(find("shoes"))
    search.fails(EXPIRED)
    agent.token = None
    agent.beside(token()).fails(fault("server_error", status=503))
    talk.wait(1)
    agent.beside(token()).ok(TOKENS)
    agent.token = "token-2"
    search.again().ok()
    search.ends(RECOVERED_REAUTH, APPROPRIATE, MENDED)


@conversation("A token is renewed in the usual course, between two calls, neither of which failed.")
def a_token_is_renewed_in_time(talk: Talk) -> None:
    agent = talk.agent()
    agent.asks(find("shoes")).ok()
    agent.beside(token()).ok(TOKENS)
    agent.token = "token-2"
    agent.asks(find("shoes")).ok()


@conversation("Refused, the agent turns to a human at once.")
def asks_a_human_for_access(talk: Talk) -> None:
    agent = talk.agent()
    search = agent.asks(find("shoes"))
    search.fails(fault("permission_denied"))
    talk.wait(1)
    agent.asks(ask_human("I may not search the shop. Please give me the right to.")).ok()
    search.ends(ESCALATED, APPROPRIATE, SAID_SO)


@conversation("Refused, the agent stops, and its run ends.")
def stops_when_its_token_is_refused(talk: Talk) -> None:
    agent = talk.agent()
    search = agent.asks(find("shoes"))
    search.fails(fault("unauthorized"))
    agent.leaves()
    search.ends(FAILED_FAST, APPROPRIATE, STOPPED)


@conversation(
    "The MCP session is gone (404); the client opens a new one, with message ids from 1, and calls again.", edge=9
)
def opens_a_new_mcp_session(talk: Talk) -> None:
    agent = talk.agent()

    def call(number: int, link: str) -> Ask:
        return rpc("tools/call", number, {"name": "find", "arguments": {"q": "shoes"}}, link=link)

    agent.beside(rpc("initialize", 1, {"protocolVersion": "2025-06-18"})).ok(GOOD, mcp_session_id="s-1")
    lost = agent.asks(call(2, "s-1"))
    lost.refused(404, {"jsonrpc": "2.0", "id": 2, "error": {"code": -32001, "message": "Session not found"}})
    agent.beside(rpc("initialize", 1, {"protocolVersion": "2025-06-18"})).ok(GOOD, mcp_session_id="s-2")
    agent.beside(rpc("notifications/initialized", 0, link="s-2")).ok(status=202)
    lost.again_as(call(2, "s-2")).ok(GOOD)
    lost.ends(RECOVERED_RECONNECT, APPROPRIATE, MENDED)


@conversation("The server of an MCP session restarts in the middle of a call; a new session, and the call again.")
def reconnects_after_a_restart(talk: Talk) -> None:
    agent = talk.agent()
    arguments = {"name": "find", "arguments": {"q": "hats"}}
    call = agent.asks(rpc("tools/call", 7, arguments, link="s-1"))
    call.breaks(after=2)
    talk.wait(1)
    agent.beside(rpc("initialize", 1, {"protocolVersion": "2025-06-18"})).ok(GOOD, mcp_session_id="s-2")
    # What the tool does is not declared, so it may be a write; and it may have run before its server went down.
    call.again_as(rpc("tools/call", 2, arguments, link="s-2")).ok(GOOD).duplicates(EXPOSED)
    call.ends(RECOVERED_RECONNECT)


@conversation("A call of an MCP session fails and is retried in the same session: no reconnection.")
def retries_in_the_same_mcp_session(talk: Talk) -> None:
    agent = talk.agent()
    arguments = {"name": "find", "arguments": {"q": "hats"}}
    call = agent.asks(rpc("tools/call", 7, arguments, link="s-1"))
    call.fails(fault("server_error", status=503))
    talk.wait(1)
    call.again_as(rpc("tools/call", 8, arguments, link="s-1")).ok(GOOD)
    call.ends(RECOVERED_RETRY)


@conversation(
    "A rate limit is waited out, and by chance the token was renewed meanwhile: time mended it, not the token."
)
def a_token_renewed_while_waiting(talk: Talk) -> None:
    agent = talk.agent()
    search = agent.asks(find("shoes"))
    search.fails(fault("rate_limit", retry_after=20.0))
    talk.wait(10)
    agent.beside(token()).ok(TOKENS)
    agent.token = "token-2"
    talk.wait(10)
    search.again().ok()
    search.ends(RECOVERED_RETRY)
