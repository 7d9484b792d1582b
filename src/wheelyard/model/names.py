"""Names of projects, targets and files, parsed once at the edge."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NewType

from packaging.tags import Tag
from packaging.utils import (
    BuildTag,
    InvalidSdistFilename,
    InvalidWheelFilename,
    NormalizedName,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.utils import InvalidName as _InvalidPackagingName
from packaging.version import InvalidVersion, Version

from wheelyard.errors import InvalidName

ProjectName = NewType("ProjectName", NormalizedName)
"""A project's normalised name, as in the simple repository API."""

TargetName = NewType("TargetName", str)
"""A target's name, such as `bookworm-cp311-armv7l`."""

Filename = NewType("Filename", str)
"""The name of a distribution file: one path component, nothing that a shell or a page minds."""

Sha256 = NewType("Sha256", str)
"""A SHA-256 digest as 64 lower-case hexadecimal digits."""

_MAX_NAME = 200
_MAX_FILENAME = 250
_REMEMBERED = 8192
"""So many filenames are not read again: those of the releases that are being worked on."""
_TARGET = re.compile(r"[a-z][a-z0-9]{0,30}-[a-z]{2}\d{2,3}t?-[a-z0-9_]{1,30}")
_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def parse_project_name(text: str) -> ProjectName:
    """Return the normalised form of a project's name (name normalisation specification).

    Raises:
        InvalidName: if the text is not a valid project name, or is absurdly long.
    """
    try:
        name = canonicalize_name(text, validate=True)
    except _InvalidPackagingName:
        raise InvalidName(
            repr(text[:_MAX_NAME]), "Letters, digits, '.', '-' and '_' are allowed"
        ) from None
    if len(name) > _MAX_NAME:
        raise InvalidName(repr(text[:_MAX_NAME]), f"At most {_MAX_NAME} characters are allowed")
    return ProjectName(name)


def project_name_or_none(text: str) -> ProjectName | None:
    """Return the normalised form of a project's name; None if the text cannot be one."""
    try:
        return parse_project_name(text)
    except InvalidName:
        return None


def parse_target_name(text: str) -> TargetName:
    """Return a target's name, which reads `<channel>-<python tag>-<architecture>`.

    Raises:
        InvalidName: if it does not read like that.
    """
    if not _TARGET.fullmatch(text):
        raise InvalidName(repr(text[:_MAX_NAME]), "A target reads like bookworm-cp311-armv7l")
    return TargetName(text)


def parse_filename(text: str) -> Filename:
    """Return the name of a distribution file if it is safe in a path, a page and a shell.

    Raises:
        InvalidName: if it is not.
    """
    if len(text) > _MAX_FILENAME or not _FILENAME.fullmatch(text):
        raise InvalidName(repr(text[:_MAX_FILENAME]), "This cannot be the name of a file")
    return Filename(text)


def parse_sha256(text: str) -> Sha256:
    """Return a SHA-256 digest in lower case.

    Raises:
        InvalidName: if it is not 64 hexadecimal digits.
    """
    if not _SHA256.fullmatch(text.lower()):
        raise InvalidName(repr(text[:80]), "A SHA-256 has 64 hexadecimal digits")
    return Sha256(text.lower())


class FileKind(StrEnum):
    """What a distribution file is, by its name."""

    SDIST = "sdist"
    """A source distribution, `.tar.gz` or `.zip`."""

    WHEEL = "wheel"
    """A wheel whose name obeys the binary distribution format."""

    OTHER = "other"
    """Anything else that indexes still carry: eggs, installers, legacy archives, bad names."""


@dataclass(frozen=True, slots=True)
class ParsedFilename:
    """What the name of a distribution file says; `version` is None where it says nothing usable."""

    kind: FileKind
    version: Version | None
    tags: frozenset[Tag] = frozenset()
    build_tag: BuildTag = ()


@dataclass(frozen=True, slots=True)
class WheelName:
    """The parts of a wheel's filename (binary distribution format)."""

    project: ProjectName
    version: Version
    build_tag: BuildTag
    tags: frozenset[Tag]

    @property
    def is_pure(self) -> bool:
        """Whether the wheel fits every machine: all its tags end in `none-any`."""
        return all(tag.abi == "none" and tag.platform == "any" for tag in self.tags)


def parse_wheel_name(filename: str) -> WheelName:
    """Take a wheel's filename apart.

    Raises:
        InvalidName: if it does not obey the binary distribution format.
    """
    try:
        name, version, build_tag, tags = parse_wheel_filename(parse_filename(filename))
    except InvalidWheelFilename as error:
        raise InvalidName(repr(filename), str(error)) from None
    return WheelName(ProjectName(name), version, build_tag, tags)


@lru_cache(maxsize=_REMEMBERED)
def read_filename(filename: str, project: ProjectName) -> ParsedFilename:
    """Tell what a file on a project's page is; never raises, for old pages hold anything.

    Source distributions from before the naming rules (`RPi.GPIO-0.7.1.tar.gz`,
    `my-project-1.0.zip`) are read with the help of the project's name.
    """
    other = ParsedFilename(FileKind.OTHER, None)
    try:
        if filename.endswith(".whl"):
            wheel = parse_wheel_name(filename)
            if wheel.project != project:
                return other
            return ParsedFilename(FileKind.WHEEL, wheel.version, wheel.tags, wheel.build_tag)
        if filename.endswith((".tar.gz", ".zip")):
            parse_filename(filename)
            version = _sdist_version(filename, project)
            return other if version is None else ParsedFilename(FileKind.SDIST, version)
    except (InvalidName, InvalidVersion):
        return other
    return other


def _sdist_version(filename: str, project: ProjectName) -> Version | None:
    try:
        name, version = parse_sdist_filename(filename)
    except InvalidSdistFilename:
        pass
    else:
        if name == project:
            return version
    stem = filename.removesuffix(".tar.gz").removesuffix(".zip")
    for dash in (match.start() for match in re.finditer("-", stem)):
        if canonicalize_name(stem[:dash]) == project:
            try:
                return Version(stem[dash + 1 :])
            except InvalidVersion:
                continue
    return None


def untagged(filename: Filename) -> Filename:
    """Return a wheel's filename without its build tag: the form in which names are compared."""
    wheel = parse_wheel_name(filename)
    if not wheel.build_tag:
        return filename
    parts = filename.split("-")
    return Filename("-".join(parts[:2] + parts[3:]))
