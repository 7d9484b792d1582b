"""What WHEEL and METADATA say, held against the wheel's name and the release."""

from collections.abc import Iterator
from email.parser import BytesHeaderParser
from math import prod

from packaging.metadata import parse_email
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag, parse_tag
from packaging.utils import InvalidName as _InvalidPackagingName
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from wheelyard.model.names import ProjectName, WheelName

_MAX_TAGS = 2000
_MAX_TAG_LENGTH = 250
_TAG_PARTS = 3


def wheel_problems(content: bytes, wheel: WheelName) -> Iterator[str]:
    """Yield where the WHEEL file breaks its format (version 1.x) or contradicts the filename."""
    fields = BytesHeaderParser().parsebytes(content)
    version = str(fields.get("Wheel-Version", "")).strip()
    major, _, minor = version.partition(".")
    if major != "1" or not (minor.isascii() and minor.isdigit()):
        yield f"WHEEL has Wheel-Version {_shown(version)}, only 1.x is known"
    purelib = [str(value).strip().lower() for value in fields.get_all("Root-Is-Purelib", [])]
    if purelib not in (["true"], ["false"]):
        yield "WHEEL does not say whether Root-Is-Purelib is true or false"
    tags = _tags([str(value).strip() for value in fields.get_all("Tag", [])])
    if tags is None:
        yield "WHEEL has tags that cannot be read"
    elif tags != wheel.tags:
        difference = ", ".join(sorted(map(str, tags ^ wheel.tags))[:10])
        yield f"WHEEL and the filename disagree about the tags {difference}"
    builds = [str(value).strip() for value in fields.get_all("Build", [])]
    if builds != ([_build(wheel)] if wheel.build_tag else []):
        yield "WHEEL and the filename disagree about the build number"


def is_purelib(content: bytes) -> bool:
    """Whether a WHEEL file says that the wheel holds nothing made for one kind of machine."""
    fields = BytesHeaderParser().parsebytes(content)
    return str(fields.get("Root-Is-Purelib", "")).strip().lower() == "true"


def metadata_problems(content: bytes, *, project: ProjectName, version: Version) -> Iterator[str]:
    """Yield where METADATA cannot be read or is not that of the release.

    Only what an index and an installer rely on is checked, for many sound releases were made
    before the core metadata specification became strict.
    """
    raw, _ = parse_email(content)
    if "metadata_version" not in raw:
        yield "METADATA has no Metadata-Version"
    name = raw.get("name")
    if name is None or not _is_project(name, project):
        yield f"METADATA is that of {_shown(name)}, not of {project}"
    stated = raw.get("version")
    if stated is None or not _is_version(stated, version):
        yield f"METADATA is that of version {_shown(stated)}, not of {version}"
    requires_python = requires_python_of(content)
    if requires_python is not None and not _is_specifier(requires_python):
        yield f"METADATA has a Requires-Python that cannot be read: {_shown(requires_python)}"


def requires_python_of(content: bytes) -> str | None:
    """Return METADATA's Requires-Python, the repetitions joined (they all hold), or None."""
    raw, unparsed = parse_email(content)
    joined = raw.get("requires_python") or ",".join(unparsed.get("requires-python", []))
    return joined.strip() or None


def _tags(stated: list[str]) -> frozenset[Tag] | None:
    """Return the tags of WHEEL's Tag fields; None if they are malformed or absurdly many."""
    if any(len(tag.split("-")) != _TAG_PARTS for tag in stated):
        return None
    combinations = sum(
        prod(len(part.split(".")) for part in tag.split("-"))
        for tag in stated
        if len(tag) <= _MAX_TAG_LENGTH
    )
    if combinations > _MAX_TAGS or any(len(tag) > _MAX_TAG_LENGTH for tag in stated):
        return None
    return frozenset(tag for text in stated for tag in parse_tag(text))


def _build(wheel: WheelName) -> str:
    number, rest = wheel.build_tag or (0, "")
    return f"{number}{rest}"


def _is_project(name: str, project: ProjectName) -> bool:
    try:
        return canonicalize_name(name, validate=True) == project
    except _InvalidPackagingName:
        return False


def _is_version(text: str, version: Version) -> bool:
    try:
        return Version(text) == version
    except InvalidVersion:
        return False


def _is_specifier(text: str) -> bool:
    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        return False
    return True


def _shown(text: str | None) -> str:
    return "nothing" if text is None else ascii(text[:100])
