"""Gives a wheel the build number that the server issued, and the manylinux tag that it deserves."""

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from wheelyard.certify.archive import DEFLATED, Archive, open_archive
from wheelyard.certify.paths import find_folders
from wheelyard.certify.record import (
    RecordLine,
    encode_digest,
    format_line,
    parse_record,
    unlisted_files,
)
from wheelyard.errors import HostileContent, InvalidName
from wheelyard.model.build import Limits
from wheelyard.model.names import WheelName, parse_wheel_name

_MAX_FILE = 64 * 1024**2
_MAX_FILENAME = 250
"""What a name of a file may have (`parse_filename`): better one tag than no wheel."""


def retag_wheel(path: Path, *, number: int, platform: str | None = None) -> Path:
    """Give a wheel a build tag and a platform tag, in its name, WHEEL and RECORD.

    `number` replaces a build tag that the project chose; 0 stands for a first build, and changes
    nothing. `platform` is added beside the `linux_` tag of the same architecture, where the wheel
    has that one alone (PEP 600). The wheel, whose contents must have been read before, is written
    whole beside the old one, which then goes away; the same arguments always give the same bytes.
    Returns the new path.

    Raises:
        InvalidName: if the number is negative.
        HostileContent: if the file is no wheel after all.
    """
    if number < 0:
        raise InvalidName(number, "Build numbers start at 0")
    wheel = parse_wheel_name(path.name)
    new = _Tags(number=number, platform=platform if _may_add(wheel, platform) else None)
    if len(new.filename(path.name)) > _MAX_FILENAME:
        new = replace(new, platform=None)
    if new == _Tags(number=0, platform=None):
        return path
    renamed = path.with_name(new.filename(path.name))
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".retag-")
    try:
        with path.open("rb") as source, os.fdopen(descriptor, "wb") as destination:
            archive = open_archive(source, max_members=Limits().files)
            with zipfile.ZipFile(destination, "w") as output:
                _write(archive, output, wheel, new)
        Path(temporary).chmod(path.stat().st_mode & 0o777)
        Path(temporary).replace(renamed)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    if renamed != path:
        path.unlink()
    return renamed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tags:
    """What is to be changed about a wheel's tags; 0 and None change nothing."""

    number: int
    platform: str | None

    def filename(self, filename: str) -> str:
        """Return the name that a wheel gets."""
        parts = filename.removesuffix(".whl").split("-")
        if self.number:
            parts = [*parts[:2], str(self.number), *parts[-3:]]
        if self.platform is not None:
            parts[-1] = f"{self.platform}.{parts[-1]}"
        return f"{'-'.join(parts)}.whl"

    def wheel_file(self, content: bytes) -> bytes:
        """Return what a WHEEL file gets to say."""
        lines = [line for line in content.splitlines() if line.strip()]
        if self.number:
            lines = [line for line in lines if not line.lower().startswith(b"build:")]
        if self.platform is not None:
            tags = [line for line in lines if line.lower().startswith(b"tag:")]
            first = min(lines.index(line) for line in tags)
            lines[first:first] = [
                line.rpartition(b"-")[0] + b"-" + self.platform.encode() for line in tags
            ]
        build = [b"Build: %d" % self.number] if self.number else []
        return b"\n".join([*lines, *build, b""])


def _may_add(wheel: WheelName, platform: str | None) -> bool:
    platforms = {tag.platform for tag in wheel.tags}
    if platform is None or len(platforms) != 1:
        return False
    (own,) = platforms
    return own.startswith("linux_") and platform.endswith(own.removeprefix("linux"))


def _write(archive: Archive, output: zipfile.ZipFile, wheel: WheelName, new: _Tags) -> None:
    folders = find_folders(archive.members, wheel)
    if isinstance(folders, list):
        raise HostileContent(folders[0])
    wheel_path, record_path = f"{folders.dist_info}/WHEEL", f"{folders.dist_info}/RECORD"
    indexes = {member.name: index for index, member in enumerate(archive.members)}
    if not {wheel_path, record_path} <= indexes.keys():
        raise HostileContent("WHEEL or RECORD is missing")
    wheel_content = new.wheel_file(archive.read(indexes[wheel_path], limit=_MAX_FILE))
    lines = parse_record(
        archive.read(indexes[record_path], limit=_MAX_FILE), dist_info=folders.dist_info
    )
    if isinstance(lines, list):
        raise HostileContent(lines[0])
    lines[wheel_path] = RecordLine(
        algorithm="sha256",
        digest=encode_digest(hashlib.sha256(wheel_content).digest()),
        size=len(wheel_content),
    )
    # A signature of the old RECORD would be wrong, so signatures are left out.
    left_out = unlisted_files(folders.dist_info)
    for index, member in enumerate(archive.members):
        if member.name == wheel_path:
            _copy(archive, index, output, chunks=[wheel_content], size=len(wheel_content))
        elif member.name not in left_out:
            _copy(archive, index, output, chunks=archive.chunks(index), size=member.size)
    written = [format_line(name, line) for name, line in lines.items()]
    record = "".join([*written, format_line(record_path, None)]).encode()
    _copy(archive, indexes[record_path], output, chunks=[record], size=len(record))


def _copy(
    archive: Archive, index: int, output: zipfile.ZipFile, *, chunks: Iterable[bytes], size: int
) -> None:
    """Write one member with these contents and everything else as it was."""
    member = archive.members[index]
    entry = zipfile.ZipInfo(member.name, member.date_time)
    entry.compress_type = zipfile.ZIP_DEFLATED if member.method == DEFLATED else zipfile.ZIP_STORED

    entry.external_attr = member.mode << 16
    entry.create_system = 3
    entry.file_size = size
    with output.open(entry, "w") as file:
        for chunk in chunks:
            file.write(chunk)
