"""Public keys, their ids, and the document that publishes them; pure.

A key's id is the SHA-256 of its SubjectPublicKeyInfo in DER, in hexadecimal.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from wheelyard.errors import BadInput

KEY_FOLDER = "provenance/keys"
"""Where the store has every public key that was ever used, as `<id>.pem`."""

KEYS_DOCUMENT = "provenance/keys.json"
"""Where the store has them all in one document."""

_SCHEME = "ed25519"
_MAX_SHOWN = 100


def key_id(key: Ed25519PublicKey) -> str:
    """Return the id of a key."""
    form = PublicFormat.SubjectPublicKeyInfo
    return hashlib.sha256(key.public_bytes(Encoding.DER, form)).hexdigest()


def public_pem(key: Ed25519PublicKey) -> bytes:
    """Return a key as people and programs exchange it."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def keys_document(keys: Iterable[Ed25519PublicKey], *, current: str) -> bytes:
    """Return the document that publishes keys; `current` is the id of the one that signs now."""
    listed = sorted((key_id(key), public_pem(key).decode()) for key in keys)
    document = {
        "current": current,
        "keys": [{"keyid": identity, "scheme": _SCHEME, "public": pem} for identity, pem in listed],
    }
    return json.dumps(document, indent=1).encode() + b"\n"


def read_public_keys(data: bytes) -> Mapping[str, Ed25519PublicKey]:
    """Read a key in PEM, or the document of all keys: key ids to keys.

    Raises:
        BadInput: if it is neither, or a key is not of Ed25519.
    """
    if data.lstrip().startswith(b"-----"):
        key = _read_pem(data)
        return {key_id(key): key}
    try:
        document: Any = json.loads(data)
        pems = [entry["public"].encode() for entry in document["keys"]]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        shown = repr(data[:_MAX_SHOWN])
        raise BadInput(shown, "A public key is in PEM, or in a server's keys.json") from None
    # What a document says of a key's id counts for nothing: the key itself does.
    return {key_id(key): key for key in map(_read_pem, pems)}


def _read_pem(data: bytes) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadInput(repr(data[:_MAX_SHOWN]), f"This is no public key in PEM: {error}") from None
    if not isinstance(key, Ed25519PublicKey):
        raise BadInput(type(key).__name__, "Provenance is signed with Ed25519 keys only")
    return key
