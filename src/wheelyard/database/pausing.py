"""Whether jobs are handed out at all: an operator's word, kept among the named values."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete

from wheelyard.database.state import get_state, put_state
from wheelyard.database.tables import state

QUEUE_PAUSED = "queue-paused"
"""The key that has a value while no jobs are handed out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePause:
    """Since when no jobs are handed out, and why."""

    at: datetime
    reason: str


def pause_queue(connection: Connection, *, reason: str, at: datetime) -> None:
    """Hand out no more jobs until `resume_queue`."""
    put_state(connection, QUEUE_PAUSED, {"at": at.isoformat(), "reason": reason})


def resume_queue(connection: Connection) -> bool:
    """Hand out jobs again; false if they were."""
    resumed = connection.execute(delete(state).where(state.c.key == QUEUE_PAUSED))
    return resumed.rowcount == 1


def queue_pause(connection: Connection) -> QueuePause | None:
    """Return since when and why no jobs are handed out; None if they are."""
    value = get_state(connection, QUEUE_PAUSED)
    if value is None:
        return None
    return QueuePause(at=datetime.fromisoformat(value["at"]), reason=value["reason"])
