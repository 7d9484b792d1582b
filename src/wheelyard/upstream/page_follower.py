"""The page follower: reads the projects that changed upstream, and saves their pages."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from wheelyard.clock import Clock
from wheelyard.database import projects
from wheelyard.database.engine import Connection, Engine, reading, writing
from wheelyard.database.state import get_state, put_state
from wheelyard.errors import BadInput, UnknownProject, UpstreamUnavailable
from wheelyard.log import get_logger
from wheelyard.model.names import ProjectName
from wheelyard.model.project import ProjectPage
from wheelyard.service import Service
from wheelyard.settings import Settings
from wheelyard.upstream.index import Upstream
from wheelyard.upstream.reconcile import changes, with_known_details

_log = get_logger("follower")

_FIRST_BACKOFF = timedelta(seconds=10)
_LONGEST_BACKOFF = timedelta(hours=1)
_MAX_DOUBLINGS = 10
_DELETED_AFTER = timedelta(minutes=2)


_BATCH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A project that may have changed.

    `cursor` is where the source stands once the project is dealt with; None if the source needs
    no cursor of its own.
    """

    project: ProjectName
    cursor: str | None = None


class PageSource(Protocol):
    """Tells which projects to read."""

    name: str
    """A stable name: the cursor is stored under it."""

    def changes(self, cursor: str | None) -> Iterable[Change]:
        """Return the next projects to read, in order, after `cursor` (None: from the start).

        The follower saves each change's cursor in the transaction that saves the project, so a
        change is handed out again until its project is dealt with.
        """
        ...


class DuePoll:
    """Reads each wanted project again every `poll`, as the database's due list says.

    It needs no cursor: the time of a project's last reading is kept with the project.
    """

    name = "project-poll"

    def __init__(self, engine: Engine, *, clock: Clock, poll: timedelta) -> None:
        self._engine = engine
        self._clock = clock
        self._poll = poll

    def changes(self, cursor: str | None) -> Iterable[Change]:  # noqa: ARG002 - the seam's signature
        """Return the projects that are due, a small number at a time."""
        now = self._clock.now()
        with reading(self._engine) as connection:
            due = projects.projects_to_poll(
                connection, polled_before=now - self._poll, limit=_BATCH, now=now
            )
        return [Change(project=project) for project in due]


class PageFollower(Service):
    """Reads what a change source names, one project after the other.

    Each project is one transaction: its page (or its absence, or the failure to read it), the
    time of the reading and the source's cursor are saved together. A project that cannot be read
    is tried again later and holds up no other; when the index asks for patience (`Retry-After`),
    nothing is read until then. One 404 may be a mistake of the index: a project is taken for
    deleted when it is missing again minutes later.
    """

    name = "follower"
    pause_seconds = 1.0

    def __init__(
        self,
        engine: Engine,
        upstream: Upstream,
        *,
        clock: Clock,
        settings: Settings,
        source: PageSource | None = None,
    ) -> None:
        """Follow `upstream`; the source is the poll of wanted projects unless another is given."""
        self._engine = engine
        self._upstream = upstream
        self._clock = clock
        self._source = source or DuePoll(engine, clock=clock, poll=settings.upstream.poll)
        self._quiet_until: datetime | None = None
        self._failures: dict[ProjectName, int] = {}

    def tick(self) -> int:
        """Read the projects that changed; return how many were dealt with.

        A tick ends when the index does not answer: the next one takes the other projects, and in
        between a service that was told to stop does, however many projects are due.

        Raises:
            DatabaseUnavailable: if the database cannot be used; nothing is lost by that.
        """
        done = 0
        for change in self._source.changes(self._cursor()):
            if self._must_be_quiet():
                break
            done += 1
            if not self._follow(change):
                break
        return done

    def _cursor(self) -> str | None:
        with reading(self._engine) as connection:
            cursor = get_state(connection, self._state_key)
        return cursor if isinstance(cursor, str) else None

    @property
    def _state_key(self) -> str:
        return f"cursor:{self._source.name}"

    def _must_be_quiet(self) -> bool:
        return self._quiet_until is not None and self._clock.now() < self._quiet_until

    def _follow(self, change: Change) -> bool:
        """Deal with one project; return whether the index answered."""
        project = change.project
        try:
            self._save_page(change, self._upstream.project_page(project))
        except UnknownProject:
            self._save_missing(change)
        except BadInput as error:
            # A page that cannot be read, or one that holds what cannot be stored.
            self._save_failure(change, error)
            return True
        except UpstreamUnavailable as error:
            self._save_failure(change, error)
            return False
        self._failures.pop(project, None)
        return True

    def _save_page(self, change: Change, page: ProjectPage) -> None:
        with writing(self._engine) as connection:
            self._save_cursor(connection, change)
            stored = projects.stored_page(connection, change.project)
            page = with_known_details(page, stored)
            projects.save_page(connection, page, at=self._clock.now())
        difference = changes(stored, page)
        if not difference.is_empty:
            _log.info(
                "project-changed",
                project=change.project,
                added=len(difference.added),
                removed=len(difference.removed),
                changed=len(difference.changed),
                yanked=len(difference.yanked),
                unyanked=len(difference.unyanked),
                status=page.status.value,
            )

    def _save_missing(self, change: Change) -> None:
        now = self._clock.now()
        with writing(self._engine) as connection:
            self._save_cursor(connection, change)
            times = projects.record_missing(connection, change.project, at=now)
            removed = (
                times > 1
                and _has_been_missing(connection, change.project, at=now)
                and projects.remove_project(connection, change.project, at=now)
            )
        _log.warning("project-missing", project=change.project, times=times, removed=removed)

    def _save_failure(self, change: Change, error: UpstreamUnavailable | BadInput) -> None:
        now = self._clock.now()
        failures = self._failures.get(change.project, 0) + 1
        wait = min(_FIRST_BACKOFF * 2 ** min(failures - 1, _MAX_DOUBLINGS), _LONGEST_BACKOFF)
        if isinstance(error, UpstreamUnavailable) and error.retry_after is not None:
            self._quiet_until = now + timedelta(seconds=error.retry_after)
            wait = max(wait, timedelta(seconds=error.retry_after))
        with writing(self._engine) as connection:
            self._save_cursor(connection, change)
            projects.record_poll_failure(
                connection, change.project, at=now, retry_at=now + wait, error=str(error)
            )
        self._failures[change.project] = failures
        _log.warning(
            "project-unreadable",
            project=change.project,
            error=str(error),
            retry_seconds=wait.total_seconds(),
        )

    def _save_cursor(self, connection: Connection, change: Change) -> None:
        if change.cursor is not None:
            put_state(connection, self._state_key, change.cursor)


def _has_been_missing(connection: Connection, project: ProjectName, *, at: datetime) -> bool:
    """Whether a project has been missing long enough to be taken for deleted."""
    overview = projects.project_overview(connection, project)
    return (
        overview is not None
        and overview.missing_since is not None
        and at - overview.missing_since >= _DELETED_AFTER
    )
