"""The authority and what it signs, read back from the certificates."""

import re
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from chaosproxy.core.clock import ManualClock
from chaosproxy.core.effects import Flaw
from chaosproxy.core.errors import StartError
from chaosproxy.dataplane.tls.authority import Authority, Leaf

HOSTS = ["api.example.com", "*.staging.example", "127.0.0.1", "::1"]
DAY = 86_400


def of(pem: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem)


def the_leaf(leaf: Leaf) -> x509.Certificate:
    return x509.load_pem_x509_certificates(leaf.chain)[0]


def names_of(certificate: x509.Certificate) -> list[object]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [name.value for name in names]


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="module")
def now(clock: ManualClock) -> datetime:
    return datetime.fromtimestamp(clock.wall(), UTC)


@pytest.fixture(scope="module")
def authority(clock: ManualClock) -> Authority:
    return Authority.create(HOSTS, clock=clock)


# The authority's own certificate


def test_it_is_an_authority_and_may_make_no_other(authority: Authority) -> None:
    certificate = of(authority.certificate_pem)
    basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    public_key = certificate.public_key()

    assert basic.critical
    assert (basic.value.ca, basic.value.path_length) == (True, 0)
    assert usage.critical
    assert (usage.value.key_cert_sign, usage.value.crl_sign, usage.value.digital_signature) == (True, True, False)
    assert certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    assert public_key.curve.name == "secp256r1"


def test_its_constraints_are_critical_and_name_the_hosts(authority: Authority) -> None:
    constraints = of(authority.certificate_pem).extensions.get_extension_for_class(x509.NameConstraints)

    assert constraints.critical
    assert authority.hosts == ("api.example.com", "staging.example", "127.0.0.1", "::1")


def test_its_key_signs_for_servers_only(authority: Authority) -> None:
    usage = of(authority.certificate_pem).extensions.get_extension_for_class(x509.ExtendedKeyUsage)

    assert list(usage.value) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_its_time_is_what_was_asked_for(now: datetime, clock: ManualClock) -> None:
    authority = Authority.create(HOSTS, days=30, clock=clock)

    assert authority.validity == (now - timedelta(days=1), now + timedelta(days=30))


@pytest.mark.parametrize("days", [0, -1, 10_000_000_000])
def test_a_time_that_cannot_be_is_refused(days: int) -> None:
    with pytest.raises(StartError):
        Authority.create(HOSTS, days=days)


def test_two_are_never_the_same(authority: Authority) -> None:
    other = Authority.create(HOSTS)

    assert of(other.certificate_pem).subject != of(authority.certificate_pem).subject
    assert of(other.certificate_pem).public_key() != of(authority.certificate_pem).public_key()


@pytest.mark.parametrize("host", ["api.example.com", "API.example.com:443", "a.b.staging.example", "[::1]:443"])
def test_it_covers_what_its_certificate_permits(authority: Authority, host: str) -> None:
    assert authority.covers(host)


@pytest.mark.parametrize("host", ["example.com", "xapi.example.com", "127.0.0.2", "::2", "", "*", "a b", "staging"])
def test_it_covers_nothing_else(authority: Authority, host: str) -> None:
    assert not authority.covers(host)
    with pytest.raises(StartError, match=r"does not speak for it, only for api\.example\.com, staging\.example"):
        authority.leaf(host)


# What it signs


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("api.example.com", "api.example.com"),
        ("API.example.com:443", "api.example.com"),
        ("*.staging.example", "*.staging.example"),
        ("127.0.0.1", ip_address("127.0.0.1")),
        ("[::1]", ip_address("::1")),
        ("a" * 60 + ".staging.example", "a" * 60 + ".staging.example"),
    ],
)
def test_a_leaf_names_its_host(authority: Authority, host: str, named: object) -> None:
    certificate = the_leaf(authority.leaf(host))
    alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    subject = [each.value for each in certificate.subject]

    assert names_of(certificate) == [named]
    assert subject == ([named] if isinstance(named, str) and len(named) <= 64 else [])
    assert alternatives.critical is (subject == [])


def test_a_leaf_is_a_servers_and_no_authority(authority: Authority) -> None:
    extensions = the_leaf(authority.leaf("api.example.com")).extensions

    assert extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.SERVER_AUTH]
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_cert_sign) == (True, False)


@pytest.mark.parametrize("flaw", [None, Flaw.EXPIRED, Flaw.WRONG_HOST, Flaw.STALLED, Flaw.CUT])
def test_a_leaf_is_signed_by_the_authority_and_comes_with_it(authority: Authority, flaw: Flaw | None) -> None:
    leaf, ours = x509.load_pem_x509_certificates(authority.leaf("api.example.com", flaw).chain)
    by = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value

    assert ours == of(authority.certificate_pem)
    leaf.verify_directly_issued_by(ours)
    assert by.key_identifier == ours.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.key_identifier


def test_a_leaf_comes_with_its_key(authority: Authority) -> None:
    leaf = authority.leaf("api.example.com")
    key = serialization.load_pem_private_key(leaf.key, None)

    assert key.public_key() == the_leaf(leaf).public_key()
    assert key.public_key() != of(authority.certificate_pem).public_key()


def test_a_leaf_lives_for_ninety_days_and_no_longer_than_the_authority(
    authority: Authority, now: datetime, clock: ManualClock
) -> None:
    leaf = the_leaf(authority.leaf("api.example.com"))
    short = Authority.create(HOSTS, days=5, clock=clock).leaf("api.example.com")

    assert leaf.not_valid_before_utc == now - timedelta(days=1)
    assert leaf.not_valid_after_utc == now + timedelta(days=90)
    assert the_leaf(short).not_valid_after_utc == now + timedelta(days=5)
    assert short.expires == (now + timedelta(days=5)).timestamp()


def test_no_two_leaves_have_one_number(authority: Authority) -> None:
    numbers = {the_leaf(authority.leaf("api.example.com")).serial_number for _ in range(20)}

    assert len(numbers) == 20
    assert all(0 < number < 2**160 for number in numbers)


def test_an_authority_whose_time_is_over_signs_nothing() -> None:
    clock = ManualClock()
    authority = Authority.create(HOSTS, days=1, clock=clock)
    clock.advance(3 * DAY)

    with pytest.raises(StartError, match="this authority expired on"):
        authority.leaf("api.example.com")


# What it signs wrongly


def test_expired_is_over_since_yesterday(authority: Authority, now: datetime) -> None:
    leaf = the_leaf(authority.leaf("api.example.com", Flaw.EXPIRED))

    assert names_of(leaf) == ["api.example.com"]
    assert leaf.not_valid_after_utc == now - timedelta(days=1)
    assert leaf.not_valid_before_utc == now - timedelta(days=91)


@pytest.mark.parametrize(
    ("hosts", "host", "named"),
    [
        (HOSTS, "api.example.com", ["www.api.example.com"]),
        (HOSTS, "*.staging.example", ["staging.example"]),
        (HOSTS, "127.0.0.1", ["api.example.com"]),
        (["10.0.0.1", "10.0.0.2"], "10.0.0.1", [ip_address("10.0.0.2")]),
        (["10.0.0.1", "10.0.0.2"], "10.0.0.2", [ip_address("10.0.0.1")]),
        (["10.0.0.1"], "10.0.0.1", []),
        (["tool", "10.0.0.1"], "tool", [ip_address("10.0.0.1")]),
        (["tool"], "tool", []),
    ],
)
def test_wrong_host_names_another_that_the_authority_may_speak_for(hosts: list[str], host: str, named: object) -> None:
    authority = Authority.create(hosts)
    leaf = the_leaf(authority.leaf(host, Flaw.WRONG_HOST))

    assert names_of(leaf) == named
    assert host not in [name.value for name in leaf.subject]
    assert all(authority.covers(str(name)) for name in names_of(leaf))


def test_untrusted_is_signed_by_somebody_unheard_of(authority: Authority) -> None:
    leaf = authority.leaf("api.example.com", Flaw.UNTRUSTED)
    again = authority.leaf("127.0.0.1", Flaw.UNTRUSTED)
    (only,) = x509.load_pem_x509_certificates(leaf.chain)

    assert names_of(only) == ["api.example.com"]
    assert only.issuer != of(authority.certificate_pem).subject
    assert only.issuer == the_leaf(again).issuer
    assert only.not_valid_after_utc > only.not_valid_before_utc


@pytest.mark.parametrize("flaw", [None, *Flaw])
@pytest.mark.parametrize("host", ["api.example.com", "127.0.0.1"])
def test_nothing_in_a_certificate_says_who_made_it(host: str, flaw: Flaw | None) -> None:
    authority = Authority.create([host])
    certificates = x509.load_pem_x509_certificates(authority.leaf(host, flaw).chain + authority.certificate_pem)

    for certificate in certificates:
        der = certificate.public_bytes(serialization.Encoding.DER)
        assert re.findall(rb"(?i)chaos|proxy|inject|fault|test", der) == []
