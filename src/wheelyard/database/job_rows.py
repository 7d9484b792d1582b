"""Jobs as the planner makes, changes and drops them, many at a time.

The planner holds the locks of its projects and waits for no job: whoever ends a build holds the
job's lock and waits for the project's.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, literal, select, update

from wheelyard.database.dialect import insert, insert_many, locked
from wheelyard.database.leases import WAITING
from wheelyard.database.releases import target_ids
from wheelyard.database.tables import jobs, targets
from wheelyard.model.build import JobKind, JobState, Priority
from wheelyard.model.names import TargetName
from wheelyard.model.plan import JobTerms
from wheelyard.model.recipe import Recipe, recipe_document

_LEASED = literal(JobState.LEASED, jobs.c.state.type, literal_execute=True)
_AT_ONCE = 5000


def enqueue(
    connection: Connection, new: Mapping[tuple[int, TargetName], JobTerms], *, at: datetime
) -> None:
    """Have releases built, by the number of the release and the name of the target.

    A job that is there already stays as it is.

    Raises:
        UnknownTarget: if a target is not on record.
    """
    numbers = target_ids(connection, {target for _, target in new})
    rows = [
        _values(terms, at=at)
        | {
            "kind": JobKind.BUILD,
            "release_id": release,
            "target_id": numbers[target],
            "infrastructure_attempts": 0,
            "healing_rounds": 0,
            "ladder_step": 0,
            "created_at": at,
        }
        for (release, target), terms in new.items()
    ]
    insert_many(connection, insert(connection, jobs).on_conflict_do_nothing(), rows)


def _values(terms: JobTerms, *, at: datetime) -> dict[str, Any]:
    return {
        "state": JobState.SCHEDULED if terms.due_at > at else JobState.WAITING,
        "sdist_id": terms.sdist,
        "priority": terms.priority,
        "due_at": terms.due_at,
        "released_at": terms.released_at,
        "force": terms.force,
        "owner": terms.owner,
        "demand": terms.demand,
        "turn": terms.turn,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A release that is to be built once more, by the numbers of its rows.

    `recipe` is tried after `round` failures; None is what the project's recipes say by then.
    """

    release: int
    target: int
    sdist: int
    released_at: datetime | None
    recipe: Recipe | None
    round: int


def enqueue_trial(connection: Connection, trial: Trial, *, at: datetime) -> None:
    """Have a release built that has failed; one that has a job already keeps it as it is.

    The planner sees to the rest: whether it is still to be built, how urgently, and when.
    """
    values = {
        "kind": JobKind.BUILD,
        "release_id": trial.release,
        "target_id": trial.target,
        "sdist_id": trial.sdist,
        "state": JobState.WAITING,
        "priority": Priority.NORMAL,
        "due_at": at,
        "released_at": trial.released_at or at,
        "force": False,
        "infrastructure_attempts": 0,
        "healing_rounds": trial.round,
        "ladder_step": 0,
        "created_at": at,
        "recipe": None if trial.recipe is None else recipe_document(trial.recipe),
    }
    connection.execute(insert(connection, jobs).values(values).on_conflict_do_nothing())


def hold_jobs(connection: Connection, numbers: Collection[int]) -> set[int]:
    """Lock jobs until the transaction ends, and return the numbers of those that are locked.

    Those that are leased by now, or that somebody else has locked, are passed over.
    """
    ordered, held = sorted(numbers), set()
    for start in range(0, len(ordered), _AT_ONCE):
        some = ordered[start : start + _AT_ONCE]
        free = select(jobs.c.id).where(jobs.c.id.in_(some), jobs.c.state != _LEASED)
        held |= set(connection.scalars(locked(connection, free, of=jobs, skip_locked=True)))
    return held


def change_jobs(connection: Connection, changed: Mapping[int, JobTerms], *, at: datetime) -> None:
    """Change jobs that are held (`hold_jobs`), by their numbers."""
    rows = [{"number": number} | _values(terms, at=at) for number, terms in changed.items()]
    if rows:
        statement = update(jobs).where(jobs.c.id == bindparam("number"))
        connection.execute(statement, rows)


def drop_jobs(connection: Connection, numbers: Collection[int]) -> None:
    """Remove jobs that are held (`hold_jobs`)."""
    ordered = sorted(numbers)
    for start in range(0, len(ordered), _AT_ONCE):
        some = ordered[start : start + _AT_ONCE]
        connection.execute(delete(jobs).where(jobs.c.id.in_(some)))


def queue_heads(connection: Connection) -> dict[tuple[TargetName, Priority], int]:
    """Return the turns of the first waiting jobs, by target and priority, where any waits."""
    known = connection.execute(
        select(targets.c.id, targets.c.name).where(targets.c.retired.is_(False))
    )
    queues = [
        (number, TargetName(name), priority) for number, name in known for priority in Priority
    ]
    if not queues:
        return {}
    heads = connection.execute(
        select(
            *(
                select(func.min(jobs.c.turn))
                .where(
                    jobs.c.state == WAITING,
                    jobs.c.target_id == number,
                    jobs.c.priority == priority,
                )
                .scalar_subquery()
                .label(f"head_{place}")
                for place, (number, _, priority) in enumerate(queues)
            )
        )
    ).one()
    return {
        (target, priority): turn
        for (_, target, priority), turn in zip(queues, heads, strict=True)
        if turn is not None
    }


def pending_of_owners(connection: Connection, owners: Collection[str]) -> dict[str, int]:
    """Return how many jobs are pending and not leased of the projects of each owner."""
    rows = connection.execute(
        select(jobs.c.owner, func.count())
        .where(jobs.c.owner.in_(owners), jobs.c.owner.is_not(None), jobs.c.state != _LEASED)
        .group_by(jobs.c.owner)
    )
    return {owner: count for owner, count in rows}  # noqa: C416 - rows are not pairs to mypy
