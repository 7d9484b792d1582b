"""Jobs: what the queue lives by, the statements about decisions and leases with it.

A job is a row only while there is something to do.
"""

from sqlalchemy import Connection, func, select

from wheelyard.database.decisions import decisions, record_decision
from wheelyard.database.leases import (
    claim,
    complete,
    expired_leases,
    leased_job,
    promote,
    put_back,
    renew,
)
from wheelyard.database.tables import jobs, targets
from wheelyard.model.job import JobCount
from wheelyard.model.names import TargetName

__all__ = [
    "claim",
    "complete",
    "decisions",
    "expired_leases",
    "job_counts",
    "leased_job",
    "promote",
    "put_back",
    "record_decision",
    "renew",
]


def job_counts(connection: Connection) -> list[JobCount]:
    """Return how many jobs there are, by target and state; where there is none, no count."""
    rows = connection.execute(
        select(targets.c.name, jobs.c.state, func.count().label("jobs"))
        .join_from(jobs, targets, targets.c.id == jobs.c.target_id)
        .group_by(targets.c.name, jobs.c.state)
        .order_by(targets.c.name, jobs.c.state)
    )
    return [JobCount(target=TargetName(row.name), state=row.state, count=row.jobs) for row in rows]
