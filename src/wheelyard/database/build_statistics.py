"""How many builds there were by day, how they ended, and how long they took."""

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection, case, extract, func, select

from wheelyard.database.tables import builds
from wheelyard.model.build import BuildState
from wheelyard.model.statistics import BuildDay, BuildTimes

_DAYS = 30
_ONE_DAY = timedelta(days=1)
_UP_TO = (10, 60, 600, 3600)
"""The bounds of the classes of durations, in seconds."""


def builds_by_day(connection: Connection, *, today: date) -> tuple[BuildDay, ...]:
    """Return the last 30 days with the builds that started on each, the oldest first."""
    first = today - (_DAYS - 1) * _ONE_DAY
    year, month, day = (extract(part, builds.c.started_at) for part in ("year", "month", "day"))
    rows = connection.execute(
        select(
            year.label("year"),
            month.label("month"),
            day.label("day"),
            builds.c.state,
            func.count().label("builds"),
            func.sum(builds.c.build_seconds).label("seconds"),
        )
        .where(builds.c.started_at >= datetime.combine(first, time(), UTC))
        .group_by(year, month, day, builds.c.state)
    )
    counts: dict[date, dict[BuildState, int]] = {}
    seconds: dict[date, float] = {}
    for row in rows:
        when = date(int(row.year), int(row.month), int(row.day))
        counts.setdefault(when, {})[row.state] = row.builds
        seconds[when] = seconds.get(when, 0.0) + float(row.seconds or 0)
    return tuple(
        BuildDay(starts_on=when, counts=counts.get(when, {}), seconds=seconds.get(when, 0.0))
        for when in (first + number * _ONE_DAY for number in range(_DAYS))
    )


def build_times(connection: Connection, *, today: date) -> BuildTimes:
    """Return how many builds that succeeded in the last 30 days took how long."""
    since = datetime.combine(today - (_DAYS - 1) * _ONE_DAY, time(), UTC)
    seconds = builds.c.build_seconds
    place = case(
        *((seconds <= most, number) for number, most in enumerate(_UP_TO)), else_=len(_UP_TO)
    )
    rows = connection.execute(
        select(place.label("place"), func.count().label("builds"))
        .where(
            builds.c.started_at >= since,
            builds.c.state == BuildState.SUCCEEDED,
            seconds.is_not(None),
        )
        .group_by(place)
    )
    found = {int(row.place): row.builds for row in rows}
    return BuildTimes(
        up_to=_UP_TO, counts=tuple(found.get(number, 0) for number in range(len(_UP_TO) + 1))
    )
