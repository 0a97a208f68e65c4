"""`chaosproxy profiles`: the shipped profiles, or one of them to start from."""

import click

from chaosproxy.cli.hints import unknown
from chaosproxy.profiles.shipped import shipped_profiles


@click.command(
    "profiles",
    epilog="Example: chaosproxy profiles rate-limited > my-profile.yaml",
    short_help="The shipped profiles.",
)
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """List the shipped profiles, or print one, to read or to start your own from."""
    shipped = shipped_profiles()
    if name is not None:
        if name not in shipped:
            raise unknown("shipped profile", name, shipped)
        click.echo(shipped[name].read_text(encoding="utf-8").rstrip())
        return
    from chaosproxy.cli.console import console, table  # noqa: PLC0415 - rich and pydantic are slow to import
    from chaosproxy.profiles.loader import load_profile  # noqa: PLC0415

    rows = [(each, load_profile([path], {}).profile.description.strip()) for each, path in shipped.items()]
    table(console(), ("PROFILE", "STORY"), rows)
