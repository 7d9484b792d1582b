"""What must be true of the rows, and what the rows promise of the store."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, ForeignKeyConstraint, and_, exists, func, or_, select

from wheelyard.database.tables import builds, metadata, wheels
from wheelyard.model.names import Filename, Sha256
from wheelyard.model.wheel import WheelState, package_path, withheld_path

_ROWS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class BrokenReference:
    """Rows of a table that refer to rows of another table which are not there."""

    name: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PromisedWheel:
    """A wheel whose bytes the store must have under a key, with its METADATA beside it."""

    key: str
    size: int
    sha256: Sha256
    metadata_sha256: Sha256


def broken_references(connection: Connection) -> list[BrokenReference]:
    """Look whether every row that is referred to is there; reads all tables whole."""
    found = []
    for table in metadata.sorted_tables:
        for constraint in sorted(table.foreign_key_constraints, key=lambda one: str(one.name)):
            rows = _count_broken(connection, constraint)
            if rows:
                found.append(BrokenReference(str(constraint.name), rows))
    return found


def _count_broken(connection: Connection, constraint: ForeignKeyConstraint) -> int:
    child, parent = constraint.table, constraint.referred_table.alias("parent")
    pairs = [(element.parent, parent.c[element.column.name]) for element in constraint.elements]
    is_there = exists().where(*(column == key for column, key in pairs))
    refers = and_(*(column.is_not(None) for column, _ in pairs))
    query = select(func.count()).select_from(child).where(refers, ~is_there)
    return int(connection.scalar(query) or 0)


def promised_wheels(connection: Connection) -> Iterator[PromisedWheel]:
    """Yield every wheel that is served, or kept aside to come back, in the order of its making."""
    is_kept = or_(
        wheels.c.state.in_([WheelState.PUBLISHED, WheelState.SUPERSEDED]),
        and_(wheels.c.state == WheelState.WITHDRAWN, wheels.c.recalled.is_(False)),
    )
    last = 0
    while True:
        rows = connection.execute(
            select(wheels)
            .where(wheels.c.id > last, is_kept)
            .order_by(wheels.c.id)
            .limit(_ROWS_AT_ONCE)
        ).all()
        for row in rows:
            path = package_path(Sha256(row.sha256), Filename(row.filename))
            yield PromisedWheel(
                key=withheld_path(path) if row.withheld else path,
                size=row.size,
                sha256=Sha256(row.sha256),
                metadata_sha256=Sha256(row.metadata_sha256),
            )
        if not rows:
            return
        last = rows[-1].id


def promised_logs(connection: Connection) -> Iterator[str]:
    """Yield where the store must have the logs of builds."""
    last = ""
    while True:
        rows = connection.execute(
            select(builds.c.id, builds.c.log_key)
            .where(builds.c.id > last, builds.c.log_key.is_not(None))
            .order_by(builds.c.id)
            .limit(_ROWS_AT_ONCE)
        ).all()
        for row in rows:
            yield str(row.log_key)
        if not rows:
            return
        last = rows[-1].id
