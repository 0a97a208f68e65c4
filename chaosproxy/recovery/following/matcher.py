"""Which operation a call belongs to, and what it is to it: rules 1 to 9, the first that holds decides.

1. The same explicit key and fingerprint join that operation, also one that has succeeded (a late duplicate). The same
   key with other content is not the same operation: it goes on to the other rules.
2. An SDK's own retry mark joins the latest unresolved operation of the fingerprint: one that failed, or else one in
   flight, because a client that gave up on an attempt may be back before we have seen its old connection close.
6. An unresolved failure of the fingerprint that ended before this call began, within the window (or three times as long
   as it asked to wait, if that is longer): a retry of the oldest such. A language model must be one that was tried.
3. A continuation of what asked for more input, or a page of a listing: a new operation, and never a changed retry.
4. A read that was answered well before, and comes again because that said `not done yet`, or as from a timer: a poll.
5. The fingerprint is in flight: a parallel twin, an operation of its own.
7. The tool is that of an unresolved failure, and the arguments are a variation of what failed (see `similarity`): a
   modified retry of the latest such.
8. The tool stands in for one that failed, or another language model is asked the same: a fallback.
9. A new operation.

Rule 6 stands before rule 5 because twins fail in pairs. When k identical calls fail together and are retried together,
the first retry is in flight as the second arrives. Were the second taken for a parallel twin, its own failure would
never be resolved, and be called abandoned. With rule 6 first, k failures and k retries pair up one to one, oldest
first, and a call is a twin only when no failure is left for it to be the retry of. It stands before rule 3 because a
page that failed is asked for again in the same words.

An unresolved failure leaves the multiset when a retry takes it, so *after a fully delivered `ok` the same fingerprint
is never a retry* needs no test of its own. Must not know what became of an operation, nor publish anything.
"""

from typing import Final

from chaosproxy.core.call import Call, CallKind, ToolEffect
from chaosproxy.core.purpose import Role
from chaosproxy.recovery.following.alternatives import Alternatives
from chaosproxy.recovery.following.episode import Episode
from chaosproxy.recovery.following.records import Operation, Session, Trouble, Twins
from chaosproxy.recovery.following.repeats import Repeat, polls

SAME_KEY = 1
SDK_MARK = 2
GOES_ON = 3
POLLING = 4
IN_FLIGHT = 5
UNRESOLVED_FAILURE = 6
VARIATION = 7
STAND_IN = 8
NEW = 9

FIRST: Final = CallKind.FIRST
RETRY: Final = CallKind.RETRY
PARALLEL: Final = CallKind.PARALLEL
READ: Final = ToolEffect.READ
MODEL: Final = Role.MODEL
"""Looked up once: an enum member costs more than a global, and every call asks."""

Found = tuple[Operation | None, CallKind, int]
"""The operation that a call is a further attempt of, or None for one of its own; what it is to it; the rule."""


class Matcher:
    """Applies the rules."""

    def __init__(self, alternatives: Alternatives) -> None:
        self._alternatives = alternatives

    def find(self, session: Session, call: Call, twins: Twins | None, repeat: Repeat | None) -> Found:
        """What `call` is in its session.

        `twins` are the calls of its fingerprint that are in flight in the session, `repeat` what is known of its good
        answers.
        """
        known, rule = _asked_before(session, call, twins)
        if known is not None:
            return known, RETRY, rule
        kind, rule = of_its_own(call, twins, repeat)
        trouble = session.trouble
        if rule != NEW or trouble is None or not trouble.waiting:
            return None, kind, rule
        return self._otherwise(trouble, call)

    def _otherwise(self, trouble: Trouble, call: Call) -> Found:
        known = self._alternatives.varied(trouble, call)
        if known is not None:
            return known, CallKind.MODIFIED_RETRY, VARIATION
        known = self._alternatives.replaced(trouble, call)
        if known is not None:
            return known, CallKind.FALLBACK, STAND_IN
        return None, FIRST, NEW


def key_of(call: Call) -> str:
    """The explicit key, as the upstream knows it: others have keys of their own."""
    return f"{call.operation_key} {call.route.upstream}"


def misused(session: Session, call: Call) -> bool:
    """Was its explicit key given for other content before?"""
    if call.operation_key is None or session.keys is None:
        return False
    known = session.keys.get(key_of(call))
    return known is not None and known[0] != call.fingerprint


def _asked_before(session: Session, call: Call, twins: Twins | None) -> tuple[Operation | None, int]:
    """Rules 1, 2 and 6: the operation in which the same was asked, without an answer that would do."""
    trouble = session.trouble
    known = _by_key(session, call)
    if known is not None:
        return known, SAME_KEY
    if call.sdk_retry > 0:
        known = _latest_unresolved(trouble, call, twins)
        if known is not None:
            return known, SDK_MARK
    return (None if trouble is None else _oldest_failure(trouble, call)), UNRESOLVED_FAILURE


def of_its_own(call: Call, twins: Twins | None, repeat: Repeat | None) -> tuple[CallKind, int]:
    """Rules 3, 4 and 5: what a new operation is to those before it."""
    purpose = call.purpose
    if purpose.continues:
        return CallKind.CONTINUATION, GOES_ON
    if purpose.page is not None:
        return CallKind.PAGE, GOES_ON
    if repeat is not None and call.route.effect is READ and polls(repeat, call):
        return CallKind.POLL, POLLING
    return (FIRST, NEW) if twins is None else (PARALLEL, IN_FLIGHT)


def _by_key(session: Session, call: Call) -> Operation | None:
    if call.operation_key is None or session.keys is None:
        return None
    key = key_of(call)
    known = session.keys.get(key)
    if known is None or known[0] == call.fingerprint:
        return None if known is None else known[1]
    misuse = session.keys.get(f"{key} {call.fingerprint}")
    return None if misuse is None else misuse[1]


def _latest_unresolved(trouble: Trouble | None, call: Call, twins: Twins | None) -> Operation | None:
    failures = None if trouble is None else trouble.failures.get(call.fingerprint)
    if failures is not None:
        for operation in reversed(failures.values()):
            if operation.episode is not None and _same_model(operation.episode, call):
                return operation
    if twins is not None:
        for operation in reversed(twins.operations.values()):
            if operation.settled < operation.attempts:
                return operation
    return None


def _oldest_failure(trouble: Trouble, call: Call) -> Operation | None:
    """The first of the multiset that may be retried by this call; drops those whose window is over, for good."""
    failures = trouble.failures.get(call.fingerprint)
    if failures is None:
        return None
    too_old = []
    found = None
    for operation in failures.values():
        episode = operation.episode
        if episode is None or episode.retry_until < call.received:
            too_old.append(operation.number)
        elif episode.last.ended <= call.received and _same_model(episode, call):
            found = operation
            break
    for number in too_old:
        del failures[number]
    if not failures:
        del trouble.failures[call.fingerprint]
    return found


def _same_model(episode: Episode, call: Call) -> bool:
    return call.purpose.role is not MODEL or call.purpose.model is None or call.purpose.model in episode.models
