"""The certificate authority that `serve` uses: which one, and what it says of the hosts that it can look into."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from chaosproxy.cli.ca import default_folder
from chaosproxy.core.errors import StartError
from chaosproxy.core.events import TunnelReason

if TYPE_CHECKING:
    from chaosproxy.dataplane.tls.authority import Authority

F = TypeVar("F", bound=Callable[..., Any])


def ca_option(function: F) -> F:
    """--ca."""
    return click.option(
        "--ca",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="CHAOSPROXY_CA",
        show_default="~/.config/chaosproxy/ca, if it is there",
        help="The folder of the authority that agents trust (`chaosproxy ca new`).",
    )(function)


def authority_in(folder: Path | None) -> "Authority | None":
    """The authority of this folder, or of the usual one, if there is one there.

    Raises:
        StartError: if the folder was asked for and its authority cannot be used.
    """
    usual = default_folder()
    if folder is None and not usual.exists():
        return None
    from chaosproxy.dataplane.tls.authority import Authority  # noqa: PLC0415 - `cryptography` is slow to import

    if folder is not None:
        return Authority.load(folder)
    try:
        return Authority.load(usual)
    except StartError as error:
        click.echo(f"warning  https is not intercepted: {error}", err=True)
        return None


_WHY_NOT = {
    TunnelReason.NO_CA: "there is no authority: `chaosproxy ca new` makes one",
    TunnelReason.NOT_COVERED: "the authority was not made for it: `chaosproxy ca new` makes another",
}


def intercepted(hosts: Sequence[tuple[str, TunnelReason]]) -> Iterator[str]:
    """Lines about the hosts that rules could concern: where CONNECT is intercepted, and where it is not."""
    covered = [host for host, reason in hosts if reason is TunnelReason.RULE]
    if covered:
        yield f"https    intercepted in CONNECT: {', '.join(covered)}"
    for reason, why in _WHY_NOT.items():
        left_out = [host for host, each in hosts if each is reason]
        if left_out:
            yield f"https    not intercepted in CONNECT: {', '.join(left_out)} ({why})"
