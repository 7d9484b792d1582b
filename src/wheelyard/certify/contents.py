"""A wheel that was read once, from its first byte to its last: what the checks look at.

Every file is unpacked once, as a stream, and never to disk but for large object files, which are
read in pieces. What cannot be read in one way only ends the reading here.
"""

import hashlib
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, BinaryIO

from wheelyard.certify import static_library
from wheelyard.certify.archive import Archive, open_archive
from wheelyard.certify.elf import HEADER_SIZE, is_elf, read_machine
from wheelyard.certify.objects import ObjectFile, read_object
from wheelyard.certify.paths import Folders, find_folders, path_problems
from wheelyard.certify.record import RecordLine, encode_digest, parse_record, unlisted_files
from wheelyard.errors import HostileContent
from wheelyard.model.build import Limits
from wheelyard.model.certificate import MAX_EVIDENCE
from wheelyard.model.names import Filename, Sha256, WheelName, parse_wheel_name
from wheelyard.model.wheel import WheelFile

MAX_METADATA = 16 * 1024**2
"""The most bytes that METADATA may have."""

MAX_FILES = 75_000
"""The most files that a wheel may have: half as many again as the largest real ones."""

MAX_OBJECTS = 10_000
"""The most object files that a wheel may have, those in static libraries among them."""

_MAX_WHEEL_FILE = 64 * 1024
_MAX_RECORD = 64 * 1024**2
_MAX_RATIO = 200
_RATIO_FREE_BYTES = 64 * 1024**2
_IN_MEMORY = 4 * 1024**2
_TEXT_START = 4096
_CHUNK = 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What is in a wheel.

    `files` are the paths in the archive, folders left out, and `basenames` their last parts, among
    which the loader finds libraries of the wheel's own; `wheel_file`, `metadata` hold the bytes
    of WHEEL and METADATA; `record_problems` tell where RECORD is wrong, `broken` which object
    files cannot be read, `leaks` which text files hold words that were not to leave the builder.
    """

    path: Path
    filename: Filename
    wheel: WheelName
    folders: Folders
    files: tuple[str, ...]
    basenames: frozenset[str]
    wheel_file: bytes
    metadata: bytes
    objects: tuple[ObjectFile, ...]
    broken: tuple[str, ...]
    record_problems: tuple[str, ...]
    leaks: tuple[str, ...]
    size: int
    sha256: Sha256

    def wheel_record(self, requires_python: str | None) -> WheelFile:
        """Return the wheel as it goes on record."""
        return WheelFile(
            filename=self.filename,
            size=self.size,
            sha256=self.sha256,
            metadata_sha256=Sha256(hashlib.sha256(self.metadata).hexdigest()),
            requires_python=requires_python,
        )

    @property
    def linked(self) -> tuple[ObjectFile, ...]:
        """The object files that a loader can load."""
        return tuple(each for each in self.objects if each.is_linked)


def read_contents(
    path: Path, *, limits: Limits, private: tuple[str, ...] = ()
) -> Contents | list[str]:
    """Read a wheel, or return why it cannot be read in one way only, or exceeds the limits.

    `private` are words that no text file may hold.

    Raises:
        InvalidName: if the filename is not that of a wheel.
        OSError: if the file cannot be read.
    """
    wheel = parse_wheel_name(path.name)
    with path.open("rb") as file:
        try:
            return _read(file, path, wheel, limits=limits, private=private)
        except HostileContent as error:
            return [str(error.subject)]


def _read(
    file: BinaryIO, path: Path, wheel: WheelName, *, limits: Limits, private: tuple[str, ...]
) -> Contents | list[str]:
    archive = _open_within_limits(file, limits)
    problems = list(islice(path_problems(archive.members), MAX_EVIDENCE))
    folders = problems or find_folders(archive.members, wheel)
    if isinstance(folders, list):
        return folders
    wheel_file = read_member(archive, f"{folders.dist_info}/WHEEL", limit=_MAX_WHEEL_FILE)
    metadata = read_member(archive, f"{folders.dist_info}/METADATA", limit=MAX_METADATA)
    record = read_member(archive, f"{folders.dist_info}/RECORD", limit=_MAX_RECORD)
    files = tuple(member.name for member in archive.members if not member.is_folder)
    lines = parse_record(record, dist_info=folders.dist_info)
    if isinstance(lines, list):
        record_problems, lines = lines, {}
    else:
        record_problems = _unlisted(lines, frozenset(files), folders)
    reading = _Reading(archive=archive, lines=lines, private=_pattern(private))
    reading.read_all()
    return Contents(
        path=path,
        filename=Filename(path.name),
        wheel=wheel,
        folders=folders,
        files=files,
        basenames=frozenset(file.rpartition("/")[2] for file in files),
        wheel_file=wheel_file,
        metadata=metadata,
        objects=tuple(reading.objects),
        broken=tuple(reading.broken),
        record_problems=(*record_problems, *reading.record_problems),
        leaks=tuple(reading.leaks),
        size=file.seek(0, 2),
        sha256=_sha256_of(file),
    )


def _open_within_limits(file: BinaryIO, limits: Limits) -> Archive:
    size = file.seek(0, 2)
    if size > limits.output_bytes:
        raise HostileContent(f"the wheel has {size} bytes, more than {limits.output_bytes}")
    archive = open_archive(file, max_members=min(limits.files, MAX_FILES))
    unpacked = sum(member.size for member in archive.members)
    if unpacked > limits.disk_bytes:
        raise HostileContent(f"the wheel unpacks to {unpacked} bytes, over {limits.disk_bytes}")
    if unpacked > _RATIO_FREE_BYTES and unpacked > size * _MAX_RATIO:
        raise HostileContent(f"the wheel unpacks to {unpacked // size} times its size")
    return archive


def read_member(archive: Archive, name: str, *, limit: int) -> bytes:
    """Return the contents of a member by its name.

    Raises:
        HostileContent: if it is not there, too large or broken.
    """
    for index, member in enumerate(archive.members):
        if member.name == name:
            return archive.read(index, limit=limit)
    raise HostileContent(f"{name} is missing")


def _unlisted(lines: dict[str, RecordLine], files: frozenset[str], folders: Folders) -> list[str]:
    unlisted = unlisted_files(folders.dist_info)
    problems = [f"RECORD lists {name!a}, which is not there" for name in lines.keys() - files]
    problems += [f"RECORD does not list {name!a}" for name in files - lines.keys() - unlisted]
    return sorted(problems)


def _pattern(private: tuple[str, ...]) -> re.Pattern[bytes] | None:
    words = sorted({word.encode() for word in private if word})
    return re.compile(b"|".join(map(re.escape, words))) if words else None


class _Reading:
    """Reads the files of a wheel, one after the other, and collects what is found."""

    def __init__(
        self,
        *,
        archive: Archive,
        lines: dict[str, RecordLine],
        private: re.Pattern[bytes] | None,
    ) -> None:
        self._archive = archive
        self._lines = lines
        self._private = private
        self.objects: list[ObjectFile] = []
        self.broken: list[str] = []
        self.record_problems: list[str] = []
        self.leaks: list[str] = []

    def read_all(self) -> None:
        for index, member in enumerate(self._archive.members):
            if not member.is_folder:
                self._read(index, member.name)
            if len(self.objects) > MAX_OBJECTS:
                raise HostileContent(f"the wheel has more than {MAX_OBJECTS} object files")

    def _read(self, index: int, name: str) -> None:
        line = self._lines.get(name)
        hashed = hashlib.new(line.algorithm if line else "sha256")
        chunks = _hashing(self._archive.chunks(index), hashed.update)
        start = b""
        while len(start) < _TEXT_START and (chunk := next(chunks, None)) is not None:
            start += chunk
        if is_elf(start) or start.startswith(static_library.MAGIC):
            self._take_object(name, start, chunks)
        elif self._private is not None and b"\0" not in start[:_TEXT_START]:
            self._search(name, start, chunks, self._private)
        for _ in chunks:
            pass
        size = self._archive.members[index].size
        if line and (line.size != size or line.digest != encode_digest(hashed.digest())):
            self.record_problems.append(
                f"{name!a} does not have the hash and size that RECORD says"
            )

    def _take_object(self, name: str, start: bytes, chunks: Iterator[bytes]) -> None:
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
            file.write(start)
            for chunk in chunks:
                file.write(chunk)
            try:
                if is_elf(start):
                    self.objects.append(read_object(file, name))
                else:
                    self._take_members(file, name)
            except HostileContent as error:
                self.broken.append(str(error.subject))

    def _take_members(self, file: IO[bytes], name: str) -> None:
        for member_name, member in static_library.members(file, name):
            start = member.read(HEADER_SIZE)
            if is_elf(start) and read_machine(start) is not None:
                self.objects.append(read_object(member, member_name))

    def _search(
        self, name: str, start: bytes, chunks: Iterator[bytes], pattern: re.Pattern[bytes]
    ) -> None:
        rest = start
        while True:
            found = pattern.search(rest)
            if found:
                word = found[0].decode(errors="replace")
                self.leaks.append(f"{name!a} tells of {word!r}")
                return
            chunk = next(chunks, None)
            if chunk is None:
                return
            # A word may lie across two chunks.
            rest = rest[-_TEXT_START:] + chunk


def _hashing(chunks: Iterator[bytes], update: Callable[[bytes], None]) -> Iterator[bytes]:
    for chunk in chunks:
        update(chunk)
        yield chunk


def _sha256_of(file: BinaryIO) -> Sha256:
    file.seek(0)
    hashed = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        hashed.update(chunk)
    return Sha256(hashed.hexdigest())
