"""Which operation a call belongs to: rules 1, 2, 6, 5 and 9, the first that holds decides.

1. The same explicit key and fingerprint join that operation, also one that has succeeded (a late duplicate). The same
   key with other content is not the same operation: it goes on to the other rules.
2. An SDK's own retry mark joins the latest unresolved operation of the fingerprint: one that failed, or else one in
   flight, because a client that gave up on an attempt may be back before we have seen its old connection close.
6. An unresolved failure of the fingerprint that ended before this call began, within the window (or three times as long
   as it asked to wait, if that is longer): a retry of the oldest such.
5. The fingerprint is in flight: a parallel twin, an operation of its own.
9. A new operation.

Rule 6 stands before rule 5 because twins fail in pairs. When k identical calls fail together and are retried together,
the first retry is in flight as the second arrives. Were the second taken for a parallel twin, its own failure would
never be resolved, and be called abandoned. With rule 6 first, k failures and k retries pair up one to one, oldest
first, and a call is a twin only when no failure is left for it to be the retry of.

An unresolved failure leaves the multiset when a retry takes it, so *after a fully delivered `ok` the same fingerprint
is never a retry* needs no test of its own. Must not know what became of an operation, nor publish anything.
"""

from chaosproxy.core.call import Call
from chaosproxy.recovery.records import Operation, Session, Twins

SAME_KEY = 1
SDK_MARK = 2
IN_FLIGHT = 5
UNRESOLVED_FAILURE = 6
NEW = 9


def find(session: Session, call: Call, twins: Twins | None) -> tuple[Operation | None, int]:
    """The operation that `call` is a further attempt of, or None for one of its own; and the number of the rule.

    `twins` are the calls of its fingerprint that are in flight in the session.
    """
    if call.operation_key is not None:
        known = session.keys.get((call.operation_key, call.fingerprint))
        if known is not None:
            return known, SAME_KEY
    if call.sdk_retry > 0:
        known = _latest_unresolved(session, call, twins)
        if known is not None:
            return known, SDK_MARK
    known = _oldest_failure(session, call)
    if known is not None:
        return known, UNRESOLVED_FAILURE
    return None, NEW if twins is None else IN_FLIGHT


def _latest_unresolved(session: Session, call: Call, twins: Twins | None) -> Operation | None:
    failures = session.failures.get(call.fingerprint)
    if failures:
        return next(reversed(failures.values()))
    if twins is not None:
        for operation in reversed(twins.operations.values()):
            if operation.settled < operation.attempts:
                return operation
    return None


def _oldest_failure(session: Session, call: Call) -> Operation | None:
    """The first of the multiset that may be retried by this call; drops those whose window is over, for good."""
    failures = session.failures.get(call.fingerprint)
    if failures is None:
        return None
    too_old = []
    found = None
    for operation in failures.values():
        episode = operation.episode
        if episode is None or episode.retry_until < call.received:
            too_old.append(operation.number)
        elif episode.failed_at <= call.received:
            found = operation
            break
    for number in too_old:
        del failures[number]
    if not failures:
        del session.failures[call.fingerprint]
    return found
