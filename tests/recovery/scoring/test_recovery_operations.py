"""How operations ended, told by the ends of calls and episodes."""

from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.call import CallKind
from chaosproxy.core.events import OperationResult, Resolution
from chaosproxy.core.failures import Outcome
from chaosproxy.recovery.scoring.operations import KEPT, Operations
from chaosproxy.recovery.scoring.seen import CallSeen, seems_delivered
from tests.recovery.tallying import closed

OK, BAD = Outcome.OK, Outcome.TIMEOUT
RECOVERED, EXHAUSTED, CENSORED = Resolution.RECOVERED_RETRY, Resolution.EXHAUSTED, Resolution.CENSORED
UNDETECTED = Resolution.UNDETECTED


class Results:
    """Their sums, as a board keeps them."""

    def __init__(self) -> None:
        self.operations = Operations()
        self.counts: Counter[OperationResult] = Counter()

    def call(self, attempt: int, outcome: Outcome, operation: int = 1) -> None:
        call = CallSeen(
            session="s", tool="t", operation=operation, attempt=attempt, outcome=outcome, delivered=outcome is OK
        )
        if self.operations.ended(call):
            self.counts[OperationResult.CLEAN] += 1

    def end(self, resolution: Resolution, outcome: Outcome = BAD, operation: int = 1, attempts: int = 2) -> None:
        event = closed(resolution, operation=operation, outcome=outcome, attempts=attempts)
        before, result = self.operations.closed(event)
        if before is not None:
            self.counts[before] -= 1
        if result is not None:
            self.counts[result] += 1

    @property
    def said(self) -> dict[str, int]:
        return {str(result): count for result, count in self.counts.items() if count}


Step = tuple[int, Outcome] | Resolution | tuple[Resolution, Outcome] | tuple[Resolution, Outcome, int]
"""The end of an attempt; that of an episode, and how it began, and of how many attempts it was."""


@pytest.mark.parametrize(
    ("story", "steps", "expected"),
    [
        ("answered at once", [(1, OK)], {"clean": 1}),
        ("failed, and not decided yet", [(1, BAD)], {}),
        ("failed, and retried", [(1, BAD), (2, OK), RECOVERED], {"recovered": 1}),
        ("given up", [(1, BAD), (2, BAD), EXHAUSTED], {"failed": 1}),
        ("we stopped first", [(1, BAD), CENSORED], {"censored": 1}),
        ("spoiled, and never noticed", [(1, OK), (UNDETECTED, OK)], {"failed": 1}),
        ("spoiled, and asked again", [(1, OK), (2, OK), (RECOVERED, OK)], {"recovered": 1}),
        ("spoiled, asked again, failed", [(1, OK), (2, BAD), (EXHAUSTED, OK)], {"failed": 1}),
        ("failed, then spoiled", [(1, BAD), (2, OK), UNDETECTED], {"failed": 1}),
        ("sent again when it was done", [(1, OK), (2, OK)], {"clean": 1}),
        ("sent again when it was done, in vain", [(1, OK), (2, BAD), (EXHAUSTED, BAD, 1)], {"clean": 1}),
        ("the same, after three", [(1, OK), (2, OK), (3, BAD), (4, BAD), (EXHAUSTED, BAD, 2)], {"clean": 1}),
        ("left, retried, and the tool is done with it later", [(2, OK), RECOVERED, (1, BAD)], {"recovered": 1}),
        ("left twice", [(3, OK), (RECOVERED, BAD, 3), (2, BAD), (1, BAD)], {"recovered": 1}),
        ("left, and retried in vain", [(2, BAD), EXHAUSTED, (1, BAD)], {"failed": 1}),
        ("the second was answered before the first was left", [(2, OK), (1, BAD)], {"clean": 1}),
        ("the second was answered before the first", [(2, OK), (1, OK)], {"clean": 1}),
        ("the second failed before the first was answered", [(2, BAD), (1, OK), RECOVERED], {"recovered": 1}),
        ("an old journal does not say how it failed", [(1, BAD), (EXHAUSTED, OK)], {"failed": 1}),
        ("given up, and taken up again", [(1, BAD), EXHAUSTED, (2, OK), RECOVERED], {"recovered": 1}),
        ("recovered, and sent again in vain", [(1, BAD), (2, OK), RECOVERED, (3, BAD), EXHAUSTED], {"recovered": 1}),
    ],
)
def test_each_operation_has_one_result(story: str, steps: list[Step], expected: dict[str, int]) -> None:
    results = Results()
    for step in steps:
        if isinstance(step, Resolution):
            results.end(step)
        elif isinstance(step[0], Resolution):
            assert isinstance(step[1], Outcome)
            results.end(step[0], step[1], attempts=step[2] if len(step) == 3 else 2)
        else:
            assert isinstance(step[1], Outcome)
            results.call(step[0], step[1])
    assert results.said == expected, story


def test_the_loser_of_a_hedge_is_no_operation() -> None:
    operations = Operations()
    loser = CallSeen(
        session="s", tool="t", operation=2, kind=CallKind.HEDGE, outcome=Outcome.AGENT_LEFT, delivered=False
    )
    assert not operations.ended(loser)
    assert not operations.ended(msgspec.structs.replace(loser, attempt=2))
    assert operations.known == {}


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("call"), st.integers(1, 4), st.integers(1, 3), st.sampled_from([OK, BAD])),
            st.tuples(st.just("end"), st.integers(1, 4), st.sampled_from(list(Resolution)), st.sampled_from([OK, BAD])),
        ),
        max_size=40,
    )
)
def test_there_are_never_more_results_than_first_calls_and_episodes(
    steps: list[tuple[str, int, object, Outcome]],
) -> None:
    """Not even of what no tracker would say."""
    results = Results()
    for _, operation, detail, outcome in steps:
        if isinstance(detail, Resolution):
            results.end(detail, outcome, operation)
        else:
            assert isinstance(detail, int)
            results.call(detail, outcome, operation)
    firsts = sum(what == "call" and detail == 1 for what, _, detail, _ in steps)
    ends = sum(what == "end" for what, *_ in steps)
    assert results.counts.total() <= firsts + ends


def test_what_is_remembered_is_bounded() -> None:
    results = Results()
    for operation in range(2 * KEPT):
        results.call(1, BAD, operation)
    assert len(results.operations.known) == KEPT
    results.end(EXHAUSTED, operation=3)  # one that has been forgotten
    assert results.said == {"failed": 1}


@pytest.mark.parametrize(
    ("outcome", "status", "any_byte", "delivered"),
    [
        (OK, 200, True, True),
        (Outcome.SOFT_ERROR, 200, True, False),
        (Outcome.AGENT_LEFT, 200, True, True),
        (Outcome.AGENT_LEFT, 500, True, False),
        (Outcome.AGENT_LEFT, 0, False, False),
    ],
)
def test_who_leaves_in_the_middle_of_a_good_answer_has_read_enough(
    outcome: Outcome, status: int, *, any_byte: bool, delivered: bool
) -> None:
    assert seems_delivered(outcome, status, any_byte=any_byte) is delivered
