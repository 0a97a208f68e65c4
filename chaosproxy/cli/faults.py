"""`chaosproxy faults`: the catalogue by family, one fault's page, or the faults that are called something."""

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from chaosproxy.cli.hints import unknown
from chaosproxy.cli.lists import entry, prose, title
from chaosproxy.core.errors import UsageError

if TYPE_CHECKING:
    from chaosproxy.faults._base import Fault
    from chaosproxy.faults._search import Found

_MOST_FOUND = 8
"""Of what was found, more are named and not described."""


@click.command(
    "faults",
    epilog="Example: chaosproxy faults rate_limit && chaosproxy faults 429 && chaosproxy faults --family limits",
    short_help="The catalogue of faults.",
)
@click.argument("words", nargs=-1, metavar="[NAME | WORDS...]")
@click.option("--family", envvar="CHAOSPROXY_FAMILY", metavar="NAME", help="Only this family, with examples.")
@click.option(
    "--search", "asked", envvar="CHAOSPROXY_SEARCH", metavar="TEXT", help="Find faults by what people call them."
)
@click.option("--json", "as_json", is_flag=True, envvar="CHAOSPROXY_JSON", help="As JSON, for scripts.")
def command(words: tuple[str, ...], family: str | None, asked: str | None, as_json: bool) -> None:
    """List the faults by family, show one with its settings and an example, or find some.

    What is not a fault's name is searched for in names, summaries, settings and stories, and in what people call the
    faults: `ECONNRESET`, `429`, `cut off`, `duplicate charge`. Exit code 2 if nothing is found.
    """
    from chaosproxy.faults._catalogue import catalogue  # noqa: PLC0415 - pydantic is slow to import
    from chaosproxy.faults._document import document  # noqa: PLC0415

    faults = _of_family(family) if family else catalogue()
    name = " ".join(words)
    if asked is None and name in faults:
        shown = {name: faults[name]}
        click.echo(_as_json(shown) if as_json else document(faults[name]).rstrip())
    elif asked is not None or name:
        found = _found(" ".join(filter(None, (name, asked))), faults)
        if as_json:
            click.echo(_as_json({each.name: faults[each.name] for each in found}))
        else:
            _show_found(name if asked is None else None, found, faults)
    elif as_json:
        click.echo(_as_json(faults))
    else:
        _show_all(faults, with_examples=family is not None)


def _of_family(family: str) -> "Mapping[str, type[Fault]]":
    from chaosproxy.faults._catalogue import by_family  # noqa: PLC0415 - pydantic is slow to import

    families = {str(each): faults for each, faults in by_family().items()}
    if family not in families:
        raise unknown("family", family, families)
    return families[family]


def _found(asked: str, faults: "Mapping[str, type[Fault]]") -> "list[Found]":
    from chaosproxy.faults._search import search  # noqa: PLC0415 - pydantic is slow to import

    found = search(asked, faults)
    if not found:
        near = get_close_matches(asked, faults, 3)
        hint = f"did you mean {' or '.join(near)}?" if near else "`chaosproxy faults` lists all"
        raise UsageError(f"no fault is called {asked!r}; {hint} (nor is any known as that, or tells of it)")
    return found


def _show_all(faults: "Mapping[str, type[Fault]]", *, with_examples: bool) -> None:
    from chaosproxy.faults._catalogue import by_family  # noqa: PLC0415 - pydantic is slow to import

    for family, members in by_family().items():
        if shown := {name: fault for name, fault in members.items() if name in faults}:
            title(family.upper())
            _show(shown, with_examples=with_examples)
            click.echo()
    prose(
        "chaosproxy faults NAME tells all about one; chaosproxy faults 429 finds them by what people call them.",
        dim=True,
    )


def _show_found(name: str | None, found: "list[Found]", faults: "Mapping[str, type[Fault]]") -> None:
    if name is not None:
        click.echo(f"No fault is called {name!r}; these fit:\n")
    told = [each for each in found if 2 * each.weight >= found[0].weight][:_MOST_FOUND]
    _show({each.name: faults[each.name] for each in told}, why={each.name: each.where for each in told})
    others = [each.name for each in found if each not in told]
    if others:
        click.echo(f"Mentioned by: {', '.join(others)}")


def _show(
    faults: "Mapping[str, type[Fault]]", *, with_examples: bool = False, why: Mapping[str, str] | None = None
) -> None:
    """A line each: its name, what it is; then its example, if wanted, or asked for by a search."""
    from chaosproxy.faults._catalogue import summary  # noqa: PLC0415 - pydantic is slow to import

    why = why or {}
    width = max(map(len, faults))
    for name, fault in faults.items():
        because = f" [{why[name]}]" if name in why else ""
        entry(f"  {name:<{width}}", f"{summary(fault)}{because}")
        if with_examples or name in why:
            click.echo("".join(f"      {line}\n" for line in fault.example.splitlines()))


def _as_json(faults: "Mapping[str, type[Fault]]") -> str:
    return json.dumps([_record(name, fault) for name, fault in faults.items()], indent=2)


def _record(name: str, fault: "type[Fault]") -> dict[str, object]:
    from chaosproxy.faults._catalogue import sections, summary  # noqa: PLC0415 - as above
    from chaosproxy.faults._document import settings  # noqa: PLC0415
    from chaosproxy.faults._search import known_as  # noqa: PLC0415

    return {
        "name": name,
        "family": fault.family,
        "summary": summary(fault),
        "known_as": list(known_as().get(name, ())),
        "story": dict(sections(fault)),
        "phases": list(fault.phases),
        "explicit": fault.nature.explicit,
        "course": fault.nature.course,
        "healthy": list(fault.nature.healthy),
        "settings": [setting._asdict() for setting in settings(fault)],
        "example": fault.example,
    }
