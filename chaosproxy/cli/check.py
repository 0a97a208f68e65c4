"""`chaosproxy check`: is the profile right, and what does it say?"""

import click

from chaosproxy.cli.loading import load
from chaosproxy.cli.options import profile_options


@click.command(
    "check",
    epilog="Example: chaosproxy check my-profile.yaml && chaosproxy check bad-monday",
    short_help="Validate a profile, and explain it.",
)
@profile_options
def command(profiles: tuple[str, ...], upstreams: tuple[tuple[str, str], ...], seed: int | None) -> None:
    """Validate a profile and explain it in plain sentences.

    A PROFILE is a path or the name of a shipped profile; later ones overlay earlier ones. All mistakes are shown at
    once, each with file, line and column. Exit code 2 if there are any.
    """
    loaded = load(profiles, upstreams, seed)
    from chaosproxy.profiles.explain import explain  # noqa: PLC0415 - so that `--help` is quick

    for sentence in explain(loaded):
        click.echo(sentence)
