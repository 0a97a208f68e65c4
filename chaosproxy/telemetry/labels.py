"""Keeps label values bounded: the known ones, a number of others in the order in which they come, then `_other`.

Knows nothing of what the values mean.
"""

from collections.abc import Callable, Iterable

OTHER = "_other"
"""The value under which all further values are filed."""
LONGEST = 200
"""Characters of a value that are kept."""


class BoundedLabels(dict[str, str]):
    """Look a value up to get the label value to count it under: `labels[tool]`.

    A dict, so that a value met before costs one lookup. `labels.get(value, OTHER)` looks without admitting or counting.
    """

    __slots__ = ("overflow", "room", "welcome")

    def __init__(self, known: Iterable[str], room: int, welcome: Callable[[str], None] = lambda _: None) -> None:
        """`welcome` is called with each label value that is admitted beside the `known` ones."""
        super().__init__((value, value) for value in known)
        self.welcome = welcome
        self.room = room
        """How many further values will be admitted."""
        self.overflow = 0
        """Lookups that had to be filed under `_other`."""

    def __missing__(self, value: str) -> str:
        if self.room == 0:
            self.overflow += 1
            return OTHER
        self.room -= 1
        # Whoever names it may be an agent: half a surrogate pair would spoil the whole scrape, as would a megabyte.
        label = self[value] = value[:LONGEST].encode(errors="replace").decode()
        self.welcome(label)
        return label
