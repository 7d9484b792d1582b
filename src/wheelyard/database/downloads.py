"""Counts of downloads, written in batches."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Table, cast, delete, func, literal, select

from wheelyard.database.dialect import add_up, insert, insert_many, lock_for_this_transaction
from wheelyard.database.tables import (
    builders,
    builds,
    client_counts,
    counted_files,
    file_counts,
    host_counts,
    hosts_seen,
    project_counts,
    request_counts,
    wheels,
)
from wheelyard.model.download import ClientClass, Dimension, Period, RequestKind

ALL_TIME = date(1970, 1, 1)
"""When the counts of all time start."""

UNKNOWN_TIME = -1
"""What stands for the duration of a build that is not known, in milliseconds."""

OTHER = "other"
"""The value that counts what comes after a day has seen very many different values."""

_ONE_AT_A_TIME = 0x646F776E
_AT_ONCE = 5_000
_MOST_VALUES = 300
_T = TypeVar("_T")


class FileKey(NamedTuple):
    """What downloads of files are counted by; `build_ms` is -1 where it is not known."""

    day: date
    filename: str
    architecture: str
    client_class: ClientClass
    build_ms: int


@dataclass(slots=True)
class Sums:
    """What is counted of each: how many, and the milliseconds that they saved."""

    number: int = 0
    saved_ms: int = 0
    comparable_ms: int = 0

    def add(self, number: int, saved_ms: int = 0, comparable_ms: int = 0) -> None:
        """Count more."""
        self.number += number
        self.saved_ms += saved_ms
        self.comparable_ms += comparable_ms


@dataclass(slots=True)
class ProjectSums:
    """What is counted of a project on a day."""

    downloads: int = 0
    searches: int = 0
    pages: int = 0
    saved_ms: int = 0
    comparable_ms: int = 0

    def add(self, other: "ProjectSums") -> None:
        """Count what another day has, too."""
        self.downloads += other.downloads
        self.searches += other.searches
        self.pages += other.pages
        self.saved_ms += other.saved_ms
        self.comparable_ms += other.comparable_ms


@dataclass(frozen=True, slots=True)
class BuildTime:
    """How long a build took, in milliseconds, and the name of the board that it ran on."""

    ms: int
    board: str


def build_times(
    connection: Connection, filenames: Collection[str]
) -> dict[tuple[str, str | None], BuildTime]:
    """Return how long the builds of wheels took, by filename and SHA-256.

    The newest wheel of a name stands under the name and None, too. Names that are no wheels of
    ours, and builds that were not timed, are left out.
    """
    times: dict[tuple[str, str | None], BuildTime] = {}
    for some in _parts(sorted(filenames)):
        rows = connection.execute(
            select(wheels.c.filename, wheels.c.sha256, builds.c.build_seconds)
            .add_columns(builders.c.capabilities)
            .join_from(wheels, builds, builds.c.id == wheels.c.build_id)
            .outerjoin(builders, builders.c.id == builds.c.builder_id)
            .where(wheels.c.filename.in_(some), builds.c.build_seconds.is_not(None))
            .order_by(wheels.c.id)
        )
        for row in rows:
            board = (row.capabilities or {}).get("machine", "")
            time = BuildTime(round(row.build_seconds * 1000), board)
            times[row.filename, row.sha256] = times[row.filename, None] = time
    return times


def begin_adding(connection: Connection) -> None:
    """Wait for whoever else adds counts, until the transaction ends."""
    lock_for_this_transaction(connection, _ONE_AT_A_TIME)


def add_files(
    connection: Connection, counted: Mapping[FileKey, Sums], projects: Mapping[str, str]
) -> None:
    """Add downloads of files; `projects` tells the project of each filename."""
    ids = file_ids(connection, projects)
    add_up(
        connection,
        file_counts,
        [
            {
                "period": Period.DAY,
                "starts_on": key.day,
                "file_id": ids[key.filename],
                "architecture": key.architecture,
                "client_class": key.client_class,
                "build_ms": key.build_ms,
                "downloads": sums.number,
                "saved_ms": sums.saved_ms,
                "comparable_ms": sums.comparable_ms,
            }
            for key, sums in counted.items()
        ],
        sums=("downloads", "saved_ms", "comparable_ms"),
    )


def file_ids(connection: Connection, projects: Mapping[str, str]) -> dict[str, int]:
    """Return the numbers under which files are counted; `projects` tells the project of each."""
    ids: dict[str, int] = {}
    names = sorted(projects)
    for some in _parts(names):
        statement = insert(connection, counted_files).on_conflict_do_nothing()
        rows = [{"filename": name, "project": projects[name]} for name in some]
        known = select(counted_files.c.filename, counted_files.c.id)
        found = {
            row.filename: row.id
            for row in connection.execute(known.where(counted_files.c.filename.in_(some)))
        }
        new = [row for row in rows if row["filename"] not in found]
        if new:
            insert_many(connection, statement, new)
            missing = counted_files.c.filename.in_([row["filename"] for row in new])
            found |= {row.filename: row.id for row in connection.execute(known.where(missing))}
        ids |= found
    return ids


def add_projects(connection: Connection, counted: Mapping[tuple[date, str], ProjectSums]) -> None:
    """Add what was counted of projects by day, to their months and to all time as well."""
    by_period: defaultdict[tuple[Period, date, str], ProjectSums] = defaultdict(ProjectSums)
    for (day, project), sums in counted.items():
        for period, start in (
            (Period.DAY, day),
            (Period.MONTH, day.replace(day=1)),
            (Period.ALL, ALL_TIME),
        ):
            by_period[period, start, project].add(sums)
    add_up(
        connection,
        project_counts,
        [
            {
                "period": period,
                "starts_on": start,
                "project": project,
                "downloads": sums.downloads,
                "searches": sums.searches,
                "pages": sums.pages,
                "saved_ms": sums.saved_ms,
                "comparable_ms": sums.comparable_ms,
            }
            for (period, start, project), sums in by_period.items()
        ],
        sums=("downloads", "searches", "pages", "saved_ms", "comparable_ms"),
    )


def add_clients(connection: Connection, counted: Mapping[tuple[date, Dimension, str], int]) -> None:
    """Add downloads by what installers told of themselves.

    A day has at most some hundred values of each kind: clients may say anything, and what comes
    later counts as "other".
    """
    values = _values_of(connection, {day for day, _, _ in counted})
    kept: Counter[tuple[date, Dimension, str]] = Counter()
    for (day, dimension, value), number in sorted(counted.items(), key=_most_first):
        known = values.setdefault((day, dimension), set())
        if len(known) < _MOST_VALUES:
            known.add(value)
        kept[day, dimension, value if value in known else OTHER] += number
    add_up(
        connection,
        client_counts,
        [
            {
                "period": Period.DAY,
                "starts_on": day,
                "dimension": dimension,
                "value": value,
                "downloads": number,
            }
            for (day, dimension, value), number in kept.items()
        ],
        sums=("downloads",),
    )


def _most_first(item: tuple[Any, int]) -> tuple[int, Any]:
    return -item[1], item[0]


def _values_of(
    connection: Connection, days: Iterable[date]
) -> dict[tuple[date, Dimension], set[str]]:
    values: dict[tuple[date, Dimension], set[str]] = {}
    counts = client_counts.c
    for some in _parts(sorted(days)):
        rows = connection.execute(
            select(counts.starts_on, counts.dimension, counts.value).where(
                counts.period == Period.DAY, counts.starts_on.in_(some)
            )
        )
        for row in rows:
            values.setdefault((row.starts_on, row.dimension), set()).add(row.value)
    return values


def add_requests(
    connection: Connection, counted: Mapping[tuple[date, RequestKind, ClientClass], Sums]
) -> None:
    """Add to the daily totals."""
    add_up(
        connection,
        request_counts,
        [
            {
                "kind": kind,
                "client_class": client_class,
                "day": day,
                "requests": sums.number,
                "saved_ms": sums.saved_ms,
                "comparable_ms": sums.comparable_ms,
            }
            for (day, kind, client_class), sums in counted.items()
        ],
        sums=("requests", "saved_ms", "comparable_ms"),
    )


def add_hosts(connection: Connection, digests: Collection[tuple[date, str]]) -> None:
    """Note the digests of hosts that were seen on days."""
    statement = insert(connection, hosts_seen).on_conflict_do_nothing()
    for some in _parts(sorted(digests)):
        insert_many(connection, statement, [{"day": day, "digest": it} for day, it in some])


def settle_hosts(connection: Connection, *, before: date) -> None:
    """Keep of the days before a day only how many hosts there were."""
    old = hosts_seen.c.day < before
    number = select(hosts_seen.c.day, func.count().label("hosts")).where(old)
    statement = insert(connection, host_counts)
    rows = connection.execute(number.group_by(hosts_seen.c.day)).all()
    for row in rows:
        settled = statement.values(day=row.day, hosts=row.hosts)
        # A log that is counted long after its day adds hosts that may have been counted already;
        # the greater number is the better one.
        greater = func.greatest if connection.dialect.name == "postgresql" else func.max
        connection.execute(
            settled.on_conflict_do_update(
                index_elements=[host_counts.c.day],
                set_={"hosts": greater(host_counts.c.hosts, settled.excluded.hosts)},
            )
        )
    connection.execute(delete(hosts_seen).where(old))


def roll_up(connection: Connection, *, before: date) -> int:
    """Let the oldest month before a day be one; return how many rows of days went, 0 if none.

    The daily totals stay as they are, and so do the months and all time of projects, which have
    been counted from the beginning.
    """
    begin_adding(connection)
    gone = 0
    for table, dimensions in (
        (file_counts, ("file_id", "architecture", "client_class", "build_ms")),
        (client_counts, ("dimension", "value")),
    ):
        gone += _merge(connection, table, dimensions, before=before)
    old = (project_counts.c.period == Period.DAY) & (project_counts.c.starts_on < before)
    return gone + connection.execute(delete(project_counts).where(old)).rowcount


def _merge(connection: Connection, table: Table, dimensions: Sequence[str], *, before: date) -> int:
    """Turn one month's days into the month, the oldest first; return how many rows went."""
    columns = table.c
    sums = [
        column.name for column in columns if column.name not in {"period", "starts_on", *dimensions}
    ]
    is_day = columns.period == Period.DAY
    oldest = connection.scalar(select(func.min(columns.starts_on)).where(is_day))
    if oldest is None or oldest >= before:
        return 0
    month = oldest.replace(day=1)
    of_month = is_day & (columns.starts_on >= month) & (columns.starts_on < next_month(month))
    totals = (
        select(
            literal(Period.MONTH, columns.period.type),
            literal(month, columns.starts_on.type),
            *(columns[name] for name in dimensions),
            *(cast(func.sum(columns[name]), columns[name].type) for name in sums),
        )
        .where(of_month)
        .group_by(*(columns[name] for name in dimensions))
    )
    merged = insert(connection, table).from_select(
        ["period", "starts_on", *dimensions, *sums], totals, include_defaults=False
    )
    connection.execute(
        merged.on_conflict_do_update(
            index_elements=list(table.primary_key),
            set_={name: columns[name] + merged.excluded[name] for name in sums},
        )
    )
    return connection.execute(delete(table).where(of_month)).rowcount


def next_month(day: date) -> date:
    """Return the first day of the month after a day's."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _parts(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Return runs of a sequence, each short enough for one statement's parameters."""
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
