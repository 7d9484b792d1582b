"""What operators have done by hand, when, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from wheelyard.database.tables import audit


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One command that changed something: who gave it, with which arguments, and its outcome."""

    at: datetime
    actor: str
    command: str
    arguments: dict[str, Any]
    outcome: dict[str, Any]


def record(connection: Connection, entry: AuditEntry) -> None:
    """Put a command on record, in the transaction that does what it asks for."""
    connection.execute(
        insert(audit).values(
            at=entry.at,
            actor=entry.actor,
            command=entry.command,
            arguments=entry.arguments,
            outcome=entry.outcome,
        )
    )


def entries(connection: Connection, *, limit: int) -> list[AuditEntry]:
    """Return what was done, the latest first."""
    rows = connection.execute(select(audit).order_by(audit.c.id.desc()).limit(limit))
    return [
        AuditEntry(
            at=row.at,
            actor=row.actor,
            command=row.command,
            arguments=row.arguments,
            outcome=row.outcome,
        )
        for row in rows
    ]
