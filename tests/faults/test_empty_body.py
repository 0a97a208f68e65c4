from collections.abc import Callable

import pytest

from chaosproxy.core.answer import Reply
from chaosproxy.core.effects import Respond, Rewrite, Unfit
from chaosproxy.core.failures import Phase
from chaosproxy.core.turn import Turn
from chaosproxy.faults.empty_body import EmptyBody

HEADERS = ((b"Content-Type", b"application/json"), (b"Set-Cookie", b"a=1"), (b"Set-Cookie", b"b=2"))


def rewrite(turn: Turn) -> Rewrite:
    (effect,) = EmptyBody.model_validate({"type": "empty_body"}).effects(turn, "void")
    assert isinstance(effect, Rewrite)
    return effect


@pytest.mark.parametrize("status", [200, 201, 404])
def test_does(status: int, turn_of: Callable[..., Turn]) -> None:
    changed = rewrite(turn_of()).change(Reply(status, b"As It Was", HEADERS, b'{"hits": 3}'))
    assert changed == Reply(status, b"As It Was", HEADERS, b"")


def test_leaves_alone_what_is_empty_already(turn_of: Callable[..., Turn]) -> None:
    assert rewrite(turn_of()).change(Reply(204, b"No Content", (), b"")) == Unfit("empty_body")


def test_answers_for_a_tool_that_never_ran(turn_of: Callable[..., Turn]) -> None:
    fault = EmptyBody.model_validate({"type": "empty_body", "phase": "before_upstream"})
    (effect,) = fault.effects(turn_of(), "void")
    assert isinstance(effect, Respond)
    assert effect.phase is Phase.BEFORE_UPSTREAM
    assert (effect.reply.status, effect.reply.body) == (200, b"")
