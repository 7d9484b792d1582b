"""Asking an index of Debian's packages: what to install for what a build wants."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from wheelyard.contents.build import SCHEMA
from wheelyard.contents.ranking import Holder, best
from wheelyard.errors import ContentsMissing, InvalidName
from wheelyard.model.environment import parse_environment_name
from wheelyard.model.names import ProjectName
from wheelyard.model.wanted import Wanted, WantedKind

_MADE_LATER = {
    (WantedKind.PROGRAM, "automake"): "automake",
    (WantedKind.PROGRAM, "awk"): "gawk",
    (WantedKind.PROGRAM, "f77"): "gfortran",
    (WantedKind.PROGRAM, "f95"): "gfortran",
    (WantedKind.PROGRAM, "go"): "golang-go",
    (WantedKind.PROGRAM, "java"): "default-jdk-headless",
    (WantedKind.PROGRAM, "javac"): "default-jdk-headless",
    (WantedKind.PROGRAM, "lex"): "flex",
    (WantedKind.PROGRAM, "mpicc"): "libopenmpi-dev",
    (WantedKind.PROGRAM, "qmake"): "qtbase5-dev",
    (WantedKind.PROGRAM, "yacc"): "bison",
    (WantedKind.PKG_CONFIG, "blas"): "libblas-dev",
    (WantedKind.PKG_CONFIG, "hdf5"): "libhdf5-dev",
    (WantedKind.PKG_CONFIG, "lapack"): "liblapack-dev",
    (WantedKind.HEADER, "jni.h"): "default-jdk-headless",
}
"""What is no file of any package: Debian makes links to it when it installs these."""

_NOT_IN_DEBIAN = frozenset({"cuda.h", "cuda_runtime.h", "cudnn.h", "nccl.h"})
"""Headers that only look as if a package of Debian had them."""

_FOLDERS = {
    WantedKind.PKG_CONFIG: ("pkgconfig",),
    WantedKind.PROGRAM: ("bin", "sbin", "games"),
    WantedKind.AUTOCONF_MACRO: ("aclocal",),
}
_MOST_HOLDERS = 5000


def open_contents(folder: Path, environment: str) -> "Contents":
    """Open the index of an environment, such as `bookworm-armhf`.

    Raises:
        ContentsMissing: if there is none, or it is of another version of ours.
    """
    try:
        name = str(parse_environment_name(environment))
    except InvalidName as error:
        raise ContentsMissing(environment, str(error)) from None
    path = index_path(folder, name)
    advice = f"Make it: wheelyard environment index {name}"
    if not path.is_file():
        raise ContentsMissing(name, advice)
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)
    try:
        row = connection.execute("SELECT value FROM about WHERE key = 'schema'").fetchone()
    except sqlite3.DatabaseError:
        row = None
    if row is None or row[0] != str(SCHEMA):
        connection.close()
        raise ContentsMissing(name, advice)
    return Contents(connection)


def index_path(folder: Path, environment: str) -> Path:
    """Return where the index of an environment is kept."""
    return folder / f"{environment}.sqlite"


class Contents:
    """Which packages hold what; the look-ups only read, and every name that is returned is one."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def packages(
        self, wanted: Sequence[Wanted], *, project: ProjectName | None = None
    ) -> tuple[str, ...]:
        """Return what to install for the first alternative that any package holds; () if none."""
        hints = () if project is None else self.hints(project)
        for one in wanted:
            if (one.kind, one.name) in _MADE_LATER:
                return (_MADE_LATER[one.kind, one.name],)
            if one.name in _NOT_IN_DEBIAN:
                continue
            package = best(set(self._holders(one)), kind=one.kind, name=one.name, hints=hints)
            if package is not None:
                return (package,)
        return ()

    def hints(self, project: ProjectName) -> tuple[str, ...]:
        """Return what Debian builds a project with: packages of libraries, and tools."""
        for name in _names_in_debian(project):
            rows = self._connection.execute(
                "SELECT package FROM hints WHERE project = ? ORDER BY package", (name,)
            )
            found = tuple(package for (package,) in rows)
            if found:
                return found
        return ()

    def _holders(self, wanted: Wanted) -> Iterator[Holder]:
        for path in _paths(wanted):
            folder, _, name = path.rpartition("/")
            rows = self._connection.execute(
                "SELECT folders.name, packages.name, packages.used FROM files"
                " JOIN folders ON folders.id = files.folder"
                " JOIN packages ON packages.id = files.package WHERE files.name = ? LIMIT ?",
                (name, _MOST_HOLDERS),
            )
            for where, package, used in rows:
                is_there = not folder or f"/{where}".endswith(f"/{folder}")
                if is_there and _is_of_kind(where, wanted.kind):
                    yield Holder(where, package, used)


def _is_of_kind(folder: str, kind: WantedKind) -> bool:
    parts = folder.split("/")
    if kind is WantedKind.HEADER:
        return "include" in parts
    expected = _FOLDERS.get(kind)
    return expected is None or any(
        parts[-1] == name or parts[-1].startswith(f"{name}-") for name in expected
    )


def _paths(wanted: Wanted) -> tuple[str, ...]:
    """Return the files that something wanted may be, as ends of paths."""
    name = wanted.name
    match wanted.kind:
        case WantedKind.LIBRARY:
            return (f"lib{name}.so", f"lib{name}.a")
        case WantedKind.PKG_CONFIG:
            return (f"{name.removesuffix('.pc')}.pc",)
        case WantedKind.CMAKE_PACKAGE:
            return (f"{name}Config.cmake", f"{name.lower()}-config.cmake")
        case WantedKind.AUTOCONF_MACRO:
            return (f"{name}.m4", f"{name.lower()}.m4")
        case _:
            return (name,)


def _names_in_debian(project: ProjectName) -> tuple[str, ...]:
    """Return how Debian may call a project."""
    bare = project.removeprefix("python-").removesuffix("-python")
    return tuple(dict.fromkeys((project, bare, bare.removeprefix("py"), f"py{bare}")))
