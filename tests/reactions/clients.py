"""Real clients, and what each of them makes of an answer, in words. Knows no fault: it reports what it met.

All of them wait a second for an answer. The SDKs retry as they do by default, which is twice.
"""

import json
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import anthropic
import httpx
import openai
import requests
import stripe

from tests.e2e.language_model import STREAMS, WORDS
from tests.reactions.tool import CHARGE, LISTING, TEXT

PATIENCE = 1.0
"""Seconds without a byte before they give up."""
KEY = "sk-test-0123456789abcdef"
ALL_WORDS = "".join(WORDS)
EVENTS = len(STREAMS["/v1/chat/completions"])
WHOLE, OTHER, HOLLOW, SHORT = "gets all of it", "gets other data", "gets an object with nothing in it", "gets less"


class Reach(NamedTuple):
    """How a client gets to the tool."""

    base: str
    """A URL without a slash at its end."""
    proxy: str | None = None
    """What it is to go through, if it does not call the proxy itself."""
    ca: Path | None = None
    """Whom to trust, in PEM."""

    def httpx_arguments(self) -> dict[str, Any]:
        """For httpx, whose proxy and roots these are."""
        if self.ca is None:
            return {"trust_env": False}
        return {"trust_env": False, "proxy": self.proxy, "verify": ssl.create_default_context(cafile=self.ca)}

    def session(self) -> requests.Session:
        """For requests."""
        session = requests.Session()
        session.trust_env = False
        if self.ca is not None:
            session.proxies, session.verify = {"https": str(self.proxy)}, str(self.ca)
        return session


Client = Callable[[Reach], str]
"""Calls the tool, and says what came of it."""


def raised(error: BaseException) -> str:
    """The error's class, by the package that raised it."""
    kind = type(error)
    return f"raises {kind.__module__.partition('.')[0]}.{kind.__name__}"


def _of_plain(status: int, parse: Callable[[], object]) -> str:
    """What a program sees that asks for the status first, and then for the data."""
    if status != 200:
        return f"gets a {status}"
    try:
        data = parse()
    except (ValueError, RecursionError) as error:
        return f"gets a 200, `.json()` {raised(error)}"
    return WHOLE if data == LISTING else OTHER


def _httpx(reach: Reach) -> str:
    with httpx.Client(timeout=PATIENCE, **reach.httpx_arguments()) as client:
        response = client.get(f"{reach.base}/plain/v1/items", headers={"Authorization": f"Bearer {KEY}"})
        return _of_plain(response.status_code, response.json)


def _requests(reach: Reach) -> str:
    with reach.session() as session:
        url, headers = f"{reach.base}/plain/v1/items", {"Authorization": f"Bearer {KEY}"}
        response = session.get(url, headers=headers, timeout=PATIENCE, allow_redirects=False)
        return _of_plain(response.status_code, response.json)


def _openai_client(reach: Reach) -> openai.OpenAI:
    http = openai.DefaultHttpxClient(**reach.httpx_arguments()) if reach.ca else None
    return openai.OpenAI(api_key=KEY, base_url=f"{reach.base}/openai/v1", timeout=PATIENCE, http_client=http)


def _anthropic_client(reach: Reach) -> anthropic.Anthropic:
    http = anthropic.DefaultHttpxClient(**reach.httpx_arguments()) if reach.ca else None
    return anthropic.Anthropic(api_key=KEY, base_url=f"{reach.base}/anthropic", timeout=PATIENCE, http_client=http)


def _openai(reach: Reach) -> str:
    with _openai_client(reach) as client:
        said: Any = client.chat.completions.create(model="gpt", messages=[{"role": "user", "content": "Which tea?"}])
        return _said(said, lambda: said.choices[0].message.content)


def _anthropic(reach: Reach) -> str:
    with _anthropic_client(reach) as client:
        said: Any = client.messages.create(
            model="claude", max_tokens=64, messages=[{"role": "user", "content": "Which tea?"}]
        )
        return _said(said, lambda: said.content[0].text)


def _said(said: object, text: Callable[[], object]) -> str:
    if isinstance(said, str):
        return "gets a str"
    try:
        return WHOLE if text() == TEXT else OTHER
    except (AttributeError, TypeError, IndexError):
        return HOLLOW


def _stripe(reach: Reach) -> str:
    http = stripe.RequestsClient(timeout=PATIENCE)
    try:
        client = stripe.StripeClient(
            KEY, base_addresses={"api": f"{reach.base}/stripe"}, http_client=http, max_network_retries=2
        )
        said: Any = client.v1.charges.create({"amount": 1250, "currency": "eur", "source": "tok_visa"})
        return WHOLE if said.to_dict() == CHARGE else OTHER
    finally:
        http.close()  # type: ignore[no-untyped-call]  # it has no annotations


CALLERS: Mapping[str, Client] = MappingProxyType(
    {"httpx": _httpx, "requests": _requests, "openai": _openai, "anthropic": _anthropic, "stripe": _stripe}
)
"""For whole answers."""


def _events_of(lines: Iterator[str]) -> str:
    """What a program sees that reads a stream by hand."""
    seen = 0
    try:
        for line in lines:
            if line.startswith("data: {"):
                json.loads(line.removeprefix("data: "))
            seen += line.startswith("data: ")
    except Exception as error:  # noqa: BLE001 - whatever it raises is what is told
        return f"{raised(error)} after {seen} of {EVENTS} events"
    return f"gets {seen} of {EVENTS} events" if seen != EVENTS else "gets as many events as were sent"


def _httpx_stream(reach: Reach) -> str:
    with (
        httpx.Client(timeout=PATIENCE, **reach.httpx_arguments()) as client,
        client.stream("GET", f"{reach.base}/plain/v1/events") as response,
    ):
        return _events_of(response.iter_lines()) if response.status_code == 200 else f"gets a {response.status_code}"


def _requests_stream(reach: Reach) -> str:
    with (
        reach.session() as session,
        session.get(f"{reach.base}/plain/v1/events", timeout=PATIENCE, stream=True) as response,
    ):
        return _events_of(line.decode("utf-8", "replace") for line in response.iter_lines(chunk_size=1))


def _openai_stream(reach: Reach) -> str:
    with _openai_client(reach) as client:
        said: list[str] = []
        stream: Any = client.chat.completions.create(
            model="gpt", messages=[{"role": "user", "content": "Count."}], stream=True
        )
        return _streamed(said, (chunk.choices[0].delta.content for chunk in stream))


def _anthropic_stream(reach: Reach) -> str:
    with _anthropic_client(reach) as client:
        said: list[str] = []
        stream: Any = client.messages.create(
            model="claude", max_tokens=64, messages=[{"role": "user", "content": "Count."}], stream=True
        )
        deltas = (event.delta.text for event in stream if event.type == "content_block_delta")
        return _streamed(said, deltas)


def _streamed(said: list[str], deltas: Iterator[Any]) -> str:
    """How far the text came; an end without an error is the one that goes unnoticed."""
    try:
        said.extend(str(delta) for delta in deltas if delta)
    except Exception as error:  # noqa: BLE001 - as above
        return f"{raised(error)} after {len(said)} of {len(WORDS)} words"
    text = "".join(said)
    if text == ALL_WORDS:
        return WHOLE
    return f"{SHORT}: {len(said)} of {len(WORDS)} words, no error" if len(said) < len(WORDS) else OTHER


HANDSHAKERS: Mapping[str, Client] = MappingProxyType({name: CALLERS[name] for name in CALLERS if name != "stripe"})
"""For TLS handshakes: those that can be told a proxy and whom to trust, each client for itself."""

STREAMERS: Mapping[str, Client] = MappingProxyType(
    {
        "httpx": _httpx_stream,
        "requests": _requests_stream,
        "openai": _openai_stream,
        "anthropic": _anthropic_stream,
    }
)
"""For streams of events."""


def reaction(client: Client, reach: Reach) -> str:
    """What the client makes of it, whatever it is."""
    try:
        return client(reach)
    except Exception as error:  # noqa: BLE001 - that is the question
        return raised(error)


def packages(names: Sequence[str]) -> dict[str, str]:
    """Their versions."""
    from importlib.metadata import version  # noqa: PLC0415 - asked once, at the end

    return {name: version(name) for name in names}
