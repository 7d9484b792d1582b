"""Which of the packages that hold a wanted thing to install; pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from wheelyard.contents.debian_names import is_eligible

_TOO_MANY = 6
_MUCH_MORE = 4
_SECOND = frozenset({"libcurl4-gnutls-dev", "libcurl4-nss-dev", "libboost1.81-dev"})
"""Packages that hold the same as another one, which most projects are written for."""
_COMMON_HEADERS = frozenset(
    [
        "api.h",
        "array.h",
        "base.h",
        "common.h",
        "compat.h",
        "config.h",
        "core.h",
        "data.h",
        "debug.h",
        "defs.h",
        "error.h",
        "errors.h",
        "export.h",
        "global.h",
        "hash.h",
        "init.h",
        "internal.h",
        "list.h",
        "log.h",
        "macros.h",
        "main.h",
        "map.h",
        "memory.h",
        "message.h",
        "module.h",
        "node.h",
        "object.h",
        "platform.h",
        "queue.h",
        "resource.h",
        "stack.h",
        "string.h",
        "test.h",
        "tree.h",
        "types.h",
        "util.h",
        "utils.h",
        "vector.h",
        "version.h",
        "parser.h",
    ]
)
"""Names that a project's own headers have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A package that holds one of the names of a wanted thing.

    `alternative` is the place of that name among the alternatives. `exact` says that it is found
    without further options of the compiler; `likely` is False for a name that was only guessed.
    `depth` counts the folders of the path, `popularity` the source packages built with the package.
    """

    package: str
    alternative: int
    popularity: int
    depth: int = 0
    exact: bool = True
    likely: bool = True


def is_common_header(name: str) -> bool:
    """Whether so many projects have a header of this name that it tells of no package."""
    return name.lower() in _COMMON_HEADERS


def choose(candidates: Iterable[Candidate], *, hints: Collection[str] = ()) -> str | None:
    """Return the package to install, or None where nothing fits or too much does.

    `hints` are what Debian itself builds the project with.
    """
    by_package: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        if is_eligible(candidate.package):
            by_package.setdefault(candidate.package, []).append(candidate)
    if not by_package or _is_ambiguous(by_package, hints):
        return None
    known = frozenset(hints)
    return min(by_package, key=lambda package: _order(by_package[package], known))


def _is_ambiguous(by_package: dict[str, list[Candidate]], hints: Collection[str]) -> bool:
    """Whether many packages have it somewhere, none where it is looked for, and none is special."""
    if any(each.exact for found in by_package.values() for each in found):
        return False
    if not by_package.keys().isdisjoint(hints):
        return False
    if any(each.depth == 0 for found in by_package.values() for each in found):
        return False
    popularity = sorted((found[0].popularity for found in by_package.values()), reverse=True)
    return len(popularity) > _TOO_MANY and popularity[0] <= _MUCH_MORE * popularity[1]


def _order(found: list[Candidate], hints: Collection[str]) -> tuple[object, ...]:
    """Return what puts a package before others, the weightiest first."""
    package = found[0].package
    return (
        not any(each.likely for each in found),
        package not in hints,
        not any(each.exact for each in found),
        not package.endswith("-dev"),
        -len({each.alternative for each in found if each.likely}),
        package in _SECOND,
        min(each.depth for each in found) > 0,
        -max(each.popularity for each in found).bit_length(),
        min(each.depth for each in found),
        len(package),
        package,
    )
