"""What to say of a name that there is not: the one that was probably meant, or all that there are."""

from collections.abc import Iterable
from difflib import get_close_matches

from chaosproxy.core.errors import UsageError


def unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """The error for a `kind` (`fault`, `command`) that is called `name` by the user and by nobody else."""
    names = list(known)
    near = get_close_matches(name, names, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(names)}"
    return UsageError(f"no {kind} is called {name!r}; {hint}")
