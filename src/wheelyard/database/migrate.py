"""Bringing a database's schema up to date, and telling whether it is what the tables declare."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine

from wheelyard.database.catalogue import describe, describe_declared
from wheelyard.database.dialect import lock_for_this_transaction
from wheelyard.database.engine import writing
from wheelyard.database.tables import metadata

_LOCK = 0x7768656C
_BOOKKEEPING = "alembic_version:"


def upgrade(engine: Engine) -> None:
    """Run the steps that the database has not seen yet, all of them or none.

    Processes that start together take turns, and the later ones find nothing to do.

    Raises:
        DatabaseUnavailable: if the database cannot be reached.
    """
    with writing(engine) as connection:
        lock_for_this_transaction(connection, _LOCK)
        command.upgrade(_configuration(connection), "head")


def _configuration(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "wheelyard.database:migrations")
    return config


def differences(engine: Engine) -> list[str]:
    """Tell in what the database's schema differs from the declared tables; empty if in nothing.

    Columns, types, keys, constraints, CHECKs and indexes are compared as the database itself
    describes them, with those of a scratch schema that is made from the declarations and thrown
    away again.
    """
    with writing(engine) as connection:
        found = {fact for fact in describe(connection) if not fact.startswith(_BOOKKEEPING)}
        declared = describe_declared(connection, metadata)
    missing = [f"missing: {fact}" for fact in sorted(declared - found)]
    return missing + [f"not declared: {fact}" for fact in sorted(found - declared)]
