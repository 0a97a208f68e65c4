"""What clients must be given so that they trust an authority: a bundle of roots, and the variables that they read.

Knows neither keys nor connections. Agents can read a bundle, so nothing in it says who made it.
"""

import re
import ssl
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

import msgspec

from chaosproxy.core.errors import StartError


class TrustVariable(msgspec.Struct, frozen=True):
    """An environment variable that names a file of roots."""

    name: str
    clients: str
    """Who reads it."""
    adds: bool = False
    """Whether the file is beside the roots that the client has; otherwise it is in their place."""


TRUST_VARIABLES = (
    TrustVariable("NODE_EXTRA_CA_CERTS", "Node.js", adds=True),
    TrustVariable("SSL_CERT_FILE", "OpenSSL, Python's ssl, httpx, the OpenAI and Anthropic SDKs, Go, Codex"),
    TrustVariable("REQUESTS_CA_BUNDLE", "requests, PyGithub, pip"),
    TrustVariable("CURL_CA_BUNDLE", "curl, and requests without the one above"),
    TrustVariable("AWS_CA_BUNDLE", "boto3 and the AWS command line"),
    TrustVariable("GIT_SSL_CAINFO", "git"),
)
"""What each family of clients reads."""

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----\s[^-]+-----END CERTIFICATE-----")


def bundle(certificate_pem: bytes, roots: Path | None = None) -> bytes:
    """The system's roots and this certificate, each once, in PEM, with a comment that says who reads it.

    Args:
        certificate_pem: the certificate.
        roots: a file or a folder of roots that somebody uses in place of the system's.

    Raises:
        StartError: if there are no roots, or they cannot be read.
    """
    says = ["The roots of this system, and one more.", *(f"{each.name}: {each.clients}" for each in replacing())]
    comment = "".join(f"# {line}\n" for line in says).encode()
    others = _system_roots() if roots is None else _roots_in(roots)
    certificates = dict.fromkeys(found for text in (certificate_pem, *others) for found in _certificates(text))
    return comment + b"".join(certificate + b"\n" for certificate in certificates)


def replacing() -> Iterable[TrustVariable]:
    """The variables whose file must hold the system's roots too."""
    return (each for each in TRUST_VARIABLES if not each.adds)


def _certificates(pem: bytes) -> Iterator[bytes]:
    for found in _CERTIFICATE.findall(pem):
        yield b"\n".join(line.strip() for line in found.splitlines())


def _system_roots() -> list[bytes]:
    """The texts of the files in which OpenSSL looks for roots; else of the one that comes with certifi."""
    found = ssl.get_default_verify_paths()
    places = [Path(place) for place in (found.cafile, found.capath) if place is not None]
    try:
        texts = (_texts(place) for place in places)
        roots = next((each for each in texts if any(map(_CERTIFICATE.search, each))), None)
        if roots is None and find_spec("certifi") is not None:
            import certifi  # noqa: PLC0415 - only if it is there

            roots = [Path(certifi.where()).read_bytes()]
    except OSError as error:
        raise StartError(f"the system's roots, {error.filename}, cannot be read: {error.strerror}") from None
    if roots is None:
        raise StartError("no roots are found on this system; SSL_CERT_FILE may say where they are")
    return roots


def _roots_in(place: Path) -> list[bytes]:
    try:
        return _texts(place)
    except OSError as error:
        raise StartError(f"the roots in {place} cannot be read: {error.strerror}") from None


def _texts(place: Path) -> list[bytes]:
    """Of a file, or of the files in a folder; in a folder of links some may lead nowhere."""
    if place.is_file():
        return [place.read_bytes()]
    return [path.read_bytes() for path in sorted(place.iterdir()) if path.is_file()]
