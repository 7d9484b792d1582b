"""Change sources: what tells which projects have changed. A seam, with its suite in the tests.

A source only ever says "this project changed". Whatever the reason, the project's whole page is
then read again, so an event of an unknown kind is never missed. What a source tells is marked in
the database's due list together with its cursor; the reader works that list off.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from wheelyard.model.change import ChangedProject

__all__ = ["ChangeSource", "ChangedProject", "Changes", "ProjectPoll"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Some projects that may have changed, to be marked in one transaction with the cursor.

    `cursor` is where the source stands after them. A `listing` names every project of upstream,
    in several batches: those are due whose serial differs from what was read, and once the batch
    that `ends_listing` has come, those that it did not name. `serial` is the last upstream serial
    that the source knows of; all that happened upstream before `told_until` has been told.
    """

    projects: tuple[ChangedProject, ...]
    cursor: str | None
    listing: bool = False
    ends_listing: bool = False
    serial: int | None = None
    told_until: datetime | None = None


class ChangeSource(Protocol):
    """Tells which projects to read."""

    name: str
    """A stable name: cursor and status are stored under it."""

    every: timedelta
    """How often to ask."""

    def changes(self, cursor: str | None) -> Iterator[Changes]:
        """Yield what changed after `cursor` (None: from now on), until nothing more is known.

        Every batch's cursor is saved in the transaction that marks its projects, so what is not
        marked is told again. A change may be told twice; none is left out.

        Raises:
            SourceMissing: if the index has no such source.
            UpstreamUnavailable: if it does not answer.
            InvalidPage: if what it answers is not to be understood.
        """
        ...


class ProjectPoll:
    """Tells nothing: every project that was read is due again after a while by itself.

    It is the last resort, which always works, because the due list needs no source.
    """

    name = "project-poll"

    def __init__(self, *, every: timedelta) -> None:
        """Say how often a project is due that somebody wants: `every`."""
        self.every = every

    def changes(self, cursor: str | None) -> Iterator[Changes]:
        """Yield nothing."""
        del cursor
        return iter(())
