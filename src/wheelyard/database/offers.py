"""Which targets builders can serve, in which lane, and how fast."""

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, exists, insert, literal, select

from wheelyard.database.tables import builders, jobs, offers
from wheelyard.model.build import JobState
from wheelyard.model.lane import Offer
from wheelyard.model.names import TargetName

# The partial index serves only statements that name the state itself, not a parameter.
_LEASED = literal(JobState.LEASED, jobs.c.state.type, literal_execute=True)
_MARGIN = 1.25
"""Who is less than so many times as fast is not waited for: measurements differ by as much."""

_rival = offers.alias("rival")


def save_offers(connection: Connection, builder_id: int, found: Iterable[Offer]) -> None:
    """Put what a builder offers in place of what it offered before."""
    connection.execute(delete(offers).where(offers.c.builder_id == builder_id))
    rows = [
        {
            "builder_id": builder_id,
            "target": offer.target,
            "lane": offer.lane,
            "speed": offer.speed,
        }
        for offer in {offer.target: offer for offer in found}.values()
    ]
    if rows:
        connection.execute(insert(offers), rows)


def offers_of(connection: Connection) -> dict[int, list[Offer]]:
    """Return what builders offer, by the number of the builder, by target."""
    rows = connection.execute(select(offers).order_by(offers.c.builder_id, offers.c.target))
    found: dict[int, list[Offer]] = {}
    for row in rows:
        offer = Offer(target=TargetName(row.target), lane=row.lane, speed=row.speed)
        found.setdefault(row.builder_id, []).append(offer)
    return found


def served_faster(
    connection: Connection,
    builder_id: int,
    targets: Collection[TargetName],
    *,
    seen_since: datetime,
) -> frozenset[TargetName]:
    """Return those of a builder's targets that a faster one, idle and asking for jobs, offers too.

    Idle is who holds no lease, may work, and was seen after `seen_since`.
    """
    parameters = {"builder": builder_id, "seen_since": seen_since}
    found = frozenset(connection.scalars(_faster(), parameters))
    return found.intersection(targets)


@cache
def _faster() -> Select[Any]:
    is_busy = exists().where(jobs.c.state == _LEASED, jobs.c.builder_id == builders.c.id)
    return (
        select(offers.c.target)
        .join_from(offers, _rival, _rival.c.target == offers.c.target)
        .join(builders, builders.c.id == _rival.c.builder_id)
        .where(
            offers.c.builder_id == bindparam("builder"),
            _rival.c.builder_id != offers.c.builder_id,
            _rival.c.speed >= offers.c.speed * _MARGIN,
            builders.c.revoked_at.is_(None),
            builders.c.draining.is_(False),
            builders.c.last_seen_at >= bindparam("seen_since", type_=builders.c.last_seen_at.type),
            ~is_busy,
        )
    )
