"""`chaosproxy capture`: a proxy for traffic that cannot be pointed at it."""

import os
from importlib.util import find_spec
from pathlib import Path

import click

from chaosproxy.cli.ca import default_folder
from chaosproxy.cli.loading import load
from chaosproxy.cli.options import Address, profile_options, watching_options
from chaosproxy.cli.trust import authority_in, ca_option
from chaosproxy.core.errors import UsageError


@click.command(
    "capture",
    epilog="Example: chaosproxy capture rate-limited --mode local:my-agent",
    short_help="A proxy for traffic that cannot be pointed at it.",
)
@profile_options
@click.option(
    "--mode",
    "modes",
    multiple=True,
    default=("regular",),
    show_default=True,
    envvar="CHAOSPROXY_MODE",
    help="regular, reverse:URL, socks5, transparent, local, local:NAME or PID, wireguard; with @PORT or @HOST:PORT, at "
    "an address of its own. May be repeated.",
)
@click.option(
    "--catch",
    type=Address(),
    default="127.0.0.1:8081",
    show_default=True,
    envvar="CHAOSPROXY_CATCH",
    help="Where traffic is caught, in modes that do not say so themselves.",
)
@ca_option
@click.option(
    "--listen",
    type=Address(),
    default="127.0.0.1:0",
    show_default=True,
    envvar="CHAOSPROXY_LISTEN",
    help="Where what was caught is handed over; agents may connect there too.",
)
@watching_options
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    profiles: tuple[str, ...],
    upstreams: tuple[tuple[str, str], ...],
    seed: int | None,
    modes: tuple[str, ...],
    catch: tuple[str, int],
    ca: Path | None,
    listen: tuple[str, int],
    admin: tuple[str, int],
    journal: Path | None,
    ready_file: Path | None,
) -> None:
    """Run a proxy that catches traffic which cannot be pointed at it, until it is stopped.

    HTTP/2 clients, and processes that ignore proxy variables, meet the same rules and the same counters as everybody
    else. mitmproxy does the catching: pip install 'chaosproxy[capture]'.
    """
    if find_spec("mitmproxy") is None:
        raise UsageError("capture needs mitmproxy, which is not installed: pip install 'chaosproxy[capture]'")
    loaded = load(profiles, upstreams, seed)
    from chaosproxy.app import Settings  # noqa: PLC0415 - the whole house, and `--help` is to be quick
    from chaosproxy.cli.catching import Catching  # noqa: PLC0415
    from chaosproxy.cli.logs import log_to_stderr  # noqa: PLC0415
    from chaosproxy.cli.serving import run_loop, serve  # noqa: PLC0415
    from chaosproxy.dataplane.tls.folder import CERTIFICATE  # noqa: PLC0415

    log_to_stderr()
    authority = authority_in(ca)
    known = None if authority is None else ((ca or default_folder()) / CERTIFICATE, authority)
    catching = Catching(modes, catch, known)
    settings = Settings(
        listen=listen,
        admin=admin,
        journal=journal,
        admin_token=os.environ.get("CHAOSPROXY_ADMIN_TOKEN") or None,
        authority=authority,
    )
    run_loop(serve(loaded, settings, ready_file, catching))
