"""How operations that wait to be taken up again are found: by what they asked for, and by the tool they asked.

Must not know why they wait, nor who looks for them.
"""

from chaosproxy.core.purpose import Purpose
from chaosproxy.recovery.following.episode import Episode
from chaosproxy.recovery.following.records import Operation, Trouble


def start_waiting(trouble: Trouble, operation: Operation, episode: Episode) -> None:
    """From now on the operation can be found."""
    number = operation.number
    trouble.waiting[number] = operation
    for name in _names(operation, episode):
        _put(trouble.failures, name, operation)
    tool, last = operation.route.tool, episode.last.route.tool
    _put(trouble.tools, tool, operation)
    if last != tool:
        _put(trouble.tools, last, operation)


def stop_waiting(trouble: Trouble, operation: Operation, episode: Episode) -> None:
    """It has been taken up, or is over."""
    number = operation.number
    del trouble.waiting[number]
    for name in _names(operation, episode):
        _take(trouble.failures, name, number)
    tool, last = operation.route.tool, episode.last.route.tool
    _take(trouble.tools, tool, number)
    if last != tool:
        _take(trouble.tools, last, number)


def name_of_conversation(purpose: Purpose) -> str | None:
    """What an operation goes by whichever model is asked, beside its fingerprints; None unless it asks one."""
    return None if purpose.conversation is None else f"conversation {purpose.conversation}"


def _names(operation: Operation, episode: Episode) -> list[str]:
    names = [operation.fingerprint]
    if operation.variants is not None:
        names += operation.variants
    conversation = name_of_conversation(episode.last.purpose)
    if conversation is not None:
        names.append(conversation)
    return names


def _put(found: dict[str, dict[int, Operation]], name: str, operation: Operation) -> None:
    operations = found.get(name)
    if operations is None:
        found[name] = {operation.number: operation}
    else:
        operations[operation.number] = operation


def _take(found: dict[str, dict[int, Operation]], name: str, number: int) -> None:
    operations = found.get(name)
    if operations is not None:
        operations.pop(number, None)
        if not operations:
            del found[name]
