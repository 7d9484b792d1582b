"""Which Debian packages hold which shared libraries, as a root's own dpkg database tells."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_INFORMATION = "var/lib/dpkg/info"
_ALTERNATIVES = "var/lib/dpkg/alternatives"
_MAX_BYTES = 16 * 1024**2
_LIBRARY = re.compile(r"/(?:usr/)?lib(?:/[a-z0-9_]+-linux-[a-z0-9]+)?/([^/]+\.so(?:\.[^/]*)?)")
_SHLIBS_WORDS = 3
_OTHER_LINKS = 3
_PRIORITY = re.compile(r"-?\d{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryIndex:
    """Shared libraries by the name that the loader asks for.

    `packages` maps it to the package's name, `dependencies` to the versioned dependency that
    Debian states for users of it (`libxml2 (>= 2.9.0)`), where it states one.
    """

    packages: Mapping[str, str]
    dependencies: Mapping[str, str]

    def dependency(self, soname: str) -> str | None:
        """Return the package that brings a library, with its version if known; None if none."""
        return self.dependencies.get(soname) or self.packages.get(soname)


def read_libraries(root: Path) -> LibraryIndex:
    """Read what is installed in a root, of any architecture; nothing there is run.

    The lists of files tell of the loader's own folders only: a library elsewhere is found by
    nobody who does not look for it there, unless Debian's system of alternatives put a link to it
    into such a folder.
    """
    links = dict(_alternatives(root / _ALTERNATIVES))
    packages: dict[str, str] = {}
    dependencies: dict[str, str] = {}
    folder = root / _INFORMATION
    for file in sorted(folder.glob("*.list")):
        package = file.stem.partition(":")[0]
        for line in _lines(file):
            found = _LIBRARY.fullmatch(links.get(line, line))
            if found:
                packages.setdefault(found[1], package)
    for file in sorted(folder.glob("*.shlibs")):
        for soname, dependency in _stated(file):
            if soname in packages:
                dependencies.setdefault(soname, dependency)
    return LibraryIndex(packages=packages, dependencies=dependencies)


def package_of(dependency: str) -> str:
    """Return the name of the package in a dependency."""
    return dependency.partition(" ")[0]


def _alternatives(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the files of the best of several alternatives, each with the link that leads there.

    A file of dpkg's holds the state, the main link, names and links of what goes along with it,
    an empty line, and then for each choice its path, its priority and the paths of the others.
    """
    for file in sorted(folder.glob("*.so*")):
        lines = list(_lines(file))
        if len(lines) < _OTHER_LINKS or "" not in lines:
            continue
        end = lines.index("")
        links = [lines[1], *lines[_OTHER_LINKS:end:2]]
        size = len(links) + 1
        rest = lines[end + 1 :]
        choices = [rest[at : at + size] for at in range(0, len(rest) - size + 1, size)]
        choices = [choice for choice in choices if _PRIORITY.fullmatch(choice[1])]
        if choices:
            path, _, *others = max(choices, key=lambda choice: int(choice[1]))
            yield from zip((path, *others), links, strict=True)


def _lines(file: Path) -> Iterator[str]:
    if file.is_symlink() or file.stat().st_size > _MAX_BYTES:
        return
    yield from file.read_text(encoding="utf-8", errors="replace").splitlines()


def _stated(file: Path) -> Iterator[tuple[str, str]]:
    """Yield the libraries of a file `shlibs` with what users depend on (deb-shlibs(5))."""
    for line in _lines(file):
        words = line.partition("#")[0].split(None, _SHLIBS_WORDS)
        if not words or words[0].endswith(":"):
            # Such a line is for packages of another kind (the installer's).
            continue
        if len(words) > 2:  # noqa: PLR2004 - library, version and at least one dependency
            dependency = " ".join(words[2:]).partition(",")[0].partition("|")[0].strip()
            library, version = words[0], words[1]
            yield f"{library}.so.{version}", dependency
            yield f"{library}-{version}.so", dependency
