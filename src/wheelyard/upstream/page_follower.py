"""The page follower: reads the projects that changed upstream, and saves their pages."""

from datetime import datetime, timedelta

from wheelyard.clock import Clock
from wheelyard.database import projects
from wheelyard.database.engine import Connection, Engine, reading, writing
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


class PageFollower(Service):
    """Reads the projects that are due, one after the other.

    Each project is one transaction: its page (or its absence, or the failure to read it) and the
    time of the reading are saved together. A project that cannot be read
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
    ) -> None:
        self._engine = engine
        self._upstream = upstream
        self._clock = clock
        self._poll = settings.upstream.poll
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
        for project in self.due_projects():
            if self._must_be_quiet():
                break
            done += 1
            if not self._follow(project):
                break
        return done

    def due_projects(self) -> list[ProjectName]:
        """Return the projects to read next, a small number of them."""
        now = self._clock.now()
        with reading(self._engine) as connection:
            return projects.projects_to_poll(
                connection, polled_before=now - self._poll, limit=_BATCH, now=now
            )

    def _must_be_quiet(self) -> bool:
        return self._quiet_until is not None and self._clock.now() < self._quiet_until

    def _follow(self, project: ProjectName) -> bool:
        """Deal with one project; return whether the index answered."""
        try:
            self._save_page(project, self._upstream.project_page(project))
        except UnknownProject:
            self._save_missing(project)
        except BadInput as error:
            # A page that cannot be read, or one that holds what cannot be stored.
            self._save_failure(project, error)
            return True
        except UpstreamUnavailable as error:
            self._save_failure(project, error)
            return False
        self._failures.pop(project, None)
        return True

    def _save_page(self, project: ProjectName, page: ProjectPage) -> None:
        with writing(self._engine) as connection:
            stored = projects.stored_page(connection, project)
            page = with_known_details(page, stored)
            projects.save_page(connection, page, at=self._clock.now())
        difference = changes(stored, page)
        if not difference.is_empty:
            _log.info(
                "project-changed",
                project=project,
                added=len(difference.added),
                removed=len(difference.removed),
                changed=len(difference.changed),
                yanked=len(difference.yanked),
                unyanked=len(difference.unyanked),
                status=page.status.value,
            )

    def _save_missing(self, project: ProjectName) -> None:
        now = self._clock.now()
        with writing(self._engine) as connection:
            times = projects.record_missing(connection, project, at=now)
            removed = (
                times > 1
                and _has_been_missing(connection, project, at=now)
                and projects.remove_project(connection, project, at=now)
            )
        _log.warning("project-missing", project=project, times=times, removed=removed)

    def _save_failure(self, project: ProjectName, error: UpstreamUnavailable | BadInput) -> None:
        now = self._clock.now()
        failures = self._failures.get(project, 0) + 1
        wait = min(_FIRST_BACKOFF * 2 ** min(failures - 1, _MAX_DOUBLINGS), _LONGEST_BACKOFF)
        if isinstance(error, UpstreamUnavailable) and error.retry_after is not None:
            self._quiet_until = now + timedelta(seconds=error.retry_after)
            wait = max(wait, timedelta(seconds=error.retry_after))
        with writing(self._engine) as connection:
            projects.record_poll_failure(
                connection, project, at=now, retry_at=now + wait, error=str(error)
            )
        self._failures[project] = failures
        _log.warning(
            "project-unreadable",
            project=project,
            error=str(error),
            retry_seconds=wait.total_seconds(),
        )


def _has_been_missing(connection: Connection, project: ProjectName, *, at: datetime) -> bool:
    """Whether a project has been missing long enough to be taken for deleted."""
    overview = projects.project_overview(connection, project)
    return (
        overview is not None
        and overview.missing_since is not None
        and at - overview.missing_since >= _DELETED_AFTER
    )
