"""What files ask for: requirements, one by one, with the place where each is written."""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from wheelyard.checking.environment import MarkerEnvironment, holds
from wheelyard.errors import InvalidName, InvalidRequirements
from wheelyard.model.names import ProjectName, parse_project_name

MAX_NEEDS = 5000
"""So many requirements a file may have."""

_MAX_LENGTH = 2000
_MAX_SHOWN = 200
_MAX_QUOTED = 80
_UNPRINTABLE = re.compile(r"[^ -~]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One requirement of a file.

    `shown` is how people are told of it, `place` where it is written (`line 3`). `name` is None
    where the file does not tell it; `source` says in a few words where it comes from if not from an
    index (`a version control system`). `applies` is false if its markers exclude the target.
    """

    shown: str
    place: str
    name: ProjectName | None
    specifiers: SpecifierSet = field(default_factory=SpecifierSet)
    applies: bool = True
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a file asks for. `notes` tell, a sentence each, what was passed over.

    `is_locked` tells that the file names everything that would be installed, dependencies too.
    """

    form: str
    needs: tuple[Need, ...]
    notes: tuple[str, ...] = ()
    is_locked: bool = False


def fault(place: str, message: str) -> InvalidRequirements:
    """Return the error for something in a file, which says where it is."""
    return InvalidRequirements(f"{place}: {shortened(message)}")


def shortened(text: str) -> str:
    """Return a text of a file as it may stand in a message: one line, printable, not too long."""
    line = _UNPRINTABLE.sub("?", " ".join(text.split()))
    return line if len(line) <= _MAX_SHOWN else f"{line[: _MAX_SHOWN - 1]}…"


def quoted(text: str) -> str:
    """Return a text of a file as a message quotes it."""
    return repr(text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}…")


def read_need(text: str, *, place: str, environment: MarkerEnvironment) -> Need:
    """Read one requirement (dependency specifiers, PEP 508).

    Raises:
        InvalidRequirements: if it cannot be read.
    """
    if len(text) > _MAX_LENGTH:
        raise fault(place, f"A requirement has at most {_MAX_LENGTH} characters")
    try:
        found = Requirement(text)
        name = parse_project_name(found.name)
    except InvalidRequirement as error:
        # The error draws an arrow below the text, which needs the lines that we do not have.
        reason = str(error).partition("\n")[0]
        raise fault(place, f"{quoted(text)} is not a requirement: {reason}") from None
    except (InvalidName, RecursionError, ValueError) as error:
        raise fault(place, f"{quoted(text)} is not a requirement: {error}") from None
    extras = f"[{','.join(sorted(found.extras))}]" if found.extras else ""
    return Need(
        shown=shortened(f"{found.name}{extras}{found.specifier}"),
        place=place,
        name=name,
        specifiers=found.specifier,
        applies=found.marker is None or holds(found.marker, environment),
        source=None if found.url is None else source_of(found.url),
    )


def read_pin(
    name: object, version: object, *, place: str, applies: bool = True, source: str | None = None
) -> Need:
    """Read a locked package; a `version` of None is as if any would do.

    Raises:
        InvalidRequirements: if the name or the version cannot be read.
    """
    if not isinstance(name, str) or not isinstance(version, str | None):
        raise fault(place, "A package has a name and a version, both of them texts")
    try:
        specifiers = SpecifierSet() if version is None else SpecifierSet(f"=={version}")
        project = parse_project_name(name)
    except (InvalidName, InvalidSpecifier, ValueError):
        raise fault(
            place, f"{quoted(name)} {quoted(str(version))} is not a release of a project"
        ) from None
    return Need(
        shown=shortened(f"{name}{specifiers}"),
        place=place,
        name=project,
        specifiers=specifiers,
        applies=applies,
        source=source,
    )


def read_marker(text: object, *, place: str) -> Marker:
    """Read an environment marker.

    Raises:
        InvalidRequirements: if it cannot be read.
    """
    if not isinstance(text, str) or len(text) > _MAX_LENGTH:
        raise fault(place, f"A marker is a text of at most {_MAX_LENGTH} characters")
    try:
        return _parsed_marker(text)
    except (ValueError, RecursionError):
        raise fault(place, f"{quoted(text)} is not a marker") from None


@lru_cache(maxsize=1024)
def _parsed_marker(text: str) -> Marker:
    """Parse a marker; files say the same ones over and over."""
    return Marker(text)


def source_of(url: str) -> str:
    """Say in a few words where a requirement with a URL comes from."""
    scheme = url.partition(":")[0].lower()
    if "+" in scheme:
        return "a version control system"
    return "a file" if scheme == "file" else "a URL"
