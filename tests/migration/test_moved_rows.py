"""What stood in the tables of the first version is where the second one looks for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from postgres import Cluster
from wheelyard.database import migrate
from wheelyard.database.engine import Engine, connect, reading, writing

PROJECT = (
    "INSERT INTO projects (id, name, status, missing_count, created_at, read_at, plan_from,"
    " skip_reason) VALUES ({}, '{}', 'active', 0, '2026-11-01 00:00:00', {}, {}, {})"
)
READ = "'2026-11-02 00:00:00'"


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path, cluster: Cluster) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = connect(f"sqlite:///{tmp_path / 'empty.sqlite'}")
        yield engine
        engine.dispose()
        return
    name = cluster.create()
    engine = connect(cluster.url(name))
    yield engine
    engine.dispose()
    cluster.drop(name)


def test_skipped_projects_and_marks_for_planning_are_moved(engine: Engine) -> None:
    with writing(engine) as connection:
        command.upgrade(migrate._configuration(connection), "0001")  # noqa: SLF001 - half-way
        connection.execute(text(PROJECT.format(1, "huge", READ, READ, "'It is too large.'")))
        connection.execute(text(PROJECT.format(2, "read", READ, READ, "NULL")))
        connection.execute(text(PROJECT.format(3, "unread", "NULL", READ, "NULL")))
    migrate.upgrade(engine)
    with reading(engine) as connection:
        skips = connection.execute(text("SELECT project_id, versions, target, reason FROM skips"))
        assert [tuple(row) for row in skips] == [(1, "", "", "It is too large.")]
        marked = connection.execute(text("SELECT name FROM projects WHERE plan_from IS NOT NULL"))
        assert sorted(marked.scalars()) == ["huge", "read"]
