"""The server's key in its file."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from wheelyard.errors import BadInput, InvalidSetting
from wheelyard.provenance.keys import keys_document, public_pem, read_public_keys
from wheelyard.provenance.signing_key import rotate, signing_key


def test_a_key_is_made_once_and_only_its_user_can_read_it(tmp_path: Path) -> None:
    file = tmp_path / "new" / "key.pem"
    key = signing_key(file)
    assert signing_key(file).id == key.id
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_those_who_make_it_at_once_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: signing_key(tmp_path / "key.pem").id, range(24)))
    assert len(set(keys)) == 1


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    signing_key(tmp_path / "key.pem")
    (tmp_path / "key.pem").chmod(0o640)
    with pytest.raises(InvalidSetting, match="Others may read"):
        signing_key(tmp_path / "key.pem")


@pytest.mark.parametrize("data", [b"", b"spam", b"-----BEGIN PRIVATE KEY-----\n"])
def test_what_is_no_key_is_refused(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(data)
    file.chmod(0o600)
    with pytest.raises(InvalidSetting, match="no private key"):
        signing_key(file)
    assert file.read_bytes() == data


def test_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    file = tmp_path / "key.pem"
    file.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    file.chmod(0o600)
    with pytest.raises(InvalidSetting, match="Ed25519"):
        signing_key(file)


def test_rotation_leaves_a_new_key_alone_in_its_place(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    before = signing_key(file)
    after = rotate(file)
    assert after.id != before.id
    assert signing_key(file).id == after.id
    assert list(tmp_path.iterdir()) == [file]
    assert before.id in repr(before)


def test_published_keys_are_read_one_by_one_or_all_together(tmp_path: Path) -> None:
    keys = [signing_key(tmp_path / name) for name in ("a", "b")]
    public = [key.private.public_key() for key in keys]
    document = keys_document(public, current=keys[1].id)
    assert set(read_public_keys(document)) == {key.id for key in keys}
    assert list(read_public_keys(public_pem(public[0]))) == [keys[0].id]


@pytest.mark.parametrize(
    "data", [b"", b"spam", b"{}", b'{"keys": 1}', b'{"keys": [1]}', b'{"keys": [{"public": "x"}]}']
)
def test_what_are_no_public_keys_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        read_public_keys(data)
