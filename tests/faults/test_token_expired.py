from collections.abc import Callable
from typing import Any

import pytest

from chaosproxy.core.effects import Reject
from chaosproxy.core.failures import Course, FailureKind, Phase, Reaction
from chaosproxy.core.turn import Turn
from chaosproxy.faults._base import Scope
from chaosproxy.faults.token_expired import TokenExpired
from tests.faults.turns import Asked, turn

PASSES, REFUSED = False, True


def expired(**settings: object) -> TokenExpired:
    return TokenExpired.model_validate({"type": "token_expired", **settings})


@pytest.mark.parametrize(
    ("until", "calls"),
    [
        pytest.param(
            "new_credentials",
            [
                (0, "old", False, PASSES),
                (1, "old", True, REFUSED),
                (2, "old", False, REFUSED),
                (9_999, "old", False, REFUSED),
                (10_000, "new", False, PASSES),
                (10_001, "old", False, REFUSED),
            ],
            id="for good, until there are new ones",
        ),
        pytest.param(
            "30s",
            [
                (0, "old", True, REFUSED),
                (29, "old", False, REFUSED),
                (30, "old", False, PASSES),
                (31, "old", True, REFUSED),
                (60, "old", False, REFUSED),
            ],
            id="for a time",
        ),
        pytest.param(
            "new_credentials",
            [
                (0, "first", True, REFUSED),
                (1, "second", True, REFUSED),
                (2, "first", False, REFUSED),
                (3, "second", False, REFUSED),
                (4, "third", False, PASSES),
            ],
            id="one after the other",
        ),
        pytest.param(
            "new_credentials",
            [(0, None, True, REFUSED), (1, None, False, REFUSED), (2, "some", False, PASSES)],
            id="no credentials are credentials too",
        ),
        pytest.param(
            "30s",
            [(0, "old", True, REFUSED), (20, "old", True, REFUSED), (30, "old", False, PASSES)],
            id="being hit again does not prolong it",
        ),
    ],
)
def test_does(until: str, calls: list[tuple[float, str | None, bool, bool]], turn_of: Callable[..., Turn]) -> None:
    fault = expired(until=until)
    memory = fault.blank()
    for at, credential, triggered, refused in calls:
        effects, memory = fault.step(turn_of(1_000.0 + at, credential=credential), "token", memory, triggered=triggered)
        assert bool(effects) is refused, (at, credential)
        for effect in effects:
            assert isinstance(effect, Reject)
            assert (effect.kind, effect.phase) == (FailureKind.TOKEN_EXPIRED, Phase.BEFORE_UPSTREAM)


def test_leaves_alone_what_the_trigger_never_picked(turn_of: Callable[..., Turn]) -> None:
    fault = expired()
    assert fault.step(turn_of(), "token", fault.blank(), triggered=False) == ((), ())


def test_each_session_has_its_own() -> None:
    assert expired().memory_scope is Scope.SESSION


def test_memory_has_an_end(turn_of: Callable[..., Turn]) -> None:
    fault = expired()
    memory = fault.blank()
    for number in range(100):
        _, memory = fault.step(turn_of(credential=f"key-{number}"), "token", memory, triggered=True)
    assert len(memory) == 8
    assert memory[-1].credential == "key-99"


RENEWAL: dict[str, Any] = {"tool": "POST /oauth/token", "path": "/oauth/token", "credential": None}


@pytest.mark.parametrize("settings", [{}, {"refresh": "works"}, {"refresh": "fails"}])
def test_the_token_endpoint_is_never_the_victim(settings: dict[str, str]) -> None:
    tokens = Asked(expired(token_path="/oauth/token", **settings))
    assert tokens.refused(turn(**RENEWAL), triggered=True) is None
    assert tokens.refused(turn(**RENEWAL | {"credential": "key-1"}), triggered=True) is None
    assert tokens.memory == ()
    assert tokens.refused(turn(path="/oauth/token/introspect"), triggered=True)


def test_a_refresh_that_works_gives_a_token_that_works() -> None:
    tokens = Asked(expired(token_path="/oauth/token"))
    assert tokens.refused(turn(), triggered=True)
    assert tokens.refused(turn(**RENEWAL | {"credential": "key-1"})) is None
    assert tokens.refused(turn(credential="new")) is None


def test_a_refresh_that_fails_gives_none_once_a_token_has_expired() -> None:
    tokens = Asked(expired(token_path="/oauth/token", refresh="fails", dialect="oauth", status=403))
    assert tokens.refused(turn(**RENEWAL)) is None
    assert tokens.refused(turn(), triggered=True)
    for now in (1_001.0, 9_999.0):
        refused = tokens.refused(turn(now, **RENEWAL))
        assert refused is not None
        assert (refused.kind, refused.phase) == (FailureKind.REFRESH_FAILED, Phase.BEFORE_UPSTREAM)
        assert (refused.dialect, refused.status, refused.retry_after) == ("oauth", None, None)
    again = tokens.refused(turn())
    assert again is not None
    assert (again.kind, again.status) == (FailureKind.TOKEN_EXPIRED, 403)


def test_a_refresh_works_again_when_the_tokens_do() -> None:
    tokens = Asked(expired(token_path="/oauth/token", refresh="fails", until="30s"))
    assert tokens.refused(turn(1_000.0), triggered=True)
    assert tokens.refused(turn(1_029.0, **RENEWAL))
    assert tokens.refused(turn(1_030.0, **RENEWAL)) is None


def test_neither_an_old_token_nor_an_old_grant_is_worth_another_try() -> None:
    assert TokenExpired.nature.course is Course.CONDITIONAL
    assert set(TokenExpired.nature.healthy) == {Reaction.REAUTHENTICATE, Reaction.STOP_AND_SAY}


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"refresh": "fails"}, "refresh: needs `token_path`"),
        ({"refresh": "maybe", "token_path": "/t"}, "refresh"),
        ({"token_path": "oauth/token"}, "token_path\n.*expected a path such as /oauth/token"),
        ({"token_path": "/oauth/token?x=1"}, "token_path\n.*expected a path such as /oauth/token"),
    ],
)
def test_refuses_an_endpoint_that_is_none(settings: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        expired(**settings)


@pytest.mark.parametrize("until", ["tomorrow", 30, None, ["30s"]])
def test_refuses_in_one_sentence(until: object) -> None:
    with pytest.raises(ValueError, match=r"until\n.*expected new_credentials, or a duration such as 30s") as refusal:
        expired(until=until)
    assert "1 validation error" in str(refusal.value)
