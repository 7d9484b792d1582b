"""Envelopes: what was signed is known again, and nothing else is."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from wheelyard.errors import BadInput
from wheelyard.provenance.envelope import MAX_BYTES, PAYLOAD_TYPE, read_envelope, sign, signer_of
from wheelyard.provenance.keys import key_id

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = {key_id(KEY.public_key()): KEY.public_key()}


@given(st.binary(max_size=300))
def test_what_was_signed_is_known_again(payload: bytes) -> None:
    envelope = read_envelope(sign(payload, KEY))
    assert (envelope.payload_type, envelope.payload) == (PAYLOAD_TYPE, payload)
    assert signer_of(envelope, PUBLIC) == next(iter(PUBLIC))


def test_what_is_signed_is_the_specifications_encoding() -> None:
    document = json.loads(sign(b"hello world", KEY))
    signature = base64.b64decode(document["signatures"][0]["sig"])
    kind = PAYLOAD_TYPE.encode()
    KEY.public_key().verify(signature, b"DSSEv1 28 " + kind + b" 11 hello world")


@given(st.binary(min_size=1, max_size=50), st.data())
def test_a_changed_payload_has_no_signer(payload: bytes, data: st.DataObject) -> None:
    document = json.loads(sign(payload, KEY))
    changed = bytearray(payload)
    changed[data.draw(st.integers(0, len(payload) - 1))] ^= data.draw(st.integers(1, 255))
    document["payload"] = base64.b64encode(changed).decode()
    assert signer_of(read_envelope(json.dumps(document).encode()), PUBLIC) is None


def test_a_changed_payload_type_has_no_signer() -> None:
    document = json.loads(sign(b"spam", KEY)) | {"payloadType": "text/plain"}
    assert signer_of(read_envelope(json.dumps(document).encode()), PUBLIC) is None


def test_a_signature_under_anothers_id_counts_for_nothing() -> None:
    other = Ed25519PrivateKey.generate()
    document = json.loads(sign(b"spam", other))
    document["signatures"][0]["keyid"] = next(iter(PUBLIC))
    assert signer_of(read_envelope(json.dumps(document).encode()), PUBLIC) is None


def test_one_good_signature_among_others_is_enough() -> None:
    document = json.loads(sign(b"spam", Ed25519PrivateKey.generate()))
    document["signatures"] += json.loads(sign(b"spam", KEY))["signatures"]
    envelope = read_envelope(json.dumps(document).encode())
    assert signer_of(envelope, PUBLIC) == next(iter(PUBLIC))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"payloadType": 1, "payload": "", "signatures": []}',
        b'{"payloadType": "x", "payload": "!", "signatures": []}',
        b'{"payloadType": "x", "payload": "", "signatures": 1}',
        b'{"payloadType": "x", "payload": "", "signatures": [1]}',
        b'{"payloadType": "x", "payload": "", "signatures": [{"sig": null}]}',
        b" " * (MAX_BYTES + 1),
    ],
)
def test_what_is_no_envelope_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        read_envelope(data)


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(st.sampled_from(["payload", "payloadType", "signatures", "sig"]), x)
        ),
    )
)
def test_any_document_is_read_or_refused(document: object) -> None:
    data = json.dumps(document).encode()
    try:
        read_envelope(data)
    except BadInput:
        return
    assert isinstance(document, dict)
