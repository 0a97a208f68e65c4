"""`chaosproxy ca`: the certificate authority that agents trust, so that https can be looked into."""

import json
import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from chaosproxy.cli.loading import load
from chaosproxy.core.errors import StartError, UsageError

if TYPE_CHECKING:
    from chaosproxy.dataplane.tls.authority import Authority

F = TypeVar("F", bound=Callable[..., None])

BUNDLE = "bundle.pem"
"""What we suggest that the bundle be called."""


def default_folder() -> Path:
    """Where an authority is kept, unless somebody says otherwise."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "chaosproxy" / "ca"


def _folder_option(function: F) -> F:
    return click.option(
        "--folder",
        type=click.Path(path_type=Path, file_okay=False),
        default=default_folder,
        envvar="CHAOSPROXY_CA",
        show_default="~/.config/chaosproxy/ca",
        help="Where the authority is kept.",
    )(function)


@contextmanager
def _nothing_done() -> Iterator[None]:
    """To a command that only deals with files, what keeps a proxy from starting is a mistake in what was asked for."""
    try:
        yield
    except StartError as error:
        raise UsageError(str(error)) from None


@click.group(
    "ca",
    epilog="Example: chaosproxy ca new --host api.staging.example",
    short_help="The certificate authority.",
)
def command() -> None:
    """Make and show the certificate authority that your agents trust.

    With it, `serve` shows agents a certificate for a tool's host, so that rules can concern what goes over https. It
    can speak for the hosts that it was made for, and for no other, whoever has its key.
    """


@command.command(
    "new",
    epilog="Example: chaosproxy ca new my-profile.yaml --host api.staging.example",
    short_help="Make one.",
)
@click.argument("profiles", nargs=-1, metavar="[PROFILE]...")
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="NAME",
    envvar="CHAOSPROXY_HOST",
    help="A host it is for: api.example.com, *.staging.example, 10.0.0.1. May be repeated.",
)
@_folder_option
@click.option(
    "--days",
    type=click.IntRange(1, 3650),
    default=825,
    show_default=True,
    envvar="CHAOSPROXY_DAYS",
    help="How long it is valid.",
)
def _new(profiles: tuple[str, ...], hosts: tuple[str, ...], folder: Path, days: int) -> None:
    """Make a certificate authority for some hosts, and say how to trust it.

    The hosts are those of a PROFILE's https upstreams and of its safety.hosts, and each --host. The key is readable by
    you alone. Nothing is overwritten.
    """
    from chaosproxy.dataplane.tls.authority import Authority  # noqa: PLC0415 - so that `--help` is quick
    from chaosproxy.dataplane.tls.names import hosts_of_profile  # noqa: PLC0415

    asked = [*hosts_of_profile(load(profiles, (), None).profile), *hosts] if profiles else hosts
    if not asked:
        raise UsageError(
            "for which hosts? Name a profile with https upstreams or safety.hosts, or a host: --host api.example.com"
        )
    with _nothing_done():
        authority = Authority.create(asked, days=days)
        authority.save(folder)
    _tell(authority, folder)
    click.echo("\nSo that your agents trust it:\n")
    for line in _trusting(folder):
        click.echo(f"  {line}")


@command.command("show", epilog="Example: chaosproxy ca show --json", short_help="What it may speak for, until when.")
@_folder_option
@click.option("--json", "as_json", is_flag=True, envvar="CHAOSPROXY_JSON", help="As JSON, for scripts.")
def _show(folder: Path, as_json: bool) -> None:
    """Show the authority: its files, the hosts it can speak for, its time, its fingerprint."""
    authority = _loaded(folder)
    if as_json:
        click.echo(json.dumps(_record(authority, folder), indent=2))
    else:
        _tell(authority, folder)


@command.command(
    "bundle",
    epilog="Example: chaosproxy ca bundle --output bundle.pem",
    short_help="This system's roots and ours, in one file.",
)
@_folder_option
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="CHAOSPROXY_OUTPUT",
    help="Write it to this file, and not to the standard output.",
)
def _bundle(folder: Path, output: Path | None) -> None:
    """Print this system's roots and our certificate, in PEM.

    Most clients take a file of roots in place of those that they have, and so need all in one: by SSL_CERT_FILE,
    REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, AWS_CA_BUNDLE, GIT_SSL_CAINFO. The comment in it says who reads which. Node.js
    adds a file to its own (NODE_EXTRA_CA_CERTS) and needs ca.pem only.
    """
    from chaosproxy.dataplane.tls.bundle import bundle  # noqa: PLC0415 - so that `--help` is quick

    with _nothing_done():
        content = bundle(_loaded(folder).certificate_pem)
    if output is None:
        click.echo(content, nl=False)
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise UsageError(f"--output {output}: {error.strerror or error}") from None
    click.echo(f"wrote {output}")


def _loaded(folder: Path) -> "Authority":
    from chaosproxy.dataplane.tls.authority import Authority  # noqa: PLC0415 - `cryptography` is slow to import

    with _nothing_done():
        return Authority.load(folder)


def _files(folder: Path) -> tuple[Path, Path]:
    from chaosproxy.dataplane.tls.folder import CERTIFICATE, KEY  # noqa: PLC0415 - so that `--help` is quick

    return (folder / CERTIFICATE).absolute(), (folder / KEY).absolute()


def _record(authority: "Authority", folder: Path) -> dict[str, object]:
    begins, ends = authority.validity
    certificate, key = _files(folder)
    return {
        "certificate": str(certificate),
        "key": str(key),
        "hosts": list(authority.hosts),
        "not_before": begins.isoformat(),
        "not_after": ends.isoformat(),
        "sha256": authority.fingerprint,
    }


def _tell(authority: "Authority", folder: Path) -> None:
    begins, ends = authority.validity
    certificate, key = _files(folder)
    click.echo(f"certificate  {certificate}")
    click.echo(f"key          {key}  (for you alone)")
    click.echo(f"speaks for   {_listed(authority.hosts)}")
    click.echo(f"valid        from {begins:%Y-%m-%d} to {ends:%Y-%m-%d}")
    click.echo(f"SHA-256      {authority.fingerprint}")


def _listed(hosts: Sequence[str]) -> str:
    named = any(host[-1].isalpha() and "." in host for host in hosts)
    return ", ".join(hosts) + ("  (and for what is below these names)" if named else "")


def _trusting(folder: Path) -> Iterator[str]:
    """A line each family of clients, as it can be pasted into a shell."""
    from chaosproxy.dataplane.tls.bundle import TRUST_VARIABLES  # noqa: PLC0415 - so that `--help` is quick

    certificate, _ = _files(folder)
    whole = certificate.with_name(BUNDLE)
    where = "" if certificate.parent == default_folder().absolute() else f" --folder {shlex.quote(str(folder))}"
    yield f"chaosproxy ca bundle{where} --output {shlex.quote(str(whole))}  # this system's roots, and this one"
    for each in TRUST_VARIABLES:
        file = certificate if each.adds else whole
        yield f"export {each.name}={shlex.quote(str(file))}  # {each.clients}"
    path = shlex.quote(str(certificate))
    yield f"keytool -importcert -cacerts -alias local-development -file {path}  # Java"
    yield f"cp {path} /usr/local/share/ca-certificates/local.crt && update-ca-certificates  # all of a Debian system"
