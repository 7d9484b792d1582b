"""How far logs have been counted, and what of them could not be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, delete, func, select, update

from wheelyard.database.dialect import insert
from wheelyard.database.tables import log_positions, log_rejects

_SAMPLES = 20


@dataclass(frozen=True, slots=True)
class Known:
    """How far one file of a log has been counted, in bytes; `is_finished` if to its very end."""

    offset: int
    is_finished: bool = False


def known_positions(connection: Connection, source: str) -> dict[str, Known]:
    """Return how far each file of a source has been counted, by the file's identity."""
    rows = connection.execute(
        select(log_positions.c.identity, log_positions.c.position, log_positions.c.finished).where(
            log_positions.c.source == source
        )
    )
    return {row.identity: Known(row.position, row.finished) for row in rows}


def move_position(  # noqa: PLR0913 - where it was and where it is
    connection: Connection,
    source: str,
    identity: str,
    *,
    start: Known | None,
    end: Known,
    at: datetime,
) -> bool:
    """Note that a file was counted from where it was known to be to a new place.

    Returns false, and changes nothing, if somebody else has counted of it meanwhile.
    """
    row = {"position": end.offset, "finished": end.is_finished, "updated_at": at}
    if start is None:
        fresh = insert(connection, log_positions).values(source=source, identity=identity, **row)
        added = fresh.on_conflict_do_nothing().returning(log_positions.c.identity)
        return connection.scalar(added) is not None
    moved = connection.execute(
        update(log_positions)
        .where(
            log_positions.c.source == source,
            log_positions.c.identity == identity,
            log_positions.c.position == start.offset,
            log_positions.c.finished.is_(start.is_finished),
        )
        .values(row)
    )
    return moved.rowcount == 1


def forget_positions(connection: Connection, *, before: datetime) -> int:
    """Forget files that nobody has counted of for long; they are gone from the disk."""
    return connection.execute(
        delete(log_positions).where(
            log_positions.c.updated_at < before, log_positions.c.source.not_like("import:%")
        )
    ).rowcount


def add_rejects(
    connection: Connection, source: str, *, day: date, lines: int, samples: Sequence[str]
) -> None:
    """Count lines that could not be read, and keep a few of them, cleaned of addresses."""
    key = (log_rejects.c.source == source) & (log_rejects.c.day == day)
    kept = connection.scalar(select(log_rejects.c.samples).where(key)) or []
    together = [*kept, *samples][:_SAMPLES]
    statement = insert(connection, log_rejects).values(
        source=source, day=day, lines=lines, samples=together
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[log_rejects.c.source, log_rejects.c.day],
            set_={"lines": log_rejects.c.lines + lines, "samples": statement.excluded.samples},
        )
    )


@dataclass(frozen=True, slots=True)
class SourceState:
    """How much of a source was counted: files, bytes of their text, and when last."""

    source: str
    files: int
    position: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Rejected:
    """How many lines of a source could not be read on a day, and a few of them."""

    source: str
    day: date
    lines: int
    samples: tuple[str, ...]


def source_states(connection: Connection) -> list[SourceState]:
    """Return what was counted of each source, imports among them."""
    positions = log_positions.c
    rows = connection.execute(
        select(
            positions.source,
            func.count().label("files"),
            func.sum(positions.position).label("position"),
            func.max(positions.updated_at).label("updated_at"),
        )
        .group_by(positions.source)
        .order_by(positions.source)
    )
    return [SourceState(row.source, row.files, int(row.position), row.updated_at) for row in rows]


def recent_rejects(connection: Connection, *, limit: int = 50) -> list[Rejected]:
    """Return the latest days' lines that could not be read."""
    rejects = log_rejects.c
    rows = connection.execute(
        select(log_rejects).order_by(rejects.day.desc(), rejects.source).limit(limit)
    )
    return [Rejected(row.source, row.day, row.lines, tuple(row.samples)) for row in rows]
