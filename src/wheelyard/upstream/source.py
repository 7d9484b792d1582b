"""Change sources: what tells which projects to read. A seam, with its suite in the tests.

A source only ever says "this project changed". Whatever the reason, the follower then reads the
project's whole page, so an event of an unknown kind is never missed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from wheelyard.clock import Clock
from wheelyard.database.engine import Engine, reading
from wheelyard.database.projects import projects_to_poll
from wheelyard.model.names import ProjectName

_BATCH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A project that may have changed.

    `cursor` is where the source stands once the project is dealt with; None if the source needs
    no cursor of its own.
    """

    project: ProjectName
    cursor: str | None = None


class ChangeSource(Protocol):
    """Tells which projects to read."""

    name: str
    """A stable name: the cursor is stored under it."""

    def changes(self, cursor: str | None) -> Iterable[Change]:
        """Return the next projects to read, in order, after `cursor` (None: from the start).

        The follower saves each change's cursor in the transaction that saves the project, so a
        change is handed out again until its project is dealt with.
        """
        ...


class ProjectPoll:
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
            due = projects_to_poll(
                connection, polled_before=now - self._poll, limit=_BATCH, now=now
            )
        return [Change(project=project) for project in due]
