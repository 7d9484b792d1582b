"""DSSE envelopes: a statement with its signatures.

The specification is https://github.com/secure-systems-lab/dsse, version 1. Pure.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from wheelyard.errors import BadInput
from wheelyard.provenance.keys import key_id

PAYLOAD_TYPE = "application/vnd.in-toto+json"
MAX_BYTES = 256 * 1024
"""The largest envelope that is read."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature, and the id of the key that is said to have made it."""

    key_id: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload and its signatures, not checked."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]


def sign(payload: bytes, key: Ed25519PrivateKey) -> bytes:
    """Return the envelope of a statement, as it is served."""
    document = {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [
            {
                "keyid": key_id(key.public_key()),
                "sig": base64.b64encode(key.sign(_encoded(PAYLOAD_TYPE, payload))).decode(),
            }
        ],
    }
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def read_envelope(data: bytes) -> Envelope:
    """Take an envelope apart.

    Raises:
        BadInput: if it is not one.
    """
    if len(data) > MAX_BYTES:
        raise BadInput(f"{len(data)} bytes", f"A provenance has at most {MAX_BYTES}")
    try:
        document: Any = json.loads(data)
        return Envelope(
            payload_type=_text(document["payloadType"]),
            payload=base64.b64decode(_text(document["payload"]), validate=True),
            signatures=tuple(
                Signature(
                    _text(each.get("keyid", "")),
                    base64.b64decode(_text(each["sig"]), validate=True),
                )
                for each in document["signatures"]
            ),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, binascii.Error):
        raise BadInput("the provenance", "It is not a DSSE envelope in JSON") from None


def signer_of(envelope: Envelope, keys: Mapping[str, Ed25519PublicKey]) -> str | None:
    """Return the id of a known key that has signed this; None if none has."""
    signed = _encoded(envelope.payload_type, envelope.payload)
    for signature in envelope.signatures:
        key = keys.get(signature.key_id)
        if key is None:
            continue
        try:
            key.verify(signature.value, signed)
        except InvalidSignature:
            continue
        return signature.key_id
    return None


def _encoded(payload_type: str, payload: bytes) -> bytes:
    """Return what is signed: type and payload with their lengths, so that neither runs over."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value
