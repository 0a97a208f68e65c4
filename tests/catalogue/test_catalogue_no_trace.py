"""Nothing that a fault says betrays who said it: not our name, and no header that real servers do not send."""

import asyncio
import re
from collections.abc import Iterator

import pytest
import uvloop

from chaosproxy.dialects import builtin_names
from chaosproxy.faults._catalogue import catalogue
from chaosproxy.faults._rejecting import Rejecting
from tests.catalogue.conversations import Conversation, Heard, conversations, held, loads
from tests.catalogue.records import names

OURS = re.compile(rb"(?i:chaos|inject|(?<!de)fault|proxy(?!-authenticate)|simulat|synthetic)|\$\{|\bNone\b")
"""Our words, and what is left when a text was not filled in."""
OF_THE_TOOL = {"server", "date", "content-type", "content-length", "transfer-encoding", "connection"}
KNOWN = OF_THE_TOOL | {
    *("location", "retry-after", "retry-after-ms", "www-authenticate", "cache-control", "pragma", "expires", "vary"),
    *("content-encoding", "x-request-id", "request-id", "x-should-retry", "strict-transport-security", "via", "age"),
}
"""Header names that servers of any kind send. A dialect's own begin with what is in VENDORS."""
VENDORS = re.compile(
    r"x-ratelimit-.*|ratelimit(-.*)?|openai-.*|anthropic-.*|cf-.*|x-amzn?-.*|x-amz-.*|x-cache|x-github-.*|github-.*|x-ms-.*"
    r"|stripe-.*|x-slack-.*|x-oauth-.*|x-accepted-.*|x-envoy-.*|x-goog-.*|x-robots-tag|apim-.*|client-request-id|alt-svc"
    r"|x-kong-.*|x-vercel-.*|x-hubspot-.*|x-arequestid|twilio-.*|x-shopify-.*|x-xss-protection|x-frame-options"
    r"|atl-traceid|referrer-policy|request-context|x-elastic-product|x-notion-request-id|x-content-type-options|idempotency-key|original-request|idempotent-replayed|x-seraph-.*|x-trace.*|report-to|nel"
)


def by_dialect() -> Iterator[Conversation]:
    """Each fault that speaks in dialects, in each of them."""
    for name in names():
        if issubclass(catalogue()[name], Rejecting):
            for dialect in builtin_names():
                spoken = [each._replace(settings={**each.settings, "dialect": dialect}) for each in conversations(name)]
                yield next(each for each in spoken if loads(name, each.settings))


@pytest.fixture(scope="module")
def heard() -> list[tuple[Conversation, Heard]]:
    talks = [talk for name in names() for talk in conversations(name)] + list(by_dialect())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        came = runner.run(held(talks))
    return [(talk, came[talk.session]) for talk in talks]


def test_our_name_is_nowhere(heard: list[tuple[Conversation, Heard]]) -> None:
    for talk, came in heard:
        found = OURS.search(came.said)
        assert found is None, f"{talk.fault}, {talk.title}: {came.said[max(0, found.start() - 60) :][:200]!r}"


def test_each_header_is_one_that_servers_send(heard: list[tuple[Conversation, Heard]]) -> None:
    unknown: dict[str, str] = {}
    for talk, came in heard:
        head = came.said.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        for name in (line.partition(":")[0].lower() for line in head):
            if name not in KNOWN and not VENDORS.fullmatch(name):
                unknown[name] = f"{talk.fault}, {talk.title}"
    assert unknown == {}


def test_what_is_made_up_has_a_date(heard: list[tuple[Conversation, Heard]]) -> None:
    """Every origin server with a clock sends one (RFC 9110, section 6.6.1), and all that we imitate do."""
    for talk, came in heard:
        head, whole, _ = came.said.partition(b"\r\n\r\n")
        if whole:
            assert re.search(rb"^date: ", head, re.IGNORECASE | re.MULTILINE), f"{talk.fault}, {talk.title}: {head!r}"
