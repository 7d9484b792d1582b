"""Both databases, fresh for each test, with the migrated schema."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from postgres import Cluster
from wheelyard.database import migrate
from wheelyard.database.engine import Engine, connect


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgresql_template(cluster: Cluster) -> str:
    name = cluster.create()
    _migrate(cluster.url(name))
    return name


def _migrate(url: str) -> None:
    engine = connect(url)
    migrate.upgrade(engine)
    engine.dispose()


@pytest.fixture
def sqlite_engine(sqlite_template: Path, tmp_path: Path) -> Iterator[Engine]:
    file = tmp_path / "wheelyard.sqlite"
    shutil.copyfile(sqlite_template, file)
    engine = connect(f"sqlite:///{file}")
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
