"""Where logs come from: a file that is rotated, or a folder of files."""

import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from wheelyard.clock import Clock
from wheelyard.database.log_positions import Known
from wheelyard.downloads.reading import BROKEN, Chunk, Position, beginning, read_chunks
from wheelyard.log import get_logger
from wheelyard.settings import DownloadsSettings

_log = get_logger("downloads")
_SETTLED = timedelta(minutes=5)
"""A file that nobody has written to for so long is complete, but for the one that is followed."""

_HISTORY = timedelta(days=365)
"""Rotated files that are older are left alone: how far they were read is not known for ever."""

_PACKED = frozenset({".gz", ".zst"})
_WHEN = r"(?:-\d{4}-?\d\d-?\d\d[\w.-]*|\.\d{1,4})"
"""What a rotated file has before its ending: a date with what follows it, or a number."""

_REMOVED_AFTER = timedelta(hours=2)
_NOWHERE = Known(0)


class LogSource(Protocol):
    """Something that has log lines, each at a place that can be found again."""

    name: str

    def chunks(self, known: Mapping[str, Known]) -> Iterator[Chunk]:
        """Yield the lines after what is known of each file, by the files' identities.

        Lines come once; of a file that cannot be read to its end, as far as it can. Raises
        `OSError` if there is nothing that can be read at all.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Found:
    """A file as it is just now: its size and time of change tell whether it was read before."""

    path: Path
    size: int
    changed_ns: int

    def age(self, now: datetime) -> timedelta:
        return now - datetime.fromtimestamp(self.changed_ns / 1e9, UTC)


def configured_sources(settings: DownloadsSettings, *, own: Path, clock: Clock) -> list[LogSource]:
    """Return the sources that the settings name; `own` is the folder of our own web process's."""
    sources = [named_source(path, clock=clock) for path in settings.logs]
    if settings.own:
        sources.append(LogFolder("own", own, clock=clock, removes=True))
    return sources


def named_source(path: Path, *, clock: Clock) -> LogSource:
    """Return the source for a folder or a file that somebody names, by its absolute path.

    A file that was rotated belongs to the log beside it: what was counted of the log is not counted
    again, whatever the file is called by now.
    """
    if path.is_dir():
        return LogFolder(str(path), path, clock=clock)
    logs = [
        found.path.name
        for found in _files(path.parent.iterdir() if path.exists() else ())
        if _rotated_names(found.path).fullmatch(path.name)
    ]
    log = min(logs, key=len, default=path.name)
    return LogFile(str(path.with_name(log)), path, clock=clock, is_part=log != path.name)


class _Reader:
    """Reads files on from where they are known, and not again and again where nothing new is."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._fruitless: dict[str, tuple[_Found, Known]] = {}

    def read(
        self,
        found: _Found,
        identity: str,
        where: Known,
        *,
        is_settled: bool,
        begins: str | None = None,
    ) -> Iterator[Chunk]:
        """Yield what is new in a file; if it is damaged, what is before the damage.

        With `begins`, nothing of a file that does not begin so any more.
        """
        if where.is_finished and found.size <= where.offset:
            return
        if self._fruitless.get(identity) == (found, where):
            return
        has_lines = False
        try:
            start = Position(identity, where.offset)
            for chunk in read_chunks(found.path, start, is_settled=is_settled, begins=begins):
                has_lines = has_lines or bool(chunk.lines)
                if chunk.lines or not where.is_finished:
                    yield chunk
        except FileNotFoundError:
            # It was renamed or removed just now: the next look finds it where it is, or tells.
            return
        except (*BROKEN, OSError) as error:
            _log.warning("log-damaged", source=self._source, file=str(found.path), error=str(error))
        if is_settled and not has_lines:
            self._fruitless[identity] = found, where


class LogFile:
    """One log file that a server writes to, followed through rotation.

    A file is known again by its first line, whatever it is called meanwhile, packed or not, so
    renaming and copying with truncation are the same to it. Rotated files are those beside it whose
    names begin with its own and a dot or a dash and a digit, or have a date or a number before the
    same ending (`access-2026-11-23T10-00-00.000.log.gz`), as Caddy names them.

    With `is_part` it is such a rotated file of a log of that name: none beside it is looked at.
    """

    def __init__(self, name: str, path: Path, *, clock: Clock, is_part: bool = False) -> None:
        self.name = name
        self._path = path
        self._is_part = is_part
        self._rotated = _rotated_names(path)
        self._clock = clock
        self._reader = _Reader(name)
        self._identities: dict[_Found, str | None] = {}
        self._missed: set[str] = set()

    def chunks(self, known: Mapping[str, Known]) -> Iterator[Chunk]:
        """Yield the lines after what is known, those of rotated files first; see `LogSource`."""
        now = self._clock.now()
        files = self._by_identity(now)
        if not self._is_part:
            self._tell_of_lost(known, files)
        for identity, found in files.items():
            where = known.get(identity, _NOWHERE)
            # A server may go on in the middle of a line after long; who packs a log has ended it.
            is_followed = found.path == self._path and not self._is_part
            may_end = not is_followed or found.path.suffix in _PACKED
            is_settled = may_end and found.age(now) > _SETTLED
            # Reading those before it took its time, in which it may have been rotated itself.
            yield from self._reader.read(
                found, identity, where, is_settled=is_settled, begins=identity
            )

    def _by_identity(self, now: datetime) -> dict[str, _Found]:
        """Return the files that have a first line, the oldest first, the followed one last.

        Of copies (one is just being packed, or copied before it is truncated) the longest plain one
        is taken.
        """
        beside = [
            found
            for found in _files(self._path.parent.iterdir())
            if not self._is_part
            and self._rotated.fullmatch(found.path.name)
            and found.age(now) < _HISTORY
        ]
        current = list(_files([self._path]))
        if not beside and not current:
            raise FileNotFoundError(f"There is no log at {self._path}")
        ordered = [*sorted(beside, key=lambda found: found.changed_ns), *current]
        self._identities = {found: self._identity(found) for found in ordered}
        files: dict[str, _Found] = {}
        for found, identity in self._identities.items():
            if identity is not None:
                other = files.pop(identity, found)
                files[identity] = max(found, other, key=_fullness)
        return files

    def _identity(self, found: _Found) -> str | None:
        if found in self._identities:
            return self._identities[found]
        try:
            return beginning(found.path)
        except (*BROKEN, OSError) as error:
            _log.warning("log-damaged", source=self.name, file=str(found.path), error=str(error))
            return None

    def _tell_of_lost(self, known: Mapping[str, Known], files: Mapping[str, _Found]) -> None:
        """Say which files went away before they were known to be complete."""
        for identity in known.keys() - files.keys() - self._missed:
            if not known[identity].is_finished:
                offset = known[identity].offset
                _log.warning("log-vanished", source=self.name, file=identity, offset=offset)
        self._missed |= known.keys() - files.keys()


class LogFolder:
    """A folder of log files, however deep, which come and grow, and are known by their names.

    With `removes`, files that nobody has written to for two hours go away once they are counted.
    """

    def __init__(self, name: str, folder: Path, *, clock: Clock, removes: bool = False) -> None:
        self.name = name
        self._folder = folder
        self._clock = clock
        self._removes = removes
        self._settled = _REMOVED_AFTER if removes else _SETTLED
        self._reader = _Reader(name)

    def chunks(self, known: Mapping[str, Known]) -> Iterator[Chunk]:
        """Yield the lines after what is known, file by file in the order of names."""
        now = self._clock.now()
        for found in _files(sorted(self._folder.rglob("*"))):
            identity = found.path.relative_to(self._folder).as_posix()
            where = known.get(identity, _NOWHERE)
            is_settled = found.age(now) > self._settled
            if self._removes and is_settled and where.is_finished:
                found.path.unlink(missing_ok=True)
            else:
                yield from self._reader.read(found, identity, where, is_settled=is_settled)


def _files(paths: Iterable[Path]) -> Iterator[_Found]:
    """Yield the regular files among paths; links, and what is gone meanwhile, are passed over."""
    for path in paths:
        try:
            status = path.lstat()
        except FileNotFoundError:
            continue
        if stat.S_ISREG(status.st_mode):
            yield _Found(path, status.st_size, status.st_mtime_ns)


def _rotated_names(path: Path) -> re.Pattern[str]:
    """Return what names files have that were the log at a path before they were rotated."""
    name, stem, ending = re.escape(path.name), re.escape(path.stem), re.escape(path.suffix)
    packed = r"(?:\.gz|\.zst)?"
    between = rf"{stem}{_WHEN}{ending}{packed}" if ending and path.suffix not in _PACKED else ""
    return re.compile(rf"{name}(?:[.-]\d.*|\.old{packed}|\.gz|\.zst)|{between}", re.DOTALL)


def _fullness(found: _Found) -> tuple[bool, int]:
    return found.path.suffix not in _PACKED, found.size
