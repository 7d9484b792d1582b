"""Who leads, where of several processes one is to do the work: a lease by the database's clock."""

from datetime import timedelta

from sqlalchemy import Connection, or_, select

from wheelyard.database.dialect import clock_time, insert
from wheelyard.database.tables import leaders


def leads(connection: Connection, name: str, *, holder: str, lasts: timedelta) -> bool:
    """Take the lead called `name` for a time, or renew it; false while somebody else has it.

    Until the transaction ends nobody else can take it, so what is written under the lead in the
    same transaction is written by the leader alone. A holder that is gone is followed by another
    when its time is over.
    """
    now = clock_time(connection)
    statement = insert(connection, leaders).values(name=name, holder=holder, expires_at=now + lasts)
    taken = connection.execute(
        statement.on_conflict_do_update(
            index_elements=[leaders.c.name],
            set_={"holder": statement.excluded.holder, "expires_at": statement.excluded.expires_at},
            where=or_(leaders.c.holder == holder, leaders.c.expires_at <= now),
        ).returning(leaders.c.name)
    )
    return taken.first() is not None


def leading(connection: Connection) -> list[str]:
    """Return who leads anything at this moment: the services that run."""
    alive = leaders.c.expires_at > clock_time(connection)
    return sorted(set(connection.scalars(select(leaders.c.holder).where(alive))))
