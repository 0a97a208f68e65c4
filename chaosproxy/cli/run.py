"""`chaosproxy run`: an agent's command through a proxy, and the verdict."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chaosproxy.cli.loading import load
from chaosproxy.cli.options import REPORT_FORMATS, Address, journal_option, profile_options
from chaosproxy.core.errors import UsageError

if TYPE_CHECKING:
    from chaosproxy.cli.progress import Mode

_SESSION = re.compile(r"[A-Za-z0-9._-]{1,128}")
_COMMAND = "chaosproxy.command"


class _WithCommand(click.Command):
    """Takes what stands behind the first `--` for the agent's command, options of it included."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The arguments before `--`; the others are put aside."""
        own, command = (args[: args.index("--")], args[args.index("--") + 1 :]) if "--" in args else (args, [])
        ctx.meta[_COMMAND] = command
        return super().parse_args(ctx, own)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """As click does, and the command."""
        return [*super().collect_usage_pieces(ctx), "-- COMMAND..."]


class _Session(click.ParamType[str]):
    """A session's name, such that it can stand in a URL."""

    name = "NAME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The same."""
        if not _SESSION.fullmatch(str(value)):
            self.fail(f"{value!r} is no name of letters, digits, '.', '_' and '-'", param, ctx)
        return str(value)


@click.command(
    "run",
    cls=_WithCommand,
    epilog="Example: chaosproxy run rate-limited --upstream tool=http://127.0.0.1:9001 -- python my_agent.py",
    short_help="Run an agent through it, and judge how it copes.",
)
@profile_options
@click.option(
    "--session",
    type=_Session(),
    default="agent",
    show_default=True,
    envvar="CHAOSPROXY_SESSION",
    help="What the agent run is called. Which calls chance hits depends on it: another name, other luck.",
)
@journal_option
@click.option(
    "--report",
    "reports",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="CHAOSPROXY_REPORT",
    help="Write report.html, report.json, report.md, junit.xml and journal.jsonl into this folder.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(REPORT_FORMATS),
    envvar="CHAOSPROXY_FORMAT",
    help="How the report is printed; else as the name of --output says, else text.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="CHAOSPROXY_OUTPUT",
    help="Print the report to this file, and not to the standard error.",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    envvar="CHAOSPROXY_BASELINE",
    help="The journal of a run without faults, to compare with.",
)
@click.option(
    "--progress",
    type=click.Choice(("auto", "live", "plain", "off")),
    default="auto",
    show_default=True,
    envvar="CHAOSPROXY_PROGRESS",
    help="How the run is shown while it lasts: a line at the bottom of the terminal, lines now and then, or nothing; "
    "auto is live on a terminal.",
)
@click.option(
    "--listen",
    type=Address(),
    default="127.0.0.1:0",
    show_default=True,
    envvar="CHAOSPROXY_LISTEN",
    help="Where the agent connects; port 0 picks a free one.",
)
@click.option(
    "--admin",
    type=Address(),
    default="127.0.0.1:0",
    show_default=True,
    envvar="CHAOSPROXY_ADMIN",
    help="Where /metrics and /healthz are.",
)
@click.option(
    "--no-ca",
    is_flag=True,
    envvar="CHAOSPROXY_NO_CA",
    help="Make no certificate authority: https through HTTPS_PROXY passes untouched.",
)
@click.pass_context
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: click.Context,
    profiles: tuple[str, ...],
    upstreams: tuple[tuple[str, str], ...],
    seed: int | None,
    session: str,
    journal: Path | None,
    reports: Path | None,
    form: str | None,
    output: Path | None,
    baseline: Path | None,
    progress: "Mode",
    listen: tuple[str, int],
    admin: tuple[str, int],
    no_ca: bool,
) -> None:
    """Run an agent's COMMAND through a proxy, print how it coped, and exit with the verdict.

    The agent needs no change: its environment leads it here (HTTP_PROXY, HTTPS_PROXY, the base URLs of language
    models, and for https an authority that is gone when the run is over). Its input and output stay its own; the
    report goes to the standard error.

    Exit codes: 0 PASS; 1 FAIL (also if the agent fails); 2 nothing was run; 3 INCONCLUSIVE; 4 the proxy failed; 130
    interrupted.
    """
    arguments = ctx.meta[_COMMAND]
    if not arguments:
        raise UsageError(f"which command? It stands behind `--`: chaosproxy run {profiles[0]} -- python my_agent.py")
    loaded = load(profiles, upstreams, seed)
    from chaosproxy.cli.concluding import Wanted  # noqa: PLC0415
    from chaosproxy.cli.launching import Plan, launch  # noqa: PLC0415 - the whole house, and `--help` is to be quick
    from chaosproxy.cli.logs import log_to_stderr  # noqa: PLC0415
    from chaosproxy.launch.command import find_command  # noqa: PLC0415

    found = find_command(arguments, os.environ.get("PATH", os.defpath))
    log_to_stderr()
    wanted = Wanted(journal=journal, folder=reports, form=form, output=output, baseline=baseline)
    plan = Plan(
        loaded=loaded,
        command=found,
        session=session,
        listen=listen,
        admin=admin,
        intercepts=not no_ca,
        progress=progress,
        wanted=wanted,
    )
    ctx.exit(launch(plan))
