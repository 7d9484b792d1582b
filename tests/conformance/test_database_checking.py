from collections.abc import Iterator

import pytest
from sqlalchemy import text

from stocked import claim, enqueue, register, stock
from wheelyard.database.checking import BrokenReference, broken_references
from wheelyard.database.engine import Connection, Engine, reading, writing


@pytest.fixture
def careless(engine: Engine) -> Iterator[Connection]:
    """Yield a connection that does not mind about foreign keys, as a damaged file would not."""
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)
        claim(connection, register(connection))
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")  # type: ignore[union-attr] # it is connected
            connection = connection.execution_options(wheelyard_writing=True)  # noqa: PLW2901 - the same one
        else:
            connection.execute(text("SET session_replication_role = replica"))
        yield connection
        connection.invalidate()


def test_a_sound_database_has_no_broken_references(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)
        claim(connection, register(connection))

    with reading(engine) as connection:
        assert broken_references(connection) == []


def test_rows_that_refer_to_nothing_are_found(careless: Connection, engine: Engine) -> None:
    careless.execute(text("DELETE FROM builders"))
    careless.execute(text("DELETE FROM targets"))
    careless.commit()

    with reading(engine) as connection:
        assert broken_references(connection) == [
            BrokenReference("fk_builds_builder_id", 1),
            BrokenReference("fk_builds_target_id", 1),
            BrokenReference("fk_jobs_builder_id", 1),
            BrokenReference("fk_jobs_target_id", 1),
        ]
