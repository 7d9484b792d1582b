"""Making an index of Debian's packages: from the archive's own lists to one small SQLite file.

The lists are `Contents-<architecture>` (paths, and the packages that hold them) and `Sources`
(source packages with what they are built with), as in
https://wiki.debian.org/DebianRepository/Format.
"""

import os
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from wheelyard.contents.ranking import is_build_tool
from wheelyard.errors import InvalidName
from wheelyard.model.environment import parse_debian_package

SCHEMA = 2
"""The version of the file's tables."""

_TABLES = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE packages (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, used INTEGER NOT NULL
);
CREATE TABLE folders (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE files (
    name TEXT NOT NULL, folder INTEGER NOT NULL, package INTEGER NOT NULL,
    PRIMARY KEY (name, folder, package)
) WITHOUT ROWID;
CREATE TABLE hints (
    project TEXT NOT NULL, package TEXT NOT NULL, PRIMARY KEY (project, package)
) WITHOUT ROWID;
"""
_WANTED = re.compile(
    r"(?:usr/)?s?bin/[^/]+|usr/games/[^/]+"
    r"|usr/include/.+|usr/lib/.+/include/.+"
    r"|usr/(?:lib|share)/(?:.+/)?pkgconfig/[^/]+\.pc"
    r"|(?:usr/)?lib/(?:.+/)?lib[^/]+\.(?:so(?:\.[0-9.]+)?|a)"
    r"|usr/(?:lib|share)/.+\.cmake"
    r"|usr/share/aclocal[^/]*/[^/]+\.m4"
)
"""What builds look for; programs, headers, libraries, and how they are found."""

_CMAKE = re.compile(r".*(?:Config|-config)\.cmake")
_NEVER = re.compile(r"usr/include/(?:node|linux)/.*|usr/lib/(?:debug|python3|ghc)/.*")
_MAX_LINE = 10_000
_MAX_NAME = 200
_RELATION = re.compile(r"\s*([a-z0-9][a-z0-9+.-]+)")
_BATCH = 5000


@dataclass(frozen=True, slots=True)
class Indexed:
    """How much an index holds."""

    files: int
    packages: int
    projects: int


def build_index(
    path: Path,
    *,
    contents: Iterable[str],
    sources: Iterable[str],
    made_at: datetime,
) -> Indexed:
    """Write an index in place of the one that may be there; readers of that one are not disturbed.

    `contents` are the lines of all Contents lists, `sources` those of all Sources lists. Lines that
    cannot be used are passed over.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    making = path.with_name(f".{path.name}.{os.getpid()}")
    making.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(making)) as connection:
            connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
            connection.executescript(_TABLES)
            connection.execute("INSERT INTO about VALUES ('schema', ?)", (str(SCHEMA),))
            connection.execute("INSERT INTO about VALUES ('made_at', ?)", (made_at.isoformat(),))
            used: Counter[str] = Counter()
            hints = _hints(sources, used)
            connection.executemany("INSERT OR IGNORE INTO hints VALUES (?, ?)", hints)
            _write_files(connection, contents, used)
            connection.commit()
            connection.execute("ANALYZE")
            indexed = Indexed(
                *(
                    connection.execute(f"SELECT count({what}) FROM {table}").fetchone()[0]  # noqa: S608 - our own words
                    for what, table in (
                        ("*", "files"),
                        ("*", "packages"),
                        ("DISTINCT project", "hints"),
                    )
                )
            )
            connection.commit()
        making.replace(path)
    finally:
        making.unlink(missing_ok=True)
    return indexed


def _write_files(
    connection: sqlite3.Connection, contents: Iterable[str], used: Mapping[str, int]
) -> None:
    packages: dict[str, int] = {}
    folders: dict[str, int] = {}
    batch: list[tuple[str, int, int]] = []
    for path, holders in read_contents(contents):
        folder, _, name = path.rpartition("/")
        number = folders.setdefault(folder, len(folders))
        batch += [
            (name, number, packages.setdefault(package, len(packages))) for package in holders
        ]
        if len(batch) >= _BATCH:
            connection.executemany("INSERT OR IGNORE INTO files VALUES (?, ?, ?)", batch)
            batch.clear()
    connection.executemany("INSERT OR IGNORE INTO files VALUES (?, ?, ?)", batch)
    connection.executemany(
        "INSERT INTO packages VALUES (?, ?, ?)",
        ((number, name, used.get(name, 0)) for name, number in packages.items()),
    )
    connection.executemany(
        "INSERT INTO folders VALUES (?, ?)", ((number, name) for name, number in folders.items())
    )


def read_contents(lines: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the paths that builds may want, each with the packages that hold it."""
    for line in lines:
        if len(line) > _MAX_LINE:
            continue
        path, _, holders = line.rstrip("\n").rstrip().rpartition(" ")
        path = path.rstrip().removeprefix("./")
        if not _WANTED.fullmatch(path) or _NEVER.fullmatch(path):
            continue
        name = path.rpartition("/")[2]
        is_other_cmake = name.endswith(".cmake") and not _CMAKE.fullmatch(name)
        if len(name) > _MAX_NAME or is_other_cmake:
            continue
        packages = tuple(
            package
            for each in holders.split(",")
            if _is_package(package := each.rpartition("/")[2])
        )
        if packages:
            yield path, packages


def _is_package(name: str) -> bool:
    try:
        parse_debian_package(name)
    except InvalidName:
        return False
    return True


def _hints(lines: Iterable[str], used: Counter[str]) -> Iterator[tuple[str, str]]:
    """Yield what projects of Python are built with; count by how many sources each is `used`."""
    for stanza in _stanzas(lines):
        packages = {
            package
            for field in ("Build-Depends", "Build-Depends-Arch")
            for package in _packages(stanza.get(field, ""))
        }
        used.update(packages)
        binaries = [name.strip() for name in stanza.get("Binary", "").split(",")]
        projects = {name.removeprefix("python3-") for name in binaries if _is_of_python(name)}
        if not projects:
            continue
        source = stanza.get("Package", "")
        projects |= {source, source.removeprefix("python-")}
        for project in sorted(projects - {""}):
            for package in sorted(packages):
                yield project.lower(), package


def _is_of_python(binary: str) -> bool:
    return binary.startswith("python3-") and not binary.endswith(("-doc", "-dbg", "-dev"))


def _stanzas(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yield the paragraphs of a control file, only the fields that are looked at."""
    wanted = {"Package", "Binary", "Build-Depends", "Build-Depends-Arch"}
    stanza: dict[str, str] = {}
    field: str | None = None
    for line in lines:
        text = line.rstrip("\n")
        if not text:
            if stanza:
                yield stanza
            stanza, field = {}, None
        elif text[0] in " \t":
            if field is not None and len(stanza[field]) < _MAX_LINE:
                stanza[field] += text
        else:
            name, _, value = text.partition(":")
            field = name if name in wanted else None
            if field is not None:
                stanza[field] = value[:_MAX_LINE]
    if stanza:
        yield stanza


def _packages(relations: str) -> Iterator[str]:
    """Yield the packages of a list of relations that help a build: of alternatives, the first."""
    for relation in relations.split(","):
        if "<" in relation.partition("|")[0].replace("<<", "").replace("<=", ""):
            # A build profile: only for Debian's own documentation, tests and bootstrapping.
            continue
        match = _RELATION.match(relation.partition("|")[0].partition(":")[0])
        if match is not None and _is_package(match[1]) and is_build_tool(match[1]):
            yield match[1]
