"""The server's own key: a file that only its user can read, made when it is first wanted."""

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from wheelyard.errors import InvalidSetting
from wheelyard.provenance.envelope import sign
from wheelyard.provenance.keys import key_id

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key; it shows nothing of itself but its id."""

    private: Ed25519PrivateKey

    @property
    def id(self) -> str:
        """The id of the public key that belongs to it."""
        return key_id(self.private.public_key())

    def sign(self, statement: bytes) -> bytes:
        """Return the envelope of a statement."""
        return sign(statement, self.private)

    def __repr__(self) -> str:
        return f"SigningKey({self.id})"


def signing_key(file: Path) -> SigningKey:
    """Return the key in a file; make both if there is no such file.

    Of several processes that make it at once, one does, and all get its key.

    Raises:
        InvalidSetting: if the file holds no such key, others may read it, or it cannot be made.
    """
    try:
        with suppress(FileNotFoundError):
            return _read(file)
        file.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            _put(file, replacing=False)
        return _read(file)
    except OSError as error:
        raise InvalidSetting(file, f"The signing key: {error}") from None


def rotate(file: Path) -> SigningKey:
    """Put a new key in the place of the one in a file, which is gone for good.

    Raises:
        InvalidSetting: if the file cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _put(file, replacing=True)
        return _read(file)
    except OSError as error:
        raise InvalidSetting(file, f"The signing key: {error}") from None


def _put(file: Path, *, replacing: bool) -> None:
    """Write a fresh key whole, so that nobody reads half of one."""
    data = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    partial = file.with_name(f"{file.name}.{token_hex(8)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        if replacing:
            partial.replace(file)
        else:
            file.hardlink_to(partial)
    finally:
        partial.unlink(missing_ok=True)


def _read(file: Path) -> SigningKey:
    with file.open("rb") as opened:
        mode = os.fstat(opened.fileno()).st_mode
        data = opened.read()
    if mode & _OTHERS:
        raise InvalidSetting(file, "Others may read the signing key: chmod 600 it, then rotate it")
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InvalidSetting(file, f"It holds no private key in PEM: {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise InvalidSetting(file, "Provenance is signed with Ed25519 keys only")
    return SigningKey(key)
