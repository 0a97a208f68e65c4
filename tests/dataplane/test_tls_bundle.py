"""The bundle that clients are given in place of their roots: nothing lost, nothing twice, nobody named."""

import re
import ssl
import sys
from pathlib import Path

import pytest
import trustme

from chaosproxy.core.errors import StartError
from chaosproxy.dataplane.tls.authority import Authority
from chaosproxy.dataplane.tls.bundle import TRUST_VARIABLES, bundle


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create(["api.example.com"])


def trusted(pem: bytes) -> set[bytes]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem.decode())
    return set(context.get_ca_certs(binary_form=True))


def roots(monkeypatch: pytest.MonkeyPatch, *, file: Path, folder: Path) -> None:
    """What this system's roots are, as OpenSSL is told."""
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setenv("SSL_CERT_DIR", str(folder))


def test_it_holds_the_systems_roots_and_the_authority(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (trustme.CA().cert_pem.bytes() for _ in range(2))
    (tmp_path / "roots.pem").write_bytes(b"# One\n" + one + b"# Two, with Windows' line ends\n" + two + one)
    roots(monkeypatch, file=tmp_path / "roots.pem", folder=tmp_path / "none")

    content = bundle(authority.certificate_pem)

    assert trusted(content) == trusted(one) | trusted(two) | trusted(authority.certificate_pem)
    assert content.count(b"BEGIN CERTIFICATE") == 3


def test_roots_may_be_a_folder(authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = trustme.CA().cert_pem.bytes()
    (tmp_path / "root.pem").write_bytes(root.replace(b"\n", b"\r\n"))
    (tmp_path / "1a2b3c4d.0").symlink_to("root.pem")
    (tmp_path / "5e6f7a8b.0").symlink_to("gone.pem")
    roots(monkeypatch, file=tmp_path / "none.pem", folder=tmp_path)

    content = bundle(authority.certificate_pem)

    assert trusted(content) == trusted(root) | trusted(authority.certificate_pem)
    assert content.count(b"BEGIN CERTIFICATE") == 2


def test_the_bundle_of_a_bundle_is_the_same(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "roots.pem").write_bytes(trustme.CA().cert_pem.bytes())
    roots(monkeypatch, file=tmp_path / "roots.pem", folder=tmp_path / "none")
    once = bundle(authority.certificate_pem)
    (tmp_path / "roots.pem").write_bytes(once)

    assert bundle(authority.certificate_pem) == once


def test_without_a_system_certifis_roots_will_do(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import certifi  # noqa: PLC0415 - the one test that needs it

    roots(monkeypatch, file=tmp_path / "none.pem", folder=tmp_path)
    theirs = Path(certifi.where()).read_bytes()

    assert trusted(bundle(authority.certificate_pem)) == trusted(theirs) | trusted(authority.certificate_pem)


def test_with_no_roots_at_all_there_is_no_bundle(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots(monkeypatch, file=tmp_path / "none.pem", folder=tmp_path)
    monkeypatch.setattr(sys, "path", [])  # nor is there a certifi
    monkeypatch.delitem(sys.modules, "certifi", raising=False)

    with pytest.raises(StartError, match="no roots are found on this system"):
        bundle(authority.certificate_pem)


def test_it_says_who_reads_it_and_not_who_made_it(authority: Authority) -> None:
    comment = bundle(authority.certificate_pem).partition(b"-----BEGIN")[0].decode()

    assert all(line.startswith("# ") for line in comment.splitlines())
    assert re.findall(r"^# ([A-Z_]+): ", comment, re.MULTILINE) == [
        each.name for each in TRUST_VARIABLES if not each.adds
    ]
    assert re.findall(r"(?i)chaos|proxy|inject|test", comment) == []


def test_somebodys_own_roots_take_the_place_of_the_systems(authority: Authority, tmp_path: Path) -> None:
    theirs = trustme.CA().cert_pem.bytes()
    (tmp_path / "corporate.pem").write_bytes(theirs)

    content = bundle(authority.certificate_pem, tmp_path / "corporate.pem")

    assert trusted(content) == trusted(authority.certificate_pem) | trusted(theirs)
    with pytest.raises(StartError, match="cannot be read"):
        bundle(authority.certificate_pem, tmp_path / "nowhere")
