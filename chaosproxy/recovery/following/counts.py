"""Counts by tool, of which there may be any number: agents name them. Knows no operation."""

TOOLS = 1_000
"""Tools that are counted one by one; those of further tools are counted together."""
OTHER_TOOLS = "_other"


def count_at(counts: dict[str, int], tool: str) -> None:
    """One more at this tool."""
    if tool in counts:
        counts[tool] += 1
    elif len(counts) < TOOLS:
        counts[tool] = 1
    else:
        counts[OTHER_TOOLS] = counts.get(OTHER_TOOLS, 0) + 1
