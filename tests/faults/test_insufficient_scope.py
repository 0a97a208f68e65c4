import pytest

from chaosproxy.core.failures import Course, FailureKind, Phase, Reaction
from chaosproxy.faults._base import Scope
from chaosproxy.faults.insufficient_scope import InsufficientScope
from tests.faults.turns import Asked, turn


def lacking(**settings: object) -> InsufficientScope:
    return InsufficientScope.model_validate({"type": "insufficient_scope", **settings})


@pytest.mark.parametrize("scope", [None, "files:write", "https://graph.example/Mail.Read offline_access"])
def test_does(scope: str | None) -> None:
    refused = Asked(lacking(scope=scope, dialect="generic")).refused(turn(), triggered=True)
    assert refused is not None
    assert (refused.kind, refused.phase) == (FailureKind.INSUFFICIENT_SCOPE, Phase.BEFORE_UPSTREAM)
    assert (refused.scope, refused.dialect, refused.status, refused.retry_after) == (scope, "generic", None, None)


def test_sticks_to_the_token_and_the_tool() -> None:
    token = Asked(lacking(scope="files:write", status=401))
    assert token.refused(turn()) is None
    assert token.refused(turn(), triggered=True)
    again = token.refused(turn(fingerprint="other"))
    assert again is not None
    assert (again.scope, again.status) == ("files:write", 401)
    assert token.refused(turn(tool="receipt")) is None
    assert token.refused(turn(upstream="search")) is None
    assert token.refused(turn(credential="a token with the scope")) is None


def test_a_token_with_the_scope_is_the_way_and_the_same_token_is_not() -> None:
    assert lacking().memory_scope is Scope.SESSION
    assert InsufficientScope.nature.course is Course.CONDITIONAL
    assert Reaction.REAUTHENTICATE in InsufficientScope.nature.healthy
    assert not {Reaction.RETRY, Reaction.WAIT_THEN_RETRY} & set(InsufficientScope.nature.healthy)


@pytest.mark.parametrize("scope", ["", " ", "a  b", 'a"b', "a\\b", "a\r\nX-Evil: b", "schön", 7])
def test_refuses_what_could_not_stand_in_the_header(scope: object) -> None:
    expected = "expected a scope such as files:write" if isinstance(scope, str) else "valid string"
    with pytest.raises(ValueError, match=rf"scope\n.*{expected}"):
        lacking(scope=scope)
