"""What upstream tells of changes, and how well it is heard."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from wheelyard.model.names import ProjectName

_MAX_FAILURES = 3
_MOST_PATIENCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedProject:
    """A project that may have changed.

    `serial` is upstream's serial that its page has once it shows the change. If it is None, or the
    news `is_late`, the page is to be read again whatever serial it had when it was last read.
    """

    name: ProjectName
    serial: int | None = None
    is_late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """How a change source does.

    `cursor` is where it goes on; `serial` is the last upstream serial that it told of, and all
    that happened upstream before `told_until` has been told. It was asked last at `tried_at` and
    answered last at `succeeded_at`; since then it failed `failures` times in a row, the last time
    with `error`, and is asked again at `retry_at`. `is_missing` says that the index has no such
    source. `is_used` says that it is the one that is relied on.
    """

    name: str
    cursor: str | None = None
    serial: int | None = None
    told_until: datetime | None = None
    tried_at: datetime | None = None
    succeeded_at: datetime | None = None
    error: str | None = None
    failures: int = 0
    retry_at: datetime | None = None
    is_missing: bool = False
    is_used: bool = False

    @property
    def is_given_up(self) -> bool:
        """Whether another source is to be relied on until this one answers again."""
        if self.is_missing or self.failures >= _MAX_FAILURES:
            return True
        if self.retry_at is None or self.tried_at is None:
            return False
        return self.retry_at - self.tried_at > _MOST_PATIENCE

    def is_due(self, now: datetime, *, every: timedelta) -> bool:
        """Whether it is to be asked now: `every` so often, and after failures when it may."""
        if self.retry_at is not None:
            return now >= self.retry_at
        return self.succeeded_at is None or now >= self.succeeded_at + every

    def lag(self, now: datetime) -> timedelta | None:
        """Return how far behind upstream it is at most; None if it never told of a moment."""
        return None if self.told_until is None else max(now - self.told_until, timedelta(0))


@dataclass(frozen=True, slots=True)
class PageChange:
    """A project of ours whose pages have changed, and the serial that they have then.

    `waits` tells that they are still to be written.
    """

    project: ProjectName
    serial: int
    waits: bool
