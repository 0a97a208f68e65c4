import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.failures import Course, FailureKind, Phase, Reaction
from chaosproxy.faults._base import Scope
from chaosproxy.faults.request_too_large import RequestTooLarge
from tests.faults.turns import Asked, turn


def too_large(**settings: object) -> RequestTooLarge:
    return RequestTooLarge.model_validate({"type": "request_too_large", **settings})


def test_does() -> None:
    fault = too_large(dialect="nginx", status=400, limit="1KiB")
    refused = Asked(fault).refused(turn(body_bytes=1_025), triggered=True)
    assert refused is not None
    assert (refused.kind, refused.phase) == (FailureKind.REQUEST_TOO_LARGE, Phase.BEFORE_UPSTREAM)
    assert (refused.dialect, refused.status, refused.retry_after) == ("nginx", 400, None)


@pytest.mark.parametrize(("size", "refused"), [(0, False), (1, False), (1_024, False), (1_025, True), (10**9, True)])
def test_with_a_limit_only_what_exceeds_it_is_refused(size: int, *, refused: bool) -> None:
    assert bool(Asked(too_large(limit="1KiB")).refused(turn(body_bytes=size), triggered=True)) is refused


def test_without_a_limit_the_call_that_is_hit_shows_what_is_too_large() -> None:
    asked = Asked(too_large())
    assert asked.refused(turn(body_bytes=500)) is None
    assert asked.refused(turn(body_bytes=400), triggered=True)
    assert asked.refused(turn(body_bytes=400))
    assert asked.refused(turn(body_bytes=500))
    assert asked.refused(turn(body_bytes=399)) is None


def test_with_a_limit_it_sticks_to_all_that_exceeds_it() -> None:
    asked = Asked(too_large(limit=100))
    assert asked.refused(turn(body_bytes=101)) is None
    assert asked.refused(turn(body_bytes=400), triggered=True)
    assert asked.refused(turn(body_bytes=101))
    assert asked.refused(turn(body_bytes=100)) is None


def test_each_tool_has_a_limit_of_its_own() -> None:
    asked = Asked(too_large())
    assert asked.refused(turn(body_bytes=400), triggered=True)
    assert asked.refused(turn(body_bytes=400, tool="other")) is None
    assert asked.refused(turn(body_bytes=400, upstream="other")) is None
    assert asked.refused(turn(body_bytes=200, tool="other"), triggered=True)
    assert asked.refused(turn(body_bytes=300, tool="other"))
    assert asked.refused(turn(body_bytes=300)) is None


def test_nothing_is_never_too_large() -> None:
    asked = Asked(too_large())
    assert asked.refused(turn(body_bytes=0), triggered=True) is None
    assert asked.refused(turn(body_bytes=1)) is None


def test_what_is_announced_counts_before_it_has_come() -> None:
    announced = ((b"Host", b"x"), (b"Content-Length", b" 33554433 "))
    asked = Asked(too_large(limit="32MiB"))
    assert asked.refused(turn(body_bytes=1_050_000, headers=announced), triggered=True)


@pytest.mark.parametrize("length", [b"", b"many", b"-1", b"9" * 99])
def test_what_is_announced_in_no_number_counts_as_it_comes(length: bytes) -> None:
    headers = ((b"content-length", length),)
    assert Asked(too_large(limit=10)).refused(turn(body_bytes=10, headers=headers), triggered=True) is None
    assert Asked(too_large(limit=10)).refused(turn(body_bytes=11, headers=headers), triggered=True)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=30), st.integers(1, 9) | st.none())
def test_whatever_was_refused_stays_refused_and_so_does_all_that_is_larger(
    calls: list[tuple[int, bool]], limit: int | None
) -> None:
    asked, smallest = Asked(too_large(limit=limit)), 10**9
    for size, triggered in calls:
        if triggered and size > (limit or 0):
            smallest = min(smallest, size if limit is None else limit + 1)
        assert bool(asked.refused(turn(body_bytes=size), triggered=triggered)) is (size >= smallest)


def test_memory_has_an_end() -> None:
    asked = Asked(too_large())
    for number in range(100):
        asked.refused(turn(body_bytes=5, tool=f"tool {number}"), triggered=True)
    assert len(asked.memory) == 64
    assert asked.refused(turn(body_bytes=5, tool="tool 99"))


def test_sending_less_is_healthy_and_sending_it_again_is_not() -> None:
    assert too_large().memory_scope is Scope.SESSION
    assert RequestTooLarge.nature.course is Course.PERSISTENT
    assert Reaction.CHANGE_ARGUMENTS in RequestTooLarge.nature.healthy
    assert not {Reaction.RETRY, Reaction.WAIT_THEN_RETRY} & set(RequestTooLarge.nature.healthy)


@pytest.mark.parametrize("limit", [0, -1, "large", True])
def test_refuses(limit: object) -> None:
    with pytest.raises(ValueError, match="limit"):
        too_large(limit=limit)
