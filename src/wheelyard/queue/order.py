"""The queue's order: how urgent a job is, and how many others go before it. Pure.

Turns are weighted fair queueing with virtual time. `now` of a queue is the turn of its first
waiting job; what comes later starts there, so an old job is overtaken by a bounded number of new
ones, and nobody's turn ever has to be written again because somebody else's job is done.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from wheelyard.model.build import Priority
from wheelyard.model.names import TargetName

_NEW = timedelta(days=14)
"""So long a release counts as new; upstream refuses further files of it afterwards."""

_OWNER_SHARE = 4
"""So many jobs of one owner count as one turn: an owner has so many projects' share at most."""

_LAST_TURN = 2**31 - 1
"""The greatest number that the column holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a release stands in its project, and whether somebody asked for it.

    `is_awaited` says that another project needs it to be built with; `is_newest`, that there is no
    newer final release (of a project without final releases: no newer one at all).
    """

    is_requested: bool
    is_followed: bool
    is_newest: bool
    uploaded_at: datetime | None
    is_awaited: bool = False


def priority(standing: Standing, *, at: datetime) -> Priority:
    """Return how urgent the release's jobs are."""
    if standing.is_requested:
        return Priority.REQUESTED
    if standing.is_awaited:
        return Priority.DEPENDENCY
    if not standing.is_newest:
        return Priority.BACKLOG
    uploaded_at = standing.uploaded_at
    if standing.is_followed and uploaded_at is not None and at - uploaded_at < _NEW:
        return Priority.NEW_RELEASE
    return Priority.NORMAL


def turn(*, now: int, position: int, owner_waiting: int, demand: int) -> int:
    """Return a job's turn among the jobs of its target and priority.

    `now` is the turn of the first job that waits there (0 if none does); `position` counts the
    newer releases of the project that wait for the same target; `owner_waiting` the jobs of the
    other projects of its owner. The more a project is asked for, the less both count.
    """
    behind = max(position, owner_waiting // _OWNER_SHARE)
    weight = 1 + math.log2(1 + max(demand, 0))
    return min(now + int(behind / weight), _LAST_TURN)


class Turns:
    """Hands out turns while several projects are planned, counting what it has handed out.

    `heads` are the turns of the first waiting jobs by target and priority; `owners` how many jobs
    of each owner are pending.
    """

    def __init__(
        self, heads: Mapping[tuple[TargetName, Priority], int], owners: Mapping[str, int]
    ) -> None:
        self._heads = heads
        self._owners = dict(owners)

    def of_others(self, owner: str | None, *, own: int) -> int:
        """Return how many jobs of an owner are pending besides a project's `own`."""
        return 0 if owner is None else max(self._owners.get(owner, 0) - own, 0)

    def give(
        self,
        target: TargetName,
        urgency: Priority,
        *,
        position: int,
        owner_waiting: int,
        demand: int,
    ) -> int:
        """Return the turn of a job; see `turn`."""
        now = self._heads.get((target, urgency), 0)
        return turn(now=now, position=position, owner_waiting=owner_waiting, demand=demand)

    def count(self, owner: str | None, *, more: int) -> None:
        """Note that an owner has so many more jobs pending, or fewer."""
        if owner is not None:
            self._owners[owner] = self._owners.get(owner, 0) + more
