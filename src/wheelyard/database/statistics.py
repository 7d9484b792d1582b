"""What is asked of the counts of downloads; read from roll-ups, whatever the number of downloads.

A day's totals are kept for ever, a few rows each; of projects and clients at most the rows of one
project, or of thirty days, are read.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, extract, func, select

from wheelyard.database.build_statistics import build_times, builds_by_day
from wheelyard.database.downloads import ALL_TIME, next_month
from wheelyard.database.tables import (
    client_counts,
    host_counts,
    hosts_seen,
    project_counts,
    request_counts,
)
from wheelyard.model.download import ClientClass, Dimension, Period, RequestKind
from wheelyard.model.statistics import (
    Headline,
    PeriodSum,
    ProjectStatistics,
    ProjectSum,
    Share,
    Statistics,
    Sum,
)

_DAYS = 30
_MONTHS = 24
_TOP = 20
_SHARES = 12
_ONE_DAY = timedelta(days=1)
_NOBODY = frozenset({ClientClass.ROBOT, ClientClass.MIRROR})


def statistics(connection: Connection, *, today: date) -> Statistics:
    """Return everything about all projects."""
    by_month = _by_month(connection)
    return Statistics(
        today=today,
        all_time=_together(by_month.values()),
        days=_days(_by_day(connection, today), today),
        months=_months(by_month, today),
        top=_top(connection, today),
        shares={dimension: _shares(connection, dimension, today) for dimension in Dimension},
        requests=_requests(connection),
        hosts=_hosts(connection, today),
        builds=builds_by_day(connection, today=today),
        build_times=build_times(connection, today=today),
    )


def headline(connection: Connection, *, today: date) -> Headline:
    """Return what the first page tells of downloads."""
    days = _by_day(connection, today).values()
    saved = connection.scalar(
        select(func.sum(request_counts.c.saved_ms)).where(
            request_counts.c.kind == RequestKind.DOWNLOAD
        )
    )
    return Headline(downloads=sum(day.downloads for day in days), saved_ms=int(saved or 0))


def project_statistics(
    connection: Connection, project: str, *, today: date
) -> ProjectStatistics | None:
    """Return what a project's downloads come to; None if it was never asked for."""
    counts = project_counts.c
    rows = connection.execute(_project_sums().where(counts.project == project)).all()
    if not rows:
        return None

    def of(period: Period) -> dict[date, Sum]:
        return {
            row.starts_on: Sum(
                downloads=row.downloads, saved_ms=row.saved_ms, comparable_ms=row.comparable_ms
            )
            for row in rows
            if row.period is period
        }

    return ProjectStatistics(
        project=project,
        all_time=of(Period.ALL).get(ALL_TIME, Sum()),
        days=_days(of(Period.DAY), today),
        months=_months(of(Period.MONTH), today),
    )


def _by_day(connection: Connection, today: date) -> dict[date, Sum]:
    day = request_counts.c.day
    rows = connection.execute(_totals(day).where(day > today - _DAYS * _ONE_DAY).group_by(day))
    return {row.day: _sum(row.downloads, row.saved_ms, row.comparable_ms) for row in rows}


def _by_month(connection: Connection) -> dict[date, Sum]:
    year, month = (extract(part, request_counts.c.day) for part in ("year", "month"))
    rows = connection.execute(
        _totals(year.label("year"), month.label("month")).group_by(year, month)
    )
    return {
        date(int(row.year), int(row.month), 1): _sum(row.downloads, row.saved_ms, row.comparable_ms)
        for row in rows
    }


def _totals(*keys: ColumnElement[Any]) -> Select[Any]:
    """Select sums of the daily totals of downloads; those of robots and mirrors nobody wanted."""
    counts = request_counts.c
    wanted = case((counts.client_class.in_(_NOBODY), 0), else_=counts.requests)
    return select(
        *keys,
        func.sum(wanted).label("downloads"),
        func.sum(counts.saved_ms).label("saved_ms"),
        func.sum(counts.comparable_ms).label("comparable_ms"),
    ).where(counts.kind == RequestKind.DOWNLOAD)


def _project_sums() -> Select[tuple[Period, date, str, int, int, int]]:
    counts = project_counts.c
    return select(
        counts.period,
        counts.starts_on,
        counts.project,
        counts.downloads,
        counts.saved_ms,
        counts.comparable_ms,
    )


def _top(connection: Connection, today: date) -> tuple[ProjectSum, ...]:
    """Return the projects on top, of those that are among a month's first hundred, by an index.

    Their sums are asked for by name: who is on top this month may have been far down last month.
    """
    counts = project_counts.c
    month = today.replace(day=1)
    starts = (month, (month - _ONE_DAY).replace(day=1))
    names: set[str] = set()
    for start in starts:
        names.update(
            connection.scalars(
                select(counts.project)
                .where(counts.period == Period.MONTH, counts.starts_on == start)
                .order_by(counts.downloads.desc())
                .limit(5 * _TOP)
            )
        )
    downloads = func.sum(counts.downloads).label("downloads")
    rows = connection.execute(
        select(
            counts.project,
            downloads,
            func.sum(counts.saved_ms).label("saved_ms"),
            func.sum(counts.comparable_ms).label("comparable_ms"),
        )
        .where(
            counts.project.in_(sorted(names)),
            counts.period == Period.MONTH,
            counts.starts_on.in_(starts),
        )
        .group_by(counts.project)
        .order_by(downloads.desc(), counts.project)
        .limit(_TOP)
    )
    return tuple(
        ProjectSum(project=row.project, sum=_sum(row.downloads, row.saved_ms, row.comparable_ms))
        for row in rows
        if row.downloads
    )


def _shares(connection: Connection, dimension: Dimension, today: date) -> tuple[Share, ...]:
    counts = client_counts.c
    downloads = func.sum(counts.downloads).label("downloads")
    rows = connection.execute(
        select(counts.value, downloads)
        .where(
            counts.period == Period.DAY,
            # Named one by one, each day is one place of the index.
            counts.starts_on.in_([today - n * _ONE_DAY for n in range(_DAYS)]),
            counts.dimension == dimension,
        )
        .group_by(counts.value)
        .order_by(downloads.desc(), counts.value)
        .limit(_SHARES)
    )
    return tuple(Share(value=row.value, downloads=int(row.downloads)) for row in rows)


def _requests(connection: Connection) -> dict[RequestKind, dict[ClientClass, int]]:
    counts = request_counts.c
    rows = connection.execute(
        select(counts.kind, counts.client_class, func.sum(counts.requests).label("requests"))
        .group_by(counts.kind, counts.client_class)
        .order_by(counts.kind, counts.client_class)
    )
    found: dict[RequestKind, dict[ClientClass, int]] = {}
    for row in rows:
        found.setdefault(row.kind, {})[row.client_class] = int(row.requests)
    return found


def _hosts(connection: Connection, today: date) -> dict[date, int]:
    since = today - _DAYS * _ONE_DAY
    settled = connection.execute(
        select(host_counts.c.day, host_counts.c.hosts).where(host_counts.c.day > since)
    )
    found = {row.day: row.hosts for row in settled}
    recent = connection.execute(
        select(hosts_seen.c.day, func.count().label("hosts")).group_by(hosts_seen.c.day)
    )
    for row in recent:
        found[row.day] = max(row.hosts, found.get(row.day, 0))
    return dict(sorted(found.items()))


def _days(by_day: dict[date, Sum], today: date) -> tuple[PeriodSum, ...]:
    first = today - (_DAYS - 1) * _ONE_DAY
    return tuple(
        PeriodSum(starts_on=day, sum=by_day.get(day, Sum()))
        for day in (first + n * _ONE_DAY for n in range(_DAYS))
    )


def _months(sums: dict[date, Sum], today: date) -> tuple[PeriodSum, ...]:
    """Return the last two years' months, from the first that has anything."""
    starts = list(_starts(min(sums, default=today), today))[-_MONTHS:]
    return tuple(PeriodSum(starts_on=start, sum=sums.get(start, Sum())) for start in starts)


def _starts(first: date, last: date) -> Iterable[date]:
    start = first.replace(day=1)
    while start <= last:
        yield start
        start = next_month(start)


def _sum(downloads: int, saved_ms: int, comparable_ms: int) -> Sum:
    """Make a sum of what a database adds up to, which is no plain number there."""
    return Sum(downloads=int(downloads), saved_ms=int(saved_ms), comparable_ms=int(comparable_ms))


def _together(sums: Iterable[Sum]) -> Sum:
    sums = list(sums)
    return Sum(
        downloads=sum(one.downloads for one in sums),
        saved_ms=sum(one.saved_ms for one in sums),
        comparable_ms=sum(one.comparable_ms for one in sums),
    )
