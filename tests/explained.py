"""How the database goes about statements: the plans of those that run for real."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from wheelyard.database.engine import Connection, Engine

_EXPLAINED = ("SELECT", "UPDATE", "DELETE", "INSERT", "WITH")


@contextmanager
def explained(engine: Engine) -> Iterator[dict[str, str]]:
    """Collect the plan of each statement that runs, by the statement's text."""
    plans: dict[str, str] = {}
    is_sqlite = engine.dialect.name == "sqlite"
    prefix = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "

    def explain(
        _connection: Connection,
        cursor: Any,  # noqa: ANN401 - the driver's own
        statement: str,
        parameters: Any,  # noqa: ANN401 - whatever the driver takes
        _context: object,
        executes_many: bool,  # noqa: FBT001 - the event's arguments
    ) -> None:
        if not statement.lstrip().upper().startswith(_EXPLAINED) or statement in plans:
            return
        values = parameters[0] if executes_many else parameters
        other = cursor.connection.cursor()
        other.execute(prefix + statement, values)
        plans[statement] = "\n".join(str(row[-1]) for row in other.fetchall())
        other.close()

    event.listen(engine, "before_cursor_execute", explain)
    try:
        yield plans
    finally:
        event.remove(engine, "before_cursor_execute", explain)
