"""The changelog: upstream's journal, read over XML-RPC from where we stopped.

Serials are numbers of rows. A row with a lower number can be committed after one with a higher
number was seen, so the newest minutes of the journal are read again each time, and what was told
already is remembered.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin

from wheelyard.clock import Clock
from wheelyard.errors import InvalidName, InvalidPage
from wheelyard.log import get_logger
from wheelyard.model.change import ChangedProject
from wheelyard.model.names import ProjectName, parse_project_name
from wheelyard.upstream.exchange import Exchange
from wheelyard.upstream.rpc import call
from wheelyard.upstream.source import Changes

_log = get_logger("changelog")

ROWS_A_CALL = 50_000
"""At most so many rows come at once; as many as that mean that there are more."""

_OVERLAP = timedelta(minutes=10)
_MAX_SEEN = 5000
_MAX_SERIAL = 2**63 - 1
_COLUMNS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One event: its project (None if the name is none), its time in seconds since 1970."""

    project: ProjectName | None
    at: int
    serial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far the journal was read: everything up to `since`, and the rows in `seen` after it.

    `seen` maps the serials of the newest minutes to their times.
    """

    since: int
    seen: dict[int, int]

    @property
    def last(self) -> int:
        """The highest serial that was seen."""
        return max(self.seen, default=self.since)

    def cursor(self) -> str:
        """Return it as a text, for `read_cursor`."""
        return json.dumps({"since": self.since, "seen": sorted(self.seen.items())})


def read_cursor(cursor: str | None) -> Position | None:
    """Return the position that a cursor stands for; None if there is none."""
    if cursor is None:
        return None
    values = json.loads(cursor)
    return Position(since=values["since"], seen=dict(values["seen"]))


def advance(
    position: Position, rows: Iterable[Row], *, now: datetime
) -> tuple[tuple[ChangedProject, ...], Position]:
    """Tell which projects rows name that were not seen, and the position after them.

    A project whose row came late (a lower serial than one seen before) is to be read whatever
    serial its page had: the serial of a later event may have been there before this one was. What
    is read then must have reached the late row's serial all the same, or it is a stale page.
    """
    new = [
        row
        for row in rows
        if row.serial > position.since and position.seen.get(row.serial) != row.at
    ]
    changed: dict[ProjectName, ChangedProject] = {}
    for row in new:
        if row.project is not None:
            known = changed.get(row.project, ChangedProject(name=row.project))
            changed[row.project] = ChangedProject(
                name=row.project,
                serial=max(row.serial, known.serial or 0),
                is_late=known.is_late or row.serial <= position.last,
            )
    return tuple(changed.values()), _moved(position, new, now)


def _moved(position: Position, new: Iterable[Row], now: datetime) -> Position:
    """Remember new rows, and forget those before the newest minutes."""
    seen = position.seen | {row.serial: row.at for row in new}
    if not seen:
        return position
    # Neither a clock of ours that is ahead nor one row from the future shortens the time.
    horizon = min(max(seen.values()), int(now.timestamp())) - _OVERLAP.total_seconds()
    serials = sorted(seen)
    recent = next((i for i, serial in enumerate(serials) if seen[serial] > horizon), len(serials))
    first = max(recent, len(serials) - _MAX_SEEN)
    return Position(
        since=serials[first - 1] if first else position.since,
        seen={serial: seen[serial] for serial in serials[first:]},
    )


class Changelog:
    """The journal of an index, at `../pypi` beside its simple index."""

    name = "changelog"

    def __init__(
        self,
        exchange: Exchange,
        *,
        clock: Clock,
        every: timedelta,
        rows_a_call: int = ROWS_A_CALL,
    ) -> None:
        self.every = every
        self._exchange = exchange
        self._clock = clock
        self._rows_a_call = rows_a_call
        self._url = urljoin(exchange.url, "../pypi")

    def changes(self, cursor: str | None) -> Iterator[Changes]:
        """Yield the projects of new rows, a call's rows at a time; see `ChangeSource`.

        Without a cursor it begins with what comes from now on.
        """
        now = self._clock.now()
        position = read_cursor(cursor)
        if position is None:
            position = Position(since=self._last_serial(), seen={})
            yield _told((), position, until=now)
            return
        asked = position.since
        rows = self._rows_since(asked)
        is_anew = not rows and (last := self._last_serial()) < position.last
        if is_anew:
            # Upstream went back to a backup: serials that we know are given out again.
            _log.warning("journal-went-back", known=position.last, now=last)
            asked = max(last - _MAX_SEEN, 0)
            position = Position(since=asked, seen={})
            rows = self._rows_since(asked)
        while True:
            projects, position = advance(position, rows, now=now)
            if is_anew:
                projects = tuple(replace(project, serial=None) for project in projects)
            highest = max((row.serial for row in rows), default=asked)
            has_more = len(rows) >= self._rows_a_call and highest > asked
            yield _told(projects, position, until=_newest(rows, now) if has_more else now)
            if not has_more:
                return
            asked = highest
            rows = self._rows_since(asked)

    def _last_serial(self) -> int:
        serial = call(self._exchange, self._url, "changelog_last_serial")
        if not _is_serial(serial):
            raise InvalidPage(self._url, "The last serial is no serial")
        return int(serial)

    def _rows_since(self, serial: int) -> list[Row]:
        answer = call(self._exchange, self._url, "changelog_since_serial", serial)
        if not isinstance(answer, list):
            raise InvalidPage(self._url, "The changelog is no list")
        rows = [row for entry in answer if (row := _row(entry)) is not None]
        if len(rows) < len(answer):
            _log.warning("changelog-rows-unusable", rows=len(answer) - len(rows))
        if answer and not rows:
            raise InvalidPage(self._url, "The changelog has no usable row")
        return [row for row in rows if row.serial > serial]


def _told(projects: tuple[ChangedProject, ...], position: Position, *, until: datetime) -> Changes:
    return Changes(
        projects=projects, cursor=position.cursor(), serial=position.last, told_until=until
    )


def _newest(rows: Iterable[Row], now: datetime) -> datetime:
    """Return the time of the newest row; no later than now."""
    seconds = min(max(row.at for row in rows), int(now.timestamp()))
    return datetime.fromtimestamp(seconds, UTC)


def _row(entry: object) -> Row | None:
    """Return a row whose serial and time are usable, `[name, version, time, action, serial]`."""
    if not isinstance(entry, list) or len(entry) != _COLUMNS:
        return None
    name, _, at, _, serial = entry
    if not _is_serial(serial) or not _is_serial(at):
        return None
    try:
        project = parse_project_name(name) if isinstance(name, str) else None
    except InvalidName:
        # Rows of names that no index would take today; there is nothing to read.
        project = None
    return Row(project=project, at=at, serial=serial)


def _is_serial(value: object) -> bool:
    return type(value) is int and 0 <= value <= _MAX_SERIAL
