"""The time that language models take to answer one session: what of a wait was thinking. Knows no call."""

NEVER = float("-inf")


class Thinking:
    """The model calls of one session, as a clock that runs while at least one is in flight. Monotonic seconds."""

    __slots__ = ("_flying", "_seconds", "_since", "answered")

    def __init__(self) -> None:
        self.answered = NEVER
        """When one was last answered well."""
        self._flying = 0
        self._seconds = 0.0
        self._since = NEVER

    def began(self, now: float) -> None:
        """A model was asked."""
        if self._flying == 0:
            self._since = now
        self._flying += 1

    def ended(self, now: float, *, well: bool) -> None:
        """It answered, or will not."""
        self._flying -= 1
        if self._flying == 0:
            self._seconds += max(0.0, now - self._since)
        if well:
            self.answered = max(self.answered, now)

    def until(self, now: float) -> float:
        """Seconds in which at least one was in flight, up to `now`: two of these tell how long it was in between."""
        return self._seconds + (max(0.0, now - self._since) if self._flying else 0.0)
