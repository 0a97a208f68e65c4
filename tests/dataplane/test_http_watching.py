"""What is noted of answers on a live connection, without an agent that gets another byte, or one of them later."""

import gzip
import logging

import pytest

from chaosproxy.core.answer import Answer, Hint, Origin
from chaosproxy.core.effects import Delay, Reject, Repeat, Respond, Rewrite
from chaosproxy.core.failures import FailureKind, Outcome, Phase
from chaosproxy.core.replies import Reply
from chaosproxy.dataplane.http.requests.notes import COMPLAINT_MOST
from tests.doubles.plane import Plane
from tests.doubles.streams import End
from tests.doubles.upstream import Say, ScriptedUpstream, Then

GET = b"GET /tool/x HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /tool/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
WRONG = b'{"error": "amount is missing, secret-7"}'
REFUSED = b"HTTP/1.1 422 No\r\nContent-Length: %d\r\n\r\n" % len(WRONG)
BUSY = b"HTTP/1.1 429 Busy\r\nTransfer-Encoding: chunked\r\n\r\n"
BEFORE, AFTER = Phase.BEFORE_UPSTREAM, Phase.AFTER_UPSTREAM


async def answered(plane: Plane, sent: bytes = GET) -> Answer:
    await plane.ask(sent)
    return await plane.answer(len(plane.path.answers))


@pytest.mark.parametrize("delayed", [False, True])
async def test_the_upstreams_complaint(
    plane: Plane, tool: ScriptedUpstream, delayed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tool.says(REFUSED, WRONG[:9], WRONG[9:])
    if delayed:
        plane.injects(Delay(0.0, AFTER))
    answer = await answered(plane)

    assert (answer.outcome, answer.complaint, answer.hint) == (Outcome.INVALID, WRONG.decode(), None)
    assert "secret-7" not in caplog.text


async def test_bytes_pass_while_they_are_noted(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(BUSY, b"c\r\ntry again in\r\n", then=Then.STALL)
    agent = await plane.agent()
    await agent.send(GET)

    assert await agent.exactly(len(BUSY) + 17) == BUSY + b"c\r\ntry again in\r\n", "nobody waits for the rest"


@pytest.mark.parametrize("packed", [False, True])
async def test_the_hint_in_the_upstreams_body(plane: Plane, tool: ScriptedUpstream, packed: bool) -> None:
    body = b"Please try again in 3.89s."
    body = gzip.compress(body) if packed else body
    coding = b"Content-Encoding: gzip\r\n" if packed else b""
    tool.says(b"HTTP/1.1 429 Busy\r\n%bContent-Length: %d\r\n\r\n%b" % (coding, len(body), body))

    assert (await answered(plane)).hint == Hint(3.89, "text")


async def test_a_long_complaint_is_cut_and_the_answer_is_not(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(b"HTTP/1.1 400 No\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000)
    answer = await answered(plane)

    assert (answer.bytes_out, answer.complaint) == (100_000, "x" * COMPLAINT_MOST)


async def test_what_we_say_is_noted_and_not_what_it_took_the_place_of(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n")
    plane.injects(Reject(FailureKind.INVALID_REQUEST, AFTER, message="amount is missing"))
    answer = await answered(plane)

    assert (answer.origin, answer.hint) == (Origin.INJECTED, None)
    assert answer.complaint is not None
    assert "amount is missing" in answer.complaint


async def test_the_hint_in_our_body(plane: Plane) -> None:
    plane.injects(Reject(FailureKind.RATE_LIMITED, BEFORE, dialect="gemini", retry_after=3.0))

    assert (await answered(plane)).hint == Hint(3.0, "retry-info")


# Good answers


PENDING = b'{"status": "running"}'
RUNNING = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(PENDING), PENDING)


async def test_without_being_asked_nothing_is_noted(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(RUNNING)
    answer = await answered(plane)

    assert (answer.pending, answer.body_digest) == (False, None)


async def test_202_is_noted_always(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")

    assert (await answered(plane)).pending


@pytest.mark.parametrize("held", [False, True])
async def test_a_reply_that_is_watched(plane: Plane, tool: ScriptedUpstream, held: bool) -> None:
    plane.path.watches = True
    if held:
        plane.injects(Delay(0.0, AFTER))
    tool.says_in_turn(Say((RUNNING,)), Say((RUNNING,)), Say((RUNNING.replace(b"running", b"at last"),)))
    first, second, third = [await answered(plane) for _ in range(3)]

    assert first.body_digest == second.body_digest is not None
    assert first.body_digest != third.body_digest
    assert [answer.pending for answer in (first, second, third)] == [True, True, False]


async def test_what_the_agent_got_is_watched(plane: Plane, tool: ScriptedUpstream) -> None:
    plane.path.watches = True
    tool.says(RUNNING)
    shown = Reply(200, b"OK", (), b'{"status": "completed"}')
    plane.injects(Respond(shown, AFTER, Outcome.OK))
    told = await answered(plane)
    plane.injects(Rewrite(lambda _said: shown, "done", outcome=Outcome.OK))
    rewritten = await answered(plane)

    assert told.body_digest == rewritten.body_digest is not None
    assert (told.pending, rewritten.pending) == (False, False)
    assert (told.outcome, rewritten.outcome) == (Outcome.OK, Outcome.OK)


async def test_a_writes_digest_is_the_upstreams_watched_or_not(plane: Plane, tool: ScriptedUpstream) -> None:
    tool.says(RUNNING)
    quiet = await answered(plane, POST)
    plane.path.watches = True
    watched = await answered(plane, POST)

    assert quiet.body_digest == watched.body_digest is not None
    assert (quiet.pending, watched.pending) == (False, True)


# Lies, and replies from store


async def test_a_lie_is_taken_for_good_and_what_shows_is_not(plane: Plane) -> None:
    lie = Rewrite(lambda said: said, "a lie", outcome=Outcome.OK)
    spoilt = Rewrite(lambda said: said, "spoilt")
    plane.injects(lie)
    assert (await answered(plane)).outcome is Outcome.OK
    plane.injects(spoilt, lie)
    assert (await answered(plane)).outcome is Outcome.MALFORMED, "a lie covers nothing up"


STORED = Say((b"HTTP/1.1 200 OK\r\nIdempotent-Replayed: true\r\nContent-Length: 0\r\n\r\n",))
DONE = Say((b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",))


@pytest.mark.parametrize(
    ("answers", "executions", "replayed"),
    [
        ((DONE, DONE, DONE), 3, False),
        ((DONE, STORED, STORED), 1, False),
        ((DONE, STORED, DONE), 2, False),
        ((STORED, STORED, STORED), 0, True),
        ((STORED, DONE, STORED), 1, False),
    ],
)
async def test_a_reply_from_store_is_no_execution(
    plane: Plane, tool: ScriptedUpstream, answers: tuple[Say, ...], executions: int, replayed: bool
) -> None:
    tool.says_in_turn(*answers)
    plane.injects(Repeat(2))
    answer = await answered(plane, POST)

    assert (answer.executions, answer.replayed) == (executions, replayed)


async def test_one_end_of_all(plane: Plane, tool: ScriptedUpstream) -> None:
    plane.path.watches = True
    tool.says(RUNNING)
    agent = await plane.agent()
    await agent.send(GET)

    assert await agent.ending() == (RUNNING, End.SILENT)
