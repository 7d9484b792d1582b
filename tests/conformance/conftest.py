"""Both databases, fresh for each test, with the migrated schema."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from migrated import migrated_database
from postgres import Cluster
from wheelyard.database import migrate
from wheelyard.database.engine import Engine, connect


@pytest.fixture(scope="session")
def postgresql_template(cluster: Cluster) -> str:
    name = cluster.create()
    engine = connect(cluster.url(name))
    migrate.upgrade(engine)
    engine.dispose()
    return name


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Iterator[Engine]:
    engine = connect(f"sqlite:///{migrated_database(tmp_path / 'wheelyard.sqlite')}")
    yield engine
    engine.dispose()


@pytest.fixture
def postgresql_database(postgresql_template: str, cluster: Cluster) -> Iterator[str]:
    name = cluster.create(postgresql_template)
    yield name
    cluster.drop(name)


@pytest.fixture
def postgresql_engine(postgresql_database: str, cluster: Cluster) -> Iterator[Engine]:
    engine = connect(cluster.url(postgresql_database))
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue(f"{request.param}_engine")
    return engine
