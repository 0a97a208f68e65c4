"""The life of an episode as a picture, for the documentation: drawn from the table that it is lived by."""

from chaosproxy.recovery.following.transitions import ENDINGS, MOVES, State


def drawn() -> str:
    """A Mermaid state diagram: every move and every ending once, the endings by the resolution they lead to."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.CLEAN}"]
    lines += [f"    {before} --> {after}: {step}" for (before, step), after in MOVES.items()]
    lines += [f"    {before} --> {ending}: {step}" for (before, step), ending in ENDINGS.items()]
    lines += [f"    {ending} --> [*]" for ending in dict.fromkeys(ENDINGS.values())]
    return "\n".join(lines) + "\n"
