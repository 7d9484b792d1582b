"""Whether a wheel, what is said of it, and public keys agree; pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from wheelyard.errors import NotVerified
from wheelyard.model.names import Sha256
from wheelyard.provenance.envelope import PAYLOAD_TYPE, Envelope, read_envelope, signer_of
from wheelyard.provenance.statement import PREDICATE_TYPE, STATEMENT_TYPE


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What is proved of a file: the statement, and the key that signed it."""

    filename: str
    sha256: Sha256
    key_id: str
    statement: Mapping[str, Any]


def verify(
    *, filename: str, sha256: Sha256, envelope: bytes, keys: Mapping[str, Ed25519PublicKey]
) -> Verified:
    """Check that a key of these has signed a statement about these very bytes of this name.

    Raises:
        BadInput: if the envelope cannot be read.
        NotVerified: with the reason, if anything does not agree.
    """
    parts = read_envelope(envelope)
    signer = signer_of(parts, keys)
    if signer is None:
        raise NotVerified(filename, _why_unsigned(parts, keys))
    told = _statement(filename, parts)
    _check_subject(told, filename, sha256)
    return Verified(filename=filename, sha256=sha256, key_id=signer, statement=told)


def _why_unsigned(envelope: Envelope, keys: Mapping[str, Ed25519PublicKey]) -> str:
    if not envelope.signatures:
        return "Its provenance is not signed at all"
    known = [each.key_id for each in envelope.signatures if each.key_id in keys]
    if known:
        return (
            f"The provenance was changed after it was signed: the signature by the key {known[0]}"
            " does not fit"
        )
    unknown = ", ".join(repr(each.key_id[:64]) for each in envelope.signatures[:4])
    return (
        f"The provenance is signed by a key that is not among the given ones: {unknown}. Get the"
        " server's keys anew if it has changed its key, and else do not trust this file"
    )


def _statement(filename: str, envelope: Envelope) -> Mapping[str, Any]:
    if envelope.payload_type != PAYLOAD_TYPE:
        raise NotVerified(filename, f"What is signed is {envelope.payload_type!r}, no statement")
    try:
        told = json.loads(envelope.payload)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or told.get("_type") != STATEMENT_TYPE:
        raise NotVerified(filename, "What is signed is not an in-toto statement of version 1")
    if told.get("predicateType") != PREDICATE_TYPE:
        raise NotVerified(filename, "The statement is signed, but says nothing of provenance")
    return told


def _check_subject(told: Mapping[str, Any], filename: str, sha256: Sha256) -> None:
    subjects = told.get("subject")
    digests = {}
    for subject in subjects if isinstance(subjects, list) else []:
        if isinstance(subject, dict) and isinstance(subject.get("digest"), dict):
            digests[subject.get("name")] = subject["digest"].get("sha256")
    if filename not in digests:
        about = ", ".join(repr(name) for name in digests) or "no file"
        raise NotVerified(filename, f"The provenance is about another file: {about}")
    if digests[filename] != sha256:
        raise NotVerified(
            filename,
            f"The file is not the one that was built: it has the SHA-256 {sha256}, and the signed"
            f" provenance says {digests[filename]}",
        )
