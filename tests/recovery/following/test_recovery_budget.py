"""The shadow retry budget."""

from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.profiles.models import RetryBudget
from chaosproxy.recovery.following.budget import TOOLS, RetryBudgets

TIGHT = RetryBudget(share=0.2, reserve=0.0)


def test_a_fifth_of_the_first_attempts_may_be_retried() -> None:
    budgets = RetryBudgets(TIGHT)
    for _ in range(10):
        budgets.first("find", 5.0)
    assert [budgets.over("find", 5.5) for _ in range(4)] == [False, False, True, True]


def test_the_reserve_lets_a_tool_that_is_hardly_called_be_retried() -> None:
    budgets = RetryBudgets(RetryBudget(share=0.2, reserve=0.3))
    budgets.first("find", 0.0)
    assert [budgets.over("find", 0.0) for _ in range(4)] == [False, False, False, True]


def test_what_is_ten_seconds_old_counts_no_more() -> None:
    budgets = RetryBudgets(TIGHT)
    for _ in range(5):
        budgets.first("find", 0.5)
    assert not budgets.over("find", 9.5)
    assert budgets.over("find", 9.9)
    for _ in range(5):
        budgets.first("find", 18.0)
    assert budgets.over("find", 18.0)  # the retry of second 9 is still in the window
    assert not budgets.over("find", 19.5)
    assert budgets.over("find", 500.0)


def test_tools_have_budgets_of_their_own() -> None:
    budgets = RetryBudgets(TIGHT)
    for _ in range(5):
        budgets.first("find", 0.0)
    assert budgets.over("charge", 0.0)
    assert not budgets.over("find", 0.0)


def test_names_without_end_take_no_memory_without_end() -> None:
    budgets = RetryBudgets(TIGHT)
    for place in range(TOOLS + 500):
        budgets.first(f"tool {place}", 0.0)
    assert len(budgets._tools) <= TOOLS + 1


@given(st.lists(st.tuples(st.floats(0, 60), st.booleans()), max_size=200))
def test_what_was_granted_is_within_the_budget_in_every_window(events: list[tuple[float, bool]]) -> None:
    budgets = RetryBudgets(TIGHT)
    firsts: list[int] = []
    granted: list[int] = []
    for now, retry in sorted(events):
        if not retry:
            firsts.append(int(now))
            budgets.first("t", now)
        elif not budgets.over("t", now):
            granted.append(int(now))
            inside = [second for second in granted if second > int(now) - 10]
            assert len(inside) <= 0.2 * sum(second > int(now) - 10 for second in firsts)
