"""`chaosproxy faults`: the catalogue, or one fault's page."""

import json
from difflib import get_close_matches

import click

from chaosproxy.core.errors import UsageError
from chaosproxy.faults._base import Fault
from chaosproxy.faults._catalogue import catalogue, summary
from chaosproxy.faults._document import document, settings


@click.command(
    "faults",
    epilog="Example: chaosproxy faults rate_limit",
    short_help="The catalogue of faults.",
)
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON, for scripts.")
def command(name: str | None, as_json: bool) -> None:
    """List the faults, or show one with its settings, its phases and an example."""
    faults = catalogue()
    if name is not None:
        faults = {name: _named(name)}
    if as_json:
        click.echo(json.dumps([_record(each, fault) for each, fault in faults.items()], indent=2))
    elif name is not None:
        click.echo(document(faults[name]).rstrip())
    else:
        from chaosproxy.cli.console import console, table  # noqa: PLC0415 - rich is slow to import

        rows = [(each, ", ".join(fault.phases), summary(fault)) for each, fault in faults.items()]
        table(console(), ("FAULT", "PHASES (DEFAULT FIRST)", "WHAT IT IS"), rows)


def _named(name: str) -> type[Fault]:
    known = catalogue()
    if name in known:
        return known[name]
    near = get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
    raise UsageError(f"no fault is called {name!r}; {hint}")


def _record(name: str, fault: type[Fault]) -> dict[str, object]:
    return {
        "name": name,
        "summary": summary(fault),
        "phases": list(fault.phases),
        "explicit": fault.nature.explicit,
        "course": fault.nature.course,
        "healthy": list(fault.nature.healthy),
        "settings": [setting._asdict() for setting in settings(fault)],
        "example": fault.example,
    }
