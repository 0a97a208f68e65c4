import json
from typing import Any

import pytest

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Keep, Recall, Respond
from chaosproxy.core.failures import Phase
from chaosproxy.faults._base import Scope
from chaosproxy.faults.silent_no_op import SilentNoOp
from tests.faults.turns import turn

JSON = ((b"Content-Type", b"application/json"),)


def noop(**settings: object) -> SilentNoOp:
    return SilentNoOp.model_validate({"type": "silent_no_op", **settings})


def said(fault: SilentNoOp, **fields: Any) -> Reply:  # noqa: ANN401
    """What the agent is told if this is the first call."""
    (effect,), _ = fault.step(turn(**fields), "the rule", None, triggered=True)
    assert isinstance(effect, Recall | Respond)
    assert effect.phase is Phase.BEFORE_UPSTREAM
    reply = effect.otherwise if isinstance(effect, Recall) else effect.reply
    assert reply is not None
    return reply


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("POST", Reply(201, b"Created", JSON, b'{"ok": true}')),
        ("PUT", Reply(200, b"OK", JSON, b'{"ok": true}')),
        ("PATCH", Reply(200, b"OK", JSON, b'{"ok": true}')),
        ("DELETE", Reply(204, b"No Content", (), b"")),
    ],
)
def test_says_yes_as_the_method_asks(method: str, expected: Reply) -> None:
    assert said(noop(), method=method) == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"status": 202}, Reply(202, b"Accepted", (), b"")),
        ({"body": "queued"}, Reply(200, b"OK", ((b"Content-Type", b"text/plain; charset=utf-8"),), b"queued")),
        ({"body": '{"a":1.0}'}, Reply(200, b"OK", JSON, b'{"a":1.0}')),
        ({"status": 201, "body": {"id": "é", "n": [1]}}, Reply(201, b"Created", JSON, b'{"id": "\\u00e9", "n": [1]}')),
        ({"status": 204}, Reply(204, b"No Content", (), b"")),
        ({"body": []}, Reply(200, b"OK", JSON, b"[]")),
    ],
)
def test_says_what_it_is_told(settings: dict[str, object], expected: Reply) -> None:
    fault = noop(**settings)
    assert said(fault) == expected
    assert fault.step(turn(), "the rule", None, triggered=False) == ((), None)


def test_repeats_what_the_tool_said_last_in_that_session() -> None:
    fault = noop()
    assert fault.memory_scope is Scope.SESSION
    (kept,), _ = fault.step(turn(fingerprint="one"), "the rule", None, triggered=False)
    (recalled,), _ = fault.step(turn(fingerprint="two"), "the rule", None, triggered=True)
    assert isinstance(kept, Keep)
    assert isinstance(recalled, Recall)
    assert kept.key == recalled.key
    for other in (turn(tool="send"), turn(session="s2")):
        (foreign,), _ = fault.step(other, "the rule", None, triggered=True)
        assert isinstance(foreign, Recall)
        assert foreign.key != kept.key


def test_in_json_rpc_the_answer_bears_the_id_of_its_call() -> None:
    call = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "send"}}
    answer = json.loads(said(noop(), body=call).body)
    assert answer == {
        "jsonrpc": "2.0",
        "id": 7,
        "result": {"content": [{"type": "text", "text": "ok"}], "isError": False},
    }
    batch = [{"jsonrpc": "2.0", "id": 8, "method": "add"}, {"jsonrpc": "2.0", "method": "note"}]
    assert json.loads(said(noop(), body=batch).body) == [{"jsonrpc": "2.0", "id": 8, "result": {}}]
    assert noop().step(turn(body=call), "the rule", None, triggered=False) == ((), None)


@pytest.mark.parametrize("settings", [{"status": 404}, {"status": 199}, {"body": 7}])
def test_refuses(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        noop(**settings)


def test_refuses_a_body_where_there_can_be_none() -> None:
    with pytest.raises(ValueError, match="body: a 204 has none"):
        noop(status=204, body={"ok": True})
