"""What anybody would write in an afternoon: equal requests are retries, similar ones after a failure too.

It is here to show what the corpus asks for: where this is right, little is proven.
"""

from urllib.parse import parse_qsl

from chaosproxy.core.call import Call
from chaosproxy.core.conclusions import Resolution
from chaosproxy.core.failures import Outcome
from tests.corpus.player import Heard
from tests.corpus.truth import Truth, pairs_of


def operations(heard: Heard) -> dict[int, int]:
    """Of each call the label of the first call of its operation."""
    found: dict[int, int] = {}
    for label, call in sorted(heard.calls.items()):
        earlier = [other for other in sorted(found, reverse=True) if heard.calls[other].session == call.session]
        equal = [other for other in earlier if heard.calls[other].fingerprint == call.fingerprint]
        similar = [other for other in earlier if _failed(heard, other) and _is_similar(heard.calls[other], call)]
        before = next(iter([*equal, *similar]), None)
        found[label] = label if before is None else found[before]
    return found


def resolutions(heard: Heard) -> dict[int, Resolution]:
    """Of each operation that met a failure, by the label of its first call."""
    attempts: dict[int, list[int]] = {}
    for label, operation in operations(heard).items():
        attempts.setdefault(operation, []).append(label)
    ended: dict[int, Resolution] = {}
    for operation, labels in attempts.items():
        if not any(_failed(heard, label) for label in labels):
            continue
        if not _failed(heard, labels[-1]):
            ended[operation] = Resolution.RECOVERED_RETRY
        else:
            ended[operation] = Resolution.ABANDONED if len(labels) == 1 else Resolution.EXHAUSTED
    return ended


def errs(truth: Truth, heard: Heard) -> bool:
    """Does it take anything in this conversation for something that it is not?"""
    meant = {operation: ended.resolution for operation, ended in truth.operations.items()}
    return pairs_of(operations(heard)) != truth.pairs() or resolutions(heard) != meant


def _failed(heard: Heard, label: int) -> bool:
    return heard.outcomes.get(label, Outcome.OK) is not Outcome.OK


def _is_similar(one: Call, other: Call) -> bool:
    """Half of what either says, of the same tool."""
    if one.route.tool != other.route.tool:
        return False
    hers, his = _arguments(one), _arguments(other)
    return 2 * len(hers & his) >= len(hers | his)


def _arguments(call: Call) -> set[tuple[str, str]]:
    said = {("path", part) for part in call.route.path.split("/")} | set(parse_qsl(call.route.query))
    body = call.body if isinstance(call.body, dict) else {}
    return said | {(str(name), repr(value)) for name, value in body.items()}
