"""Options that several commands share, and how their values are written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

REPORT_FORMATS = ("text", "json", "html", "markdown", "junit")
"""As `reports.formats` has them, which is not loaded for `--help`."""


class Address(click.ParamType[tuple[str, int]]):
    """`HOST:PORT`, `[::1]:PORT`, or `:PORT` for 127.0.0.1."""

    name = "HOST:PORT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        """The host and the port."""
        if isinstance(value, tuple):
            return value
        host, colon, port = str(value).rpartition(":")
        if not colon or not port.isdigit() or int(port) > 65535:
            self.fail(f"{value!r} is not HOST:PORT, such as 127.0.0.1:8080 (port 0 picks a free one)", param, ctx)
        return host.strip("[]") or "127.0.0.1", int(port)


class NameAndUrl(click.ParamType[tuple[str, str]]):
    """`NAME=URL`."""

    name = "NAME=URL"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """The name and the URL."""
        if isinstance(value, tuple):
            return value
        name, equals, url = str(value).partition("=")
        if not name or not equals or not url:
            self.fail(f"{value!r} is not NAME=URL, such as search=http://127.0.0.1:9001", param, ctx)
        return name, url


def profile_options(function: F) -> F:
    """PROFILE..., --upstream and --seed."""
    for add in (
        click.option("--seed", type=int, envvar="CHAOSPROXY_SEED", help="Another seed than the profile's."),
        click.option(
            "--upstream",
            "upstreams",
            multiple=True,
            type=NameAndUrl(),
            envvar="CHAOSPROXY_UPSTREAM",
            help="Where an upstream is, instead of what the profile says. May be repeated.",
        ),
        click.argument("profiles", nargs=-1, required=True, metavar="PROFILE..."),
    ):
        function = add(function)
    return function


journal_option = click.option(
    "--journal",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="CHAOSPROXY_JOURNAL",
    help="Append what happens to this file, one JSON line an event.",
)


def watching_options(function: F) -> F:
    """Where a proxy that stays can be watched: --admin, --journal and --ready-file."""
    for add in (
        click.option(
            "--ready-file",
            type=click.Path(path_type=Path, dir_okay=False),
            envvar="CHAOSPROXY_READY_FILE",
            help="Write the addresses and the pid to this file (JSON) once connections are accepted.",
        ),
        journal_option,
        click.option(
            "--admin",
            type=Address(),
            default="127.0.0.1:9464",
            show_default=True,
            envvar="CHAOSPROXY_ADMIN",
            help="Where /metrics and /healthz are.",
        ),
    ):
        function = add(function)
    return function
