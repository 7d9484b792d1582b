"""The source distribution: fetched, checked against its hash, unpacked with suspicion."""

import errno
import hashlib
import io
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

import httpx2

from wheelyard.model.build import Failure, FailureKind, Limits, SdistReference

_CHUNK_BYTES = 1024**2
_GONE = frozenset({404, 410})
_OK = 200
_MAX_PATH = 1000
_OF_THIS_MACHINE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE}
)
_FILE_MODE = 0o644
_PROGRAM_MODE = 0o755


@dataclass(frozen=True, slots=True)
class _Member:
    """One entry of an archive; `open` is None for a folder. `target` is set for a link."""

    name: str
    size: int
    is_folder: bool
    is_program: bool
    content: IO[bytes] | None
    target: str | None = None


class _Refused(Exception):
    """An archive must not be unpacked; the message says why."""


def fetch(
    client: httpx2.Client,
    sdist: SdistReference,
    *,
    cache: Path,
    limits: Limits,
    check: Callable[[], None],
) -> Path | Failure:
    """Return the source distribution's file, from the cache or from upstream.

    The cache is by SHA-256, so what is in it is what upstream's page promised. `check` is called
    again and again, and ends the download by raising.
    """
    file = cache / sdist.sha256 / sdist.filename
    if file.is_file():
        os.utime(file)
        return file
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix="partial-")
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as output:
            failure = _download(client, sdist, output, limit=limits.sdist_bytes, check=check)
        if failure is not None:
            return failure
        partial.replace(file)
    except httpx2.HTTPError as error:
        return _infrastructure(sdist, f"{type(error).__name__}: {error}")
    finally:
        partial.unlink(missing_ok=True)
    return file


def _download(
    client: httpx2.Client,
    sdist: SdistReference,
    output: IO[bytes],
    *,
    limit: int,
    check: Callable[[], None],
) -> Failure | None:
    digest, size = hashlib.sha256(), 0
    with client.stream("GET", sdist.url, headers={"Accept-Encoding": "identity"}) as response:
        if response.status_code in _GONE:
            message = f"Upstream has {sdist.filename} no more (status {response.status_code})."
            return Failure(kind=FailureKind.NO_SDIST, message=message)
        if response.status_code != _OK:
            return _infrastructure(sdist, f"status {response.status_code}")
        for chunk in response.iter_bytes(_CHUNK_BYTES):
            check()
            size += len(chunk)
            if size > limit:
                message = f"{sdist.filename} is larger than {limit} bytes."
                return Failure(kind=FailureKind.SDIST_INVALID, message=message)
            digest.update(chunk)
            output.write(chunk)
        announced = response.headers.get("Content-Length")
    if announced is not None and announced.isdigit() and size < int(announced):
        return _infrastructure(sdist, f"only {size} of {announced} bytes came")
    if digest.hexdigest() != sdist.sha256:
        return Failure(
            kind=FailureKind.HASH_MISMATCH,
            message=f"{sdist.filename} is not the file that upstream's page promises.",
            subject=sdist.filename,
            evidence=(f"promised sha256 {sdist.sha256}", f"received sha256 {digest.hexdigest()}"),
        )
    return None


def _infrastructure(sdist: SdistReference, reason: str) -> Failure:
    message = f"{sdist.filename} could not be downloaded: {reason}."
    return Failure(kind=FailureKind.INFRASTRUCTURE, message=message, subject=sdist.filename)


def unpack(archive: Path, destination: Path, *, limits: Limits) -> Path | Failure:
    """Unpack a source distribution into a new folder; return the project's folder in it.

    Only files, folders and links that stay inside are made, with plain modes. What climbs out,
    devices, bombs and whatever else has no business in a source distribution is a failure.

    Raises:
        OSError: if this machine is at fault, a full disk for one.
    """
    destination.mkdir()
    try:
        with _members(archive) as members:
            _write_all(members, destination, limits)
    except _Refused as refusal:
        return _invalid(archive, str(refusal))
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _OF_THIS_MACHINE:
            raise
        return _invalid(archive, f"it cannot be read: {error}")
    except (zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError) as error:
        return _invalid(archive, f"it cannot be unpacked: {error}")
    folders = [entry for entry in destination.iterdir() if entry.is_dir()]
    if len(folders) != 1:
        return _invalid(archive, f"it has {len(folders)} top folders, not one")
    return folders[0]


def _invalid(archive: Path, reason: str) -> Failure:
    message = f"{archive.name} must not be used: {reason}."
    return Failure(kind=FailureKind.SDIST_INVALID, message=message, evidence=(reason,))


@contextmanager
def _members(archive: Path) -> Iterator[Iterator[_Member]]:
    if archive.name.endswith(".zip"):
        with zipfile.ZipFile(archive) as opened:
            yield _zip_members(opened)
    else:
        with tarfile.open(archive, mode="r:gz") as opened:
            yield _tar_members(opened)


def _tar_members(archive: tarfile.TarFile) -> Iterator[_Member]:
    for info in archive:
        if not (info.isreg() or info.isdir() or info.issym() or info.islnk()):
            raise _Refused(f"{info.name!r} is a device or a pipe")
        is_link = info.issym() or info.islnk()
        base = "" if info.islnk() else str(PurePosixPath(info.name).parent)
        yield _Member(
            name=info.name,
            size=info.size,
            is_folder=info.isdir(),
            is_program=bool(info.mode & stat.S_IXUSR),
            content=archive.extractfile(info) if info.isreg() else None,
            target=_inside(f"{base}/{info.linkname}", info) if is_link else None,
        )


def _inside(target: str, info: tarfile.TarInfo) -> str:
    """Return where a link points, from the archive's root; refuse what leaves the archive."""
    if info.linkname.startswith("/"):
        raise _Refused(f"{info.name!r} is a link to {info.linkname!r}")
    resolved = os.path.normpath(target.lstrip("/"))
    if resolved == ".." or resolved.startswith("../"):
        raise _Refused(f"{info.name!r} is a link to {info.linkname!r}")
    return resolved


def _zip_members(archive: zipfile.ZipFile) -> Iterator[_Member]:
    for info in archive.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
            raise _Refused(f"{info.filename!r} is neither a file nor a folder")
        yield _Member(
            name=info.filename,
            size=info.file_size,
            is_folder=info.is_dir(),
            is_program=bool((info.external_attr >> 16) & stat.S_IXUSR),
            content=None if info.is_dir() else archive.open(info),
        )


def _write_all(members: Iterator[_Member], destination: Path, limits: Limits) -> None:
    """Write the members; links come last, as copies of what they point to."""
    room, links = limits.sdist_bytes, []
    for number, member in enumerate(members, start=1):
        if number > limits.files:
            raise _Refused(f"it holds more than {limits.files} files")
        path = destination / _checked(member.name)
        if member.target is not None:
            links.append((path, destination / member.target))
        elif member.is_folder:
            path.mkdir(parents=True, exist_ok=True)
        elif member.content is not None:
            room -= _write(member, path, room=room)
    for path, target in links:
        room -= _copy_link(path, target, room=room)


def _checked(name: str) -> str:
    parts = PurePosixPath(name).parts
    if not name or name.startswith("/") or "\\" in name or ".." in parts or len(name) > _MAX_PATH:
        raise _Refused(f"{name[:200]!r} leads out of the archive")
    if not name.isprintable():
        raise _Refused(f"{name[:200]!r} is no name for a file")
    return name


def _write(member: _Member, path: Path, *, room: int) -> int:
    """Write one file and return its size, which may not exceed `room`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    content = member.content or io.BytesIO()
    with content as source, path.open("wb") as output:
        while chunk := source.read(_CHUNK_BYTES):
            written += len(chunk)
            if written > room:
                raise _Refused("unpacked it is larger than the limit")
            output.write(chunk)
    path.chmod(_PROGRAM_MODE if member.is_program else _FILE_MODE)
    return written


def _copy_link(path: Path, target: Path, *, room: int) -> int:
    """Put a copy where a link was: nothing in the tree points anywhere, not even later on.

    A link to a folder, or to nothing, stays away: no build that we know of needs one.
    """
    if not target.is_file() or path.exists():
        return 0
    size = target.stat().st_size
    if size > room:
        raise _Refused("unpacked it is larger than the limit")
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(target, path)
    return size
