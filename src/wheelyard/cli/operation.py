"""What the commands of operators have in common: the database, and a record of what they did."""

import getpass
import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wheelyard import log
from wheelyard.cli.output import plain
from wheelyard.context import Context, open_context
from wheelyard.database import audit, migrate
from wheelyard.database.audit import AuditEntry
from wheelyard.database.engine import Connection, Engine, writing
from wheelyard.settings import load


@dataclass(slots=True, kw_only=True)
class Operation:
    """A change under way: its transaction, its moment, and what is to be said of its outcome."""

    connection: Connection
    at: datetime
    outcome: dict[str, Any] = field(default_factory=dict)


def opened() -> Context:
    """Open what the settings name, with the schema up to date.

    Raises:
        DatabaseUnavailable: if the database cannot be opened.
    """
    log.configure(level=logging.WARNING)
    context = open_context(load())
    migrate.upgrade(context.engine)
    return context


@contextmanager
def audited(
    context: Context,
    command: str,
    arguments: Mapping[str, object],
    *,
    engine: Engine | None = None,
) -> Iterator[Operation]:
    """Open a transaction that changes something, and puts on record who did so and how.

    `engine` is the database, by default that of the context. If the block fails nothing is
    changed, and nothing recorded.
    """
    with writing(engine or context.engine) as connection:
        operation = Operation(connection=connection, at=context.clock.now())
        yield operation
        entry = AuditEntry(
            at=operation.at,
            actor=actor(),
            command=command,
            arguments=plain(arguments),
            outcome=plain(operation.outcome),
        )
        audit.record(connection, entry)


def actor() -> str:
    """Return who gives the command: the user and the machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # A user without a name, as containers have them.
        user = "unnamed user"
    return f"{user} on {socket.gethostname()}"
