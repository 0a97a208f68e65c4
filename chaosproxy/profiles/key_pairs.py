"""A client certificate and its key, as PEM texts: whether they can be used together.

Knows no files and keeps nothing.
"""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key


def wrong_with_certificate(pem: str) -> str | None:
    """What is wrong with the certificates in a file, in a few words."""
    try:
        x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        return "it holds no certificate in PEM"
    return None


def wrong_with_key(pem: str, certificate_pem: str | None) -> str | None:
    """What is wrong with the key in a file, or with the two together: a file's first certificate is the key's."""
    try:
        key = load_pem_private_key(pem.encode(), None)
    except TypeError:
        return "the key is encrypted, and nobody will be there to be asked for its password"
    except (ValueError, UnsupportedAlgorithm):
        return "it holds no private key in PEM"
    if certificate_pem is None:
        return None
    certificate = x509.load_pem_x509_certificates(certificate_pem.encode())[0]
    return None if certificate.public_key() == key.public_key() else "it is not the key of client_cert"
