"""A wheel's bytes, treated as hostile, against the release and the target they are for.

Used on the builder before anything is uploaded, and again on the server, which trusts no builder.
The wheel is read as a stream: nothing in it is run, and nothing is unpacked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from wheelyard.certify.archive import open_archive
from wheelyard.certify.checks import (
    libraries,
    limited_api,
    machine,
    metadata,
    places,
    segments,
    tags,
    times,
    versions,
)
from wheelyard.certify.contents import MAX_METADATA, Contents, read_contents, read_member
from wheelyard.certify.dist_info import requires_python_of
from wheelyard.certify.expected import Expected
from wheelyard.certify.paths import find_folders
from wheelyard.errors import HostileContent, InvalidName
from wheelyard.model.build import Failure, FailureKind, Limits
from wheelyard.model.certificate import MAX_EVIDENCE, Certificate, Check, failed, passed
from wheelyard.model.names import ProjectName, parse_wheel_name
from wheelyard.model.target import Target
from wheelyard.model.wheel import WheelFile

_CHECKS: tuple[Callable[[Contents, Expected], Check], ...] = (
    tags.accepted_tags,
    metadata.wheel_file,
    metadata.metadata,
    metadata.requires_python,
    metadata.record,
    machine.objects,
    machine.arm,
    tags.proved_tags,
    versions.c_library,
    versions.cpp_library,
    versions.python_symbols,
    limited_api.stable_abi,
    times.time_width,
    segments.alignment,
    segments.executable_memory,
    libraries.search_path,
    libraries.needed_libraries,
    places.own_names,
    places.build_host,
    places.fall_back,
)
_ARCHIVE = "archive"
_PYTHON = "python"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """What was found of a wheel: its certificate, and what it is; `wheel` is None if it failed.

    `contents` is None where it could not be read.
    """

    certificate: Certificate
    wheel: WheelFile | None = None
    contents: Contents | None = None

    @property
    def failure(self) -> Failure | None:
        """Why the wheel must not be published; None if it may be."""
        if self.certificate.is_passed:
            return None
        return failure_of(self.certificate)


def certify(path: Path, expected: Expected) -> Certified:
    """Check everything that can be checked of a wheel without running it.

    Obeys the binary distribution format 1.x.

    Raises:
        OSError: if the file cannot be read.
    """
    try:
        wheel = parse_wheel_name(path.name)
    except InvalidName as error:
        return _unreadable([f"the filename is not that of a wheel: {error}"])
    if wheel.project != expected.project:
        line = f"the filename is that of {wheel.project}, not of {expected.project}"
        return _unreadable([line])
    if wheel.version != expected.version:
        line = f"the filename is that of version {wheel.version}, not of {expected.version}"
        return _unreadable([line])
    contents = read_contents(path, limits=expected.limits, private=expected.private)
    if isinstance(contents, list):
        return _unreadable(contents)
    archive = passed(_ARCHIVE, f"The archive can be read in one way only: {path.name}")
    checks = [archive, *(check(contents, expected) for check in _CHECKS)]
    requires_python = requires_python_of(contents.metadata)
    checks.append(_admitted(requires_python, expected.target))
    certificate = Certificate(checks=tuple(checks))
    return Certified(
        certificate=certificate,
        wheel=contents.wheel_record(requires_python) if certificate.is_passed else None,
        contents=contents,
    )


def inspect_wheel(
    path: Path, *, project: ProjectName, version: Version, target: Target, limits: Limits
) -> WheelFile | Failure:
    """Return what a wheel is, or why it must not be used; as `certify`, where no more is known."""
    expected = Expected(project=project, version=version, target=target, limits=limits)
    certified = certify(path, expected)
    return certified.wheel or failure_of(certified.certificate)


def failure_of(certificate: Certificate) -> Failure:
    """Return a certificate that failed as the failure of a build.

    A wheel whose Requires-Python excludes the target is PYTHON_INCOMPATIBLE, any other
    OUTPUT_INVALID; each line of evidence is one of a check that failed.
    """
    first = certificate.failed[0]
    if first.name == _PYTHON:
        kind, message = FailureKind.PYTHON_INCOMPATIBLE, first.message
        line = first.evidence[0]
        subject = line.partition(": ")[2]
        return Failure(kind=kind, message=message, subject=subject, evidence=(line,))
    lines = [line for check in certificate.failed for line in check.evidence or (check.message,)]
    return Failure(
        kind=FailureKind.OUTPUT_INVALID,
        message=f"The wheel cannot be used: {lines[0]}"[:500],
        subject=first.name,
        evidence=tuple(lines[:MAX_EVIDENCE]),
    )


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
        return read_member(archive, f"{folders.dist_info}/METADATA", limit=MAX_METADATA)


def _admitted(requires_python: str | None, target: Target) -> Check:
    if target.admits(requires_python):
        return passed(_PYTHON, f"The wheel takes Python {target.python_version}.")
    message = f"The wheel that was built refuses Python {target.python_version}"
    return failed(_PYTHON, message, f"Requires-Python: {requires_python}")


def _unreadable(problems: list[str]) -> Certified:
    check = failed(_ARCHIVE, "The wheel cannot be read, or is that of another release.", *problems)
    return Certified(certificate=Certificate(checks=(check,)))
