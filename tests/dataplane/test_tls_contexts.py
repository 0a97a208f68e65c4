"""Contexts for agents and upstreams: whole handshakes, between two ends in memory."""

import os
import ssl
import tempfile
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from chaosproxy.core.clock import ManualClock
from chaosproxy.core.effects import Flaw
from chaosproxy.core.errors import StartError
from chaosproxy.dataplane.http.requests.reach import Reach
from chaosproxy.dataplane.http.requests.routing import Origin
from chaosproxy.dataplane.http.upstreams.pool import Pool
from chaosproxy.dataplane.http.upstreams.upstream import UpstreamError
from chaosproxy.dataplane.tls.authority import Authority
from chaosproxy.dataplane.tls.contexts import KEPT, AgentContexts, upstream_context
from chaosproxy.profiles.models import Upstream

HOSTS = ["api.example.com", "*.staging.example", "10.0.0.1"]
DAY = 86_400


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create(HOSTS)


class Meeting:
    """A handshake, and what each end makes of it. The bytes go from memory to memory."""

    def __init__(
        self,
        server: ssl.SSLContext,
        client: ssl.SSLContext,
        host: str | None = "api.example.com",
        session: ssl.SSLSession | None = None,
    ) -> None:
        up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = client.wrap_bio(down, up, server_hostname=host, session=session)
        self.server = server.wrap_bio(up, down, server_side=True)
        waiting = [self.client.do_handshake, self.server.do_handshake]
        while waiting:
            for step in list(waiting):
                try:
                    step()
                    waiting.remove(step)
                except ssl.SSLWantReadError:
                    pass
        self.server.write(b"hello")
        assert self.client.read(5) == b"hello"  # with it come the tickets of TLS 1.3

    @property
    def shown(self) -> list[str]:
        """The names in the server's certificate."""
        der = self.client.getpeercert(binary_form=True)
        assert der is not None
        names = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return [str(name.value) for name in names.value]


def agent(authority: Authority, *, alpn: tuple[str, ...] = ()) -> ssl.SSLContext:
    """A client that trusts the authority and is as strict as Python 3.13 makes it."""
    context = ssl.create_default_context(cadata=authority.certificate_pem.decode())
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def careless() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


# Towards agents


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("host", ["api.example.com", "a.staging.example", "10.0.0.1"])
def test_an_agent_that_trusts_the_authority_is_content(
    authority: Authority, host: str, version: ssl.TLSVersion
) -> None:
    client = agent(authority)
    client.minimum_version = client.maximum_version = version
    meeting = Meeting(AgentContexts(authority).context(host), client, host)

    assert meeting.client.version() == {"TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}[version.name]
    assert meeting.shown == [host]


def test_older_versions_are_not_spoken(authority: Authority) -> None:
    assert AgentContexts(authority).context("api.example.com").minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("offered", "agreed"), [(("h2", "http/1.1"), "http/1.1"), (("http/1.1",), "http/1.1"), (("h2",), None), ((), None)]
)
def test_http_1_is_all_that_is_agreed_on(authority: Authority, offered: tuple[str, ...], agreed: str | None) -> None:
    meeting = Meeting(AgentContexts(authority).context("api.example.com"), agent(authority, alpn=offered))

    assert meeting.client.selected_alpn_protocol() == agreed
    assert meeting.server.selected_alpn_protocol() == agreed


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("tickets", [True, False])
def test_a_session_is_resumed(authority: Authority, version: ssl.TLSVersion, tickets: bool) -> None:
    contexts, client = AgentContexts(authority), agent(authority)
    client.minimum_version = client.maximum_version = version
    if not tickets:
        client.options |= ssl.OP_NO_TICKET

    first = Meeting(contexts.context("api.example.com"), client)
    second = Meeting(contexts.context("api.example.com"), client, session=first.client.session)

    assert (first.client.session_reused, second.client.session_reused) == (False, True)


@pytest.mark.parametrize("flaw", [Flaw.EXPIRED, Flaw.WRONG_HOST, Flaw.UNTRUSTED])
def test_each_flaw_is_complained_of(authority: Authority, flaw: Flaw) -> None:
    says = {
        Flaw.EXPIRED: "certificate has expired",
        Flaw.WRONG_HOST: "Hostname mismatch, certificate is not valid for 'api.example.com'.",
        Flaw.UNTRUSTED: "unable to get local issuer certificate",
    }
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        Meeting(AgentContexts(authority).context("api.example.com", flaw), agent(authority))

    assert caught.value.verify_message == says[flaw]


@pytest.mark.parametrize(
    ("connected", "greeted", "shown"),
    [
        ("api.example.com", "a.staging.example", "a.staging.example"),
        ("10.0.0.1", "api.example.com", "api.example.com"),
        ("api.example.com", "API.example.com", "api.example.com"),
        ("api.example.com", "elsewhere.example", "api.example.com"),
        ("api.example.com", "10.0.0.1", "api.example.com"),
        ("api.example.com", None, "api.example.com"),
    ],
)
def test_the_greeting_decides_between_hosts_that_the_authority_covers(
    authority: Authority, connected: str, greeted: str | None, shown: str
) -> None:
    client = careless()
    meeting = Meeting(AgentContexts(authority).context(connected), client, greeted)

    assert meeting.shown == [shown]


def test_a_flaw_stays_whatever_the_greeting_names(authority: Authority) -> None:
    contexts = AgentContexts(authority)
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate has expired"):
        Meeting(contexts.context("10.0.0.1", Flaw.EXPIRED), agent(authority))


def test_a_host_that_is_not_covered_has_no_context(authority: Authority) -> None:
    with pytest.raises(StartError, match=r"example\.com: the authority does not speak for it"):
        AgentContexts(authority).context("example.com")


# What is kept


def test_a_host_has_one_context_and_each_flaw_another(authority: Authority) -> None:
    contexts = AgentContexts(authority)
    one = contexts.context("api.example.com")

    assert contexts.context("API.example.com.") is one
    assert len({id(contexts.context("api.example.com", flaw)) for flaw in (None, *Flaw)}) == 6


def test_the_context_that_was_not_used_for_longest_goes(authority: Authority) -> None:
    contexts = AgentContexts(authority)
    used, unused = contexts.context("api.example.com"), contexts.context("10.0.0.1")
    for number in range(KEPT - 1):
        contexts.context("api.example.com")
        contexts.context(f"n{number}.staging.example")

    assert contexts.context("api.example.com") is used
    assert contexts.context("10.0.0.1") is not unused


def test_a_certificate_is_renewed_before_its_time_is_over() -> None:
    clock = ManualClock()
    contexts = AgentContexts(Authority.create(HOSTS, clock=clock), clock)
    first, expired = contexts.context("10.0.0.1"), contexts.context("10.0.0.1", Flaw.EXPIRED)

    clock.advance(82 * DAY)
    assert contexts.context("10.0.0.1") is first
    clock.advance(2 * DAY)
    assert contexts.context("10.0.0.1") is not first
    assert contexts.context("10.0.0.1", Flaw.EXPIRED) is expired


def test_an_authority_for_a_day_has_contexts_that_stay_too() -> None:
    clock = ManualClock()
    contexts = AgentContexts(Authority.create(HOSTS, days=1, clock=clock), clock)
    first = contexts.context("10.0.0.1")

    clock.advance(0.9 * DAY)
    assert contexts.context("10.0.0.1") is first
    clock.advance(0.05 * DAY)
    assert contexts.context("10.0.0.1") is not first


def test_no_key_is_left_anywhere(authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    opened = len(list(Path("/proc/self/fd").iterdir()))
    in_memory = AgentContexts(authority).context("api.example.com")
    monkeypatch.delattr(os, "memfd_create")  # a system without files in memory
    in_a_file = AgentContexts(authority).context("api.example.com")

    assert Meeting(in_memory, agent(authority)).shown == Meeting(in_a_file, agent(authority)).shown
    assert len(list(Path("/proc/self/fd").iterdir())) == opened
    assert list(tmp_path.iterdir()) == []


# Towards upstreams


@pytest.fixture(scope="module")
def theirs() -> trustme.CA:
    """The authority of an upstream's owner."""
    return trustme.CA()


@pytest.fixture
def folder(theirs: trustme.CA, tmp_path: Path) -> Path:
    """Their authority, and a certificate and key that they gave us."""
    ours = theirs.issue_cert("us.example")
    theirs.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    (tmp_path / "cert.pem").write_bytes(b"".join(each.bytes() for each in ours.cert_chain_pems))
    ours.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    return tmp_path


def server_of(theirs: trustme.CA, name: str = "tool.example") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.issue_cert(name).configure_cert(context)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


def test_by_default_the_systems_roots_are_trusted_and_names_are_checked() -> None:
    context = upstream_context(Upstream(url="https://tool.example"))

    assert context.cert_store_stats() == ssl.create_default_context().cert_store_stats()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_an_upstream_of_a_stranger_is_not_trusted(theirs: trustme.CA) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        Meeting(server_of(theirs), upstream_context(Upstream(url="https://tool.example")), "tool.example")


def test_ca_is_in_the_place_of_the_systems_roots(theirs: trustme.CA, folder: Path) -> None:
    context = upstream_context(Upstream(url="https://tool.example", ca=str(folder / "ca.pem")))
    meeting = Meeting(server_of(theirs), context, "tool.example")

    assert context.cert_store_stats()["x509_ca"] == 1
    assert meeting.client.selected_alpn_protocol() == "http/1.1"
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        Meeting(server_of(theirs, "other.example"), context, "tool.example")


def test_what_is_not_verified_may_be_anyone(theirs: trustme.CA) -> None:
    context = upstream_context(Upstream(url="https://tool.example", verify=False))

    assert Meeting(server_of(theirs, "other.example"), context, "tool.example").shown == ["other.example"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_upstream_that_asks_who_we_are_is_told(theirs: trustme.CA, folder: Path, version: ssl.TLSVersion) -> None:
    server = server_of(theirs)
    theirs.configure_trust(server)
    server.verify_mode = ssl.CERT_REQUIRED
    server.minimum_version = server.maximum_version = version
    settings = Upstream(
        url="https://tool.example",
        ca=str(folder / "ca.pem"),
        client_cert=str(folder / "cert.pem"),
        client_key=str(folder / "key.pem"),
    )
    meeting = Meeting(server, upstream_context(settings), "tool.example")

    shown = meeting.server.getpeercert()
    assert shown is not None
    assert shown["subjectAltName"] == (("DNS", "us.example"),)
    with pytest.raises(ssl.SSLError):
        Meeting(server, upstream_context(settings.model_copy(update={"client_cert": None})), "tool.example")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"ca": "none.pem"}, "ca none.pem: No such file or directory"),
        ({"ca": "key.pem"}, "ca key.pem: it holds no certificate in PEM"),
        ({"client_cert": "none.pem"}, "client_cert none.pem, client_key key.pem: No such file or directory"),
        (
            {"client_cert": "key.pem"},
            "client_cert key.pem, client_key key.pem: they are no certificate and its key in PEM",
        ),
        ({"client_cert": "ca.pem"}, "client_cert ca.pem, client_key key.pem: the key is not the certificate's"),
        (
            {"client_key": "encrypted.pem"},
            (
                "client_cert cert.pem, client_key encrypted.pem: "
                "the key is encrypted, and nobody is here to be asked for its password"
            ),
        ),
    ],
)
def test_files_that_are_of_no_use_are_named(folder: Path, changed: dict[str, str], says: str) -> None:
    key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
    form, secret = serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")
    (folder / "encrypted.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, secret))
    files = {"ca": "ca.pem", "client_cert": "cert.pem", "client_key": "key.pem"} | changed
    settings = Upstream(url="https://tool.example").model_copy(
        update={field: str(folder / name) for field, name in files.items()}
    )

    with pytest.raises(StartError) as caught:
        upstream_context(settings)
    assert str(caught.value).replace(f"{folder}/", "") == says


async def test_a_file_that_has_gone_since_is_the_upstreams_failure_and_not_the_end_of_the_proxy() -> None:
    settings = Upstream(url="https://127.0.0.1", ca="/nonexistent/ca.pem")

    with pytest.raises(UpstreamError) as caught:
        await Pool(Reach(set())).connect(Origin("https", "127.0.0.1", 1, settings))
    assert (caught.value.status, caught.value.problem) == (
        502,
        "127.0.0.1:1: ca /nonexistent/ca.pem: No such file or directory",
    )


def test_hosts_that_are_spoken_to_alike_share_what_it_takes() -> None:
    pool, settings = Pool(Reach(set())), Upstream(url="")
    one, two = (pool._context(Origin("https", host, 443, settings)) for host in ("one.test", "two.test"))
    other = pool._context(Origin("https", "one.test", 443, Upstream(url="https://one.test", verify=False)))

    assert one is two, "it takes a while to make, and agents may ask for any number of hosts"
    assert other.verify_mode is ssl.CERT_NONE
    assert one.verify_mode is ssl.CERT_REQUIRED
