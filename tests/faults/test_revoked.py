import pytest

from chaosproxy.core.failures import Course, FailureKind, Phase, Reaction
from chaosproxy.faults._base import Scope
from chaosproxy.faults.revoked import Revoked
from tests.faults.turns import Asked, turn


def revoked(**settings: object) -> Revoked:
    return Revoked.model_validate({"type": "revoked", **settings})


def test_does() -> None:
    refused = Asked(revoked(dialect="slack", status=403)).refused(turn(), triggered=True)
    assert refused is not None
    assert (refused.kind, refused.phase) == (FailureKind.TOKEN_REVOKED, Phase.BEFORE_UPSTREAM)
    assert (refused.dialect, refused.status, refused.retry_after) == ("slack", 403, None)


@pytest.mark.parametrize("scope", ["session", "credential"])
def test_is_for_good_whatever_is_asked_for(scope: str) -> None:
    access = Asked(revoked(scope=scope))
    assert access.refused(turn()) is None
    assert access.refused(turn(), triggered=True)
    assert access.refused(turn(now=9_999_999.0, tool="receipt", path="/", fingerprint="other"))


def test_new_credentials_do_not_help_a_session_that_is_shut_out() -> None:
    access = Asked(revoked())
    assert access.refused(turn(credential="old"), triggered=True)
    assert access.refused(turn(credential="new"))
    assert access.refused(turn(credential=None))


def test_the_engine_keeps_the_memory_of_whom_it_shuts_out() -> None:
    assert revoked().memory_scope is Scope.SESSION
    assert revoked(scope="credential").memory_scope is Scope.CREDENTIAL


def test_other_credentials_are_a_healthy_try_only_where_they_can_help() -> None:
    account, key = revoked().judged_by, revoked(scope="credential").judged_by
    assert (account.course, key.course) == (Course.PERSISTENT, Course.CONDITIONAL)
    assert Reaction.REAUTHENTICATE not in account.healthy
    assert set(key.healthy) == {*account.healthy, Reaction.REAUTHENTICATE}
    assert Reaction.STOP_AND_SAY in account.healthy


@pytest.mark.parametrize("scope", ["shared", "planet", None])
def test_refuses(scope: object) -> None:
    with pytest.raises(ValueError, match="scope"):
        revoked(scope=scope)
