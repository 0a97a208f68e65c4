"""TLS contexts: towards the agent with certificates of our authority, towards a tool with what the profile says of it.

Contexts towards agents are kept, because a context is also what lets a client resume its session. Knows no connection.
"""

import os
import ssl
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from chaosproxy.core.clock import Clock, SystemClock
from chaosproxy.core.effects import Flaw
from chaosproxy.core.errors import StartError
from chaosproxy.profiles.models import Upstream

if TYPE_CHECKING:  # who relays without interception need not wait for `cryptography`
    from chaosproxy.dataplane.tls.authority import Authority, Leaf

KEPT = 512
"""Contexts at once, at some 30 KiB each; then the one that was not used for longest goes."""

USED = 11 / 12
"""The share of a leaf's time after which a context gets a new one: of 90 days, a week is left."""

ALPN = ["http/1.1"]
"""All that we speak. A client that wants HTTP/2 only is told nothing, and falls back."""


class _Kept(msgspec.Struct, frozen=True, eq=False):
    context: ssl.SSLContext
    stale: float
    """Seconds since 1970 from which on it is not used any more."""


class AgentContexts:
    """The server's side: a context for each host (and flaw) that an agent asks for."""

    def __init__(self, authority: "Authority", clock: Clock | None = None) -> None:
        self.authority = authority
        self._clock = clock or SystemClock()
        self._kept: OrderedDict[tuple[str, Flaw | None], _Kept] = OrderedDict()

    def context(self, host: str, flaw: Flaw | None = None) -> ssl.SSLContext:
        """The context for a host: the same each time, so that a client can resume its session.

        If a client's greeting names another host that the authority covers (SNI), it gets that one's certificate.

        Raises:
            StartError: for a host that the authority does not cover.
        """
        wanted = host.lower().removesuffix("."), flaw
        kept, now = self._kept.get(wanted), self._clock.wall()
        if kept is not None and kept.stale > now:
            self._kept.move_to_end(wanted)
            return kept.context
        leaf = self.authority.leaf(host, flaw)
        context = _server_context(leaf)
        context.sni_callback = self._by_greeting(wanted)
        # What is expired on purpose stays so.
        stale = float("inf") if flaw is Flaw.EXPIRED else now + (leaf.expires - now) * USED
        self._kept[wanted] = _Kept(context, stale)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return context

    def _by_greeting(self, wanted: tuple[str, Flaw | None]) -> Callable[[ssl.SSLObject, str | None, object], None]:
        """What OpenSSL asks when it has read the client's greeting."""
        host, flaw = wanted

        def choose(connection: ssl.SSLObject, name: str | None, _: object) -> None:
            if name and name.lower() != host and "*" not in name and self.authority.covers(name):
                connection.context = self.context(name, flaw)

        return choose


def _server_context(leaf: "Leaf") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(ALPN)
    with _as_file(leaf.chain + leaf.key) as path:
        context.load_cert_chain(path)
    return context


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """A path at which OpenSSL finds the content: of memory where the system has such files, else of a private one."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("pem")
        with os.fdopen(descriptor, "wb") as memory:
            memory.write(content)
            memory.flush()
            path = f"/proc/self/fd/{descriptor}"
            if os.path.exists(path):  # noqa: PTH110 - one stat of a path that is no file's own
                yield path
                return
    with tempfile.TemporaryDirectory() as folder:  # mode 0700
        file = Path(folder) / "pem"
        file.touch(0o600)
        file.write_bytes(content)
        yield str(file)


def upstream_context(settings: Upstream) -> ssl.SSLContext:
    """The client's side, for an upstream: trusts the system's roots, or the profile's `ca` in their place.

    Raises:
        StartError: if a file that the settings name cannot be read or used, or if key and certificate are no pair.
    """
    try:
        context = ssl.create_default_context(cafile=settings.ca)
    except OSError as error:  # ssl.SSLError is one
        raise StartError(f"ca {settings.ca}: {_reason(error, 'it holds no certificate in PEM')}") from None
    context.set_alpn_protocols(ALPN)
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.client_cert is not None:
        try:
            context.load_cert_chain(settings.client_cert, settings.client_key, password=_no_password)
        except (OSError, ValueError) as error:
            files = f"client_cert {settings.client_cert}, client_key {settings.client_key}"
            raise StartError(f"{files}: {_reason(error, 'they are no certificate and its key in PEM')}") from None
    return context


def _no_password() -> str:
    """OpenSSL would ask for it at the terminal."""
    raise ValueError("the key is encrypted, and nobody is here to be asked for its password")


def _reason(error: Exception, otherwise: str) -> str:
    if isinstance(error, ssl.SSLError):
        mismatch = "the key is not the certificate's"
        return mismatch if error.reason == "KEY_VALUES_MISMATCH" else otherwise
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
