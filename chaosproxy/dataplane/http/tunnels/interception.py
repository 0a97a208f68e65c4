"""Whether a tunnel is looked into: only if some rule could concern its host, and only with a certificate to show.

Knows what the profile and the authority say, and no connection.
"""

import logging
import ssl

from chaosproxy.core.effects import Flaw
from chaosproxy.core.errors import StartError
from chaosproxy.core.events import TunnelReason
from chaosproxy.dataplane.http.requests.routing import TunnelEnd
from chaosproxy.dataplane.tls.contexts import AgentContexts
from chaosproxy.engine.concerns import Concerns

MOST_HOSTS_TOLD = 1000
"""Hosts of which the log has been told; then it is told again."""

log = logging.getLogger("chaosproxy.tunnel")


class Interception:
    """Decides for each host, and says in the log, once a host, why a rule about it cannot fire."""

    def __init__(self, concerns: Concerns, contexts: AgentContexts | None) -> None:
        """Without `contexts` there is no authority, and every tunnel is blind."""
        self._concerns = concerns
        self._contexts = contexts
        self._told: set[tuple[str, str]] = set()

    def reason(self, end: TunnelEnd) -> TunnelReason:
        """`RULE` if a tunnel to there is to be intercepted; else why not."""
        if not end.touchable or not self._concerns.about(end.upstream, end.host, end.port):
            return TunnelReason.NO_RULE
        if self._contexts is None:
            return TunnelReason.NO_CA
        return TunnelReason.RULE if self._contexts.authority.covers(end.host) else TunnelReason.NOT_COVERED

    def strikes_handshakes(self, end: TunnelEnd) -> bool:
        """Could some rule strike a TLS handshake in a tunnel to there?"""
        return self._concerns.about_handshakes(end.upstream, end.host, end.port)

    def tell_why_not(self, host: str, reason: TunnelReason) -> None:
        """Say in the log why a rule about this host cannot fire."""
        if reason is TunnelReason.NO_CA:
            self.tell(host, "not_intercepted", "a rule could concern it, but no CA was given (serve --ca FOLDER)")
        elif reason is TunnelReason.NOT_COVERED:
            self.tell(host, "not_intercepted", "a rule could concern it, but the CA was not made for this host")

    def context(self, host: str, flaw: Flaw | None = None) -> ssl.SSLContext | None:
        """What the agent's handshake is made with; None if there can be none, as when the CA has expired meanwhile."""
        if self._contexts is None:
            return None
        try:
            return self._contexts.context(host, flaw)
        except StartError as error:
            self.tell(host, "not_intercepted", str(error))
            return None

    def tell(self, host: str, event: str, why: str) -> None:
        """Log something of a host, unless that has been said of it before."""
        if (host, event) in self._told:
            return
        if len(self._told) >= MOST_HOSTS_TOLD:
            self._told.clear()
        self._told.add((host, event))
        log.warning("%s host=%s: %s", event, host, why)
