"""How the change sources do, kept under the names `source:<name>` in `state`."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from wheelyard.database.columns import clean
from wheelyard.database.state import get_state, put_state
from wheelyard.database.tables import state
from wheelyard.model.change import SourceStatus

_ORDER = "sources"
_PREFIX = "source:"
_MOMENTS = ("told_until", "tried_at", "succeeded_at", "retry_at")
_MAX_ERROR = 1000


def save_source_order(connection: Connection, names: tuple[str, ...]) -> None:
    """Note which sources there are, the preferred one first."""
    if get_state(connection, _ORDER) != list(names):
        put_state(connection, _ORDER, list(names))


def stored_sources(connection: Connection) -> dict[str, SourceStatus]:
    """Return how every source does that was ever asked, by name."""
    rows = connection.execute(
        select(state.c.key, state.c.value).where(state.c.key.startswith(_PREFIX))
    )
    statuses = (_status(key.removeprefix(_PREFIX), value) for key, value in rows)
    return {status.name: status for status in statuses}


def source_status(connection: Connection) -> list[SourceStatus]:
    """Return how the sources do that are configured, the preferred one first.

    The first that is not given up is the one that is used. Before the follower has ever run there
    are none.
    """
    stored = stored_sources(connection)
    names = get_state(connection, _ORDER) or []
    statuses = [stored.get(name, SourceStatus(name=name)) for name in names]
    used = next((status.name for status in statuses if not status.is_given_up), None)
    return [replace(status, is_used=status.name == used) for status in statuses]


def save_source(connection: Connection, status: SourceStatus) -> None:
    """Keep how a source does; its cursor belongs into the transaction that marks its changes."""
    value: dict[str, Any] = {
        "cursor": status.cursor,
        "serial": status.serial,
        "failures": status.failures,
        "is_missing": status.is_missing,
        "error": None if status.error is None else clean(status.error)[:_MAX_ERROR],
    }
    for name in _MOMENTS:
        moment: datetime | None = getattr(status, name)
        value[name] = None if moment is None else moment.isoformat()
    put_state(connection, f"{_PREFIX}{status.name}", value)


def _status(name: str, value: dict[str, Any]) -> SourceStatus:
    fields = value | {
        moment: None if value[moment] is None else datetime.fromisoformat(value[moment])
        for moment in _MOMENTS
    }
    return SourceStatus(name=name, **fields)
