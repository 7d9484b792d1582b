"""What wheels are made for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, select, update

from wheelyard.database.dialect import insert
from wheelyard.database.plans import mark_all_to_plan
from wheelyard.database.tables import jobs, targets
from wheelyard.errors import UnknownTarget
from wheelyard.model.build import JobState
from wheelyard.model.names import TargetName
from wheelyard.model.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetState:
    """A target on record, as operators see it.

    The target of the lowest `position` is probed first. Of a paused one no jobs are handed out; a
    retired one gets none, and its wheels stay.
    """

    target: Target
    position: int
    is_paused: bool
    is_retired: bool


def save_targets(connection: Connection, active: Sequence[Target]) -> None:
    """Make exactly these targets active; others stay on record, retired.

    If that changes anything, every project that has been read is planned again.
    """
    by_name = {target.name: target for target in active}
    if by_name == {target.name: target for target in active_targets(connection)}:
        return
    gone = targets.c.name.not_in(by_name), targets.c.retired.is_(False)
    for name in list(connection.scalars(select(targets.c.name).where(*gone))):
        _retire(connection, TargetName(name))
    for target in active:
        _save(connection, target, {})
    mark_all_to_plan(connection)


def add_target(connection: Connection, target: Target, *, position: int | None = None) -> None:
    """Make wheels for a target from now on; one that was retired is active again.

    `position` says when it is probed, by default as before, or first. Every project that has been
    read is planned again, the most wanted first.
    """
    _save(connection, target, {} if position is None else {"position": position})
    mark_all_to_plan(connection)


def _save(connection: Connection, target: Target, more: dict[str, Any]) -> None:
    values = _values(target) | more
    statement = insert(connection, targets).values(values)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[targets.c.name], set_=values)
    )


def pause_target(connection: Connection, name: TargetName, *, is_paused: bool) -> None:
    """Stop handing out a target's jobs, or go on; builds that run go on in any case.

    Every project that has been read is planned again: a paused target is no good as a probe.

    Raises:
        UnknownTarget: if there is no such target on record.
    """
    paused = connection.execute(
        update(targets).where(targets.c.name == name).values(paused=is_paused)
    )
    if paused.rowcount == 0:
        raise UnknownTarget(name, "`wheelyard target list` shows those that there are")
    mark_all_to_plan(connection)


def retire_target(connection: Connection, name: TargetName) -> int:
    """Make no more wheels for a target, and return how many of its jobs were dropped.

    Its wheels stay where they are, and builds that run end as they would. Every project that has
    been read is planned again: another target may have to be probed now.

    Raises:
        UnknownTarget: if there is no such target on record.
    """
    dropped = _retire(connection, name)
    mark_all_to_plan(connection)
    return dropped


def _retire(connection: Connection, name: TargetName) -> int:
    number = connection.scalar(
        update(targets)
        .where(targets.c.name == name)
        .values(retired=True, paused=False)
        .returning(targets.c.id)
    )
    if number is None:
        raise UnknownTarget(name, "`wheelyard target list` shows those that there are")
    dropped = connection.execute(
        delete(jobs).where(jobs.c.target_id == number, jobs.c.state != JobState.LEASED)
    )
    return dropped.rowcount


def active_targets(connection: Connection) -> list[Target]:
    """Return the targets that wheels are made for, in the order in which they are probed."""
    rows = connection.execute(_in_order().where(targets.c.retired.is_(False)))
    return [target_of(row) for row in rows]


def target_states(connection: Connection) -> list[TargetState]:
    """Return every target on record, retired ones too, in the order in which they are probed."""
    return [
        TargetState(
            target=target_of(row),
            position=row.position,
            is_paused=row.paused,
            is_retired=row.retired,
        )
        for row in connection.execute(_in_order())
    ]


def _in_order() -> Select[Any]:
    return select(targets).order_by(
        targets.c.position,
        targets.c.python_major,
        targets.c.python_minor,
        targets.c.name,
    )


def _values(target: Target) -> dict[str, Any]:
    return {
        "name": target.name,
        "channel": target.channel,
        "python_major": target.python[0],
        "python_minor": target.python[1],
        "python_full": target.python_full,
        "architecture": target.architecture,
        "glibc_major": target.glibc[0],
        "glibc_minor": target.glibc[1],
        "retired": False,
    }


def target_of(row: Row[Any]) -> Target:
    """Return the target of a row that has the columns of `targets`."""
    return Target(
        channel=row.channel,
        python=(row.python_major, row.python_minor),
        architecture=row.architecture,
        glibc=(row.glibc_major, row.glibc_minor),
        python_full=row.python_full,
    )
