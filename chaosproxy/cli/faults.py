"""`chaosproxy faults`: the catalogue, or one fault's page."""

import json
from typing import TYPE_CHECKING

import click

from chaosproxy.cli.hints import unknown

if TYPE_CHECKING:
    from chaosproxy.faults._base import Fault


@click.command(
    "faults",
    epilog="Example: chaosproxy faults rate_limit",
    short_help="The catalogue of faults.",
)
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, envvar="CHAOSPROXY_JSON", help="As JSON, for scripts.")
def command(name: str | None, as_json: bool) -> None:
    """List the faults, or show one with its settings, its phases and an example."""
    from chaosproxy.faults._catalogue import catalogue, summary  # noqa: PLC0415 - pydantic is slow to import
    from chaosproxy.faults._document import document  # noqa: PLC0415

    faults = catalogue()
    if name is not None:
        if name not in faults:
            raise unknown("fault", name, faults)
        faults = {name: faults[name]}
    if as_json:
        click.echo(json.dumps([_record(each, fault) for each, fault in faults.items()], indent=2))
    elif name is not None:
        click.echo(document(faults[name]).rstrip())
    else:
        from chaosproxy.cli.console import console, table  # noqa: PLC0415 - rich is slow to import

        rows = [(each, ", ".join(fault.phases), summary(fault)) for each, fault in faults.items()]
        table(console(), ("FAULT", "PHASES (DEFAULT FIRST)", "WHAT IT IS"), rows)


def _record(name: str, fault: "type[Fault]") -> dict[str, object]:
    from chaosproxy.faults._catalogue import summary  # noqa: PLC0415 - as above
    from chaosproxy.faults._document import settings  # noqa: PLC0415

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
