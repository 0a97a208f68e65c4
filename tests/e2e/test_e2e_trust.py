"""What real clients make of our certificates: they trust the authority for its hosts, and its key for no other."""

import re
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from chaosproxy.core.effects import Flaw
from chaosproxy.dataplane.tls.authority import Authority
from chaosproxy.dataplane.tls.contexts import AgentContexts
from tests.e2e.programs import executable
from tests.e2e.tls_clients import CLIENTS, Client, Ours, is_address, kept, s_client, server

HOSTS = ["api.example.com", "*.staging.example", "127.0.0.1", "tool"]
INSIDE = ["api.example.com", "a.b.staging.example", "127.0.0.1", "tool"]
OUTSIDE = ["example.com", "api.example.org", "xstaging.example", "127.0.0.2", "other.tool", "bank.example"]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Ours:
    return kept(Authority.create(HOSTS), tmp_path_factory.mktemp("authority"))


each_client = pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)


# Inside


@each_client
@pytest.mark.parametrize("host", INSIDE)
def test_a_host_of_the_authority_is_trusted(client: Client, host: str, ours: Ours) -> None:
    with server(AgentContexts(ours.authority).context(host), host) as port:
        assert client(host, port, ours) is None


@each_client
@pytest.mark.parametrize("host", ["api.example.com", "127.0.0.1"])
@pytest.mark.parametrize("flaw", [Flaw.EXPIRED, Flaw.WRONG_HOST, Flaw.UNTRUSTED])
def test_each_flaw_is_what_the_client_complains_of(client: Client, host: str, flaw: Flaw, ours: Ours) -> None:
    complaint = {
        Flaw.EXPIRED: r"certificate has expired",
        Flaw.WRONG_HOST: (
            r"(?i)hostname mismatch|IP address mismatch|no alternative certificate subject name matches"
            r"|doesn't match|ERR_TLS_CERT_ALTNAME_INVALID"
        ),
        Flaw.UNTRUSTED: r"unable to get local issuer certificate|unable to verify the first certificate",
    }
    with server(AgentContexts(ours.authority).context(host, flaw), host) as port:
        said = client(host, port, ours)

    assert said is not None
    assert [each for each, pattern in complaint.items() if re.search(pattern, said)] == [flaw], said


@each_client
def test_a_wrong_host_is_one_even_where_the_authority_has_no_other(client: Client, tmp_path: Path) -> None:
    alone = kept(Authority.create(["127.0.0.1"]), tmp_path)
    with server(AgentContexts(alone.authority).context("127.0.0.1", Flaw.WRONG_HOST), "127.0.0.1") as port:
        said = client("127.0.0.1", port, alone)

    assert said is not None
    assert re.search(r"IP address mismatch|does not match|doesn't match", said), said


# Outside: whoever has the key can sign for any host, and nobody believes it


class Stolen:
    """The authority's key in somebody else's hands."""

    def __init__(self, folder: Path) -> None:
        self._ca = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
        key = serialization.load_pem_private_key((folder / "ca-key.pem").read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key
        self._leaf_key = ec.generate_private_key(ec.SECP256R1())

    def sign(self, names: list[str], common_name: str | None = None) -> bytes:
        """A certificate for these hosts, in PEM."""
        now = datetime.now(UTC)
        subject = x509.Name([] if common_name is None else [x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        builder = (
            x509.CertificateBuilder(self._ca.subject, subject, self._leaf_key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=7))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._leaf_key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if names:
            alternatives = [
                x509.IPAddress(ip_address(name)) if is_address(name) else x509.DNSName(name) for name in names
            ]
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=common_name is None)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def context(self, folder: Path, names: list[str], common_name: str | None = None) -> ssl.SSLContext:
        """A server that shows such a certificate."""
        form = serialization.PrivateFormat.PKCS8
        key = self._leaf_key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        ca = self._ca.public_bytes(serialization.Encoding.PEM)
        (folder / "stolen.pem").write_bytes(self.sign(names, common_name) + ca + key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "stolen.pem")
        return context


@each_client
def test_the_stolen_key_is_believed_inside(client: Client, ours: Ours, tmp_path: Path) -> None:
    context = Stolen(ours.folder).context(tmp_path, ["api.example.com"])
    with server(context, "api.example.com") as port:
        assert client("api.example.com", port, ours) is None


@each_client
@pytest.mark.parametrize("host", OUTSIDE)
def test_the_stolen_key_is_believed_for_no_other_host(client: Client, host: str, ours: Ours, tmp_path: Path) -> None:
    context = Stolen(ours.folder).context(tmp_path, [host])
    with server(context, host) as port:
        said = client(host, port, ours)

    assert said is not None
    assert re.search(r"(permitted|excluded) subtree violation", said), said


@each_client
@pytest.mark.parametrize(
    ("names", "common_name"),
    [(["api.example.com", "bank.example"], None), ([], "bank.example")],
    ids=["beside one of its own", "as a common name"],
)
def test_no_way_of_naming_another_host_helps(
    client: Client, names: list[str], common_name: str | None, ours: Ours, tmp_path: Path
) -> None:
    context = Stolen(ours.folder).context(tmp_path, names, common_name)
    with server(context, "bank.example") as port:
        assert client("bank.example", port, ours) is not None


@pytest.mark.parametrize(
    ("hosts", "outside"),
    [
        (["api.example.com"], ["10.0.0.1", "0.0.0.0", "2001:db8::1"]),
        (["10.0.0.1"], ["api.example.com", "localhost", "10.0.0.2", "2001:db8::1"]),
        (["2001:db8::1"], ["api.example.com", "10.0.0.1", "2001:db8::2"]),
    ],
)
def test_a_kind_of_name_that_was_not_asked_for_is_not_free(
    hosts: list[str], outside: list[str], tmp_path: Path
) -> None:
    Authority.create(hosts).save(tmp_path)

    assert verdicts(tmp_path, tmp_path, [*hosts, *outside]) == [True] * len(hosts) + [False] * len(outside)


def test_the_stolen_key_makes_no_other_authority(ours: Ours, tmp_path: Path) -> None:
    """Not even for a host inside: the path may not be longer."""
    stolen = Stolen(ours.folder)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "another")])
    now = datetime.now(UTC)
    blank = x509.CertificateBuilder().not_valid_before(now).not_valid_after(now + timedelta(days=7))
    between = (
        blank.subject_name(name)
        .issuer_name(stolen._ca.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(stolen._key, hashes.SHA256())
    )
    leaf = (
        blank.subject_name(x509.Name([]))
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(2)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("api.example.com")]), critical=True)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "between.pem").write_bytes(between.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "leaf.pem").write_bytes(leaf.public_bytes(serialization.Encoding.PEM))

    command = [executable("openssl"), "verify", "-CAfile", str(ours.ca), "-untrusted", "between.pem", "leaf.pem"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "path length constraint exceeded" in done.stderr


# What we say of a host is what OpenSSL says


def verdicts(authority: Path, folder: Path, hosts: list[str]) -> list[bool]:
    """Whether `openssl verify` accepts a certificate for each host that was signed with the key."""
    stolen = Stolen(authority)
    files = [f"{number}.pem" for number in range(len(hosts))]
    for file, host in zip(files, hosts, strict=True):
        (folder / file).write_bytes(stolen.sign([host]))
    command = [executable("openssl"), "verify", "-x509_strict", "-no-CApath", "-CAfile", str(authority / "ca.pem")]
    done = subprocess.run([*command, *files], cwd=folder, capture_output=True, text=True, check=False)
    return [f"{file}: OK" in done.stdout.splitlines() for file in files]


LABEL = st.sampled_from(["api", "staging", "tool", "example", "com", "a", "xstaging", "ap", "i", "b-c", "*"])
NEAR = st.one_of(
    st.builds(
        lambda labels, end: ".".join([*labels, end]),
        st.lists(LABEL, max_size=2),
        st.sampled_from([*HOSTS[:2], "staging.example", "tool", "example.com", "example", "com", "API.example.com"]),
    ),
    st.sampled_from(["127.0.0.1", "127.0.0.2", "126.0.0.1", "127.0.1.0", "0.0.0.0"]),
    st.ip_addresses(v=4).map(str),
).filter(lambda name: "*" not in name.removeprefix("*."))


@given(hosts=st.lists(NEAR, min_size=1, max_size=12))
def test_we_and_openssl_agree_on_what_it_covers(hosts: list[str], ours: Ours) -> None:
    assert [ours.authority.covers(host) for host in hosts] == verdicts(ours.folder, ours.folder, hosts)


# Sessions


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_openssl_resumes_a_session(version: str, ours: Ours, tmp_path: Path) -> None:
    session = str(tmp_path / "session.pem")
    roots = ["-CAfile", str(ours.ca), "-servername", "api.example.com"]
    contexts = AgentContexts(ours.authority)
    with server(contexts.context("api.example.com"), "api.example.com") as port:
        reaching = ["-connect", f"127.0.0.1:{port}", version, "-ign_eof", *roots]
        first = s_client(*reaching, "-sess_out", session)
        second = s_client(*reaching, "-sess_in", session)

    assert re.findall(r"^(New|Reused), TLS", first + second, re.MULTILINE) == ["New", "Reused"]


def test_openssl_reconnects_by_its_session(ours: Ours) -> None:
    with server(AgentContexts(ours.authority).context("api.example.com"), "api.example.com") as port:
        said = s_client("-connect", f"127.0.0.1:{port}", "-tls1_2", "-reconnect", "-servername", "api.example.com")

    assert re.findall(r"^(New|Reused), TLS", said, re.MULTILINE) == ["New"] + ["Reused"] * 5


@pytest.mark.parametrize(
    ("offered", "agreed"), [("h2,http/1.1", "ALPN protocol: http/1.1"), ("h2", "No ALPN negotiated")]
)
def test_openssl_is_offered_http_1_alone(offered: str, agreed: str, ours: Ours) -> None:
    with server(AgentContexts(ours.authority).context("api.example.com"), "api.example.com") as port:
        assert agreed in s_client("-connect", f"127.0.0.1:{port}", "-alpn", offered)


@pytest.mark.parametrize(("version", "spoken"), [("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)])
def test_openssl_is_met_from_tls_1_2_on(version: str, spoken: bool, ours: Ours) -> None:
    with server(AgentContexts(ours.authority).context("api.example.com"), "api.example.com") as port:
        said = s_client("-connect", f"127.0.0.1:{port}", version, "-cipher", "ALL:@SECLEVEL=0")

    assert ("Cipher is (NONE)" in said, "alert protocol version" in said) == (not spoken, not spoken)
