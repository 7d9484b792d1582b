"""Gives a wheel the build number that the server issued with the lease."""

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterable
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


def apply_build_number(path: Path, number: int) -> Path:
    """Make a wheel's build tag `number`, in its name, WHEEL and RECORD; return the new path.

    A build tag that the project chose is replaced. The wheel, which must have passed inspection,
    is written whole beside the old one, which then goes away; the same wheel and number always
    give the same bytes. Number 0 stands for a first build: nothing is changed.

    Raises:
        InvalidName: if the number is negative.
        HostileContent: if the file is no wheel after all.
    """
    if number < 0:
        raise InvalidName(number, "Build numbers start at 0")
    if number == 0:
        return path
    wheel = parse_wheel_name(path.name)
    parts = path.name.split("-")
    renamed = path.with_name("-".join([*parts[:2], str(number), *parts[-3:]]))
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".retag-")
    try:
        with path.open("rb") as source, os.fdopen(descriptor, "wb") as destination:
            archive = open_archive(source, max_members=Limits().files)
            with zipfile.ZipFile(destination, "w") as output:
                _write(archive, output, wheel, number)
        Path(temporary).chmod(path.stat().st_mode & 0o777)
        Path(temporary).replace(renamed)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    if renamed != path:
        path.unlink()
    return renamed


def _write(archive: Archive, output: zipfile.ZipFile, wheel: WheelName, number: int) -> None:
    folders = find_folders(archive.members, wheel)
    if isinstance(folders, list):
        raise HostileContent(folders[0])
    wheel_path, record_path = f"{folders.dist_info}/WHEEL", f"{folders.dist_info}/RECORD"
    indexes = {member.name: index for index, member in enumerate(archive.members)}
    if not {wheel_path, record_path} <= indexes.keys():
        raise HostileContent("WHEEL or RECORD is missing")
    wheel_content = _with_build(archive.read(indexes[wheel_path], limit=_MAX_FILE), number)
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


def _with_build(content: bytes, number: int) -> bytes:
    """Return a WHEEL file that has this build number and no other."""
    lines = [
        line
        for line in content.splitlines()
        if line.strip() and not line.lower().startswith(b"build:")
    ]
    return b"\n".join([*lines, b"Build: %d" % number, b""])
