"""An authority for one run: made for the profile's hosts, kept in memory, and gone when the run is over.

Only its certificate is written, into a folder that is removed at the end. Knows no process.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from chaosproxy.core.errors import StartError
from chaosproxy.core.events import TunnelReason
from chaosproxy.dataplane.http.requests.routing import Router
from chaosproxy.dataplane.http.tunnels.interception import Interception
from chaosproxy.dataplane.tls.bundle import TRUST_VARIABLES, TrustVariable, bundle
from chaosproxy.engine.concerns import Concerns
from chaosproxy.profiles.models import Profile

if TYPE_CHECKING:  # who intercepts nothing need not wait for `cryptography`
    from chaosproxy.dataplane.tls.authority import Authority

DAYS = 2
"""How long the authority is valid: longer than any run, and not much longer."""


def hosts_to_intercept(profile: Profile) -> list[str]:
    """The hosts and patterns that a rule could concern, and that agents may speak TLS to."""
    interception = Interception(Concerns(profile), None)
    ends = Router(profile, set()).known_ends()
    return [end.host for end in ends if interception.reason(end) is TunnelReason.NO_CA]


def authority_for(hosts: list[str]) -> "tuple[Authority | None, list[str]]":
    """An authority for as many of these hosts as a certificate can be kept to; and why not for the others.

    None if there is none of them.
    """
    if not hosts:
        return None, []
    from chaosproxy.dataplane.tls.authority import Authority  # noqa: PLC0415 - `cryptography` is slow to import
    from chaosproxy.dataplane.tls.names import constraints_for  # noqa: PLC0415

    covered: list[str] = []
    notes: list[str] = []
    for host in hosts:
        try:
            constraints_for([*covered, host])
        except StartError as error:
            notes.append(f"https is not intercepted: {error}")
        else:
            covered.append(host)
    return (Authority.create(covered, days=DAYS) if covered else None), notes


def write_roots(certificate_pem: bytes, folder: Path, before: Mapping[str, str]) -> dict[str, Path]:
    """Write what makes clients trust the certificate, beside the roots that they have: the file for each variable.

    Args:
        certificate_pem: of the authority.
        folder: to write to.
        before: the environment as it was; roots that it names stay trusted.

    Raises:
        StartError: if the roots that are there cannot be read, or the files cannot be written.
    """
    written: dict[tuple[str, bool], Path] = {}
    for variable in TRUST_VARIABLES:
        named = _named(variable, before)
        key = (str(named or ""), variable.adds)
        if key not in written:
            path = folder / f"roots-{len(written)}.pem"
            try:
                path.write_bytes(b"".join(_contents(certificate_pem, variable, named)))
            except OSError as error:
                raise StartError(f"{path} cannot be written: {error.strerror}") from None
            written[key] = path
    return {each.name: written[str(_named(each, before) or ""), each.adds] for each in TRUST_VARIABLES}


def _named(variable: TrustVariable, before: Mapping[str, str]) -> Path | None:
    """The roots that the variable named, if they are there."""
    name = before.get(variable.name)
    return Path(name).absolute() if name and os.path.exists(name) else None  # noqa: PTH110 - an unreadable one is none


def _contents(certificate_pem: bytes, variable: TrustVariable, named: Path | None) -> Iterator[bytes]:
    if not variable.adds:
        yield bundle(certificate_pem, named)
        return
    yield certificate_pem
    if named is not None:
        yield named.read_bytes()
