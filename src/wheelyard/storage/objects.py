"""Stores on obstore: a folder, this process's memory, or an S3-compatible bucket."""

import errno
import os
import re
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, MemoryStore, S3Store
from obstore.store import ObjectStore as Backend

from wheelyard.errors import BadInput, InvalidSetting, NotStored, StoreFull, Unavailable
from wheelyard.storage.store import ObjectInfo, Store

_KEY_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+!=@~-]*")
_MAX_PART = 255
_MAX_KEY = 1000
_CHUNK_BYTES = 1024**2
_PARTIAL = ".partial"
_PARTIAL_LIFETIME = timedelta(days=1)
_MOVE_ATTEMPTS = 10
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_BUCKET_FULL = ("507 Insufficient Storage", "XMinioStorageFull", "QuotaExceeded")
_BUCKET_RETRY = timedelta(seconds=20)


def open_store(url: str) -> Store:
    """Open the store that a URL names, making the folder if it is not there.

    `file:///folder`, `memory://` or `s3://bucket/prefix`; a bucket's region, endpoint and keys
    come from the usual `AWS_…` environment variables.

    Raises:
        InvalidSetting: if the URL names no kind of store that we have.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return FolderStore(Path(unquote(parts.path)))
    if parts.scheme == "memory" and not (parts.netloc or parts.path):
        return ObjectStore(MemoryStore())
    if parts.scheme == "s3" and parts.netloc:
        return ObjectStore(
            S3Store(
                parts.netloc,
                prefix=parts.path.strip("/") or None,
                retry_config={"max_retries": 3, "retry_timeout": _BUCKET_RETRY},
            )
        )
    raise InvalidSetting(url, "A store is file:///folder, memory:// or s3://bucket/prefix")


class ObjectStore:
    """A `Store` on one of obstore's back ends."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def put(self, key: str, data: bytes | Iterable[bytes]) -> None:
        """Write an object, replacing what was there."""
        checked_key(key)
        with _errors(key):
            self._backend.put(key, data if isinstance(data, bytes) else iter(data))

    def get(self, key: str) -> bytes:
        """Return an object's bytes; raises `NotStored`."""
        checked_key(key)
        with _errors(key):
            return bytes(self._backend.get(key).bytes())

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from `start` up to but not including `end`; raises `NotStored`."""
        size = self.info(key).size
        stop = size if end is None else min(end, size)
        if start < 0 or start >= stop:
            return iter(())
        with _errors(key):
            found = self._backend.get(key, options={"range": (start, stop)})
        return _chunks(key, found.stream(min_chunk_size=_CHUNK_BYTES))

    def info(self, key: str) -> ObjectInfo:
        """Return what is known about an object; raises `NotStored`."""
        checked_key(key)
        with _errors(key):
            found = self._backend.head(key)
        return ObjectInfo(key=key, size=found["size"], modified_at=found["last_modified"])

    def delete(self, key: str) -> None:
        """Remove an object; nothing happens if it is not there."""
        checked_key(key)
        with suppress(NotStored), _errors(key):
            self._backend.delete(key)

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys that start with a folder's name, `prefix`, in any order."""
        folder = prefix.strip("/")
        if folder:
            checked_key(folder)
        with _errors(folder):
            for batch in self._backend.list(folder or None):
                yield from (found["path"] for found in batch if _is_key(found["path"]))


class FolderStore(ObjectStore):
    """A store in a folder of a local file system.

    obstore reads and lists. Writing is done here, because obstore cannot be told to flush a file
    to the disk: an object is written to `.partial/`, flushed, and renamed into its place, so that
    not even a power cut shows half of it. What killed writers leave in `.partial/` is invisible,
    and removed when it is a day old. `folder` holds each object as a file under its key.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(LocalStore(folder, automatic_cleanup=True))
        self.folder = folder
        self._partial = folder / _PARTIAL
        self._partial.mkdir(exist_ok=True)
        self._remove_stale_leftovers()

    def put(self, key: str, data: bytes | Iterable[bytes]) -> None:
        """Write an object, replacing what was there."""
        target = self.folder / checked_key(key)
        partial = self._partial / secrets.token_hex(16)
        try:
            with _errors(key):
                _write_and_flush(partial, (data,) if isinstance(data, bytes) else data)
                self._move(partial, target)
        finally:
            partial.unlink(missing_ok=True)

    def _move(self, partial: Path, target: Path) -> None:
        """Rename into place; a folder that another process just removed as empty is made again."""
        for _ in range(_MOVE_ATTEMPTS):
            folders = [folder for folder in target.parents if folder.is_relative_to(self.folder)]
            fresh = [folder for folder in folders if not folder.exists()]
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                partial.replace(target)
            except FileNotFoundError:
                continue
            for folder in folders[: len(fresh) + 1]:
                _flush_folder(folder)
            return
        raise Unavailable(target, "Its folder keeps being removed")

    def _remove_stale_leftovers(self) -> None:
        """Remove what killed writers left; the age is by the file system's clock, not ours."""
        oldest = time.time() - _PARTIAL_LIFETIME.total_seconds()
        for leftover in self._partial.iterdir():
            with suppress(FileNotFoundError):
                if leftover.stat().st_mtime < oldest:
                    leftover.unlink()


def checked_key(key: str) -> str:
    """Return a key that is a relative path of plain characters, the same in every store.

    Raises:
        BadInput: for anything else: empty, `.` or `..` parts, a leading dot or slash, control
            characters, or parts longer than a file system takes.
    """
    if not _is_key(key):
        raise BadInput(repr(key[:_MAX_KEY]), "A key is a relative path of plain characters")
    return key


def _is_key(key: str) -> bool:
    return len(key) <= _MAX_KEY and all(
        len(part) <= _MAX_PART and _KEY_PART.fullmatch(part) for part in key.split("/")
    )


def _write_and_flush(path: Path, chunks: Iterable[bytes]) -> None:
    with path.open("xb") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make a renamed entry last through a power cut; a folder that is gone again needs nothing."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _chunks(key: str, stream: Iterable[object]) -> Iterator[bytes]:
    with _errors(key):
        for chunk in stream:
            yield bytes(chunk)  # type: ignore[call-overload] # obstore's own buffer type


@contextmanager
def _errors(key: str) -> Iterator[None]:
    """Say what went wrong in our own words.

    obstore raises Python's own error for a missing object and its own for all else.
    """
    try:
        yield
    except (FileNotFoundError, NotFoundError):
        raise NotStored(key) from None
    except (NotADirectoryError, IsADirectoryError, FileExistsError):
        raise BadInput(key, "A folder and an object cannot share one name") from None
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StoreFull(key, "Make room, then it will be tried again") from error
        raise Unavailable(key, f"The store says: {error}") from error
    except BaseError as error:
        text = str(error)
        if any(sign in text for sign in _BUCKET_FULL):
            raise StoreFull(key, "Make room, then it will be tried again") from error
        if "Is a directory" in text or "Not a directory" in text:
            raise NotStored(key) from None
        raise Unavailable(key, f"The store says: {text.partition(chr(10))[0]}") from error
