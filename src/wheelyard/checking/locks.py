"""Lock files that name every package: pylock.toml (PEP 751), poetry.lock and pdm.lock."""

from collections.abc import Iterable, Mapping
from typing import Any

from packaging.pylock import Pylock, PylockValidationError

from wheelyard.checking.environment import MarkerEnvironment, holds
from wheelyard.checking.needs import MAX_NEEDS, Need, Needs, fault, read_marker, read_pin
from wheelyard.checking.toml_text import tables

_POETRY_SOURCES = {
    "directory": "a path",
    "file": "a path",
    "git": "a version control system",
    "url": "a URL",
}
_PDM_SOURCES = {"git": "a version control system", "path": "a path", "url": "a URL"}


def read_pylock(document: Mapping[str, Any], text: str, environment: MarkerEnvironment) -> Needs:
    """Read a pylock.toml.

    Raises:
        InvalidRequirements: if it does not obey the specification.
    """
    places = [place for place, _ in tables(document, "packages", text=text)]
    try:
        lock = Pylock.from_dict(document)
    except PylockValidationError as error:
        raise fault(_place_of(error, places), f"This is no pylock.toml: {error}") from None
    except (RecursionError, ValueError) as error:
        raise fault("the file", f"This is no pylock.toml: {error}") from None
    needs = []
    for place, package in zip(places, lock.packages, strict=True):
        source = None
        if package.vcs is not None:
            source = "a version control system"
        elif package.directory is not None:
            source = "a path"
        elif package.archive is not None:
            source = "a URL" if package.archive.url else "a path"
        needs.append(
            read_pin(
                package.name,
                None if package.version is None else str(package.version),
                place=place,
                applies=package.marker is None or holds(package.marker, environment),
                source=source,
            )
        )
    return locked("pylock.toml", needs)


def _place_of(error: PylockValidationError, places: list[str]) -> str:
    """Return the place of the package that an error names by its number."""
    context = error.context or ""
    number = context.removeprefix("packages[").partition("]")[0]
    if context.startswith("packages[") and number.isdecimal() and int(number) < len(places):
        return places[int(number)]
    return "the file"


def read_poetry_lock(
    document: Mapping[str, Any], text: str, environment: MarkerEnvironment
) -> Needs:
    """Read a poetry.lock of any version; those before 2.1 have no markers for packages.

    Raises:
        InvalidRequirements: if it cannot be read.
    """
    needs = []
    for place, package in tables(document, "package", text=text):
        source = package.get("source")
        kind = source.get("type") if isinstance(source, dict) else None
        needs.append(
            read_pin(
                package.get("name"),
                package.get("version"),
                place=place,
                applies=_poetry_applies(package.get("markers"), place, environment),
                source=_POETRY_SOURCES.get(kind) if isinstance(kind, str) else None,
            )
        )
    return locked("poetry.lock", needs)


def _poetry_applies(markers: object, place: str, environment: MarkerEnvironment) -> bool:
    """Whether a package is for a target: its marker holds, or that of any of its groups."""
    if markers is None:
        return True
    each = list(markers.values()) if isinstance(markers, dict) else [markers]
    return any(holds(read_marker(one, place=place), environment) for one in each)


def read_pdm_lock(document: Mapping[str, Any], text: str, environment: MarkerEnvironment) -> Needs:
    """Read a pdm.lock; those with the strategy `inherit_metadata` have markers for packages.

    Raises:
        InvalidRequirements: if it cannot be read.
    """
    needs: dict[tuple[object, object], Need] = {}
    for place, package in tables(document, "package", text=text):
        marker = package.get("marker")
        need = read_pin(
            package.get("name"),
            package.get("version"),
            place=place,
            applies=marker is None or holds(read_marker(marker, place=place), environment),
            source=next((say for key, say in _PDM_SOURCES.items() if key in package), None),
        )
        # A package is there once more for each of its extras.
        before = needs.setdefault((need.name, str(need.specifiers)), need)
        if need.applies and not before.applies:
            needs[need.name, str(need.specifiers)] = need
    return locked("pdm.lock", needs.values())


def locked(form: str, needs: Iterable[Need]) -> Needs:
    """Return what a lock file asks for.

    Raises:
        InvalidRequirements: if that is too much.
    """
    found = tuple(needs)
    if len(found) > MAX_NEEDS:
        raise fault("the file", f"A file has at most {MAX_NEEDS} packages")
    return Needs(form=form, needs=found, is_locked=True)
