"""Where an authority is kept: who can read what, that nothing is overwritten, and what is said of what is wrong."""

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from chaosproxy.core.clock import ManualClock
from chaosproxy.core.errors import StartError
from chaosproxy.dataplane.tls.authority import Authority, Leaf


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="module")
def authority(clock: ManualClock) -> Authority:
    return Authority.create(["api.example.com", "127.0.0.1"], clock=clock)


def of(pem: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem)


def the_leaf(leaf: Leaf) -> x509.Certificate:
    return x509.load_pem_x509_certificates(leaf.chain)[0]


# What is written


@pytest.fixture
def no_umask() -> Iterator[None]:
    """Whatever is private now was made so on purpose."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("no_umask")
def test_the_key_is_kept_for_its_owner_alone(authority: Authority, tmp_path: Path) -> None:
    authority.save(tmp_path / "new" / "ca")

    assert mode(tmp_path / "new" / "ca") == 0o700
    assert mode(tmp_path / "new" / "ca" / "ca-key.pem") == 0o600
    assert mode(tmp_path / "new" / "ca" / "ca.pem") == 0o644
    assert sorted(path.name for path in (tmp_path / "new" / "ca").iterdir()) == ["ca-key.pem", "ca.pem"]


def test_the_certificate_can_be_read_by_others_whatever_the_umask(authority: Authority, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        authority.save(tmp_path / "ca")
    finally:
        os.umask(before)

    assert mode(tmp_path / "ca" / "ca.pem") == 0o644


@pytest.mark.parametrize("existing", ["ca.pem", "ca-key.pem"])
@pytest.mark.parametrize("dangling", [False, True])
def test_nothing_is_overwritten(authority: Authority, tmp_path: Path, existing: str, dangling: bool) -> None:
    if dangling:
        (tmp_path / existing).symlink_to(tmp_path / "elsewhere")
    else:
        (tmp_path / existing).write_text("precious")

    with pytest.raises(StartError, match=f"{existing} is there already"):
        authority.save(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == [existing]
    assert dangling or (tmp_path / existing).read_text() == "precious"


def test_a_folder_that_cannot_be_made_is_said(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StartError, match="cannot be written"):
        authority.save(tmp_path / "file" / "ca")


def test_what_was_saved_is_loaded(authority: Authority, clock: ManualClock, tmp_path: Path) -> None:
    authority.save(tmp_path)
    loaded = Authority.load(tmp_path, clock)

    assert loaded.certificate_pem == authority.certificate_pem
    assert (loaded.hosts, loaded.validity, loaded.fingerprint) == (
        authority.hosts,
        authority.validity,
        authority.fingerprint,
    )
    the_leaf(loaded.leaf("127.0.0.1")).verify_directly_issued_by(of(authority.certificate_pem))


def test_one_with_an_rsa_key_serves_as_well(authority: Authority, clock: ManualClock, tmp_path: Path) -> None:
    write(tmp_path, key=rsa.generate_private_key(65537, 2048), clock=clock)
    loaded = Authority.load(tmp_path, clock)

    the_leaf(loaded.leaf("api.example.com")).verify_directly_issued_by(of(loaded.certificate_pem))
    assert not loaded.covers("example.com")


# What is wrong with what was kept

CA = x509.BasicConstraints(ca=True, path_length=None)
LIMITED = x509.NameConstraints([x509.DNSName("api.example.com")], None)


def write(  # noqa: PLR0913 - each says one thing that may be wrong
    folder: Path,
    *,
    clock: ManualClock,
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | None = None,
    days: tuple[int, int] = (-1, 30),
    critical: bool = True,
    extensions: tuple[x509.ExtensionType, ...] = (CA, LIMITED),
) -> None:
    """An authority as somebody else might have made it."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "theirs")])
    now = datetime.fromtimestamp(clock.wall(), UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now + timedelta(days=days[0])).not_valid_after(now + timedelta(days=days[1]))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=critical)
    certificate = builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "ca-key.pem").touch(0o600)
    (folder / "ca-key.pem").write_bytes(unencrypted(key))


def unencrypted(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def refused(folder: Path, clock: ManualClock) -> str:
    with pytest.raises(StartError) as caught:
        Authority.load(folder, clock)
    return str(caught.value).replace(f"{folder}/", "").replace(f"{folder}", "DIR")


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (
            {"extensions": (LIMITED,)},
            "ca.pem: this certificate is not an authority's; `chaosproxy ca new` makes another",
        ),
        (
            {"extensions": (x509.BasicConstraints(ca=False, path_length=None), LIMITED)},
            "ca.pem: this certificate is not an authority's; `chaosproxy ca new` makes another",
        ),
        (
            {"extensions": (CA,)},
            (
                "ca.pem: nothing (no critical name constraints) keeps this authority to the hosts it is meant for; "
                "`chaosproxy ca new` makes another"
            ),
        ),
        (
            {"critical": False},
            (
                "ca.pem: nothing (no critical name constraints) keeps this authority to the hosts it is meant for; "
                "`chaosproxy ca new` makes another"
            ),
        ),
        ({"days": (-9, -2)}, "ca.pem: this authority expired on 2026-11-20; `chaosproxy ca new` makes another"),
        (
            {"days": (2, 9)},
            "ca.pem: this authority is valid only from 2026-11-24 on; `chaosproxy ca new` makes another",
        ),
        (
            {"key": ed25519.Ed25519PrivateKey.generate()},
            "ca-key.pem holds a key of a kind that is not supported; P-256 and RSA keys are",
        ),
    ],
)
def test_what_cannot_serve_is_refused(tmp_path: Path, made: dict[str, object], says: str) -> None:
    clock = ManualClock(wall=datetime(2026, 11, 22, tzinfo=UTC).timestamp())
    write(tmp_path, clock=clock, **made)  # type: ignore[arg-type]  # one dict for parameters of several types

    assert refused(tmp_path, clock) == says


@pytest.mark.parametrize("missing", ["ca.pem", "ca-key.pem"])
def test_what_is_missing_is_named(tmp_path: Path, clock: ManualClock, missing: str) -> None:
    write(tmp_path, clock=clock)
    (tmp_path / missing).unlink()

    assert refused(tmp_path, clock) == f"{missing} is not there; `chaosproxy ca new` makes an authority"


@pytest.mark.parametrize("others", [0o040, 0o004, 0o020, 0o002])
def test_a_key_that_is_open_to_others_is_refused(tmp_path: Path, clock: ManualClock, others: int) -> None:
    write(tmp_path, clock=clock)
    (tmp_path / "ca-key.pem").chmod(0o600 | others)

    says = "ca-key.pem is open to others than its owner; say: chmod 600 ca-key.pem"
    assert refused(tmp_path, clock) == says


def test_a_key_of_another_is_refused(tmp_path: Path, clock: ManualClock) -> None:
    write(tmp_path, clock=clock)
    (tmp_path / "ca-key.pem").write_bytes(unencrypted(ec.generate_private_key(ec.SECP256R1())))

    assert refused(tmp_path, clock) == "DIR: ca-key.pem is not the key of ca.pem"


def test_an_encrypted_key_is_refused(tmp_path: Path, clock: ManualClock) -> None:
    write(tmp_path, clock=clock)
    key = ec.generate_private_key(ec.SECP256R1())
    form, secret = serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")
    (tmp_path / "ca-key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, secret))

    says = "ca-key.pem is encrypted, and nobody is here to be asked for its password"
    assert refused(tmp_path, clock) == says


@pytest.mark.parametrize(
    ("file", "says"),
    [("ca.pem", "ca.pem holds no certificate in PEM"), ("ca-key.pem", "ca-key.pem holds no private key in PEM")],
)
def test_what_is_no_pem_is_refused(tmp_path: Path, clock: ManualClock, file: str, says: str) -> None:
    write(tmp_path, clock=clock)
    (tmp_path / file).write_text("-----BEGIN NOTHING-----")

    assert refused(tmp_path, clock) == says


def test_a_folder_in_the_place_of_a_file_cannot_be_read(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "ca.pem").mkdir()

    assert refused(tmp_path, clock) == "ca.pem cannot be read: Is a directory"
