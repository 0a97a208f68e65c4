"""Where an authority is kept: `ca.pem` for everybody, `ca-key.pem` for its owner alone.

Knows files, not what is in them.
"""

import os
from pathlib import Path

from chaosproxy.core.errors import StartError

CERTIFICATE = "ca.pem"
KEY = "ca-key.pem"

_OTHERS = 0o077


def write_new(folder: Path, certificate: bytes, key: bytes) -> None:
    """Make the folder, if it is not there, and both files.

    Raises:
        StartError: if one of the files exists, or cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(folder / KEY, key, 0o600)
        try:
            _write(folder / CERTIFICATE, certificate, 0o644)
        except OSError:
            (folder / KEY).unlink(missing_ok=True)
            raise
    except FileExistsError as error:
        raise StartError(
            f"{error.filename} is there already, and somebody may trust it: choose another folder, or remove it"
        ) from None
    except OSError as error:
        raise StartError(f"{error.filename or folder} cannot be written: {error.strerror or error}") from None


def _write(path: Path, content: bytes, mode: int) -> None:
    """Nobody else can read it even while it is being written, and no link leads it elsewhere."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode & ~_OTHERS)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        os.fchmod(file.fileno(), mode)


def read(folder: Path) -> tuple[bytes, bytes]:
    """The certificate and the key.

    Raises:
        StartError: if one of them is missing or cannot be read, or if others can read the key.
    """
    return _read(folder / CERTIFICATE, secret=False), _read(folder / KEY, secret=True)


def _read(path: Path, *, secret: bool) -> bytes:
    try:
        with path.open("rb") as file:
            if secret and os.name == "posix" and os.fstat(file.fileno()).st_mode & _OTHERS:
                raise StartError(f"{path} is open to others than its owner; say: chmod 600 {path}")
            return file.read()
    except FileNotFoundError:
        raise StartError(f"{path} is not there; `chaosproxy ca new` makes an authority") from None
    except OSError as error:
        raise StartError(f"{path} cannot be read: {error.strerror or error}") from None
