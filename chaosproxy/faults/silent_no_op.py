"""The tool says ok, and has done nothing.

**What the agent sees**

A good answer. Where the rule says what (`status`, `body`), that; else the last good reply that this tool gave to the
same credentials in this session; if there was none, a plain success such as the method asks for: 201 `{"ok": true}` to
a POST, 204 to a DELETE, 200 `{"ok": true}` otherwise (in JSON-RPC a result). The tool never ran.

**What a healthy agent does**

After a write that matters it looks whether the change is there, before it builds on it or tells its user that it is
done. When it is not there, it tries again or says so.

**Seen in the wild**

Queues that accept and drop, feature flags that turn a call into nothing, caches that answer for the tool, quotas that
"succeed" silently: 202 is a promise, and so is `{"ok": true}`. Silent no-ops are among the faults of the "Failing
Tools" benchmark, on which the best model solved 11 %; agents that never look report success.
"""

import json
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from chaosproxy.core.answer import Reply
from chaosproxy.core.call import Call
from chaosproxy.core.effects import Aside, Effect, Keep, Recall, Respond
from chaosproxy.core.failures import Course, Nature, Outcome, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Family, RememberingFault, Scope
from chaosproxy.faults._fields import Written
from chaosproxy.faults._kept_replies import is_rpc, key_of

_REASONS = {200: b"OK", 201: b"Created", 202: b"Accepted", 203: b"Non-Authoritative Information", 204: b"No Content"}
_NO_CONTENT = 204
_JSON = ((b"Content-Type", b"application/json"),)
_TEXT = ((b"Content-Type", b"text/plain; charset=utf-8"),)
_OK: dict[str, Any] = {"ok": True}

Body = Annotated[str | dict[str, Any] | list[Any], Written(("text", "a mapping or list that is sent as JSON"))]


class SilentNoOp(RememberingFault[None]):
    """Say that all went well, instead of the tool."""

    family = Family.MEANING
    always_strikes = True
    phases = (Phase.BEFORE_UPSTREAM,)
    nature = Nature(
        explicit=False,
        course=Course.TRANSIENT,
        healthy=(Reaction.CHECK_FIRST, Reaction.RETRY, Reaction.WAIT_THEN_RETRY, Reaction.STOP_AND_SAY),
    )
    example: ClassVar[str] = """\
- name: the message is accepted and never sent
  match: {tool: send}
  when: {probability: 10%}
  fault: {type: silent_no_op, status: 202, body: {status: queued}}
"""

    type: Literal["silent_no_op"] = "silent_no_op"
    """The fault's name."""
    status: Annotated[int, Field(ge=200, le=299)] | None = None
    """The status to say it with; 200 if only a body is given."""
    body: Body | None = None
    """The body to say it with: a text as it is (as JSON, if it begins like it), anything else written as JSON."""

    @model_validator(mode="after")
    def _says_what_can_be_said(self) -> Self:
        if self.status == _NO_CONTENT and self.body is not None:
            raise ValueError("body: a 204 has none")
        return self

    @property
    def memory_scope(self) -> Scope:
        """Each session has replies of its own."""
        return Scope.SESSION

    def blank(self) -> None:
        """It remembers nothing but the replies, and those are kept elsewhere."""

    def step(self, turn: Turn, rule: str, memory: None, *, triggered: bool) -> tuple[tuple[Effect | Aside, ...], None]:
        """Success in place of the tool; of a call that passes, the reply is kept for later."""
        call = turn.call
        fixed = self.status is not None or self.body is not None
        if fixed or is_rpc(call):
            said = _given(self.status or 200, self.body) if fixed else _success(call)
            return ((Respond(said, Phase.BEFORE_UPSTREAM, Outcome.OK),) if triggered else ()), memory
        key = key_of(rule, call, call.route.tool)
        if triggered:
            return (Recall(key, Phase.BEFORE_UPSTREAM, otherwise=_success(call)),), memory
        return (Keep(key),), memory


def _given(status: int, body: str | dict[str, Any] | list[Any] | None) -> Reply:
    reason = _REASONS.get(status, b"OK")
    if body is None:
        return Reply(status, reason, (), b"")
    if isinstance(body, str):
        return Reply(status, reason, _JSON if body[:1] in ("{", "[") else _TEXT, body.encode())
    return Reply(status, reason, _JSON, json.dumps(body).encode())


def _success(call: Call) -> Reply:
    """The least that says yes to this call."""
    if is_rpc(call):
        return _given(200, _results(call.body))
    match call.route.method:
        case "DELETE":
            return _given(204, None)
        case "POST":
            return _given(201, _OK)
        case _:
            return _given(200, _OK)


def _results(request: Any) -> dict[str, Any] | list[Any]:  # noqa: ANN401  decoded JSON is anything
    """What JSON-RPC calls success: a result for each call that has an id; for MCP's tools in the form they have."""
    if isinstance(request, list):
        return [_results(each) for each in request if isinstance(each, dict) and "id" in each]
    called = request.get("method") == "tools/call"
    result = {"content": [{"type": "text", "text": "ok"}], "isError": False} if called else {}
    return {"jsonrpc": "2.0", "id": request.get("id"), "result": result}
