"""The follower: asks change sources what has changed upstream, and marks it in the due list."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

import httpx2

from wheelyard.clock import Clock
from wheelyard.database import due
from wheelyard.database.engine import Connection, Engine, reading, writing
from wheelyard.database.leaders import leads
from wheelyard.database.sources import save_source, save_source_order, stored_sources
from wheelyard.errors import BadInput, InvalidPage, SourceMissing, UpstreamUnavailable
from wheelyard.log import get_logger
from wheelyard.model.change import SourceStatus
from wheelyard.service import Service
from wheelyard.settings import Settings
from wheelyard.upstream.changelog import Changelog
from wheelyard.upstream.exchange import Exchange
from wheelyard.upstream.rss import Feeds
from wheelyard.upstream.serial_list import SerialList
from wheelyard.upstream.source import Changes, ChangeSource, ProjectPoll

_log = get_logger("follower")

_LEASE = timedelta(seconds=60)
_FIRST_BACKOFF = timedelta(seconds=10)
_LONGEST_BACKOFF = timedelta(hours=1)
_FIRST_SEARCH = timedelta(hours=1)
_LONGEST_SEARCH = timedelta(days=1)
_MAX_DOUBLINGS = 10
_FEW_PROJECTS = 1000
_TOO_LARGE_A_PART = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The sources to rely on, the preferred one first, and those that give hints besides."""

    relied_on: tuple[ChangeSource, ...]
    hints: tuple[ChangeSource, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all of them, in their order."""
        return tuple(source.name for source in self.relied_on + self.hints)


def configured_sources(
    settings: Settings, client: httpx2.Client, *, url: str, clock: Clock
) -> Sources:
    """Return the sources that the settings name.

    Raises:
        InvalidSetting: if `url` is no http or https address.
    """
    exchange = Exchange(client, url, clock=clock)
    upstream = settings.upstream
    known: dict[str, ChangeSource] = {
        "changelog": Changelog(exchange, clock=clock, every=upstream.changes_every),
        "serial-list": SerialList(exchange, clock=clock, every=upstream.list_every),
        "project-poll": ProjectPoll(every=upstream.poll),
    }
    return Sources(
        relied_on=tuple(known[name] for name in settings.change_sources),
        hints=(Feeds(exchange),) if upstream.rss else (),
    )


def next_source(
    sources: Sources, statuses: Mapping[str, SourceStatus], *, now: datetime
) -> ChangeSource | None:
    """Return the source to ask now; None if none is due.

    The preferred source is relied on until it is given up; then the next one is, while the better
    ones are tried again whenever they are due. Hints are asked while the source that is relied on
    is slower than they are.
    """
    hints = sources.hints
    for source in sources.relied_on:
        if _is_due(source, statuses, now):
            return source
        if not _status(source, statuses).is_given_up:
            hints = tuple(hint for hint in hints if hint.every < source.every)
            break
    return next((hint for hint in hints if _is_due(hint, statuses, now)), None)


def _status(source: ChangeSource, statuses: Mapping[str, SourceStatus]) -> SourceStatus:
    return statuses.get(source.name, SourceStatus(name=source.name))


def _is_due(source: ChangeSource, statuses: Mapping[str, SourceStatus], now: datetime) -> bool:
    return _status(source, statuses).is_due(now, every=source.every)


def back_off(status: SourceStatus, error: Exception, now: datetime) -> SourceStatus:
    """Return the status of a source that has failed once more, with the time to ask it again."""
    failures = status.failures + 1
    is_missing = isinstance(error, SourceMissing)
    first, longest = (
        (_FIRST_SEARCH, _LONGEST_SEARCH) if is_missing else (_FIRST_BACKOFF, _LONGEST_BACKOFF)
    )
    wait = min(first * 2 ** min(failures - 1, _MAX_DOUBLINGS), longest)
    if isinstance(error, UpstreamUnavailable) and error.retry_after is not None:
        wait = max(wait, timedelta(seconds=error.retry_after))
    return replace(
        status,
        failures=failures,
        is_missing=is_missing,
        error=str(error),
        tried_at=now,
        retry_at=now + wait,
    )


@dataclass
class _Run:
    """One asking of a source, which may take many ticks."""

    source: ChangeSource
    status: SourceStatus
    batches: Iterator[Changes]
    started_at: datetime
    told: int = 0


class Follower(Service):
    """Marks the projects that a change source names, in the transaction that moves its cursor.

    Of several followers one works, the one that leads. A tick takes one batch, so that a service
    that is told to stop does, however long a list is.
    """

    name = "follower"
    pause_seconds = 1.0

    def __init__(
        self,
        engine: Engine,
        sources: Sources,
        *,
        clock: Clock,
        settings: Settings,
        holder: str | None = None,
    ) -> None:
        """Follow what `sources` tell; `holder` names this process to the others."""
        self._engine = engine
        self._sources = sources
        self._clock = clock
        self._follow_new = settings.policy.follow == "everything"
        self._holder = holder or uuid4().hex
        self._run: _Run | None = None

    def tick(self) -> int:
        """Take the next batch of the source that is due; return 0 when nothing is left to take.

        Raises:
            DatabaseUnavailable: if the database cannot be used; nothing is lost by that.
        """
        run, self._run = self._run or self._start(), None
        if run is None:
            return 0
        try:
            batch = next(run.batches, None)
            is_leading = self._save(run, batch)
        except (BadInput, SourceMissing, UpstreamUnavailable) as error:
            self._save_failure(run, error)
            return 0
        if batch is None or not is_leading:
            return 0
        self._run = run
        return max(len(batch.projects), 1)

    def _start(self) -> _Run | None:
        """Begin to ask the source that is due, if this process leads."""
        now = self._clock.now()
        with reading(self._engine) as connection:
            statuses = stored_sources(connection)
        if next_source(self._sources, statuses, now=now) is None:
            return None
        with writing(self._engine) as connection:
            if not self._leads(connection):
                return None
            # Another process may have led, and asked, in between.
            statuses = stored_sources(connection)
            source = next_source(self._sources, statuses, now=now)
            save_source_order(connection, self._sources.names)
        if source is None:
            return None
        status = _status(source, statuses)
        return _Run(source, status, source.changes(status.cursor), now)

    def _leads(self, connection: Connection) -> bool:
        return leads(connection, self.name, holder=self._holder, lasts=_LEASE)

    def _save(self, run: _Run, batch: Changes | None) -> bool:
        """Mark a batch, or that there are no more; return false if another process leads now."""
        with writing(self._engine) as connection:
            if not self._leads(connection):
                return False
            if batch is None:
                run.status = self._succeeded(run)
            else:
                self._mark(connection, run, batch)
                run.status = replace(
                    run.status,
                    cursor=batch.cursor,
                    serial=run.status.serial if batch.serial is None else batch.serial,
                    told_until=batch.told_until or run.status.told_until,
                )
                run.told += len(batch.projects)
            save_source(connection, run.status)
        if batch is None and run.told:
            _log.info("changes-told", source=run.source.name, projects=run.told)
        return True

    def _succeeded(self, run: _Run) -> SourceStatus:
        if run.status.failures:
            _log.info("source-is-back", source=run.source.name, failures=run.status.failures)
        return replace(
            run.status,
            tried_at=run.started_at,
            succeeded_at=run.started_at,
            failures=0,
            is_missing=False,
            error=None,
            retry_at=None,
        )

    def _mark(self, connection: Connection, run: _Run, batch: Changes) -> None:
        now = self._clock.now()
        if not batch.listing:
            due.mark_changed(connection, batch.projects, follow_new=self._follow_new, at=now)
            return
        if not run.told:
            due.forget_listing(connection)
        due.mark_listed(connection, batch.projects, follow_new=self._follow_new, at=now)
        if batch.ends_listing:
            self._end_listing(connection, run, now)

    def _end_listing(self, connection: Connection, run: _Run, now: datetime) -> None:
        """Let what the list did not name be read, unless that is too much to be true."""
        missing = due.unlisted_projects(connection, read_before=run.started_at)
        known = due.known_projects(connection)
        if missing > max(_FEW_PROJECTS, _TOO_LARGE_A_PART * known):
            raise InvalidPage(
                f"the list of {run.source.name}", f"It lacks {missing} of {known} known projects"
            )
        due.mark_unlisted(connection, read_before=run.started_at, at=now)
        due.forget_listing(connection)

    def _save_failure(self, run: _Run, error: Exception) -> None:
        status = back_off(run.status, error, self._clock.now())
        with writing(self._engine) as connection:
            if self._leads(connection):
                save_source(connection, status)
        _log.warning(
            "source-failed",
            source=run.source.name,
            error=status.error,
            failures=status.failures,
            retry_at=status.retry_at,
        )
