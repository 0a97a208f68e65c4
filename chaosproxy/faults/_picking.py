"""Which of many, by chance that a replay repeats. Knows draws, and nothing of what is picked."""

from collections.abc import Callable

Draw = Callable[[str], float]
"""A number in [0, 1) by what it is for: `turn.draw` of one rule."""


def picked(count: int, of: int, draw: Draw) -> list[int]:
    """`count` of the indices below `of` (all, if there are not as many), each set of them as likely, in rising order.

    With as many draws as are picked (Floyd's algorithm: Bentley and Floyd, 1987).
    """
    chosen: set[int] = set()
    for last in range(max(0, of - count), of):
        index = int(draw(f"pick {last}") * (last + 1))
        chosen.add(last if index in chosen else index)
    return sorted(chosen)
