"""Whether the store holds what the database promises."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from wheelyard.database.checking import PromisedWheel, promised_logs, promised_wheels
from wheelyard.database.engine import Connection
from wheelyard.errors import NotStored
from wheelyard.storage.store import Store


@dataclass(frozen=True, slots=True)
class StoreFault:
    """An object that is missing, or is not what it should be."""

    key: str
    fault: str


def store_faults(
    connection: Connection, store: Store, *, with_digests: bool
) -> Iterator[StoreFault]:
    """Yield what is wrong with the wheels, METADATA files and logs that must be in the store.

    Wheels are compared in size; with `with_digests` every file is read and its SHA-256 compared.
    A wheel that is being withdrawn or brought back at this moment may be told of wrongly.
    """
    for wheel in promised_wheels(connection):
        yield from _wheel_faults(store, wheel)
        if with_digests:
            yield from _digest_faults(store, wheel)
    for key in promised_logs(connection):
        if _size(store, key) is None:
            yield StoreFault(key, "missing")


def _wheel_faults(store: Store, wheel: PromisedWheel) -> Iterator[StoreFault]:
    size = _size(store, wheel.key)
    if size is None:
        yield StoreFault(wheel.key, "missing")
    elif size != wheel.size:
        yield StoreFault(wheel.key, f"has {size} bytes instead of {wheel.size}")
    metadata = f"{wheel.key}.metadata"
    if _size(store, metadata) is None:
        yield StoreFault(metadata, "missing")


def _digest_faults(store: Store, wheel: PromisedWheel) -> Iterator[StoreFault]:
    promised = {wheel.key: wheel.sha256, f"{wheel.key}.metadata": wheel.metadata_sha256}
    for key, sha256 in promised.items():
        found = _sha256(store, key)
        if found not in {None, sha256}:
            yield StoreFault(key, f"has the SHA-256 {found} instead of {sha256}")


def _size(store: Store, key: str) -> int | None:
    try:
        return store.info(key).size
    except NotStored:
        return None


def _sha256(store: Store, key: str) -> str | None:
    digest = hashlib.sha256()
    try:
        for piece in store.read(key):
            digest.update(piece)
    except NotStored:
        return None
    return digest.hexdigest()
