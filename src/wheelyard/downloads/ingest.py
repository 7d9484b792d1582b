"""From logs to counts on record: each line once, whatever ends in between."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from wheelyard.clock import Clock
from wheelyard.database import downloads, log_positions
from wheelyard.database.demand import refresh_demand
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.log_positions import Known
from wheelyard.downloads.counting import Tally
from wheelyard.downloads.hosts import Hosts
from wheelyard.downloads.record import record
from wheelyard.downloads.saved import Saving
from wheelyard.downloads.sources import LogSource
from wheelyard.log import get_logger
from wheelyard.settings import Settings

_log = get_logger("downloads")
_FORGET_AFTER = timedelta(days=400)
_ONE_DAY = timedelta(days=1)


def saving_of(settings: Settings) -> Saving:
    """Return what the time saved is reckoned with by these settings."""
    return Saving(
        factors=settings.downloads.factors,
        install=settings.downloads.install,
        longest=settings.limits.duration,
    )


class Counted(NamedTuple):
    """How many lines were counted, and how many of them could not be read."""

    lines: int
    rejected: int


def count_source(
    engine: Engine,
    source: LogSource,
    *,
    clock: Clock,
    saving: Saving,
    hosts: Callable[[bytes, date], str | None] | None = None,
) -> Counted:
    """Count what a source has that was not counted yet.

    Counts go on record together with how far the source was read, in one transaction: killed at
    any point, what is not on record is read again. If somebody else counts the same source at the
    same time, whoever is later on record leaves it.
    """
    with reading(engine) as connection:
        known = log_positions.known_positions(connection, source.name)
    latest = clock.now().date() + _ONE_DAY
    lines = rejected = 0
    tally = Tally(latest=latest, hosts=hosts)
    moves: dict[str, _Move] = {}
    try:
        for chunk in source.chunks(dict(known)):
            tally.count(chunk.lines)
            identity = chunk.end.identity
            moves[identity] = _Move(known.get(identity), Known(chunk.end.offset, chunk.ends_file))
            if tally.is_full:
                _commit(engine, source.name, tally, moves, at=clock.now(), saving=saving)
                lines, rejected = lines + tally.lines, rejected + tally.rejected
                known |= {identity: move.end for identity, move in moves.items()}
                tally, moves = Tally(latest=latest, hosts=hosts), {}
        if moves:
            _commit(engine, source.name, tally, moves, at=clock.now(), saving=saving)
            lines, rejected = lines + tally.lines, rejected + tally.rejected
    except _CountedElsewhere:
        _log.warning("log-counted-elsewhere", source=source.name)
    return Counted(lines, rejected)


class _CountedElsewhere(Exception):
    """Somebody else has counted what we have read, too."""


@dataclass(frozen=True, slots=True)
class _Move:
    start: Known | None
    end: Known


def _commit(  # noqa: PLR0913 - what is put on record together
    engine: Engine,
    source: str,
    tally: Tally,
    moves: dict[str, _Move],
    *,
    at: datetime,
    saving: Saving,
) -> None:
    counts = tally.counts()
    with writing(engine) as connection:
        for identity, move in moves.items():
            if not log_positions.move_position(
                connection, source, identity, start=move.start, end=move.end, at=at
            ):
                raise _CountedElsewhere
        record(connection, counts, saving=saving)
        if counts.rejected:
            log_positions.add_rejects(
                connection, source, day=at.date(), lines=counts.rejected, samples=counts.samples
            )
    _log.info("lines-counted", source=source, lines=counts.lines, rejected=counts.rejected)


class Counting:
    """The service that counts what logs and our own web processes tell.

    Once a day it turns old days into months.
    """

    name = "counting"
    pause_seconds = 5.0

    def __init__(
        self, engine: Engine, sources: Iterable[LogSource], *, clock: Clock, settings: Settings
    ) -> None:
        self._engine = engine
        self._sources = tuple(sources)
        self._clock = clock
        self._saving = saving_of(settings)
        self._keep = timedelta(days=settings.downloads.keep_days)
        self._hosts = Hosts(engine, clock=clock) if settings.downloads.count_hosts else None
        self._tidied_on: date | None = None
        self._troubles: dict[str, str] = {}

    def tick(self) -> int:
        """Count what has come, and return how many lines that was."""
        self._tidy()
        return sum(self._count(source) for source in self._sources)

    def _count(self, source: LogSource) -> int:
        """Count what one source has; one that cannot be read holds up no other."""
        try:
            counted = count_source(
                self._engine,
                source,
                clock=self._clock,
                saving=self._saving,
                hosts=None if self._hosts is None else self._hosts.digest,
            )
        except OSError as error:
            if self._troubles.get(source.name) != str(error):
                _log.warning("log-unreadable", source=source.name, error=str(error))
            self._troubles[source.name] = str(error)
            return 0
        self._troubles.pop(source.name, None)
        return counted.lines

    def _tidy(self) -> None:
        now = self._clock.now()
        if self._tidied_on == now.date():
            return
        roll_up_all(self._engine, before=(now - self._keep).date().replace(day=1))
        with writing(self._engine) as connection:
            log_positions.forget_positions(connection, before=now - _FORGET_AFTER)
            refresh_demand(connection, at=now)
        if self._hosts is not None:
            oldest = self._hosts.forget()
            with writing(self._engine) as connection:
                downloads.settle_hosts(connection, before=oldest)
        self._tidied_on = now.date()


def roll_up_all(engine: Engine, *, before: date) -> int:
    """Turn all whole months before a first of a month into months; return how many rows went."""
    gone = 0
    while True:
        with writing(engine) as connection:
            rows = downloads.roll_up(connection, before=before)
        if not rows:
            return gone
        gone += rows
