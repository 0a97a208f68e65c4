"""A certificate authority that can speak for the hosts it was made for, and by its own certificate for no other.

Its leaf certificates are what an agent is shown for a tool's host; a leaf can be flawed on purpose. An agent can read
all of them, so no name in them says who made them. Keys are P-256. Knows no socket, no loop and no `ssl`.
"""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Self, TypeVar

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chaosproxy.core.clock import Clock, SystemClock
from chaosproxy.core.effects import Flaw
from chaosproxy.core.errors import StartError
from chaosproxy.dataplane.tls import folder as keeping
from chaosproxy.dataplane.tls.names import Address, Allowed, constraints_for, general_name, parse_host

LONGEST = 825
"""Days. Apple's clients refuse a certificate that is valid for longer, whoever signed it."""

LEAF_LIFE = timedelta(days=90)
"""As long as those that most public servers have."""

SKEW = timedelta(days=1)
"""Certificates begin so long ago, because the clocks of containers and virtual machines differ."""

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
T = TypeVar("T", bound=x509.ExtensionType)


class Leaf(msgspec.Struct, frozen=True):
    """What a server shows: a certificate for one host."""

    chain: bytes
    """Certificates in PEM: the leaf, then who signed it, unless that is nobody one could know."""
    key: bytes
    """The leaf's key, in PEM."""
    expires: float
    """Seconds since 1970."""


class Authority:
    """A CA: its certificate and its key."""

    def __init__(self, certificate: x509.Certificate, key: Key, clock: Clock) -> None:
        """Of a certificate that carries name constraints; `create` and `load` see to that."""
        self._certificate = certificate
        self._key = key
        self._clock = clock
        self._allowed = Allowed(certificate.extensions.get_extension_for_class(x509.NameConstraints).value)
        self._leaf_key = ec.generate_private_key(ec.SECP256R1())
        self._leaf_key_pem = _key_pem(self._leaf_key)

    # Where one comes from, and where it goes

    @classmethod
    def create(cls, hosts: Sequence[str], *, days: int = LONGEST, clock: Clock | None = None) -> Self:
        """A new one, with a new key, for these hosts: `api.example.com`, `*.staging.example`, addresses.

        A port behind a host is no part of it and is left out.

        Raises:
            StartError: for a host that a certificate cannot be kept to.
        """
        clock = clock or SystemClock()
        constraints = constraints_for(hosts)
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(f"Local development CA {secrets.token_hex(4)}")
        now = _moment(clock)
        if days < 1:
            raise StartError("an authority must be valid for a day at least")
        try:
            until = now + timedelta(days=days)
            builder = _begun(name, name, key.public_key()).not_valid_before(now - SKEW).not_valid_after(until)
        except (OverflowError, ValueError):
            raise StartError(f"a certificate cannot be valid for {days} days") from None
        certificate = (
            builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            # Only for servers: a leaked key signs no mail and no code either.
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(constraints, critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(certificate, key, clock)

    @classmethod
    def load(cls, folder: Path, clock: Clock | None = None) -> Self:
        """The one that `save` has put there.

        Raises:
            StartError: if it is not there, or cannot be read or used; or if its key is open to others.
        """
        clock = clock or SystemClock()
        certificate_pem, key_pem = keeping.read(folder)
        certificate = _certificate(certificate_pem, folder / keeping.CERTIFICATE)
        key = _private_key(key_pem, folder / keeping.KEY)
        if key.public_key() != certificate.public_key():
            raise StartError(f"{folder}: {keeping.KEY} is not the key of {keeping.CERTIFICATE}")
        if problem := _unfit(certificate, _moment(clock)):
            raise StartError(f"{folder / keeping.CERTIFICATE}: {problem}; `chaosproxy ca new` makes another")
        return cls(certificate, key, clock)

    def save(self, folder: Path) -> None:
        """Write `ca.pem` and `ca-key.pem`; the key for its owner's eyes only.

        Raises:
            StartError: if something of that name is there, or it cannot be written.
        """
        keeping.write_new(folder, self.certificate_pem, _key_pem(self._key))

    # What it is

    @cached_property
    def certificate_pem(self) -> bytes:
        """The certificate, for those who are to trust it."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names and addresses that it may speak for; a name stands for those below it too."""
        return tuple(self._allowed.hosts())

    @property
    def validity(self) -> tuple[datetime, datetime]:
        """From when until when it is valid, in UTC."""
        return self._certificate.not_valid_before_utc, self._certificate.not_valid_after_utc

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, as `openssl x509 -fingerprint -sha256` writes it."""
        return self._certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    def covers(self, host: str) -> bool:
        """Whether it can speak for a host (or `*.domain`), by the constraints in its certificate. False for no host."""
        parsed = parse_host(host)
        return parsed is not None and self._allowed.covers(parsed)

    # What it signs

    def leaf(self, host: str, flaw: Flaw | None = None) -> Leaf:
        """A certificate for a host; flawed, if that is asked for. Flaws of the handshake itself change nothing here.

        Raises:
            StartError: for a host that it does not cover, or when its own time is over: nobody would accept the leaf.
        """
        parsed = parse_host(host)
        if parsed is None or not self._allowed.covers(parsed):
            raise StartError(f"{host}: the authority does not speak for it, only for {', '.join(self.hosts)}")
        now = _moment(self._clock)
        if now > self._certificate.not_valid_after_utc:
            raise StartError(_expired(self._certificate))
        if flaw is Flaw.UNTRUSTED:
            issuer, key = self._stranger
            return self._signed(parsed, _valid(now, issuer), (issuer, key))
        if flaw is Flaw.WRONG_HOST:
            return self._signed(self._other_than(parsed), _valid(now, self._certificate))
        if flaw is Flaw.EXPIRED:
            end = now - SKEW
            return self._signed(parsed, (end - LEAF_LIFE, end))
        return self._signed(parsed, _valid(now, self._certificate))

    def _signed(
        self,
        host: str | Address | None,
        validity: tuple[datetime, datetime],
        signer: tuple[x509.Certificate, Key] | None = None,
    ) -> Leaf:
        issuer, key = signer or (self._certificate, self._key)
        subject = _subject(host)
        builder = _begun(subject, issuer.subject, self._leaf_key.public_key())
        builder = builder.not_valid_before(validity[0]).not_valid_after(validity[1])
        builder = (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(_issuer_key(issuer), critical=False)
        )
        if host is not None:
            # Critical where it is all that says whose certificate this is (RFC 5280, 4.2.1.6).
            alternatives = x509.SubjectAlternativeName([general_name(host)])
            builder = builder.add_extension(alternatives, critical=not subject.rdns)
        pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        chain = pem + self.certificate_pem if signer is None else pem
        return Leaf(chain, self._leaf_key_pem, validity[1].timestamp())

    def _other_than(self, host: str | Address) -> str | Address | None:
        """Another host that the constraints allow, so that the name is all that a client can complain of.

        For a name it is the `www.` that somebody forgot, or did not forget. For an address it is one of the authority's
        other hosts. If it has no other: none at all, which clients call a mismatch too.
        """
        others = [parse_host(each) for each in self.hosts]
        if isinstance(host, str):
            others.insert(0, parse_host(host[2:] if host.startswith("*.") else f"www.{host}"))
        return next((each for each in others if each not in (None, host) and self._allowed.covers(each)), None)

    @cached_property
    def _stranger(self) -> tuple[x509.Certificate, Key]:
        """An authority that nobody has heard of, as a company's own is to whoever was not told of it."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Internal Certificate Services"),
                x509.NameAttribute(NameOID.COMMON_NAME, f"TLS Issuing CA G{secrets.randbelow(8) + 2}"),
            ]
        )
        now = _moment(self._clock)
        builder = _begun(name, name, key.public_key())
        builder = builder.not_valid_before(now - LEAF_LIFE * 4).not_valid_after(now + LEAF_LIFE * 12)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        return builder.sign(key, hashes.SHA256()), key


# Parts of certificates


def _moment(clock: Clock) -> datetime:
    return datetime.fromtimestamp(int(clock.wall()), UTC)


def _valid(now: datetime, issuer: x509.Certificate) -> tuple[datetime, datetime]:
    return max(now - SKEW, issuer.not_valid_before_utc), min(now + LEAF_LIFE, issuer.not_valid_after_utc)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _subject(host: str | Address | None) -> x509.Name:
    """Names up to what fits; an address is no common name, and OpenSSL would hold it against the constraints."""
    if host is None:
        return _name(f"Server {secrets.token_hex(3)}")
    return _name(host) if isinstance(host, str) and len(host) <= 64 else x509.Name([])


def _begun(subject: x509.Name, issuer: x509.Name, public_key: PublicKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _issuer_key(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = _extension(issuer, x509.SubjectKeyIdentifier)
    if identifier is not None:
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier.value)
    public_key = issuer.public_key()
    assert isinstance(public_key, PublicKey)
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(public_key)


def _extension(certificate: x509.Certificate, kind: type[T]) -> x509.Extension[T] | None:
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


# Reading what was kept


def _key_pem(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _certificate(pem: bytes, path: Path) -> x509.Certificate:
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        certificate.extensions  # noqa: B018 - read only when asked for, and may be malformed
    except ValueError:
        raise StartError(f"{path} holds no certificate in PEM") from None
    return certificate


def _private_key(pem: bytes, path: Path) -> Key:
    try:
        key = serialization.load_pem_private_key(pem, None)
    except TypeError:
        raise StartError(f"{path} is encrypted, and nobody is here to be asked for its password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise StartError(f"{path} holds no private key in PEM") from None
    if isinstance(key, Key):
        return key
    raise StartError(f"{path} holds a key of a kind that is not supported; P-256 and RSA keys are")


def _expired(certificate: x509.Certificate) -> str:
    return f"this authority expired on {certificate.not_valid_after_utc:%Y-%m-%d}"


def _unfit(certificate: x509.Certificate, now: datetime) -> str | None:
    """Why it cannot serve as an authority."""
    basic, usage = _extension(certificate, x509.BasicConstraints), _extension(certificate, x509.KeyUsage)
    constraints = _extension(certificate, x509.NameConstraints)
    if basic is None or not basic.value.ca or (usage is not None and not usage.value.key_cert_sign):
        return "this certificate is not an authority's"
    if constraints is None or not constraints.critical:
        return "nothing (no critical name constraints) keeps this authority to the hosts it is meant for"
    if certificate.not_valid_after_utc < now:
        return _expired(certificate)
    if certificate.not_valid_before_utc > now:
        return f"this authority is valid only from {certificate.not_valid_before_utc:%Y-%m-%d} on"
    return None
