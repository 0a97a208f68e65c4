"""A CONNECT as a call: where a rule could strike its TLS handshake, and nowhere else.

Such a call is over when the handshake is, well or badly; what comes through the tunnel then are calls of their own.
"""

from time import monotonic

from chaosproxy.core.answer import Answer, Origin, UpstreamTruth
from chaosproxy.core.call import Route, ToolEffect
from chaosproxy.core.effects import Handshake
from chaosproxy.core.failures import Outcome
from chaosproxy.dataplane.http.requests.reading import Reader
from chaosproxy.dataplane.http.requests.routing import Destination, TunnelEnd
from chaosproxy.dataplane.http.requests.sessions import Peer
from chaosproxy.dataplane.http.wire import Request
from chaosproxy.dataplane.port import CallPath
from chaosproxy.engine.matching import HANDSHAKE

NOT_TLS = "not_tls"
ACCEPTED_ANYWAY = "accepted_anyway"
NO_CERTIFICATE = "no_certificate"
"""Why a handshake that was to fail did not."""


class HandshakeCall:
    """One CONNECT, from its decision to the end of its handshake."""

    def __init__(self, path: CallPath, reader: Reader, request: Request, end: TunnelEnd, peer: Peer) -> None:
        """The decision is made here, before anything is awaited."""
        self._path = path
        self._call = reader.read(request, _destination(end), peer, monotonic())
        self._match, self._decision = path.begin(self._call)
        self._over = False
        self._established = 0.0
        effects = [effect for each in self._decision.injections for effect in each.effects]
        self.effect = next((effect for effect in effects if isinstance(effect, Handshake)), None)
        """What happens to the handshake, if anything does."""
        self.struck = False
        """Has it begun to happen? The greeting has come then."""

    def established(self) -> None:
        """The agent has been told that it has a way through."""
        self._established = monotonic()

    def passed(self, *, despite: str | None = None) -> None:
        """All is well: `despite` what was to happen, if something was."""
        self._end(Outcome.OK, skipped=despite if self.effect is not None else None)

    def failed(self, outcome: Outcome, problem: str | None = None, *, waited: float = 0.0) -> None:
        """There was no handshake; what a fault has to do with that is known here."""
        self._end(outcome, problem=None if self.struck else problem, waited=waited)

    def _end(
        self, outcome: Outcome, *, problem: str | None = None, skipped: str | None = None, waited: float = 0.0
    ) -> None:
        if self._over:
            return
        self._over = True
        answer = Answer(
            outcome=outcome,
            origin=Origin.INJECTED if self.struck and skipped is None else Origin.PROXY,
            truth=UpstreamTruth.NOT_SENT,
            status=200 if self._established else 0,
            first_byte=self._established if outcome is Outcome.OK else 0.0,  # our word is not what it wanted
            ended=monotonic(),
            injected_seconds=waited,
            skipped=skipped,
            problem=problem,
        )
        self._path.end(self._call, self._match, self._decision, answer)


def _destination(end: TunnelEnd) -> Destination:
    place = end.origin.authority
    route = Route(
        upstream=end.upstream,
        tool=f"CONNECT {end.authority}",
        transport=HANDSHAKE,
        method="CONNECT",
        host=place,
        path="",
        query="",
        effect=ToolEffect.READ,
        touchable=end.touchable,
    )
    return Destination(
        route=route,
        origin=end.origin,
        target=end.authority.encode("ascii"),
        host=place.encode("ascii"),
        session=None,
        template="",
        tool=None,
    )
