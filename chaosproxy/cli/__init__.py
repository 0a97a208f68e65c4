"""EDGE. One file a subcommand: parse, call the house, print. Nothing is imported before it is needed."""

import importlib
import sys
import traceback
from importlib.machinery import ExtensionFileLoader
from importlib.util import find_spec

import click

from chaosproxy import __version__
from chaosproxy.cli.hints import unknown
from chaosproxy.cli.pipes import print_nowhere
from chaosproxy.core.errors import ChaosproxyError, StartError

EXIT_USAGE = 2
EXIT_BROKEN = 4
EXIT_INTERRUPTED = 130

COMMANDS = {
    "run": "Run an agent through a proxy, and judge how it copes.",
    "serve": "A proxy that stays: route your agents through it.",
    "capture": "A proxy for traffic that cannot be pointed at it: caught by mitmproxy.",
    "report": "How the agent recovered, from the journal of a run.",
    "demo": "All of it in half a minute: a tool API, two agents, a bad day, the scorecards.",
    "check": "Validate a profile, and explain it in sentences.",
    "simulate": "Show what a profile would do to imagined calls, without a network.",
    "faults": "The catalogue of faults.",
    "profiles": "The profiles that come with chaosproxy.",
    "ca": "The certificate authority that your agents trust.",
    "schema": "The JSON Schema of profiles, for editors.",
}


class _Commands(click.Group):
    """Knows the commands by name and loads the one that is asked for, so that `--help` is quick."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = importlib.import_module(f"chaosproxy.cli.{name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but with a hint for a command that there is not."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            raise unknown("command", args[0], COMMANDS)
        return super().resolve_command(ctx, args)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _version() -> str:
    """The version, and whether what every call passes through was compiled (see hatch_build.py)."""
    spec = find_spec("chaosproxy.passage")
    compiled = spec is not None and isinstance(spec.loader, ExtensionFileLoader)
    return f"{__version__} (compiled)" if compiled else __version__


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Try first: chaosproxy demo. Then: chaosproxy run rate-limited --upstream tool=http://127.0.0.1:9001 "
    "-- python my_agent.py",
)
@click.version_option(_version(), prog_name="chaosproxy")
def cli() -> None:
    """Make an agent's tools fail on purpose, and measure how the agent recovers."""


def main() -> None:
    """The console script: runs a command and turns what went wrong into one line and an exit code.

    0 all is well, or PASS; 1 FAIL; 2 usage or profile error, nothing was run; 3 INCONCLUSIVE; 4 the proxy itself
    failed, or what it says cannot be written; 130 interrupted.
    """
    try:
        code = _run()
    except (BrokenPipeError, SystemExit):
        # Whoever read our output has had enough. click and rich notice it too, and would leave with 1, which is FAIL.
        print_nowhere()
        code = 0
    except OSError as error:
        print_nowhere()
        click.echo(f"chaosproxy: {error.strerror or error}", err=True)
        code = EXIT_BROKEN
    except Exception:  # noqa: BLE001 - Python's own exit code for it would be 1, which is FAIL
        traceback.print_exc()
        code = EXIT_BROKEN
    sys.exit(code if isinstance(code, int) else 0)


def _run() -> object:
    """What the command ends with, if it or its user says so: its exit code."""
    try:
        code = cli.main(standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return EXIT_USAGE
    except StartError as error:
        click.echo(f"chaosproxy: {error}", err=True)
        return EXIT_BROKEN
    except ChaosproxyError as error:
        click.echo(str(error), err=True)
        return EXIT_USAGE
    except (KeyboardInterrupt, click.Abort):
        return EXIT_INTERRUPTED
    return code
