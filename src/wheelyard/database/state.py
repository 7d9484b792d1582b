"""Named values, our serial among them."""

from typing import Any

from sqlalchemy import Connection, delete, select

from wheelyard.database.dialect import insert, locked
from wheelyard.database.tables import state

_SERIAL = "serial"


def get_state(connection: Connection, key: str) -> Any | None:  # noqa: ANN401 - any JSON
    """Return the JSON-able value that is kept under a key; None if there is none."""
    return connection.scalar(select(state.c.value).where(state.c.key == key))


def put_state(connection: Connection, key: str, value: Any) -> None:  # noqa: ANN401 - any JSON
    """Keep a JSON-able value under a key, in place of what was there."""
    statement = insert(connection, state).values(key=key, value=value)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[state.c.key], set_={"value": statement.excluded.value}
        )
    )


def swap_state(connection: Connection, key: str, value: Any) -> Any | None:  # noqa: ANN401 - any JSON
    """Keep a JSON-able value under a key and return what was there; None if nothing was.

    Whoever swaps the same key waits until this transaction ends.
    """
    put_if_missing(connection, key, None)
    row = select(state.c.value).where(state.c.key == key)
    before = connection.scalar(locked(connection, row, of=state))
    put_state(connection, key, value)
    return before


def put_if_missing(connection: Connection, key: str, value: Any) -> None:  # noqa: ANN401 - any JSON
    """Keep a JSON-able value under a key that has none."""
    statement = insert(connection, state).values(key=key, value=value)
    connection.execute(statement.on_conflict_do_nothing())


def drop_states(connection: Connection, first: str, end: str) -> None:
    """Forget what is kept under the keys from `first` to before `end`, in alphabetical order."""
    connection.execute(delete(state).where(state.c.key >= first, state.c.key < end))


def next_serial(connection: Connection) -> int:
    """Return our next serial; see `next_serials`."""
    return next_serials(connection, 1)


def next_serials(connection: Connection, count: int) -> int:
    """Return the first of `count` consecutive serials, greater than every one before them.

    Other transactions that want one wait until this one ends, so that serials are seen in their
    order: whoever has seen one never finds a smaller one later. Ask for them late.
    """
    first = insert(connection, state).values(key=_SERIAL, value=0)
    connection.execute(first.on_conflict_do_nothing())
    row = select(state.c.value).where(state.c.key == _SERIAL)
    last = int(connection.scalar(locked(connection, row, of=state)) or 0)
    put_state(connection, _SERIAL, last + count)
    return last + 1


def current_serial(connection: Connection) -> int:
    """Return the last serial that was given; 0 before the first."""
    return int(get_state(connection, _SERIAL) or 0)
