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
DIGEST = "a" * 64
READ = "'2026-11-02 00:00:00'"
BEFORE_WHEELS = f"""
{PROJECT.replace(", skip_reason", "").replace(", {})", ")").format(1, "spam", READ, READ)};
INSERT INTO releases (id, project_id, version, version_key) VALUES (1, 1, '1.0', '1');
INSERT INTO upstream_files (id, project_id, release_id, position, filename, url, hashes, yanked)
    VALUES (1, 1, 1, 0, 'spam-1.0.tar.gz', 'https://example.org/', '{{}}', false);
INSERT INTO targets (id, name, channel, python_major, python_minor, architecture, glibc_major,
    glibc_minor, retired)
    VALUES (1, 'bookworm-cp311-aarch64', 'bookworm', 3, 11, 'aarch64', 2, 36, false);
INSERT INTO builders (id, name, token_hash, targets, created_at)
    VALUES (1, 'board', '{DIGEST}', '[]', {READ});
INSERT INTO builds (id, kind, release_id, target_id, builder_id, number, state, phase, started_at,
    finished_at, sdist_id, sdist_url, sdist_sha256)
    VALUES ('{"b" * 32}', 'build', 1, 1, 1, 0, 'succeeded', 'inspect', {READ}, {READ}, 1,
    'https://example.org/', '{DIGEST}')
"""
WHEEL = (
    "INSERT INTO wheels (id, release_id, target_id, channel, build_id, filename,"
    " untagged_filename, size, sha256, metadata_sha256, state, uploaded_at)"
    " VALUES (:id, 1, 1, 'bookworm', :build, :name, :name, 1, :sha, :sha, 'published',"
    f" {READ})"
)


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


def test_wheels_that_keep_to_manylinux_are_found_to_be_portable(engine: Engine) -> None:
    names = {
        "spam-1.0-cp311-abi3-manylinux_2_28_aarch64.linux_aarch64.whl": 28,
        "spam-1.0-cp311-abi3-manylinux_2_31_armv7l.linux_armv7l.whl": None,
        "spam-1.0-cp311-abi3-linux_aarch64.whl": None,
        "spam-2.0-cp311-abi3-manylinux_2_28_aarch64.whl": None,
    }
    with writing(engine) as connection:
        command.upgrade(migrate._configuration(connection), "0006")  # noqa: SLF001 - half-way
        for line in BEFORE_WHEELS.split(";"):
            connection.execute(text(line.replace(":", "\\:")))
        for number, name in enumerate(names, start=1):
            connection.execute(
                text(WHEEL), {"id": number, "name": name, "sha": f"{number:064}", "build": "b" * 32}
            )
        connection.execute(text("INSERT INTO wheel_dependencies VALUES (4, 'libgl1')"))
    migrate.upgrade(engine)
    with reading(engine) as connection:
        rows = connection.execute(text("SELECT filename, portable_from FROM wheels"))
        assert {row.filename: row.portable_from for row in rows} == names
