"""The protocol of a store, and what every implementation promises."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What a store knows about an object without reading it; `size` in bytes."""

    key: str
    size: int
    modified_at: datetime


class Store(Protocol):
    """Objects by key. Keys are relative paths: `/` between parts, never empty, `.` or `..` parts.

    `put` is whole and atomic: a reader sees the old bytes or the new, never a mixture, and a
    process that is killed in the middle leaves nothing under the key. Every method raises
    `BadInput` for a key that is not a relative path, and `StoreFull` where there is no room.
    """

    def put(self, key: str, data: bytes | Iterable[bytes]) -> None:
        """Write an object, replacing what was there."""
        ...

    def get(self, key: str) -> bytes:
        """Return an object's bytes; raises `NotStored`."""
        ...

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from `start` up to but not including `end`; raises `NotStored`."""
        ...

    def info(self, key: str) -> ObjectInfo:
        """Return what is known about an object; raises `NotStored`."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; nothing happens if it is not there."""
        ...

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys that start with a folder's name, `prefix`, in any order."""
        ...
