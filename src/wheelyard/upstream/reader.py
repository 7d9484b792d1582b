"""The reader: works off the due list, reads the projects' pages, and saves what they say."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event

from wheelyard.clock import Clock
from wheelyard.database import projects
from wheelyard.database import reading as due_list
from wheelyard.database.due import DueLevel
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.reading import DueProject
from wheelyard.database.sources import source_status
from wheelyard.errors import BadInput, UnknownProject, UpstreamUnavailable
from wheelyard.log import get_logger
from wheelyard.model.names import FileKind
from wheelyard.model.project import ProjectPage, newest_final, releases
from wheelyard.queue.withdrawal import settle_wheels
from wheelyard.service import Service
from wheelyard.settings import Settings
from wheelyard.upstream.index import Reading, Upstream
from wheelyard.upstream.reconcile import changes, with_known_details

_log = get_logger("reader")

_TAKEN_FOR = timedelta(minutes=5)
_PER_CONNECTION = 5
_FIRST_BACKOFF = timedelta(seconds=10)
_FIRST_STALE_WAIT = timedelta(seconds=5)
_LONGEST_BACKOFF = timedelta(hours=1)
_MAX_DOUBLINGS = 10
_PATIENT_READS = 9
"""So often a page is asked for again that is missing although a source told of a change."""

_PATIENT_REFUSALS = 33
"""So often, for about a day, a page is refused that is older than what is known of upstream.

After that upstream itself must have gone back to a backup.
"""

_POLL = "project-poll"


class Reader(Service):
    """Reads the projects that are due, a few at the same time.

    Each is one transaction: its page (or its absence, or the failure to read it), what that means
    for our wheels, and when it is due again are saved together. A project that cannot be read is
    tried again later and holds up no other; when the index asks for patience (`Retry-After`),
    nothing is read until then. A page that is staler than what a change source has told of is read
    again soon; so is, for three quarters of an hour, one that is missing although a source told of
    a change, for a cache may not know of a new project yet. One 404 may be a mistake of the index:
    a project is taken for deleted when it is missing again minutes later.
    """

    name = "reader"
    pause_seconds = 0.5

    def __init__(
        self, engine: Engine, upstream: Upstream, *, clock: Clock, settings: Settings
    ) -> None:
        """Read from `upstream` with as many connections as the settings say."""
        self._engine = engine
        self._upstream = upstream
        self._clock = clock
        self._settings = settings.upstream
        self._quiet_until: datetime | None = None

    def tick(self) -> int:
        """Read some of the projects that are due; return how many were dealt with.

        A tick ends early when the index does not answer: what is left is taken next time, and in
        between a service that was told to stop does.

        Raises:
            DatabaseUnavailable: if the database cannot be used; nothing is lost by that.
        """
        now = self._clock.now()
        if self._quiet_until is not None and now < self._quiet_until:
            return 0
        connections = self._settings.connections
        with writing(self._engine) as connection:
            due = due_list.take_due(
                connection, now=now, limit=connections * _PER_CONNECTION, lasts=_TAKEN_FOR
            )
        if not due:
            return 0
        poll = self._poll_intervals()
        stop = Event()
        with ThreadPoolExecutor(max_workers=connections) as pool:
            done = list(pool.map(lambda project: self._deal_with(project, stop, poll), due))
        return sum(done)

    def _poll_intervals(self) -> Callable[[DueProject], timedelta]:
        """Return how long a project may be left alone.

        While nothing but polling tells of changes, what has wheels here is looked at as often as
        what somebody asked for.
        """
        with reading(self._engine) as connection:
            used = [status.name for status in source_status(connection) if status.is_used]
        only_polls = used in ([], [_POLL])

        def interval(project: DueProject) -> timedelta:
            often = project.is_wanted or (only_polls and project.has_wheels)
            return self._settings.poll if often else self._settings.poll_others

        return interval

    def _deal_with(
        self, project: DueProject, stop: Event, interval: Callable[[DueProject], timedelta]
    ) -> bool:
        """Read one project; return false if it was left for later because the index is away."""
        if stop.is_set():
            self._leave(project)
            return False
        try:
            found = self._upstream.read(project.name, etag=project.etag)
            page = None if found.page is None else self._with_owner(found.page, project)
            if page is None:
                self._save_unchanged(project, found, interval(project))
            else:
                self._save_page(project, page, found.etag, interval(project))
        except UnknownProject:
            self._save_missing(project, interval(project))
        except BadInput as error:
            # A page that cannot be read, or one that holds what cannot be stored.
            self._save_failure(project, error)
        except UpstreamUnavailable as error:
            stop.set()
            self._save_failure(project, error)
        return True

    def _with_owner(self, page: ProjectPage, project: DueProject) -> ProjectPage:
        """Ask once who owns a project that may be built: the queue is fair between owners."""
        if page.owner is not None or project.has_owner or not _may_be_built(page):
            return page
        return self._upstream.with_owner(page)

    def _leave(self, project: DueProject) -> None:
        with writing(self._engine) as connection:
            due_list.read_again(
                connection, project, due_at=self._clock.now(), has_failed=project.failures > 0
            )

    def _save_unchanged(self, project: DueProject, found: Reading, wait: timedelta) -> None:
        now = self._clock.now()
        known = [serial for serial in (project.stored_serial, found.serial) if serial is not None]
        serial = max(known, default=None)
        with writing(self._engine) as connection:
            due_list.note_unchanged(connection, project, serial=serial, at=now)
            if _is_stale(project, serial):
                self._wait_for_a_newer_page(project, serial)
                due_list.read_again(connection, project, due_at=now + _stale_wait(project))
            else:
                due_list.was_read(connection, project, etag=project.etag, due_at=now + wait)

    def _save_page(
        self, project: DueProject, page: ProjectPage, etag: str | None, wait: timedelta
    ) -> None:
        now = self._clock.now()
        is_patient = project.failures < _PATIENT_REFUSALS
        is_stale = is_patient and _is_stale(project, page.serial)
        with writing(self._engine) as connection:
            stored = projects.stored_page(connection, project.name)
            if is_patient and _is_older(page, stored):
                self._wait_for_a_newer_page(project, page.serial)
                due_list.read_again(connection, project, due_at=now + _stale_wait(project))
                return
            page = with_known_details(page, stored)
            projects.save_page(connection, page, at=now)
            if is_stale:
                due_list.read_again(connection, project, due_at=now + _stale_wait(project))
            else:
                due_list.was_read(connection, project, etag=etag, due_at=now + wait)
            settle_wheels(connection, project.name)
        if is_stale:
            self._wait_for_a_newer_page(project, page.serial)
        difference = changes(stored, page)
        if not difference.is_empty:
            _log.info(
                "project-changed",
                project=project.name,
                added=len(difference.added),
                removed=len(difference.removed),
                changed=len(difference.changed),
                yanked=len(difference.yanked),
                unyanked=len(difference.unyanked),
                status=page.status.value,
            )

    def _wait_for_a_newer_page(self, project: DueProject, serial: int | None) -> None:
        _log.info(
            "page-is-stale",
            project=project.name,
            serial=serial,
            expected=project.serial,
            stored=project.stored_serial,
        )

    def _save_missing(self, project: DueProject, wait: timedelta) -> None:
        now = self._clock.now()
        confirm = self._settings.confirm_deletion
        since = project.missing_since or now
        is_confirmed = project.missing_since is not None and now - since >= confirm
        may_be_new = _is_told_of(project) and project.failures < _PATIENT_READS
        removed = False
        with writing(self._engine) as connection:
            times = projects.record_missing(connection, project.name, at=now)
            if not (is_confirmed or not project.has_been_read or project.is_removed):
                due_list.read_again(
                    connection, project, due_at=since + confirm, level=DueLevel.ASKED
                )
            elif may_be_new:
                due_list.read_again(
                    connection, project, due_at=now + _stale_wait(project), level=DueLevel.CHANGED
                )
            else:
                due_list.was_read(connection, project, etag=None, due_at=now + wait)
            if is_confirmed:
                removed = projects.remove_project(connection, project.name, at=now)
                settle_wheels(connection, project.name)
        _log.warning("project-missing", project=project.name, times=times, removed=removed)

    def _save_failure(self, project: DueProject, error: UpstreamUnavailable | BadInput) -> None:
        now = self._clock.now()
        wait = _doubled(_FIRST_BACKOFF, project.failures)
        if isinstance(error, UpstreamUnavailable) and error.retry_after is not None:
            patience = timedelta(seconds=error.retry_after)
            self._quiet_until = max(self._quiet_until or now, now + patience)
            wait = max(wait, patience)
        with writing(self._engine) as connection:
            projects.record_poll_failure(connection, project.name, at=now, error=str(error))
            due_list.read_again(connection, project, due_at=now + wait)
        _log.warning(
            "project-unreadable",
            project=project.name,
            error=str(error),
            retry_seconds=wait.total_seconds(),
        )


def _may_be_built(page: ProjectPage) -> bool:
    """Whether the newest release is one that upstream has no wheel of for every machine."""
    by_version = releases(page)
    newest = newest_final(list(by_version)) or max(by_version, default=None)
    if newest is None:
        return False
    release = by_version[newest]
    has_sdist = bool(release.files_of_kind(FileKind.SDIST))
    return has_sdist and not any(file.filename.endswith("-none-any.whl") for file in release.files)


def _is_stale(project: DueProject, serial: int | None) -> bool:
    """Whether a page has not reached the serial that a change source told of."""
    return project.serial is not None and serial is not None and serial < project.serial


def _is_told_of(project: DueProject) -> bool:
    """Whether a change source told of something that no page has shown yet."""
    if project.serial is None:
        return False
    return project.stored_serial is None or project.stored_serial < project.serial


def _is_older(page: ProjectPage, stored: ProjectPage | None) -> bool:
    """Whether a page is older than the one that is stored, as caches serve them at times."""
    if stored is None or stored.serial is None or page.serial is None:
        return False
    return page.serial < stored.serial


def _stale_wait(project: DueProject) -> timedelta:
    return _doubled(_FIRST_STALE_WAIT, project.failures)


def _doubled(first: timedelta, times: int) -> timedelta:
    return min(first * int(2 ** min(times, _MAX_DOUBLINGS)), _LONGEST_BACKOFF)
