from typing import Any

from chaosproxy.core.failures import Course, FailureKind, Phase, Reaction
from chaosproxy.faults._base import Scope
from chaosproxy.faults.masked_not_found import MaskedNotFound
from tests.faults.turns import Asked, turn


def test_does() -> None:
    fault = MaskedNotFound.model_validate({"type": "masked_not_found", "dialect": "github", "message": "Not Found"})
    refused = Asked(fault).refused(turn(), triggered=True)
    assert refused is not None
    assert (refused.kind, refused.phase) == (FailureKind.NOT_FOUND, Phase.BEFORE_UPSTREAM)
    assert (refused.dialect, refused.message, refused.status) == ("github", "Not Found", None)


def test_sticks_to_the_thing_by_whatever_method_it_is_asked_for() -> None:
    hidden = Asked(MaskedNotFound())
    thing: dict[str, Any] = {"path": "/repos/acme/secret", "method": "GET", "tool": "GET /repos/acme/{id}"}
    assert hidden.refused(turn(**thing)) is None
    assert hidden.refused(turn(**thing), triggered=True)
    assert hidden.refused(turn(**thing, fingerprint="page 2"))
    assert hidden.refused(turn(**thing | {"method": "PATCH", "tool": "rename"}))
    assert hidden.refused(turn(**thing | {"path": "/repos/acme/public"})) is None
    assert hidden.refused(turn(**thing, upstream="elsewhere")) is None
    assert hidden.refused(turn(**thing, credential="one that may see it")) is None


def test_neither_asking_again_nor_waiting_is_healthy() -> None:
    assert MaskedNotFound().memory_scope is Scope.SESSION
    assert MaskedNotFound.nature.explicit
    assert MaskedNotFound.nature.course is Course.PERSISTENT
    assert Reaction.STOP_AND_SAY in MaskedNotFound.nature.healthy
    assert not {Reaction.RETRY, Reaction.WAIT_THEN_RETRY} & set(MaskedNotFound.nature.healthy)
