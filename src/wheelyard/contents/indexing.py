"""Making the index of one environment: a single SQLite file, replaced as a whole."""

import os
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from wheelyard.contents.debian_names import is_eligible, is_front, is_hint
from wheelyard.contents.fetching import Lists, read_lines
from wheelyard.contents.parsing import (
    is_package_name,
    read_contents,
    read_paragraphs,
    read_relations,
)

FORMAT = "1"
"""The form of the file; one of another form is made anew."""

_SCHEMA = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE package (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, popularity INTEGER NOT NULL
);
CREATE TABLE folder (id INTEGER PRIMARY KEY, path TEXT NOT NULL);
CREATE TABLE file (
    name TEXT, folder INTEGER, package INTEGER, PRIMARY KEY (name, folder, package)
) WITHOUT ROWID;
CREATE TABLE front (package INTEGER, front INTEGER, PRIMARY KEY (package, front)) WITHOUT ROWID;
CREATE TABLE hint (
    source TEXT, place INTEGER, package INTEGER, PRIMARY KEY (source, place, package)
) WITHOUT ROWID;
"""
_MAX_FILES = 3_000_000
_PYTHON_LIBRARY = re.compile(r"\bpython3-[a-z0-9+.-]+")
_BUILD_FIELDS = ("Build-Depends", "Build-Depends-Arch")

ReadLines = Callable[[Path], Iterable[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much an index holds."""

    files: int
    packages: int
    bytes: int


def make_index(lists: Lists, file: Path, *, read: ReadLines = read_lines) -> Size:
    """Write the index of these lists; whoever reads the old one goes on with it.

    Raises:
        ArchiveUnusable: if a list cannot be read.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    making = file.with_name(f"{file.name}.making")
    making.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(making)) as database:
            database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + _SCHEMA)
            packages, files = _Filling(database, read).fill(lists)
        size = Size(files=files, packages=packages, bytes=making.stat().st_size)
        with making.open("rb+") as written:
            os.fsync(written.fileno())
        making.replace(file)
        return size
    finally:
        making.unlink(missing_ok=True)


class _Filling:
    """Fills one new database."""

    def __init__(self, database: sqlite3.Connection, read: ReadLines) -> None:
        self._database = database
        self._read = read
        self._packages: dict[str, int] = {}
        self._folders: dict[str, int] = {}

    def fill(self, lists: Lists) -> tuple[int, int]:
        """Fill all tables; return the numbers of packages and of files."""
        depends = self._read_packages(lists.packages)
        needs, popularity = self._read_sources(lists.sources)
        files = self._add_files(lists.contents)
        # Those without files of interest too: they may be listed, or stand in front of others.
        for name in depends:
            if is_eligible(name) and (popularity[name] or name.endswith("-dev")):
                self._package(name)
        self._add_fronts(depends)
        self._add_hints(needs, frozenset(depends))
        self._database.executemany(
            "INSERT INTO package VALUES (?, ?, ?)",
            ((number, name, popularity[name]) for name, number in self._packages.items()),
        )
        self._database.executemany(
            "INSERT INTO folder VALUES (?, ?)",
            ((number, path) for path, number in self._folders.items()),
        )
        about = (("format", FORMAT), ("digest", lists.digest), ("files", str(files)))
        self._database.executemany("INSERT INTO about VALUES (?, ?)", about)
        self._database.commit()
        self._database.execute("ANALYZE")
        self._database.commit()
        return len(self._packages), files

    def _package(self, name: str) -> int:
        return self._packages.setdefault(name, len(self._packages) + 1)

    def _read_packages(self, paths: Iterable[Path]) -> dict[str, tuple[str, ...]]:
        """Return what each package depends on, as its name only."""
        depends: dict[str, tuple[str, ...]] = {}
        for path in paths:
            for fields in read_paragraphs(self._read(path)):
                name = fields.get("Package", "")
                if is_package_name(name):
                    relations = read_relations(fields.get("Depends", ""))
                    depends[name] = tuple(each for group in relations for each in group)
        return depends

    def _read_sources(
        self, paths: Iterable[Path]
    ) -> tuple[dict[str, list[tuple[str, ...]]], Counter[str]]:
        """Return what each source package is built with, and how many are built with a package.

        A source package is listed by its own name and by those of its Python libraries.
        """
        needs: dict[str, list[tuple[str, ...]]] = {}
        popularity: Counter[str] = Counter()
        for path in paths:
            for fields in read_paragraphs(self._read(path)):
                text = ",".join(fields.get(key, "") for key in _BUILD_FIELDS)
                relations = list(read_relations(text))
                popularity.update({group[0] for group in relations})
                useful = [group for group in relations if any(map(is_hint, group))]
                libraries = _PYTHON_LIBRARY.findall(fields.get("Binary", ""))
                for name in (fields.get("Package", ""), *libraries):
                    if is_package_name(name) and useful:
                        needs[name] = useful
        return needs, popularity

    def _add_files(self, paths: Iterable[Path]) -> int:
        """Add the files of the Contents lists; return how many."""
        found = (each for path in paths for each in read_contents(self._read(path)))
        rows: set[tuple[str, int, int]] = set()
        for folder, name, packages in islice(found, _MAX_FILES):
            for package in filter(is_eligible, packages):
                number = self._folders.setdefault(folder, len(self._folders) + 1)
                rows.add((name, number, self._package(package)))
        # In the order of the key, a B-tree is filled without gaps.
        self._database.executemany("INSERT INTO file VALUES (?, ?, ?)", sorted(rows))
        return len(rows)

    def _add_fronts(self, depends: dict[str, tuple[str, ...]]) -> None:
        """Add which package brings another one under its better name."""
        pairs = {
            (behind, front)
            for front, needed in depends.items()
            if is_eligible(front)
            for behind in needed
            if is_eligible(behind) and is_front(front, behind)
        }
        rows = [(self._package(behind), self._package(front)) for behind, front in sorted(pairs)]
        self._database.executemany("INSERT OR IGNORE INTO front VALUES (?, ?)", rows)

    def _add_hints(self, needs: dict[str, list[tuple[str, ...]]], known: frozenset[str]) -> None:
        """Add what source packages with Python libraries, and those of any name, are built with."""
        rows = []
        for source, groups in needs.items():
            for place, group in enumerate(groups):
                names = [name for name in group if is_hint(name) and name in known]
                rows += [(source, place, self._package(name)) for name in names[:1]]
        self._database.executemany("INSERT OR IGNORE INTO hint VALUES (?, ?, ?)", rows)
