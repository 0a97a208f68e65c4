"""Streams through a real `chaosproxy serve`: what the SDKs of OpenAI and Anthropic make of each fault, as its story
says; and an hour of events, none of them late.
"""

import json
import re
import socket
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from statistics import quantiles
from types import MappingProxyType
from typing import NamedTuple

import anthropic
import openai
import pytest

from tests.e2e.language_model import HOUR, STREAMS, WORDS, LanguageModel, language_model
from tests.e2e.programs import Serving, serve

pytestmark = pytest.mark.xdist_group("streams")

PATIENCE = 1.0
"""Seconds that the SDKs wait for the next event."""
PACE = 0.15
PROFILE = """
version: 1
name: streams
upstreams:
  openai: {url: "http://ADDRESS", dialect: openai}
  anthropic: {url: "http://ADDRESS", dialect: anthropic}
rules:
  - {name: cut, match: {header: {X-Case: cut}}, fault: {type: stream_cut, after: 5 events}}
  - {name: reset, match: {header: {X-Case: reset}}, fault: {type: stream_cut, after: 5 events, ending: reset}}
  - {name: stall, match: {header: {X-Case: stall}}, fault: {type: stream_stall, after: 5 events}}
  - {name: pause, match: {header: {X-Case: pause}}, fault: {type: stream_stall, lasts: 300ms, then: resume}}
  - {name: slow, match: {header: {X-Case: slow}}, fault: {type: slow_stream, every: 150ms}}
  - {name: twice, match: {header: {X-Case: twice}}, fault: {type: duplicate_event, event: 5}}
  - {name: swap, match: {header: {X-Case: swap}}, fault: {type: reordered_events, event: 5}}
  - {name: early, match: {header: {X-Case: early}}, fault: {type: reordered_events, event: 1}}
  - {name: half, match: {header: {X-Case: half}}, fault: {type: malformed_event, event: 5}}
  - {name: error, match: {header: {X-Case: error}}, fault: {type: error_event, event: 5, kind: unavailable}}
  - {name: short, match: {header: {X-Case: short}}, fault: {type: missing_terminator, after: 5 events}}
  - {name: endless, match: {header: {X-Case: endless}}, fault: {type: missing_terminator}}
  - name: foreign
    match: {header: {X-Case: foreign}}
    fault: {type: error_event, event: 5, kind: unavailable, dialect: openai}
"""

OWN_ERRORS = int(openai.__version__.partition(".")[0]) >= 3
"""From version 3 on, the OpenAI SDK reports a broken stream by errors of its own."""


class Heard(NamedTuple):
    """What a program that uses an SDK has of a stream in the end."""

    text: str
    end: str | None
    """Why the model stopped, as the SDK says; for responses, the last event's type."""
    error: str | None
    """The class of what was raised."""
    told: str = ""
    """What it said."""


@pytest.fixture(scope="module")
def model() -> Iterator[LanguageModel]:
    with language_model() as running:
        yield running


@pytest.fixture(scope="module")
def proxy(folder: Path, model: LanguageModel) -> Iterator[Serving]:
    profile = folder / "streams.yaml"
    profile.write_text(PROFILE.replace("ADDRESS", model.address))
    with serve(str(profile), folder=folder / "serve") as serving:
        yield serving


def listening(pieces: Iterator[tuple[str, str | None]]) -> Heard:
    """Use up a stream of (text, why it ended)."""
    text, end = "", None
    try:
        for more, ended in pieces:
            text += more
            end = ended or end
    except Exception as error:  # noqa: BLE001  whatever an SDK raises is what is asked for
        return Heard(text, end, type(error).__name__, str(error))
    return Heard(text, end, None)


def openai_at(proxy: Serving, case: str) -> openai.OpenAI:
    return openai.OpenAI(
        base_url=proxy.through("openai/v1"), api_key="k", timeout=PATIENCE, default_headers={"X-Case": case}
    )


def anthropic_at(proxy: Serving, case: str) -> anthropic.Anthropic:
    return anthropic.Anthropic(
        base_url=proxy.through("anthropic"), api_key="k", timeout=PATIENCE, default_headers={"X-Case": case}
    )


def chat(proxy: Serving, case: str) -> Heard:
    def pieces() -> Iterator[tuple[str, str | None]]:
        with openai_at(proxy, case) as client:
            for chunk in client.chat.completions.create(
                model="gpt", messages=[{"role": "user", "content": "Count."}], stream=True
            ):
                yield chunk.choices[0].delta.content or "", chunk.choices[0].finish_reason

    return listening(pieces())


def responses(proxy: Serving, case: str) -> Heard:
    def pieces() -> Iterator[tuple[str, str | None]]:
        with openai_at(proxy, case) as client:
            for event in client.responses.create(model="gpt", input="Count.", stream=True):
                yield event.delta if event.type == "response.output_text.delta" else "", event.type

    return listening(pieces())


def messages(proxy: Serving, case: str) -> Heard:
    def pieces() -> Iterator[tuple[str, str | None]]:
        with anthropic_at(proxy, case) as client:
            asked: list[anthropic.types.MessageParam] = [{"role": "user", "content": "Count."}]
            for event in client.messages.create(model="claude", max_tokens=9, messages=asked, stream=True):
                if event.type == "content_block_delta" and event.delta.type == "text_delta":
                    yield event.delta.text, None
                elif event.type == "message_delta":
                    yield "", event.delta.stop_reason

    return listening(pieces())


def collected(proxy: Serving, case: str) -> Heard:
    """The same, where the SDK itself puts the message together."""

    def pieces() -> Iterator[tuple[str, str | None]]:
        with anthropic_at(proxy, case) as client:
            asked: list[anthropic.types.MessageParam] = [{"role": "user", "content": "Count."}]
            with client.messages.stream(model="claude", max_tokens=9, messages=asked) as stream:
                message = stream.get_final_message()
            yield "".join(block.text for block in message.content if block.type == "text"), message.stop_reason

    return listening(pieces())


LISTENERS: Mapping[str, Callable[[Serving, str], Heard]] = MappingProxyType(
    {"chat": chat, "responses": responses, "messages": messages, "collected": collected}
)
EVENTS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "chat": STREAMS["/v1/chat/completions"],
        "responses": STREAMS["/v1/responses"],
        "messages": STREAMS["/v1/messages"],
        "collected": STREAMS["/v1/messages"],
    }
)
GOOD_END = MappingProxyType(
    {"chat": "stop", "responses": "response.completed", "messages": "end_turn", "collected": "end_turn"}
)
OPENAI = ("chat", "responses")
EACH = pytest.mark.parametrize("api", LISTENERS)
WHOLE = "".join(WORDS)


def text_of(events: Sequence[str]) -> str:
    """The words in these events, in their order."""
    return "".join(word for event in events for word in WORDS if re.search(f'"(content|delta|text)": "{word}"', event))


def before(api: str, event: int) -> str:
    """What has been said before the n-th event; nothing, where it is the SDK that had it when it failed."""
    return "" if api == "collected" else text_of(EVENTS[api][: event - 1])


def half_way(api: str) -> str | None:
    """The end as it is known in the middle."""
    return "response.output_text.delta" if api == "responses" else None


@EACH
@pytest.mark.parametrize("case", ["none", "pause"])
def test_unharmed_it_is_whole(proxy: Serving, api: str, case: str) -> None:
    assert LISTENERS[api](proxy, case) == Heard(WHOLE, GOOD_END[api], None)


BROKEN_OFF = MappingProxyType(
    {
        "cut": ("APIConnectionError", "RemoteProtocolError"),
        "reset": ("APIConnectionError", "ReadError"),
        "stall": ("APITimeoutError", "ReadTimeout"),
    }
)
"""An SDK's own error, and the one of the HTTP client that others let through."""


@EACH
@pytest.mark.parametrize("case", BROKEN_OFF)
def test_what_breaks_off_is_an_error_but_often_none_of_the_sdk(
    proxy: Serving, model: LanguageModel, api: str, case: str
) -> None:
    asked = model.asked[case]
    heard = LISTENERS[api](proxy, case)

    assert heard.error == BROKEN_OFF[case][not (api in OPENAI and OWN_ERRORS)]
    assert (heard.text, heard.end) == (before(api, 6), half_way(api))
    assert model.asked[case] == asked + 1, "no SDK asks again once a stream has begun"


@EACH
def test_an_end_too_soon_is_not_noticed(proxy: Serving, api: str) -> None:
    assert LISTENERS[api](proxy, "short") == Heard(text_of(EVENTS[api][:5]), half_way(api), None)


@EACH
def test_a_missing_terminator_is_not_noticed(proxy: Serving, api: str) -> None:
    end = "response.output_text.done" if api == "responses" else GOOD_END[api]
    assert LISTENERS[api](proxy, "endless") == Heard(WHOLE, end, None)


@EACH
def test_what_comes_twice_is_read_twice(proxy: Serving, api: str) -> None:
    events = EVENTS[api]
    doubled = text_of([*events[:5], *events[4:]])
    assert len(doubled) > len(WHOLE)
    assert LISTENERS[api](proxy, "twice") == Heard(doubled, GOOD_END[api], None)


@EACH
def test_what_is_out_of_order_is_read_out_of_order(proxy: Serving, api: str) -> None:
    events = EVENTS[api]
    swapped = text_of([*events[:4], events[5], events[4], *events[6:]])
    assert swapped != WHOLE
    assert LISTENERS[api](proxy, "swap") == Heard(swapped, GOOD_END[api], None)


@EACH
def test_only_where_the_sdk_collects_does_it_miss_the_beginning(proxy: Serving, api: str) -> None:
    heard = LISTENERS[api](proxy, "early")
    if api == "collected":
        assert heard.error in ("RuntimeError", "IndexError")
    else:
        assert heard == Heard(WHOLE, GOOD_END[api], None)


@EACH
def test_half_an_event_is_no_error_of_the_sdk(proxy: Serving, model: LanguageModel, api: str) -> None:
    asked = model.asked["half"]
    heard = LISTENERS[api](proxy, "half")

    assert heard.error == json.JSONDecodeError.__name__
    assert (heard.text, heard.end) == (before(api, 5), half_way(api))
    assert model.asked["half"] == asked + 1


@EACH
def test_an_error_in_the_stream_is_one_of_the_sdk(proxy: Serving, model: LanguageModel, api: str) -> None:
    asked = model.asked["error"]
    heard = LISTENERS[api](proxy, "error")

    assert heard.error == ("APIError" if api in OPENAI else "APIStatusError")
    assert "overloaded" in heard.told.lower()
    assert (heard.text, heard.end) == (before(api, 5), half_way(api))
    assert model.asked["error"] == asked + 1


def test_an_overload_in_a_stream_has_status_200(proxy: Serving) -> None:
    with anthropic_at(proxy, "error") as client, pytest.raises(anthropic.APIStatusError) as raised:
        for _ in client.messages.create(
            model="claude", max_tokens=9, messages=[{"role": "user", "content": "Count."}], stream=True
        ):
            pass

    assert raised.value.status_code == 200
    assert isinstance(raised.value.body, dict)
    assert raised.value.body["error"]["type"] == "overloaded_error"


@pytest.mark.parametrize("api", ["messages", "collected"])
def test_an_error_in_another_vendors_words_is_not_noticed(proxy: Serving, api: str) -> None:
    assert LISTENERS[api](proxy, "foreign") == Heard(text_of(EVENTS[api][:4]), None, None)


@EACH
def test_a_slow_stream_is_whole_and_no_time_limit_strikes(proxy: Serving, api: str) -> None:
    began = time.monotonic()
    assert LISTENERS[api](proxy, "slow") == Heard(WHOLE, GOOD_END[api], None)

    assert time.monotonic() - began > (len(EVENTS[api]) - 2) * PACE > PATIENCE


# An hour of events


def hear(url: str, arrivals: list[tuple[int, float]], heard: bytearray) -> None:
    """Read a stream to its end: how many bytes had come by when, and all of them."""
    host, _, path = url.removeprefix("http://").partition("/")
    name, _, port = host.partition(":")
    with socket.create_connection((name, int(port))) as connection:
        connection.sendall(f"GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        while not heard.endswith(b"\r\n0\r\n\r\n"):
            connection.settimeout(10)
            data = connection.recv(65_536)
            assert data
            heard += data
            arrivals.append((len(heard), time.monotonic()))


class Journey(threading.Thread):
    """One reader of the hour."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._arrivals: list[tuple[int, float]] = []
        self._heard = bytearray()

    def run(self) -> None:
        hear(self._url, self._arrivals, self._heard)

    @property
    def delays(self) -> list[float]:
        """Seconds that each event took; all of them must be there, in order, once."""
        events = list(re.finditer(rb"data: (\d+) (\d+\.\d+)\n\n", self._heard))
        assert [int(event[1]) for event in events] == list(range(HOUR))
        lengths = [length for length, _ in self._arrivals]
        return [self._arrivals[bisect_left(lengths, event.end())][1] - float(event[2]) for event in events]


def test_an_hour_of_events_is_whole_and_nothing_is_late(proxy: Serving, model: LanguageModel) -> None:
    """Direct and through the proxy at the same time, so that both meet the same machine."""
    direct, proxied = Journey(f"http://{model.address}/hour"), Journey(proxy.through("openai/hour"))
    for journey in (direct, proxied):
        journey.start()
    for journey in (direct, proxied):
        journey.join()

    straight, through = quantiles(direct.delays, n=100), quantiles(proxied.delays, n=100)
    assert through[49] - straight[49] < 0.005, "in the middle"
    assert through[97] - straight[97] < 0.1, "at its worst but for a few"
    assert max(proxied.delays) - max(direct.delays) < 1.0
    assert max(accumulate(proxied.delays[-100:], max)) < 1.0, "it does not fall behind"
