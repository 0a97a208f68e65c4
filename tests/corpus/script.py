"""What is said in a conversation, as values: who asks what and when, and how each call ends.

A script knows no tracker and no matcher. It can be played (`player`), shifted in time, and mixed with another one.
"""

import json
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import quote, urlencode

from chaosproxy.core.answer import Reply
from chaosproxy.faults._base import Fault
from chaosproxy.faults._catalogue import catalogue

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Ask:
    """A request, as the agent writes it."""

    method: str
    target: str
    """Path and query, behind the upstream's name: `/shop/v1/items?q=shoes`."""
    headers: Headers = ()
    body: bytes = b""

    def but(self, **headers: str | None) -> Self:
        """The same with other headers (`x_request_id="7"`); None takes one away."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        kept = [(name, value) for name, value in self.headers if name.lower() not in names]
        return replace(self, headers=(*kept, *((name, value) for name, value in names.items() if value is not None)))

    def with_fields(self, **fields: object) -> Self:
        """The same with other fields in its JSON body; None takes one away."""
        body = {**json.loads(self.body), **fields}
        return replace(self, body=_json({name: value for name, value in body.items() if value is not None}))

    def raw(self, session: str, *, by: str = "header") -> bytes:
        """The bytes on the wire; `by` is how the session is named: by a header, or in the path."""
        target = f"/~{session}{self.target}" if by == "path" else self.target
        lines = [f"{self.method} {target} HTTP/1.1", "host: tools.test"]
        if by == "header":
            lines.append(f"x-session-id: {session}")
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.body or self.method in ("POST", "PUT", "PATCH"):
            lines.append(f"content-length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def get(target: str, /, **query: object) -> Ask:
    """A GET; a query parameter that is a list stands there more than once."""
    question = urlencode(query, doseq=True, quote_via=quote)
    return Ask("GET", f"{target}?{question}" if question else target, (("accept", "application/json"),))


def post(target: str, body: Any = None, /, method: str = "POST", **headers: str) -> Ask:  # noqa: ANN401 - any JSON
    """A JSON body sent; headers as `idempotency_key="k1"`."""
    asked = Ask(method, target, (("content-type", "application/json"),), _json(body) if body is not None else b"")
    return asked.but(**headers)


def form(target: str, /, fields: dict[str, str], **headers: str) -> Ask:
    """A form sent, as Stripe's SDKs do."""
    kind = "application/x-www-form-urlencoded"
    return Ask("POST", target, (("content-type", kind),), urlencode(fields).encode()).but(**headers)


def rpc(method: str, number: int, params: dict[str, Any] | None = None, *, link: str | None = None) -> Ask:
    """An MCP message over streamable HTTP; `link` is the protocol's own session id."""
    message: dict[str, Any] = {"jsonrpc": "2.0", "id": number, "method": method}
    if params is not None:
        message["params"] = params
    asked = post("/mcp/mcp", message, accept="application/json, text/event-stream")
    return asked if link is None else asked.but(mcp_session_id=link)


def fault(name: str, **settings: object) -> Fault:
    """A fault of the catalogue with these settings; a float is a time in seconds."""
    spelled = {key: f"{value}s" if isinstance(value, float) else value for key, value in settings.items()}
    return catalogue()[name].model_validate({"type": name, **spelled})


@dataclass(frozen=True)
class Fate:
    """How a call ends."""

    fault: Fault | None = None
    """What we do to it."""
    reply: Reply | None = None
    """What the tool says; a good reply of its own making, if left out."""
    leaves: bool = False
    """Does the agent hang up before it is over?"""
    breaks: bool = False
    """Does the tool's connection break by itself, before an answer?"""
    body_begun: bool = False
    """Has the agent got a good beginning of the answer when it hangs up?"""


@dataclass(frozen=True)
class Asked:
    """A call begins."""

    at: float
    label: int
    """Counts the calls of the script, from 1."""
    session: str
    ask: Ask
    by: str = "header"


@dataclass(frozen=True)
class Ended:
    """A call is over."""

    at: float
    label: int
    fate: Fate


@dataclass(frozen=True)
class Left:
    """An agent says that its run is over."""

    at: float
    session: str


@dataclass(frozen=True)
class AllLeft:
    """The process is over in which all agents ran."""

    at: float


@dataclass(frozen=True)
class Stopped:
    """We stop watching."""

    at: float


@dataclass(frozen=True)
class Waited:
    """Nothing is said until then."""

    at: float


Step = Asked | Ended | Left | AllLeft | Stopped | Waited
Script = tuple[Step, ...]


def shifted(script: Script, seconds: float) -> Script:
    """The same, later."""
    return tuple([replace(step, at=step.at + seconds) for step in script])


def mixed(one: Script, other: Script) -> Script:
    """Both at once, in the order of time: the other's calls have labels behind those of the first.

    Their sessions must differ. What ends all agents, or our watching, comes once, at the very end.
    """
    behind = max([step.label for step in one if isinstance(step, Asked)], default=0)
    moved = [replace(step, label=step.label + behind) if isinstance(step, Asked | Ended) else step for step in other]
    endings = (AllLeft, Stopped)
    both = sorted([step for step in [*one, *moved] if not isinstance(step, endings)], key=lambda step: step.at)
    last = [step for step in [*one, *other] if isinstance(step, endings)]
    at = max([step.at for step in [*both, *last]], default=0.0)
    return (*both, *[replace(step, at=at) for step in last[:1]])
