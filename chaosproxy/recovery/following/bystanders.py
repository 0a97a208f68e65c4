"""What a call that takes no part does for those that do: new credentials, a new session of a protocol.

Must not know operations or episodes.
"""

from chaosproxy.core.answer import Answer
from chaosproxy.core.call import Call
from chaosproxy.core.failures import Outcome
from chaosproxy.core.purpose import Role
from chaosproxy.recovery.following.records import Session

OPENED = 64
"""Upstreams of which a session's protocol sessions are remembered."""


def note_bystander(session: Session, call: Call, answer: Answer) -> None:
    """A call that takes no part is over."""
    session.last = max(session.last, answer.ended)
    if answer.outcome is not Outcome.OK:
        return
    if call.purpose.role is Role.TOKEN:
        session.token = answer.ended
    elif call.purpose.opens_session:
        if session.opened is None:
            session.opened = {}
        if len(session.opened) < OPENED or call.route.upstream in session.opened:
            session.opened[call.route.upstream] = answer.ended
