"""The picture in the documentation."""

from chaosproxy.recovery.following.picture import drawn
from chaosproxy.recovery.following.transitions import ENDINGS, MOVES


def test_every_edge_of_the_table_is_drawn_once() -> None:
    lines = drawn().splitlines()
    assert lines[0] == "stateDiagram-v2"
    for (before, step), after in (*MOVES.items(), *ENDINGS.items()):
        assert lines.count(f"    {before} --> {after}: {step}") == 1
    for ending in set(ENDINGS.values()):
        assert lines.count(f"    {ending} --> [*]") == 1
    assert len(lines) == 2 + len(MOVES) + len(ENDINGS) + len(set(ENDINGS.values()))
