"""A wheel's bytes, treated as hostile, against the release and the target they are for.

Used on the builder before anything is uploaded, and again on the server, which trusts no builder.
The wheel is read as a stream: nothing is unpacked to disk, and nothing in it is run.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from packaging.tags import Tag
from packaging.version import Version

from wheelyard.certify.archive import Archive, open_archive
from wheelyard.certify.dist_info import (
    is_purelib,
    metadata_problems,
    requires_python_of,
    wheel_problems,
)
from wheelyard.certify.elf import HEADER_SIZE, is_elf, machine_of, read_machine
from wheelyard.certify.paths import Folders, find_folders, path_problems
from wheelyard.certify.record import RecordLine, encode_digest, parse_record, unlisted_files
from wheelyard.errors import HostileContent, InvalidName
from wheelyard.model.build import Failure, FailureKind, Limits
from wheelyard.model.names import Filename, ProjectName, Sha256, WheelName, parse_wheel_name
from wheelyard.model.target import Target
from wheelyard.model.wheel import WheelFile

_MAX_WHEEL_FILE = 64 * 1024
_MAX_METADATA = 16 * 1024**2
_MAX_RECORD = 64 * 1024**2
_MAX_RATIO = 200
_RATIO_FREE_BYTES = 64 * 1024**2
_MAX_EVIDENCE = 20
_CHUNK = 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Expected:
    """What the wheel has to be."""

    project: ProjectName
    version: Version
    target: Target
    limits: Limits


def inspect_wheel(
    path: Path, *, project: ProjectName, version: Version, target: Target, limits: Limits
) -> WheelFile | Failure:
    """Check a wheel against its release and target; return what it is, or why it is refused.

    Obeys the binary distribution format 1.x. Every tag of the wheel must be one that the target
    accepts, but for the Python 2 half of a universal wheel. A refusal has the kind OUTPUT_INVALID
    (PYTHON_INCOMPATIBLE where the wheel's Requires-Python excludes the target), a plain message
    and the problems as evidence.

    Raises:
        OSError: if the file cannot be read.
    """
    expected = _Expected(project=project, version=version, target=target, limits=limits)
    try:
        wheel = parse_wheel_name(path.name)
    except InvalidName as error:
        return _refusal([f"the filename is not that of a wheel: {error}"])
    problems = list(_name_problems(wheel, expected))
    if problems:
        return _refusal(problems)
    with path.open("rb") as file:
        try:
            return _inspect(file, Filename(path.name), wheel, expected)
        except HostileContent as error:
            return _refusal([str(error.subject)])


def read_metadata(path: Path) -> bytes:
    """Return the METADATA of a wheel that passed inspection, byte for byte.

    Raises:
        HostileContent: if the file is no wheel after all.
    """
    with path.open("rb") as file:
        archive = open_archive(file, max_members=Limits().files)
        folders = find_folders(archive.members, parse_wheel_name(path.name))
        if isinstance(folders, list):
            raise HostileContent(folders[0])
        return _read(archive, f"{folders.dist_info}/METADATA", limit=_MAX_METADATA)


def _name_problems(wheel: WheelName, expected: _Expected) -> Iterable[str]:
    if wheel.project != expected.project:
        yield f"the filename is that of {wheel.project}, not of {expected.project}"
    if wheel.version != expected.version:
        yield f"the filename is that of version {wheel.version}, not of {expected.version}"
    for tag in sorted(wheel.tags, key=str):
        if not _is_accepted(tag, wheel, expected.target):
            yield f"the tag {tag} is not accepted by {expected.target.name}"


def _is_accepted(tag: Tag, wheel: WheelName, target: Target) -> bool:
    if target.accepts(frozenset({tag})):
        return True
    # A universal wheel (py2.py3-none-any) claims Python 2 too, which no target has: harmless where
    # the same claim for Python 3 holds.
    twin = Tag("py3", tag.abi, tag.platform)
    return tag.interpreter == "py2" and twin in wheel.tags and target.accepts(frozenset({twin}))


def _inspect(
    file: BinaryIO, filename: Filename, wheel: WheelName, expected: _Expected
) -> WheelFile | Failure:
    archive = _open_within_limits(file, expected.limits)
    problems = list(islice(path_problems(archive.members), _MAX_EVIDENCE))
    if problems:
        return _refusal(problems)
    folders = find_folders(archive.members, wheel)
    if isinstance(folders, list):
        return _refusal(folders)
    wheel_content = _read(archive, f"{folders.dist_info}/WHEEL", limit=_MAX_WHEEL_FILE)
    metadata = _read(archive, f"{folders.dist_info}/METADATA", limit=_MAX_METADATA)
    problems = [
        *wheel_problems(wheel_content, wheel),
        *metadata_problems(metadata, project=expected.project, version=expected.version),
    ]
    if problems:
        return _refusal(problems)
    requires_python = requires_python_of(metadata)
    if not expected.target.admits(requires_python):
        return _python_refusal(requires_python, expected.target)
    is_pure = wheel.is_pure or is_purelib(wheel_content)
    problems = _content_problems(archive, folders, is_pure=is_pure, target=expected.target)
    if problems:
        return _refusal(problems)
    return WheelFile(
        filename=filename,
        size=file.seek(0, 2),
        sha256=_sha256_of(file),
        metadata_sha256=Sha256(hashlib.sha256(metadata).hexdigest()),
        requires_python=requires_python,
    )


def _open_within_limits(file: BinaryIO, limits: Limits) -> Archive:
    size = file.seek(0, 2)
    if size > limits.output_bytes:
        raise HostileContent(f"the wheel has {size} bytes, more than {limits.output_bytes}")
    archive = open_archive(file, max_members=limits.files)
    unpacked = sum(member.size for member in archive.members)
    if unpacked > limits.disk_bytes:
        raise HostileContent(f"the wheel unpacks to {unpacked} bytes, over {limits.disk_bytes}")
    if unpacked > _RATIO_FREE_BYTES and unpacked > size * _MAX_RATIO:
        raise HostileContent(f"the wheel unpacks to {unpacked // size} times its size")
    return archive


def _read(archive: Archive, name: str, *, limit: int) -> bytes:
    for index, member in enumerate(archive.members):
        if member.name == name:
            return archive.read(index, limit=limit)
    raise HostileContent(f"{name} is missing")


def _content_problems(
    archive: Archive, folders: Folders, *, is_pure: bool, target: Target
) -> list[str]:
    """Return where the files disagree with RECORD or are not for the target's machine."""
    record = _read(archive, f"{folders.dist_info}/RECORD", limit=_MAX_RECORD)
    lines = parse_record(record, dist_info=folders.dist_info)
    if isinstance(lines, list):
        return lines
    unlisted = unlisted_files(folders.dist_info)
    names = {member.name for member in archive.members if not member.is_folder}
    problems = [f"RECORD lists {name!a}, which is not there" for name in lines.keys() - names]
    problems += [f"RECORD does not list {name!a}" for name in names - lines.keys() - unlisted]
    if problems:
        return sorted(problems)
    for index, member in enumerate(archive.members):
        if member.is_folder or len(problems) > _MAX_EVIDENCE:
            continue
        problem = _file_problem(
            archive, index, lines.get(member.name), is_pure=is_pure, target=target
        )
        if problem:
            problems.append(f"{member.name!a} {problem}")
    return problems


def _file_problem(
    archive: Archive, index: int, line: RecordLine | None, *, is_pure: bool, target: Target
) -> str | None:
    start = b""
    hashed = hashlib.new(line.algorithm if line else "sha256")
    for chunk in archive.chunks(index):
        hashed.update(chunk)
        if len(start) < HEADER_SIZE:
            start += chunk[:HEADER_SIZE]
    if line and (
        line.size != archive.members[index].size or line.digest != encode_digest(hashed.digest())
    ):
        return "does not have the hash and size that RECORD says"
    if not is_elf(start):
        return None
    if is_pure:
        return "is an object file in a wheel that says it fits every machine"
    machine = machine_of(target.architecture)
    if machine is not None and read_machine(start) != machine:
        return f"is an object file for another machine than {target.architecture}"
    return None


def _sha256_of(file: BinaryIO) -> Sha256:
    file.seek(0)
    hashed = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        hashed.update(chunk)
    return Sha256(hashed.hexdigest())


def _refusal(problems: list[str]) -> Failure:
    return Failure(
        kind=FailureKind.OUTPUT_INVALID,
        message=f"The wheel cannot be used: {problems[0][:500]}",
        evidence=tuple(problem[:500] for problem in problems[:_MAX_EVIDENCE]),
    )


def _python_refusal(requires_python: str | None, target: Target) -> Failure:
    return Failure(
        kind=FailureKind.PYTHON_INCOMPATIBLE,
        message=f"The wheel that was built refuses Python {target.python_version}",
        subject=requires_python,
        evidence=(f"Requires-Python: {requires_python}",),
    )
