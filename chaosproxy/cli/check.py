"""`chaosproxy check`: is the profile right, and what does it say?"""

import json

import click

from chaosproxy.cli.loading import load
from chaosproxy.cli.options import profile_options
from chaosproxy.core.errors import UsageError


@click.command(
    "check",
    epilog="Example: chaosproxy check my-profile.yaml && chaosproxy check bad-monday",
    short_help="Validate a profile, and explain it.",
)
@profile_options
@click.option("--strict", is_flag=True, envvar="CHAOSPROXY_STRICT", help="Warnings are mistakes: exit code 2.")
@click.option("--json", "as_json", is_flag=True, envvar="CHAOSPROXY_JSON", help="As JSON, for scripts.")
def command(
    profiles: tuple[str, ...], upstreams: tuple[tuple[str, str], ...], seed: int | None, strict: bool, as_json: bool
) -> None:
    """Validate a profile and explain it in plain sentences.

    A PROFILE is a path or the name of a shipped profile; later ones overlay earlier ones. All mistakes are shown at
    once, each with file, line and column. Exit code 2 if there are any. What loads, and is probably not what was meant,
    is a warning.
    """
    loaded = load(profiles, upstreams, seed)
    from chaosproxy.profiles.explain import explain  # noqa: PLC0415 - so that `--help` is quick

    sentences = explain(loaded)
    if as_json:
        warnings = [warning._asdict() for warning in loaded.warnings]
        said = {"name": loaded.profile.name, "digest": loaded.digest, "sentences": sentences, "warnings": warnings}
        click.echo(json.dumps(said, indent=2))
    else:
        click.echo("\n".join(sentences))
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}", err=True)
    if strict and loaded.warnings:
        count = len(loaded.warnings)
        raise UsageError(f"{count} {'warning' if count == 1 else 'warnings'}, and --strict")
