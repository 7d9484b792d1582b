"""The first fill: following many projects at once, and how far reading them has come.

What is to be read is the database's due list, which readers work off; a fill that is stopped or
killed goes on from there.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from wheelyard.database.due import mark_listed
from wheelyard.database.engine import Engine, writing
from wheelyard.database.following import mark_followed
from wheelyard.errors import BadInput, InvalidName
from wheelyard.model.names import ProjectName, parse_project_name
from wheelyard.upstream.source import ChangeSource

_BATCH = 2000


@dataclass(frozen=True, slots=True)
class RankedProject:
    """A project to be followed; `demand` is how much it is asked for, None if nobody said."""

    name: ProjectName
    demand: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FillProgress:
    """How many projects were read for the first time in a time, and how many are left."""

    done: int
    left: int
    elapsed: timedelta

    @property
    def rate(self) -> float:
        """Projects a second, so far."""
        seconds = self.elapsed.total_seconds()
        return self.done / seconds if seconds > 0 else 0.0

    @property
    def time_left(self) -> timedelta | None:
        """How long the rest takes at this rate; None while that cannot be told."""
        return timedelta(seconds=self.left / self.rate) if self.rate > 0 else None


def read_ranking(lines: Iterable[str]) -> Iterator[RankedProject]:
    """Yield the projects of a file that has `name` or `name,count` on each line, the first first.

    Empty lines, and those that begin with `#`, say nothing.

    Raises:
        BadInput: if a line reads otherwise.
    """
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, comma, count = text.partition(",")
        try:
            demand = int(count) if comma else None
            project = parse_project_name(name.strip())
        except (InvalidName, ValueError):
            raise BadInput(f"line {number}: {text[:80]!r}", "Write name or name,count") from None
        if demand is not None and demand < 0:
            raise BadInput(f"line {number}: {text[:80]!r}", "A count is not negative")
        yield RankedProject(project, demand)


def follow_ranking(engine: Engine, ranking: Iterable[RankedProject], *, at: datetime) -> int:
    """Follow projects, and let those be read that never were, the first first; returns how many.

    Memory does not grow with their number: each few are a transaction. Doing it again changes
    nothing but the demand.
    """
    count = 0
    for place, batch in enumerate(_batches(ranking)):
        with writing(engine) as connection:
            # Who comes first is due first.
            first = at + timedelta(microseconds=place)
            demand = {project.name: project.demand for project in batch}
            mark_followed(connection, demand, at=first)
        count += len(batch)
    return count


def _batches(ranking: Iterable[RankedProject]) -> Iterator[Sequence[RankedProject]]:
    rest = iter(ranking)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def follow_everything(engine: Engine, listing: ChangeSource, *, at: datetime) -> int:
    """Follow every project that upstream's list names; returns how many.

    Raises:
        SourceMissing: if the index has no such list.
        UpstreamUnavailable: if it does not answer.
        InvalidPage: if the list breaks off; what came of it is followed.
    """
    count = 0
    for batch in listing.changes(None):
        with writing(engine) as connection:
            mark_listed(connection, batch.projects, follow_new=True, at=at)
        count += len(batch.projects)
    return count
