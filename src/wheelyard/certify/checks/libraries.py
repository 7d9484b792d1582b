"""Where objects look for libraries, and which Debian packages bring what the wheel does not."""

import posixpath

from wheelyard.certify.contents import Contents
from wheelyard.certify.expected import Expected
from wheelyard.certify.libraries import LibraryIndex
from wheelyard.certify.paths import installed_path
from wheelyard.model.certificate import Check, failed, not_applicable, passed

NAME = "libraries"
"""The name of the check that resolves libraries to packages."""

_ORIGIN = ("$ORIGIN", "${ORIGIN}")
_OF_THE_SYSTEM = ("/lib", "/usr/lib")
_ALWAYS_THERE = frozenset(
    {
        *("libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1"),
        *("libgcc_s.so.1", "libstdc++.so.6", "libresolv.so.2", "libcrypt.so.1", "libanl.so.1"),
    }
)
"""What every Debian system with Python has: the C library's, and the compiler's run-time ones."""


def search_path(contents: Contents, expected: Expected) -> Check:  # noqa: ARG001 - as all checks
    """Objects look for libraries in the wheel and in the system's own folders only."""
    name = "search-path"
    paths = [(each.name, path) for each in contents.linked for path in each.dynamic.search_paths]
    by_path = [(each.name, word) for each in contents.linked for word in each.dynamic.needed]
    by_path = [(file, library) for file, library in by_path if "/" in library]
    if not paths and not by_path:
        return not_applicable(name, "No object file has a search path.")
    problems = [f"{file!a} loads a library by its path {path!a}" for file, path in by_path]
    problems += [
        f"{file!a} looks for libraries in {path!a}, {problem}"
        for file, path in paths
        if (problem := _path_problem(file, path)) is not None
    ]
    if problems:
        return failed(name, "An object file looks for libraries outside the wheel.", *problems)
    shown = sorted({path for _, path in paths})
    return passed(name, "Search paths stay within the wheel and the system's folders.", *shown)


def needed_libraries(contents: Contents, expected: Expected) -> Check:
    """Every library that is needed is in the wheel or in a package of the target's."""
    needed = outside_libraries(contents)
    if not contents.linked:
        return not_applicable(NAME, "The wheel holds no object files that are loaded.")
    if not needed:
        return passed(NAME, "No libraries are needed but those that every system has.")
    index = expected.libraries
    if index is None:
        message = "Which packages bring the libraries is not known here."
        return not_applicable(NAME, message, *needed)
    missing = [
        f"{library}, needed by {', '.join(users[:5])}"
        for library, users in needed.items()
        if index.dependency(library) is None
    ]
    if missing:
        return failed(NAME, "A library is in no package of the environment.", *missing)
    found = [f"{library}: {index.dependency(library)}" for library in needed]
    return passed(NAME, "Debian packages bring the libraries that are needed.", *found)


def debian_dependencies(contents: Contents, index: LibraryIndex) -> tuple[str, ...]:
    """Return the Debian packages that users of a wheel need, versioned where that is known."""
    found = {index.dependency(library) for library in outside_libraries(contents)}
    return tuple(sorted(dependency for dependency in found if dependency is not None))


def outside_libraries(contents: Contents) -> dict[str, list[str]]:
    """Return the libraries that a wheel needs and not every system has, with their users."""
    known = contents.basenames | _ALWAYS_THERE
    known |= {each.dynamic.soname or "" for each in contents.linked}
    users: dict[str, list[str]] = {}
    for each in contents.linked:
        for library in each.dynamic.needed:
            is_loader = library.startswith(("ld-linux", "ld64.so"))
            if library not in known and not is_loader:
                users.setdefault(library, []).append(each.name)
    return dict(sorted(users.items()))


def _path_problem(file: str, path: str) -> str | None:
    start, _, rest = path.partition("/")
    if start in _ORIGIN and "$" not in rest:
        below = posixpath.normpath(posixpath.join(posixpath.dirname(installed_path(file)), rest))
        is_outside = below == ".." or below.startswith(("../", "/"))
        return "which is outside the wheel" if is_outside else None
    if "$" in path:
        return "which depends on the machine"
    if not path.startswith("/"):
        return "which depends on where the program is started"
    normal = posixpath.normpath(path)
    if any(normal == root or normal.startswith(f"{root}/") for root in _OF_THE_SYSTEM):
        return None
    return "which is neither in the wheel nor in a folder of the system's"
