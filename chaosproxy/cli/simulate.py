"""`chaosproxy simulate`: what would happen, without a network."""

import json

import click

from chaosproxy.cli.loading import load
from chaosproxy.cli.options import profile_options
from chaosproxy.core.errors import UsageError
from chaosproxy.core.units import parse_duration


@click.command(
    "simulate",
    epilog="Example: chaosproxy simulate bad-monday --tool charge --calls 10 --sessions 3",
    short_help="What would happen, without a network.",
)
@profile_options
@click.option(
    "--tool", envvar="CHAOSPROXY_TOOL", required=True, metavar="NAME", help="The tool that the imagined agent calls."
)
@click.option(
    "--calls",
    envvar="CHAOSPROXY_CALLS",
    default=20,
    show_default=True,
    type=click.IntRange(1, 100_000),
    help="Calls in each session.",
)
@click.option(
    "--sessions",
    envvar="CHAOSPROXY_SESSIONS",
    default=1,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="Agent runs.",
)
@click.option(
    "--retries",
    envvar="CHAOSPROXY_RETRIES",
    default=0,
    show_default=True,
    type=click.IntRange(0, 20),
    help="How often a failed call is repeated.",
)
@click.option(
    "--interval",
    envvar="CHAOSPROXY_INTERVAL",
    default="1s",
    show_default=True,
    metavar="DURATION",
    help="Time between calls.",
)
@click.option("--json", "as_json", is_flag=True, envvar="CHAOSPROXY_JSON", help="As JSON lines, for scripts.")
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    profiles: tuple[str, ...],
    upstreams: tuple[tuple[str, str], ...],
    seed: int | None,
    tool: str,
    calls: int,
    sessions: int,
    retries: int,
    interval: str,
    as_json: bool,
) -> None:
    """Show which of an imagined agent's calls would be hit, and by what.

    Decisions come from the engine that serves real traffic, so what is shown is what will happen to calls with the same
    arguments in sessions of the same name. Each imagined call repeats the same arguments.
    """
    from chaosproxy.simulation import Imagination, simulate  # noqa: PLC0415 - so that `--help` is quick

    try:
        seconds = parse_duration(interval)
    except ValueError as error:
        raise UsageError(f"--interval: {error}") from None
    loaded = load(profiles, upstreams, seed)
    asked = Imagination(tool=tool, calls=calls, sessions=sessions, retries=retries, interval=seconds)
    imagined = simulate(loaded, asked)
    if as_json:
        for each in imagined:
            click.echo(json.dumps(each.as_record()))
        return
    from chaosproxy.cli.console import console, table  # noqa: PLC0415 - rich is slow to import

    out = console()
    rows = [
        (each.session, str(each.ordinal), str(each.attempt), each.fault or "-", each.rule or "-", each.reason)
        for each in imagined
    ]
    table(out, ("SESSION", "CALL", "ATTEMPT", "FAULT", "RULE", "WHY"), rows)
    hit = sum(each.fault is not None for each in imagined)
    click.echo(f"\n{hit} of {len(imagined)} calls hit")
