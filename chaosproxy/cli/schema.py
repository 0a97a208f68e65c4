"""`chaosproxy schema`: the JSON Schema of profiles."""

import json

import click


@click.command("schema", epilog="Example: chaosproxy schema > profile.schema.json", short_help="The JSON Schema.")
def command() -> None:
    """Print the JSON Schema (2020-12) of profiles, which gives editors completion and hovers.

    Put `# yaml-language-server: $schema=profile.schema.json` on the first line of a profile.
    """
    from chaosproxy.profiles.schema import json_schema  # noqa: PLC0415 - so that `--help` is quick

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
