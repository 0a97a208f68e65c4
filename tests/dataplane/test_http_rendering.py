"""Effects as bytes: their order, and what each makes of a reply."""

import gzip
import zlib

import pytest

from chaosproxy.core.answer import Reply
from chaosproxy.core.decision import Decision, Injection
from chaosproxy.core.effects import (
    Delay,
    Disconnect,
    EditEvent,
    Effect,
    Ending,
    ErrorEvent,
    EventChange,
    Extent,
    Flaw,
    Handshake,
    Hang,
    Hold,
    Misframe,
    Misframing,
    Place,
    Recall,
    Reject,
    Repeat,
    Respond,
    Rewrite,
    Stall,
    Throttle,
    Truncate,
    Unfit,
)
from chaosproxy.core.failures import FailureKind, Outcome, Phase
from chaosproxy.dataplane.http.copies import Copies
from chaosproxy.dataplane.http.misbehaving.rendering import (
    NOTHING,
    Stages,
    framed,
    made_outcome,
    made_reply,
    recalled,
    rewritten,
    stages,
)
from chaosproxy.dataplane.http.wire import Framing
from chaosproxy.dialects import load_builtin
from tests.doubles.plane import NATURE, deciding

BEFORE, AFTER, DURING = Phase.BEFORE_UPSTREAM, Phase.AFTER_UPSTREAM, Phase.DURING_BODY
CAP = 1_000_000
HALF = Place(Extent.BODY, 0.5)


def reply(body: bytes = b"hello world", *headers: tuple[bytes, bytes], status: int = 200) -> Reply:
    return Reply(status, b"OK", headers, body)


def shouting(name: str = "shout") -> Rewrite:
    return Rewrite(lambda said: Reply(said.status, said.reason, said.headers, said.body.upper()), name)


# Order


def test_effects_are_sorted_into_stages() -> None:
    before, hang, after = Delay(1, BEFORE), Hang(2, BEFORE), Delay(3, AFTER)
    reject, respond = Reject(FailureKind.RATE_LIMITED, BEFORE), Respond(reply(), AFTER)
    lost, cut, shout = Disconnect(Ending.RESET, AFTER), Truncate(HALF, Ending.CLOSE), shouting()
    pause, dropped = Stall(HALF, 1, None), Disconnect(Ending.CLOSE, DURING)

    plan = stages(deciding(cut, shout, after, lost, pause, respond, reject, dropped, before, hang))

    assert plan.before == (before, hang)
    assert plan.instead == reject
    assert plan.after == (after, lost)
    assert plan.replaced == respond
    assert plan.rewrites == (shout,)
    assert plan.delivery == (cut, pause, dropped)


def test_what_is_held_recalled_and_repeated_has_its_stage() -> None:
    held, late, once, more = Hold(5), Delay(1, AFTER), Repeat(1), Repeat(2, 0.5, last=True)
    old, older = Recall("a", BEFORE), Recall("b", AFTER)

    plan = stages(deciding(held, once, old, late, older, more))

    assert plan == Stages(recalls=(old, older), repeats=(once, more), after=(held, late))


def test_stages_take_the_effects_of_all_faults_in_order() -> None:
    first, second = Delay(1, BEFORE), Delay(2, BEFORE)
    injections = tuple(Injection("rule", "latency", BEFORE, NATURE, (effect,)) for effect in (first, second))

    assert stages(Decision("rule", injections)).before == (first, second)


@pytest.mark.parametrize(
    ("effect", "needs"),
    [
        (Delay(1, BEFORE), False),
        (Hang(1, BEFORE), False),
        (Disconnect(Ending.RESET, BEFORE), False),
        (Reject(FailureKind.UNAVAILABLE, BEFORE), False),
        (Delay(1, AFTER), True),
        (Disconnect(Ending.CLOSE, AFTER), True),
        (Disconnect(Ending.CLOSE, DURING), True),
        (Reject(FailureKind.UNAVAILABLE, AFTER), True),
        (Truncate(HALF, Ending.CLOSE), True),
        (shouting(), True),
    ],
)
def test_only_what_needs_the_tools_reply_waits_for_it(effect: Effect, needs: bool) -> None:
    assert stages(deciding(effect)).needs_reply is needs


@pytest.mark.parametrize(
    ("effect", "collects", "wants_body"),
    [
        (Delay(1, AFTER), True, True),
        (shouting(), True, True),
        (Hang(1, AFTER), True, False),
        (Disconnect(Ending.CLOSE, AFTER), True, False),
        (Respond(reply(), AFTER), True, False),
        (Truncate(HALF, Ending.CLOSE), False, True),
        (Disconnect(Ending.CLOSE, DURING), False, True),
        (Repeat(1), True, True),
        (Hold(1), True, True),
        (Throttle(Extent.BYTES, 1, 1.0), False, True),
        (Misframe(Misframing.NO_LAST_CHUNK), False, True),
        (EditEvent(1, EventChange.DROP), False, True),
        (ErrorEvent(1, Reject(FailureKind.UNAVAILABLE, DURING)), False, True),
    ],
)
def test_what_happens_on_delivery_needs_no_whole_reply(effect: Effect, collects: bool, wants_body: bool) -> None:
    plan = stages(deciding(effect))

    assert (plan.collects, plan.wants_body) == (collects, wants_body)


def test_handshake_is_nothing_that_happens_to_a_call() -> None:
    assert stages(deciding(Handshake(Flaw.EXPIRED))) == NOTHING


# Replies that were kept


KEPT = Reply(201, b"Made", ((b"date", b"long ago"), (b"AGE", b"9"), (b"X", b"1")), b"kept")


@pytest.mark.parametrize(("phase", "stage"), [(BEFORE, "instead"), (AFTER, "replaced")])
def test_recalled_reply_is_one_that_is_made_with_the_date_of_today(phase: Phase, stage: str) -> None:
    copies = Copies()
    copies.keep("a", KEPT)
    plan, all_there = recalled(stages(deciding(Recall("a", phase, otherwise=reply()))), copies, 0.0)

    today = Reply(201, b"Made", ((b"date", b"Thu, 01 Jan 1970 00:00:00 GMT"), (b"X", b"1")), b"kept")
    assert all_there
    assert plan.recalls == ()
    assert getattr(plan, stage) == Respond(today, phase, Outcome.OK), "the agent takes it for good"


def test_without_a_copy_there_is_the_other_reply_or_nothing() -> None:
    late = Delay(1, AFTER)
    spare = Recall("a", AFTER, otherwise=reply(b"spare"))

    assert recalled(stages(deciding(spare, late)), Copies(), 0.0) == (
        Stages(replaced=Respond(reply(b"spare"), AFTER, Outcome.OK), after=(late,)),
        True,
    )
    assert recalled(stages(deciding(Recall("a", AFTER), late)), Copies(), 0.0) == (Stages(after=(late,)), False)


# Answers in the tool's place


DIALECTS = {"generic": load_builtin("generic"), "openai": load_builtin("openai")}


def test_rejection_speaks_the_effects_dialect_then_the_upstreams_then_the_generic_one() -> None:
    plain = Reject(FailureKind.RATE_LIMITED, BEFORE, retry_after=3)
    named = Reject(FailureKind.RATE_LIMITED, BEFORE, dialect="openai", retry_after=3)

    def said(effect: Reject, own: str | None) -> bytes:
        return made_reply(effect, DIALECTS, own, 0.0).body

    assert said(plain, None) == DIALECTS["generic"].reply(plain, 0.0).body
    assert said(plain, "openai") == DIALECTS["openai"].reply(plain, 0.0).body != said(plain, None)
    assert said(named, "generic") == said(plain, "openai")


DATE = (b"Date", b"Thu, 01 Jan 1970 00:00:00 GMT")
SERVER, ANOTHER, OLD_DATE = (b"server", b"nginx"), (b"X", b"1"), (b"date", b"Sun, 22 Nov 2026 07:00:00 GMT")


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        ([], [DATE]),
        ([ANOTHER, SERVER], [DATE, ANOTHER, SERVER]),
        ([SERVER, ANOTHER], [SERVER, DATE, ANOTHER]),
        ([SERVER, OLD_DATE], [SERVER, OLD_DATE]),
    ],
)
def test_respond_says_its_own_reply_and_when(said: list[tuple[bytes, bytes]], sent: list[tuple[bytes, bytes]]) -> None:
    made = made_reply(Respond(reply(b"mine", *said), BEFORE), {}, "openai", 0.0)

    assert made == reply(b"mine", *sent)


@pytest.mark.parametrize(
    ("effect", "by_status", "outcome"),
    [
        (Reject(FailureKind.RATE_LIMITED, BEFORE, status=403), Outcome.DENIED, Outcome.THROTTLED),
        (Reject(FailureKind.GATEWAY_TIMEOUT, BEFORE), Outcome.TIMEOUT, Outcome.TIMEOUT),
        (Respond(reply(), BEFORE), Outcome.OK, Outcome.MALFORMED),
        (Respond(reply(), BEFORE), Outcome.NOT_FOUND, Outcome.NOT_FOUND),
    ],
)
def test_outcome_of_an_answer_that_was_made(effect: Reject | Respond, by_status: Outcome, outcome: Outcome) -> None:
    assert made_outcome(effect, by_status) is outcome


def test_made_reply_is_framed_by_its_length() -> None:
    made = reply(b"abc", (b"X", b"1"), (b"Transfer-Encoding", b"chunked"))

    headers = ((b"X", b"1"), (b"Content-Length", b"3"))
    assert framed(made, head_only=False) == (Reply(200, b"OK", headers, b"abc"), Framing.LENGTH)
    assert framed(made, head_only=True) == (Reply(200, b"OK", headers, b""), Framing.NONE)


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_a_body_have_none(status: int) -> None:
    assert framed(reply(b"abc", status=status), head_only=False) == (reply(b"", status=status), Framing.NONE)


# Rewriting


BODY_HEADERS = [
    (b"Content-Encoding", b"gzip"),
    (b"ETag", b'"1"'),
    (b"Content-MD5", b"x"),
    (b"Digest", b"sha-256=x"),
    (b"Content-Digest", b"x"),
    (b"Repr-Digest", b"x"),
]


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        (b"gzip", gzip.compress(b"hello", mtime=0)),
        (b"X-GZIP ", gzip.compress(b"hello", mtime=0)),
        (b"deflate", zlib.compress(b"hello")),
        (b"identity", b"hello"),
        (b"gzip", b""),
    ],
)
def test_rewrite_gets_the_plain_body_and_leaves_no_stale_header(coding: bytes, packed: bytes) -> None:
    headers = [(b"A", b"1"), (b"Content-Encoding", coding), *BODY_HEADERS[1:], (b"a", b"2")]

    changed = rewritten(reply(packed, *headers), (shouting(),), CAP)

    assert changed == reply(b"HELLO" if packed else b"", (b"A", b"1"), (b"a", b"2"))


CODED = (b"Content-Encoding", b"br")


@pytest.mark.parametrize("codes", [False, True])
def test_content_coding_is_the_rewrites_word_if_it_codes(codes: bool) -> None:
    """True or not: that is what it is for. What the tool said of its own coding is gone by then."""

    def lie(said: Reply) -> Reply:
        assert all(name != b"Content-Encoding" for name, _ in said.headers)
        return Reply(said.status, said.reason, (*said.headers, CODED), said.body)

    said = reply(gzip.compress(b"plain", mtime=0), (b"A", b"1"), *BODY_HEADERS)

    changed = rewritten(said, (Rewrite(lie, "lie", codes=codes),), CAP)
    assert changed == reply(b"plain", (b"A", b"1"), *([CODED] if codes else []))


def test_rewrites_follow_one_another() -> None:
    doubled = Rewrite(lambda said: Reply(said.status, said.reason, said.headers, said.body * 2), "twice")

    assert rewritten(reply(b"ab"), (shouting(), doubled), CAP) == reply(b"ABAB")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (reply(b"x", (b"Content-Encoding", b"br")), "unknown_encoding"),
        (reply(b"x", (b"Content-Encoding", b"gzip, br")), "unknown_encoding"),
        (
            reply(gzip.compress(b"x", mtime=0), (b"Content-Encoding", b"gzip"), (b"Content-Encoding", b"br")),
            "unknown_encoding",
        ),
        (reply(b"no gzip", (b"Content-Encoding", b"gzip")), "bad_encoding"),
        (reply(gzip.compress(b"x" * 99, mtime=0)[:-9], (b"Content-Encoding", b"gzip")), "bad_encoding"),
        (
            reply(gzip.compress(b"a", mtime=0) + gzip.compress(b"b", mtime=0), (b"Content-Encoding", b"gzip")),
            "bad_encoding",
        ),
        (reply(gzip.compress(b"\0" * (CAP + 1), mtime=0), (b"Content-Encoding", b"gzip")), "body_too_large"),
    ],
)
def test_body_that_cannot_be_read_is_unfit(said: Reply, reason: str) -> None:
    assert rewritten(said, (shouting(),), CAP) == Unfit(reason)


def test_body_that_is_too_deep_for_a_rewrite_is_unfit() -> None:
    def dig(said: Reply) -> Reply:
        return dig(said)

    assert rewritten(reply(b"[[[["), (Rewrite(dig, "dig"),), CAP) == Unfit("too_deep")


def test_one_unfit_rewrite_leaves_the_whole_reply_alone() -> None:
    unfit = Rewrite(lambda _said: Unfit("not_json"), "never")

    assert rewritten(reply(), (shouting(), unfit), CAP) == Unfit("not_json")
