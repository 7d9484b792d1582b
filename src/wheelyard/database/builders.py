"""Machines that take jobs."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, func, literal, or_, select, update

from wheelyard.database.dialect import insert
from wheelyard.database.tables import builders, builds, jobs, offers
from wheelyard.model.build import JobState
from wheelyard.model.builder import Builder
from wheelyard.model.names import TargetName

# The partial index serves only statements that name the state itself, not a parameter.
_LEASED = literal(JobState.LEASED, jobs.c.state.type, literal_execute=True)


def add_builder(  # noqa: PLR0913 - what a token is issued with
    connection: Connection,
    *,
    name: str,
    token_hash: str,
    targets: frozenset[TargetName],
    at: datetime,
    expires_at: datetime | None = None,
) -> Builder:
    """Put a builder on record, or give one that is a new token; the old one is worth nothing then.

    `targets` are those that it may build for, none meaning all; `token_hash` is never the token.
    """
    values: dict[str, Any] = {
        "token_hash": token_hash,
        "targets": sorted(targets),
        "expires_at": expires_at,
        "revoked_at": None,
        "draining": False,
    }
    statement = insert(connection, builders).values(name=name, created_at=at, **values)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[builders.c.name], set_=values)
    )
    return _builder(connection.execute(select(builders).where(builders.c.name == name)).one())


def builder_by_token_hash(connection: Connection, token_hash: str) -> Builder | None:
    """Return the builder that has a token, expired and revoked ones too; None if nobody has it."""
    row = connection.execute(
        select(builders).where(builders.c.token_hash == token_hash)
    ).one_or_none()
    return None if row is None else _builder(row)


def all_builders(connection: Connection) -> list[Builder]:
    """Return every builder on record, by name."""
    rows = connection.execute(select(builders).order_by(builders.c.name))
    return [_builder(row) for row in rows]


def touch_builder(
    connection: Connection,
    builder_id: int,
    *,
    at: datetime,
    capabilities: dict[str, Any] | None = None,
) -> None:
    """Note that a builder was seen, and what it told of itself if it did (JSON-able)."""
    values: dict[str, Any] = {"last_seen_at": at}
    if capabilities is not None:
        values["capabilities"] = capabilities
    connection.execute(update(builders).where(builders.c.id == builder_id).values(values))


def note_signs_of_life(
    connection: Connection, builder_id: int, *, at: datetime, every: timedelta
) -> None:
    """Note that a builder asks for jobs, `every` so often at most: it asks many times in a row."""
    connection.execute(
        update(builders)
        .where(
            builders.c.id == builder_id,
            or_(builders.c.last_seen_at.is_(None), builders.c.last_seen_at <= at - every),
        )
        .values(last_seen_at=at)
    )


def builder_capabilities(connection: Connection, builder_id: int) -> dict[str, Any]:
    """Return what a builder told of itself when it last registered; empty if it never did."""
    told = connection.scalar(select(builders.c.capabilities).where(builders.c.id == builder_id))
    return dict(told or {})


def revoke_builder(connection: Connection, name: str, *, at: datetime) -> bool:
    """Revoke a builder's token; false if there is no such builder or it was revoked before."""
    revoked = connection.execute(
        update(builders)
        .where(builders.c.name == name, builders.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )
    return revoked.rowcount == 1


def drain_builder(connection: Connection, name: str, *, is_draining: bool) -> bool:
    """Give a builder no more jobs, or go on giving it some; false if there is no such builder."""
    drained = connection.execute(
        update(builders).where(builders.c.name == name).values(draining=is_draining)
    )
    return drained.rowcount == 1


def builder_named(connection: Connection, name: str) -> Builder | None:
    """Return the builder of a name; None if there is none."""
    row = connection.execute(select(builders).where(builders.c.name == name)).one_or_none()
    return None if row is None else _builder(row)


def forget_builder(connection: Connection, builder_id: int) -> bool:
    """Take a builder off the record, if no build of its own is; returns whether it is gone.

    It must hold no lease. It offers nothing any more either way.
    """
    connection.execute(delete(offers).where(offers.c.builder_id == builder_id))
    has_built = exists().where(builds.c.builder_id == builder_id)
    gone = connection.execute(delete(builders).where(builders.c.id == builder_id, ~has_built))
    return gone.rowcount == 1


def leases_of_builders(connection: Connection) -> dict[int, int]:
    """Return how many jobs builders have leased, by the number of the builder."""
    rows = connection.execute(
        select(jobs.c.builder_id, func.count().label("leases"))
        .where(jobs.c.state == _LEASED)
        .group_by(jobs.c.builder_id)
    )
    return {int(row.builder_id): int(row.leases) for row in rows}


def _builder(row: Row[Any]) -> Builder:
    return Builder(
        id=row.id,
        name=row.name,
        targets=frozenset(TargetName(name) for name in row.targets),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_seen_at=row.last_seen_at,
        is_draining=row.draining,
    )
