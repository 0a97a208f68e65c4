"""`chaosproxy serve`: a proxy that stays."""

import os
from pathlib import Path

import click

from chaosproxy.cli.loading import load
from chaosproxy.cli.options import Address, profile_options, watching_options
from chaosproxy.cli.trust import authority_in, ca_option


@click.command(
    "serve",
    epilog="Example: chaosproxy serve rate-limited --upstream tool=http://127.0.0.1:9001 --journal run.jsonl",
    short_help="A proxy that stays.",
)
@profile_options
@click.option(
    "--listen",
    type=Address(),
    default="127.0.0.1:8080",
    show_default=True,
    envvar="CHAOSPROXY_LISTEN",
    help="Where agents connect.",
)
@watching_options
@ca_option
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    profiles: tuple[str, ...],
    upstreams: tuple[tuple[str, str], ...],
    seed: int | None,
    listen: tuple[str, int],
    admin: tuple[str, int],
    journal: Path | None,
    ca: Path | None,
    ready_file: Path | None,
) -> None:
    """Run a proxy until it is stopped.

    An agent reaches the tools through it as http://LISTEN/UPSTREAM/path (gateway), or with HTTP_PROXY=http://LISTEN;
    with HTTPS_PROXY too, where it trusts the authority (--ca).

    SIGTERM or Ctrl-C let calls in flight end, close the journal, and exit with 0; a second one does not wait.
    """
    loaded = load(profiles, upstreams, seed)
    from chaosproxy.app import Settings  # noqa: PLC0415 - the whole house, and `--help` is to be quick
    from chaosproxy.cli.logs import log_to_stderr  # noqa: PLC0415
    from chaosproxy.cli.serving import run_loop, serve  # noqa: PLC0415

    log_to_stderr()
    settings = Settings(
        listen=listen,
        admin=admin,
        journal=journal,
        admin_token=os.environ.get("CHAOSPROXY_ADMIN_TOKEN") or None,
        authority=authority_in(ca),
    )
    run_loop(serve(loaded, settings, ready_file))
