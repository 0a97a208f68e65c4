"""`chaosproxy ca`, as a user meets it: what it makes, what it says, and what it refuses."""

import json
import re
import ssl
import subprocess
from pathlib import Path

import pytest

from tests.e2e.programs import chaosproxy as run
from tests.e2e.programs import executable

PROFILE = """
version: 1
name: p
upstreams: {a: 'https://api.example.com/v1', b: 'http://10.0.0.9'}
safety: {hosts: [api.example.com, '*.staging.example', '10.0.0.9']}
"""


def good(*arguments: str, folder: Path, **environ: str) -> str:
    done = run("ca", *arguments, folder=folder, environ=environ)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def bad(*arguments: str, folder: Path) -> str:
    done = run("ca", *arguments, folder=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    return done.stderr


def openssl(*arguments: str) -> str:
    return subprocess.run([executable("openssl"), *arguments], capture_output=True, text=True, check=True).stdout


def test_new_makes_one_for_the_hosts_of_a_profile_and_more(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(PROFILE)
    said = good("new", "p.yaml", "--host", "tool.internal:8443", "--folder", "made", folder=tmp_path)

    seen = openssl("x509", "-in", str(tmp_path / "made" / "ca.pem"), "-noout", "-ext", "nameConstraints")
    assert re.findall(r"(?:DNS|IP):\S+", seen) == [
        "DNS:api.example.com",
        "DNS:staging.example",
        "DNS:tool.internal",
        "IP:10.0.0.9/255.255.255.255",
        "IP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0",
    ]
    assert f"certificate  {tmp_path}/made/ca.pem\n" in said
    assert "speaks for   api.example.com, staging.example, tool.internal, 10.0.0.9 " in said
    assert (tmp_path / "made" / "ca-key.pem").stat().st_mode & 0o777 == 0o600


def test_new_says_how_to_trust_it_and_that_works(tmp_path: Path) -> None:
    said = good("new", "--host", "api.example.com", "--folder", "my ca", folder=tmp_path)
    lines = [line.strip() for line in said.partition("trust it:\n\n")[2].splitlines()]
    variables = dict(re.findall(r"export (\w+)='(.+)'  # \S", "\n".join(lines)))

    bundled = re.fullmatch(r"chaosproxy ca (bundle --folder 'my ca' --output '.+')  # .+", lines[0])
    assert bundled is not None
    good(*[part.strip("'") for part in re.findall(r"'[^']+'|\S+", bundled[1])], folder=tmp_path)
    assert {name: Path(path).name for name, path in variables.items()} == {
        "NODE_EXTRA_CA_CERTS": "ca.pem",
        "SSL_CERT_FILE": "bundle.pem",
        "REQUESTS_CA_BUNDLE": "bundle.pem",
        "CURL_CA_BUNDLE": "bundle.pem",
        "AWS_CA_BUNDLE": "bundle.pem",
        "GIT_SSL_CAINFO": "bundle.pem",
    }
    assert all(Path(path).is_file() for path in variables.values())


def test_the_default_folder_is_the_users_own(tmp_path: Path) -> None:
    good("new", "--host", "a.example", folder=tmp_path, HOME=str(tmp_path), XDG_CONFIG_HOME="")
    assert (tmp_path / ".config" / "chaosproxy" / "ca" / "ca.pem").is_file()

    good("new", "--host", "a.example", folder=tmp_path, HOME=str(tmp_path), XDG_CONFIG_HOME=str(tmp_path / "xdg"))
    assert (tmp_path / "xdg" / "chaosproxy" / "ca" / "ca.pem").is_file()

    said = good("new", folder=tmp_path, CHAOSPROXY_CA=str(tmp_path / "set"), CHAOSPROXY_HOST="a.example b.example")
    assert "speaks for   a.example, b.example " in said
    assert (tmp_path / "set" / "ca.pem").is_file()


def test_show_agrees_with_openssl(tmp_path: Path) -> None:
    good("new", "--host", "api.example.com", "--host", "10.0.0.1", "--days", "30", "--folder", "ca", folder=tmp_path)
    shown = json.loads(good("show", "--folder", "ca", "--json", folder=tmp_path))
    for_people = good("show", "--folder", "ca", folder=tmp_path)

    seen = openssl(
        "x509", "-in", shown["certificate"], "-noout", "-fingerprint", "-sha256", "-enddate", "-dateopt", "iso_8601"
    )
    assert f"={shown['sha256']}\n" in seen
    assert f"notAfter={shown['not_after'].replace('T', ' ').replace('+00:00', 'Z')}\n" in seen
    assert shown["hosts"] == ["api.example.com", "10.0.0.1"]
    assert shown["key"] == str(tmp_path / "ca" / "ca-key.pem")
    assert shown["sha256"] in for_people
    assert f"to {shown['not_after'][:10]}\n" in for_people


def test_bundle_is_the_systems_roots_and_ours(tmp_path: Path) -> None:
    good("new", "--host", "api.example.com", "--folder", "ca", folder=tmp_path)
    printed = good("bundle", "--folder", "ca", folder=tmp_path)
    said = good("bundle", "--folder", "ca", "--output", "bundle.pem", folder=tmp_path)

    assert said == "wrote bundle.pem\n"
    assert (tmp_path / "bundle.pem").read_text() == printed
    system = ssl.create_default_context()
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ours.load_verify_locations(cadata=printed)
    system.load_verify_locations(tmp_path / "ca" / "ca.pem")
    assert set(system.get_ca_certs(True)) == set(ours.get_ca_certs(True))
    assert len(ours.get_ca_certs()) > 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["new"], "for which hosts? Name a profile with https upstreams or safety.hosts, or a host: --host"),
        (["new", "quiet"], "for which hosts?"),
        (["new", "--host", "*"], "*: an authority for every host is not made"),
        (["new", "--host", "*.com"], "name a domain, such as *.staging.com"),
        (["new", "--host", "a.example", "--days", "0"], "--days"),
        (["new", "nowhere.yaml"], "nowhere.yaml: there is no such file"),
        (["show"], "ca.pem is not there; `chaosproxy ca new` makes an authority"),
        (["bundle"], "ca.pem is not there; `chaosproxy ca new` makes an authority"),
    ],
    ids=" ".join,
)
def test_a_mistake_is_exit_2_and_makes_nothing(arguments: list[str], says: str, tmp_path: Path) -> None:
    assert says in bad(*arguments, "--folder", "ca", folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_new_overwrites_nothing(tmp_path: Path) -> None:
    good("new", "--host", "a.example", "--folder", "ca", folder=tmp_path)
    before = {path.name: path.read_bytes() for path in (tmp_path / "ca").iterdir()}

    said = bad("new", "--host", "b.example", "--folder", "ca", folder=tmp_path)

    assert said.startswith("ca/ca-key.pem is there already, and somebody may trust it")
    assert {path.name: path.read_bytes() for path in (tmp_path / "ca").iterdir()} == before


def test_an_output_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    good("new", "--host", "a.example", "--folder", "ca", folder=tmp_path)

    said = bad("bundle", "--folder", "ca", "--output", "none/bundle.pem", folder=tmp_path)
    assert said == "--output none/bundle.pem: No such file or directory\n"


@pytest.mark.parametrize("command", ["new", "show", "bundle"])
def test_each_command_has_a_help_with_an_example(command: str, tmp_path: Path) -> None:
    assert f"Example: chaosproxy ca {command}" in good(command, "--help", folder=tmp_path)
