"""`chaosproxy serve`: a proxy that stays."""

import asyncio
import json
import os
import signal
from collections.abc import Coroutine
from pathlib import Path

import click

from chaosproxy.app import Proxy, Settings
from chaosproxy.cli.loading import load
from chaosproxy.cli.logs import log_to_stderr
from chaosproxy.cli.options import Address, profile_options
from chaosproxy.core.errors import StartError
from chaosproxy.profiles.loader import LoadedProfile


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
@click.option(
    "--admin",
    type=Address(),
    default="127.0.0.1:9464",
    show_default=True,
    envvar="CHAOSPROXY_ADMIN",
    help="Where /metrics and /healthz are.",
)
@click.option(
    "--journal",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="CHAOSPROXY_JOURNAL",
    help="Append what happens to this file, one JSON line an event.",
)
@click.option(
    "--ready-file",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="CHAOSPROXY_READY_FILE",
    help="Write the addresses and the pid to this file (JSON) once connections are accepted.",
)
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    profiles: tuple[str, ...],
    upstreams: tuple[tuple[str, str], ...],
    seed: int | None,
    listen: tuple[str, int],
    admin: tuple[str, int],
    journal: Path | None,
    ready_file: Path | None,
) -> None:
    """Run a proxy until it is stopped.

    An agent reaches the tools through it as http://LISTEN/UPSTREAM/path (gateway), or with HTTP_PROXY=http://LISTEN.
    SIGTERM or Ctrl-C let calls in flight end, close the journal, and exit with 0; a second one does not wait.
    """
    loaded = load(profiles, upstreams, seed)
    log_to_stderr()
    settings = Settings(
        listen=listen, admin=admin, journal=journal, admin_token=os.environ.get("CHAOSPROXY_ADMIN_TOKEN") or None
    )
    run_loop(_serve(loaded, settings, ready_file))


def run_loop(main: Coroutine[None, None, None]) -> None:
    """Run in a fast loop, where there is one."""
    try:
        import uvloop  # noqa: PLC0415 - not there on every system
    except ImportError:
        factory = None
    else:
        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main)


async def _serve(loaded: LoadedProfile, settings: Settings, ready_file: Path | None) -> None:
    proxy = Proxy(loaded, settings)
    stop = _stop_signals()
    await proxy.start()
    try:
        _announce(proxy, settings)
        if ready_file is not None:
            _write_ready_file(ready_file, proxy)
        why = await stop
    finally:
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)  # noqa: ASYNC240 - one small file, and we are stopping
    await proxy.stop(why=why)
    _summarise(proxy)


def _stop_signals() -> "asyncio.Future[str]":
    """Resolves to the name of the first signal that asks us to stop; the second one ends the process at once."""
    loop = asyncio.get_running_loop()
    asked: asyncio.Future[str] = loop.create_future()

    def ask(name: str) -> None:
        if asked.done():
            os._exit(130)
        asked.set_result(name)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask, signal.Signals(number).name)
    return asked


def _announce(proxy: Proxy, settings: Settings) -> None:
    profile = proxy.loaded.profile
    click.echo(f"profile  {profile.name} ({len(profile.rules)} rules, seed {profile.seed}, {proxy.loaded.digest})")
    click.echo(f"listen   http://{proxy.listen}")
    for name, upstream in profile.upstreams.items():
        click.echo(f"         http://{proxy.listen}/{name}/  ->  {upstream.url}")
        if not upstream.verify:
            click.echo(f"warning  the certificate of {name} is not verified (verify: false)", err=True)
    click.echo(f"admin    http://{proxy.admin}/metrics")
    if settings.journal is not None:
        click.echo(f"journal  {settings.journal}")


def _write_ready_file(path: Path, proxy: Proxy) -> None:
    """In one step, so that whoever waits for it never reads half of it."""
    text = json.dumps({"listen": proxy.listen, "admin": proxy.admin, "pid": os.getpid()})
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(text + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise StartError(f"cannot write the ready file {path}: {error.strerror}") from None


def _summarise(proxy: Proxy) -> None:
    score = proxy.scorecard.score()
    click.echo(f"stopped  {score.calls} calls, {sum(score.rules_fired.values())} of them faulted")
    if proxy.loaded.profile.expect:
        verdict = proxy.verdict()
        click.echo(f"verdict  {verdict.result.upper()}")
        for check in verdict.checks:
            click.echo(f"         {check.result:12}  {check.reason}")
        for reason in verdict.reasons:
            if all(reason != check.reason for check in verdict.checks):
                click.echo(f"         {reason}")
