"""A database is copied whole, from either kind to the other."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from sqlalchemy import text

from factories import NOW, digest, failure, project_page, upstream_file
from postgres import Cluster
from stocked import claim, enqueue, finish, register, stock
from wheelyard.database import audit, builds, copying, migrate, projects, recipes, skips, state
from wheelyard.database.audit import AuditEntry
from wheelyard.database.copying import TableContents, contents, copy_database
from wheelyard.database.engine import Engine, connect, reading, writing
from wheelyard.database.tables import metadata
from wheelyard.errors import DatabaseUnavailable, Refused
from wheelyard.model.build import BuildState
from wheelyard.model.project import Skip, Want
from wheelyard.model.recipe import Recipe, RecipeOrigin, RecipeRule


@pytest.fixture
def filled(engine: Engine) -> Engine:
    """Return a database with rows of many kinds, hostile texts among them."""
    with writing(engine) as connection:
        stock(connection, versions=("1.0", "2.0"))
        enqueue(connection)
        enqueue(connection, version="2.0")
        claim(connection, register(connection))
        builds.append_log(connection, f"{1:032x}", offset=0, data=bytes(range(256)))
        finish(
            connection,
            state=BuildState.FAILED,
            failure=failure(message="a\\b 'c' \"d\" é 漢 \u2028", evidence=["x\x7fy", "z\t"]),
        )
        claim(connection, register(connection), build=2)
        page = project_page(
            replace(upstream_file("odd-1.0.tar.gz"), core_metadata=False, gpg_sig=True),
            upstream_file("odd-1.0-py3-none-any.whl", hashes={}, size=None, uploaded_at=None),
            name="odd",
            serial=2**53 + 1,
            summary="",
        )
        projects.save_page(connection, page, at=NOW + timedelta(microseconds=1))
        name = page.name
        recipe = Recipe(debian_packages=("libx-dev",), environment={"A": "Ü\\"})
        rule = RecipeRule(origin=RecipeOrigin.PERSON, versions=SpecifierSet(), recipe=recipe)
        recipes.save_recipe(connection, name, rule, at=NOW)
        projects.want(connection, Want(project=name, force=True), at=NOW)
        skips.add_skip(connection, Skip(project=name, reason="it\nhas two lines"), at=NOW)
        state.put_state(connection, "nothing", None)
        state.put_state(connection, "much", {"a": [1, 2.5, None, True, "\0"]})
        entry = AuditEntry(at=NOW, actor="ann", command="x", arguments={"y": []}, outcome={})
        audit.record(connection, entry)
    return engine


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path, cluster: Cluster) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = connect(f"sqlite:///{tmp_path / 'copy.sqlite'}")
        migrate.upgrade(engine)
        yield engine
        engine.dispose()
        return
    name = cluster.create(request.getfixturevalue("postgresql_template"))
    engine = connect(cluster.url(name))
    yield engine
    engine.dispose()
    cluster.drop(name)


def copy(source: Engine, destination: Engine) -> list[TableContents]:
    with reading(source) as old, writing(destination) as new:
        return copy_database(old, new, tell=lambda _: None)


def everything(engine: Engine) -> list[TableContents]:
    with reading(engine) as connection:
        return [contents(connection, table) for table in metadata.sorted_tables]


def test_a_copy_has_every_row_of_every_table(filled: Engine, empty: Engine) -> None:
    copied = copy(filled, empty)

    assert everything(empty) == everything(filled) == copied
    rows = {table.table: table.rows for table in copied}
    assert set(rows) == {table.name for table in metadata.tables.values()}
    assert (rows["builds"], rows["jobs"], rows["log_chunks"], rows["projects"]) == (2, 1, 1, 2)


def test_new_rows_of_a_copy_get_numbers_of_their_own(filled: Engine, empty: Engine) -> None:
    copy(filled, empty)

    with writing(empty) as connection:
        register(connection, "another")
        stock(connection, project="spidev")
        enqueue(connection, project="spidev")


def test_nothing_is_copied_over_something(filled: Engine, empty: Engine) -> None:
    with writing(empty) as connection:
        state.put_state(connection, "a", 1)

    with pytest.raises(Refused):
        copy(filled, empty)
    assert sum(table.rows for table in everything(empty)) == 1


def test_a_copy_that_arrives_changed_is_not_kept(
    filled: Engine, empty: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = copying.contents

    def lossy(connection: object, table: object) -> TableContents:
        found = honest(connection, table)  # type: ignore[arg-type] # passed through
        return replace(found, digest=digest()) if found.table == "builds" else found

    monkeypatch.setattr(copying, "contents", lossy)

    with pytest.raises(DatabaseUnavailable):
        copy(filled, empty)
    monkeypatch.undo()
    assert sum(table.rows for table in everything(empty)) == 0


def test_the_digest_tells_the_smallest_difference(filled: Engine, empty: Engine) -> None:
    copy(filled, empty)
    with writing(empty) as connection:
        connection.execute(text("UPDATE projects SET summary = ' ' WHERE name = 'odd'"))

    before = {table.table: table for table in everything(filled)}
    after = {table.table: table for table in everything(empty)}
    changed = {name for name, table in after.items() if table != before[name]}
    assert changed == {"projects"}
    assert after["projects"].rows == before["projects"].rows
