"""`chaosproxy demo`: all of it in half a minute."""

import asyncio
from pathlib import Path

import click

from chaosproxy.core.errors import StartError


@click.command(
    "demo",
    epilog="Example: chaosproxy demo --journal day.jsonl --stay",
    short_help="All of it in half a minute.",
)
@click.option(
    "--journal",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="CHAOSPROXY_JOURNAL",
    help="Write the journal of the day to this file.",
)
@click.option("--stay", is_flag=True, envvar="CHAOSPROXY_STAY", help="Keep /metrics open at the end, until Ctrl-C.")
def command(journal: Path | None, stay: bool) -> None:
    """Play a bad day: a small tool API, a careful agent and a careless one, one proxy, and both scorecards.

    Everything is real and on 127.0.0.1: sockets, a SQLite table of charges, the failures and the retries. Exit code 4
    if the proxy's count of duplicate charges differs from the table's.
    """
    from chaosproxy.cli.console import console  # noqa: PLC0415 - so that `--help` is quick
    from chaosproxy.cli.serving import run_loop  # noqa: PLC0415
    from chaosproxy.demo.day import Day, play_day  # noqa: PLC0415
    from chaosproxy.demo.show import Feed, agrees, conclude, introduce  # noqa: PLC0415

    out = console()
    days: list[Day] = []

    def evening(day: Day) -> "asyncio.Future[None] | None":
        days.append(day)
        conclude(out, day)
        if not stay:
            return None
        out.print("\nStill there; Ctrl-C ends it.")
        return asyncio.get_running_loop().create_future()

    async def main() -> None:
        await play_day(Feed(out).show, journal, evening)

    introduce(out)
    run_loop(main())
    if not stay:
        out.print("\nNext: chaosproxy run rate-limited --upstream tool=http://YOUR-TOOL -- python your_agent.py")
    if not agrees(days[0]):
        raise StartError("the proxy's count of duplicate charges differs from the database's: please report this")
