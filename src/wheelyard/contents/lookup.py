"""Looking up which Debian packages a build lacks."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from wheelyard.contents.debian_names import RENAMED
from wheelyard.contents.indexing import FORMAT
from wheelyard.contents.listed import listed_packages
from wheelyard.contents.places import Place, places
from wheelyard.contents.ranking import Candidate, choose
from wheelyard.errors import ContentsMissing
from wheelyard.model.environment import parse_environment_name
from wheelyard.model.names import ProjectName
from wheelyard.model.wanted import Wanted, WantedKind

_FILES = """
SELECT folder.path, package.name, package.popularity, package.id
FROM file JOIN folder ON folder.id = file.folder JOIN package ON package.id = file.package
WHERE file.name = ? LIMIT 5000
"""
_FRONTS = """
SELECT package.name, package.popularity, package.id
FROM front JOIN package ON package.id = front.front
WHERE front.package = ?
"""
_HINTS = """
SELECT package.name FROM hint JOIN package ON package.id = hint.package
WHERE hint.source = ? ORDER BY hint.place
"""
_KNOWN = "SELECT 1 FROM package WHERE name = ?"
_FRONTS_DEEP = 3


class Contents:
    """The index of one environment's release and architecture. Close it, or use it in a `with`.

    It may be used by one thread only; opening one takes less than a millisecond.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def about(self) -> dict[str, str]:
        """Return what the index says of itself: `format`, `digest` and `files`."""
        return dict(self._database.execute("SELECT key, value FROM about"))

    def packages(
        self, wanted: Sequence[Wanted], *, project: ProjectName | None = None
    ) -> tuple[str, ...]:
        """Return the packages that bring one thing, of which `wanted` are alternative names.

        It is one package nearly always, and none where nothing fits or too much does. What Debian
        builds the project with is preferred.
        """
        unlisted: list[Wanted] = []
        for each in wanted:
            names = listed_packages(each)
            if names and self._know(names):
                return names
            if names is None or names:
                unlisted.append(each)
        candidates = [
            candidate
            for number, each in enumerate(unlisted)
            for place in places(each)
            for candidate in self._candidates(place, number)
        ]
        hints = self.hints(project) if project is not None else ()
        found = choose(candidates, hints=hints)
        return () if found is None else (found,)

    def hints(self, project: ProjectName) -> tuple[str, ...]:
        """Return what Debian builds this project with: libraries and build programs only."""
        short = project.removeprefix("python-").removeprefix("py")
        for source in (f"python3-{project}", project, f"python-{project}", f"python3-{short}"):
            found = tuple(name for (name,) in self._database.execute(_HINTS, (source,)))
            if found:
                return tuple(dict.fromkeys(found))
        return ()

    def _know(self, names: Sequence[str]) -> bool:
        """Whether the release has all of these packages."""
        return all(self._database.execute(_KNOWN, (name,)).fetchone() for name in names)

    def _candidates(self, place: Place, alternative: int) -> Iterator[Candidate]:
        for folder, name, popularity, number in self._database.execute(_FILES, (place.name,)):
            if not place.fits(folder):
                continue
            exact = place.is_exact(folder)
            best, rank = self._front(name, popularity, number)
            # A plug-in of some program is no library that others are linked with.
            if place.kind is WantedKind.LIBRARY and not exact and not best.endswith("-dev"):
                continue
            if name in RENAMED and self._know((RENAMED[name],)):
                best = RENAMED[name]
            yield Candidate(
                package=best,
                alternative=alternative,
                popularity=rank,
                depth=place.depth(folder),
                exact=exact,
                likely=place.likely,
            )

    def _front(self, name: str, popularity: int, number: int) -> tuple[str, int]:
        """Return the package that stands in front of another one, if more is built with it."""
        for _ in range(_FRONTS_DEEP):
            rows = self._database.execute(_FRONTS, (number,)).fetchall()
            front = max(rows, key=lambda row: (row[1], row[0]), default=None)
            if front is None or front[1] <= popularity:
                break
            name, popularity, number = front
        return name, popularity


def index_file(folder: Path, environment: str) -> Path:
    """Return where the index of an environment is.

    Raises:
        InvalidName: if this is no name of an environment.
    """
    return folder / f"{parse_environment_name(environment)}.sqlite"


def open_contents(folder: Path, environment: str) -> Contents:
    """Open the index of an environment, such as `bookworm-amd64`.

    Raises:
        InvalidName: if this is no name of an environment.
        ContentsMissing: if it has not been made, or by another version of this program.
    """
    file = index_file(folder, environment)
    advice = f"Make it: wheelyard environment index {environment}"
    try:
        database = sqlite3.connect(f"file:{quote(str(file.absolute()))}?mode=ro", uri=True)
    except sqlite3.Error:
        raise ContentsMissing(environment, advice) from None
    try:
        row = database.execute("SELECT value FROM about WHERE key = 'format'").fetchone()
    except sqlite3.Error:
        row = None
    if row != (FORMAT,):
        database.close()
        raise ContentsMissing(environment, advice)
    return Contents(database)
