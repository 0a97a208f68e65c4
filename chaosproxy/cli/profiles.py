"""`chaosproxy profiles`: the shipped profiles, or one of them to start from."""

import json

import click

from chaosproxy.cli.hints import unknown
from chaosproxy.cli.lists import entry, prose, title
from chaosproxy.profiles.shipped import shipped_groups, shipped_profiles

_TITLES = {
    "teaching": "TO LEARN FROM",
    "incidents": "WHAT HAPPENED TO SOMEBODY",
}


@click.command(
    "profiles",
    epilog="Example: chaosproxy profiles rate-limited > my-profile.yaml",
    short_help="The shipped profiles.",
)
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, envvar="CHAOSPROXY_JSON", help="As JSON, for scripts.")
def command(name: str | None, as_json: bool) -> None:
    """List the shipped profiles, or print one, to read or to start your own from."""
    shipped = shipped_profiles()
    if name is not None and name not in shipped:
        raise unknown("shipped profile", name, shipped)
    if as_json:
        click.echo(json.dumps(_records([name] if name is not None else list(shipped)), indent=2))
    elif name is not None:
        click.echo(shipped[name].read_text(encoding="utf-8").rstrip())
    else:
        _show()


def _show() -> None:
    for group, names in shipped_groups().items():
        title(_TITLES[group])
        longest = max(map(len, names), default=0)
        for record in _records(names):
            entry(f"  {record['name']:<{longest}}", str(record["description"]))
        click.echo()
    prose("chaosproxy check NAME explains one, simulate NAME shows what it hits, profiles NAME prints it.", dim=True)


def _records(names: "list[str] | tuple[str, ...]") -> list[dict[str, object]]:
    from chaosproxy.profiles.loader import load_profile  # noqa: PLC0415 - pydantic is slow to import

    groups = {each: group for group, members in shipped_groups().items() for each in members}
    records: list[dict[str, object]] = []
    for name in names:
        profile = load_profile([shipped_profiles()[name]], {}).profile
        faults = dict.fromkeys(fault.type for rule in profile.rules for fault in rule.fault)
        description = " ".join(profile.description.split())
        records.append({"name": name, "group": groups[name], "description": description, "faults": list(faults)})
    return records
