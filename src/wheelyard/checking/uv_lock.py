"""uv.lock: a graph of packages, from the project's own to what they need, with markers between."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from wheelyard.checking.environment import MarkerEnvironment, holds
from wheelyard.checking.locks import locked
from wheelyard.checking.needs import MAX_NEEDS, Needs, fault, read_marker, read_pin
from wheelyard.checking.toml_text import array, table, tables

_OWN = ("editable", "virtual")
_SOURCES = {
    "directory": "a path",
    "editable": "a path",
    "git": "a version control system",
    "path": "a path",
    "url": "a URL",
    "virtual": "a path",
}
_MOST_OF_A_NAME = 20
_MOST_EXTRAS = 50

_Edges = dict[str | None, list[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class _Package:
    place: str
    entry: Mapping[str, Any]
    name: str
    version: str | None

    def is_source(self, kinds: Sequence[str]) -> bool:
        return any(kind in table(self.entry, "source", place=f"{self.place}: ") for kind in kinds)


def read_uv_lock(document: Mapping[str, Any], text: str, environment: MarkerEnvironment) -> Needs:
    """Read a uv.lock; packages that nothing leads to on the target are not needed there.

    The project's own packages, which are where uv looks first, are left out; all of their extras
    and groups count.

    Raises:
        InvalidRequirements: if it cannot be read.
    """
    packages = [_package(place, entry) for place, entry in tables(document, "package", text=text)]
    if len(packages) > MAX_NEEDS:
        raise fault("the file", f"A file has at most {MAX_NEEDS} packages")
    reached = _reached(packages, environment)
    return locked(
        "uv.lock",
        [
            read_pin(
                package.name,
                package.version,
                place=package.place,
                applies=number in reached,
                source=next(
                    (say for kind, say in _SOURCES.items() if package.is_source([kind])), None
                ),
            )
            for number, package in enumerate(packages)
            if not package.is_source(_OWN)
        ],
    )


def _package(place: str, entry: Mapping[str, Any]) -> _Package:
    name, version = entry.get("name"), entry.get("version")
    if not isinstance(name, str) or not isinstance(version, str | None):
        raise fault(place, "A package has a name and a version, both of them texts")
    return _Package(place, entry, name, version)


def _reached(packages: Sequence[_Package], environment: MarkerEnvironment) -> set[int]:
    """Return the numbers of the packages that are needed on the target."""
    by_name = _by_name(packages)
    own = {number for number, package in enumerate(packages) if package.is_source(_OWN)}
    # A lock of a script has no package of its own; then everything counts that markers allow.
    todo: deque[tuple[int, str | None]] = deque((number, None) for number in sorted(own))
    todo.extend((number, None) for number in range(len(packages)) if not own)
    edges: dict[int, _Edges] = {}
    seen: set[tuple[int, str | None]] = set()
    while todo:
        number, extra = todo.popleft()
        if (number, extra) in seen or not _fits(packages[number], environment):
            continue
        seen.add((number, extra))
        if number not in edges:
            edges[number] = _edges(packages[number], environment)
        known = edges[number]
        for edge in chain.from_iterable(known.values()) if number in own else known.get(extra, ()):
            for other in by_name.get(str(edge.get("name")), ()):
                if edge.get("version") not in {None, packages[other].version}:
                    continue
                todo.append((other, None))
                if other not in own:
                    todo.extend((other, one) for one in _extras(edge))
    return {number for number, _ in seen}


def _by_name(packages: Sequence[_Package]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, package in enumerate(packages):
        same = found.setdefault(package.name, [])
        same.append(number)
        if len(same) > _MOST_OF_A_NAME:
            raise fault(package.place, f"A project has at most {_MOST_OF_A_NAME} versions here")
    return found


def _fits(package: _Package, environment: MarkerEnvironment) -> bool:
    """Whether a package is for the target, where a lock has several of one name."""
    markers = array(package.entry, "resolution-markers", place=f"{package.place}: ")
    return not markers or any(
        holds(read_marker(marker, place=package.place), environment) for marker in markers
    )


def _edges(package: _Package, environment: MarkerEnvironment) -> _Edges:
    """Return what a package needs on the target, by the extra or group that it is for."""
    place = f"{package.place}: "
    written: list[tuple[str | None, object]] = [(None, package.entry.get("dependencies", []))]
    for key in ("optional-dependencies", "dev-dependencies"):
        written += table(package.entry, key, place=place).items()
    found: _Edges = {}
    for extra, edges in written:
        if not isinstance(edges, list):
            raise fault(package.place, "Dependencies are an array")
        for edge in edges:
            if not isinstance(edge, dict):
                raise fault(package.place, "A dependency is a table")
            marker = edge.get("marker")
            if marker is None or holds(read_marker(marker, place=package.place), environment):
                found.setdefault(extra, []).append(edge)
    return found


def _extras(edge: Mapping[str, Any]) -> list[str]:
    found = edge.get("extra", [])
    extras = found if isinstance(found, list) else []
    return [one for one in extras[:_MOST_EXTRAS] if isinstance(one, str)]
