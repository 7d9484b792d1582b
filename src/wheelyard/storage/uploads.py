"""Uploads of builders: numbered parts of files, kept in the store until a build is finished.

Parts are numbered from 0. Any web process can take the next part, because all of them are
objects under `uploads/<build>/<filename>/`.
"""

from collections.abc import Iterator
from pathlib import Path

from wheelyard.errors import BadInput, NotStored, UploadRefused
from wheelyard.storage.store import Store

_FOLDER = "uploads"
MAX_PARTS = 100_000
"""No file has more parts than this."""


def put_part(store: Store, build_id: str, filename: str, number: int, data: bytes) -> None:
    """Keep one part of a file, replacing an earlier attempt at the same part.

    Raises:
        BadInput: if the number is not one that a part can have.
        StoreFull: if there is no room.
    """
    if not 0 <= number < MAX_PARTS:
        raise BadInput(number, "Parts are numbered from 0")
    store.put(_key(build_id, filename, number), data)


def parts(store: Store, build_id: str, filename: str) -> dict[int, int]:
    """Return the parts of a file that are there: number to size in bytes, in order."""
    found = {}
    for key in store.keys(f"{_FOLDER}/{build_id}/{filename}"):
        try:
            found[int(key.rpartition("/")[2])] = store.info(key).size
        except NotStored:
            continue  # It was discarded while we looked.
    return dict(sorted(found.items()))


def uploaded(store: Store, build_id: str) -> dict[str, dict[int, int]]:
    """Return every file of a build that has parts, with its parts as `parts` returns them."""
    filenames = {key.split("/")[2] for key in store.keys(f"{_FOLDER}/{build_id}")}
    return {filename: parts(store, build_id, filename) for filename in sorted(filenames)}


def assemble(store: Store, build_id: str, filename: str, destination: Path, *, limit: int) -> None:
    """Write all parts of a file, in order, to `destination`, reading a piece at a time.

    Raises:
        UploadRefused: if parts are missing, or together are larger than `limit` bytes.
    """
    found = parts(store, build_id, filename)
    if list(found) != list(range(len(found))) or not found:
        raise UploadRefused(filename, f"Of the parts only {sorted(found)} were uploaded")
    if sum(found.values()) > limit:
        raise UploadRefused(filename, f"It is larger than the limit of {limit} bytes")
    with destination.open("wb") as file:
        for number in found:
            for chunk in store.read(_key(build_id, filename, number)):
                file.write(chunk)


def discard(store: Store, build_id: str) -> None:
    """Forget all that was uploaded for a build."""
    for key in list(store.keys(f"{_FOLDER}/{build_id}")):
        store.delete(key)


def builds_with_uploads(store: Store) -> Iterator[str]:
    """Yield the ids of builds that have parts in the store, each once."""
    seen = set()
    for key in store.keys(_FOLDER):
        build_id = key.split("/")[1]
        if build_id not in seen:
            seen.add(build_id)
            yield build_id


def _key(build_id: str, filename: str, number: int) -> str:
    return f"{_FOLDER}/{build_id}/{filename}/{number:05d}"
