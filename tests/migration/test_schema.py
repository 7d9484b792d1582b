"""The migrated schema is the declared one, on both databases, however migrations are started."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from postgres import Cluster
from wheelyard.database import migrate
from wheelyard.database.engine import Engine, connect, reading, writing
from wheelyard.database.tables import metadata
from wheelyard.errors import DatabaseUnavailable


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'empty.sqlite'}"


@pytest.fixture
def postgresql_url(cluster: Cluster) -> Iterator[str]:
    name = cluster.create()
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = connect(url)
    yield engine
    engine.dispose()


def test_the_migrated_schema_is_the_declared_one(engine: Engine) -> None:
    migrate.upgrade(engine)

    assert migrate.differences(engine) == []


def test_a_schema_made_from_the_declarations_is_the_declared_one(engine: Engine) -> None:
    with writing(engine) as connection:
        metadata.create_all(connection)

    assert migrate.differences(engine) == []


def test_looking_for_differences_leaves_nothing_behind(engine: Engine) -> None:
    migrate.upgrade(engine)
    migrate.differences(engine)

    assert migrate.differences(engine) == []


def test_upgrading_again_changes_nothing(engine: Engine) -> None:
    migrate.upgrade(engine)
    with writing(engine) as connection:
        connection.execute(text("INSERT INTO state (key, value) VALUES ('kept', '1')"))
    migrate.upgrade(engine)

    with reading(engine) as connection:
        assert connection.scalar(text("SELECT key FROM state")) == "kept"


def test_an_empty_database_lacks_every_table(engine: Engine) -> None:
    differences = migrate.differences(engine)

    for table in metadata.tables:
        assert any(line.startswith(f"missing: {table}: ") for line in differences)


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ("DROP INDEX ix_jobs_waiting", "missing: jobs: CREATE INDEX ix_jobs_waiting"),
        ("CREATE INDEX more ON jobs (due_at)", "not declared: jobs: CREATE INDEX more"),
        ("ALTER TABLE jobs ADD COLUMN more INTEGER", "not declared: jobs: more"),
        ("ALTER TABLE wheels RENAME COLUMN size TO weight", "missing: wheels: size"),
        ("CREATE TABLE extra (id INTEGER)", "not declared: extra: id"),
    ],
)
def test_a_changed_schema_is_told_apart(engine: Engine, change: str, fact: str) -> None:
    migrate.upgrade(engine)
    with writing(engine) as connection:
        connection.execute(text(change))

    assert [line for line in migrate.differences(engine) if line.startswith(fact)]


def test_a_check_that_is_gone_from_postgresql_is_noticed(postgresql_url: str) -> None:
    engine = connect(postgresql_url)
    migrate.upgrade(engine)
    with writing(engine) as connection:
        connection.execute(text("ALTER TABLE jobs DROP CONSTRAINT ck_jobs_state"))

    (difference,) = migrate.differences(engine)
    engine.dispose()
    assert difference.startswith("missing: jobs: ck_jobs_state CHECK")


def test_a_check_that_is_gone_from_sqlite_is_noticed(sqlite_url: str) -> None:
    engine = connect(sqlite_url)
    with writing(engine) as connection:
        metadata.create_all(connection)
        connection.execute(text("PRAGMA writable_schema = ON"))
        connection.execute(
            text(
                "UPDATE sqlite_master SET sql = replace(sql, "
                "'CONSTRAINT ck_wheels_size CHECK (size > 0)', "
                "'CONSTRAINT ck_wheels_size CHECK (size > 1)') WHERE name = 'wheels'"
            )
        )

    differences = migrate.differences(engine)
    engine.dispose()
    assert differences == [
        "missing: wheels: CONSTRAINT ck_wheels_size CHECK (size > 0)",
        "not declared: wheels: CONSTRAINT ck_wheels_size CHECK (size > 1)",
    ]


def test_processes_that_start_together_upgrade_once(url: str) -> None:
    together = threading.Barrier(4)
    errors: list[BaseException] = []

    def start() -> None:
        engine = connect(url)
        together.wait()
        try:
            migrate.upgrade(engine)
        except BaseException as error:  # noqa: BLE001 - told to the test
            errors.append(error)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    engine = connect(url)
    differences = migrate.differences(engine)
    engine.dispose()
    assert errors == []
    assert differences == []


def test_a_database_that_is_away_is_said_to_be_unavailable(tmp_path: Path) -> None:
    engine = connect(f"postgresql://tests@/none?host={tmp_path}")

    with pytest.raises(DatabaseUnavailable, match="The database cannot be used"):
        migrate.upgrade(engine)
