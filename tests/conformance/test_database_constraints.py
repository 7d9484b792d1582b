"""What must never be is refused by the databases themselves, whatever the code does."""

from enum import IntEnum, StrEnum
from typing import Any

import pytest
from sqlalchemy import Table, delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from factories import NOW, TARGET, digest, wheel
from stocked import LEASE, build_id, claim, enqueue, finish, register, stock
from wheelyard.database import tables
from wheelyard.database.columns import Label, Level
from wheelyard.database.engine import Connection, Engine, writing
from wheelyard.database.state import put_state
from wheelyard.database.wheels import record_wheel
from wheelyard.model.build import BuildState, FailureKind, JobState, Priority


@pytest.fixture
def stocked(engine: Engine) -> Engine:
    """A database with one running build, one finished one that made a wheel, and a waiting job."""
    with writing(engine) as connection:
        stock(connection, versions=["1.0", "2.0", "3.0"])
        builder = register(connection)
        enqueue(connection, version="1.0")
        claim(connection, builder, build=1)
        finish(connection, build=1)
        record_wheel(connection, wheel(build_id=build_id(1)))
        enqueue(connection, version="2.0")
        claim(connection, builder, build=2)
        enqueue(connection, version="3.0")
    return engine


def refused(engine: Engine, change: Any, constraint: str) -> None:  # noqa: ANN401 - a statement
    """Check that a statement breaks just this constraint, which SQLite names by its columns."""
    with writing(engine) as connection, pytest.raises(IntegrityError) as raised:
        connection.execute(change)
    name = constraint.split(":")[engine.dialect.name == "postgresql"]
    assert name in str(raised.value.orig)


def changed(table: Table, **values: object) -> Any:  # noqa: ANN401 - a statement
    return update(table).values(values)


def text_of(member: StrEnum | IntEnum) -> str:
    return f"'{member.value}'" if isinstance(member, StrEnum) else str(member.value)


ENUM_COLUMNS = [
    column
    for table in tables.metadata.sorted_tables
    for column in table.columns
    if isinstance(column.type, Label | Level)
]


@pytest.mark.parametrize("column", ENUM_COLUMNS, ids=str)
def test_the_check_of_a_column_lists_exactly_its_enums_members(column: Any) -> None:  # noqa: ANN401 - a column
    checks = {
        str(constraint.sqltext)
        for constraint in column.table.constraints
        if constraint.name == f"ck_{column.table.name}_{column.name}"
    }

    members = ", ".join(text_of(member) for member in column.type.enum)
    assert checks == {f"{column.name} IN ({members})"}


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("jobs", "state", "'gone'"),
        ("jobs", "kind", "'dance'"),
        ("jobs", "priority", "11"),
        ("builds", "state", "'perhaps'"),
        ("builds", "phase", "''"),
        ("builds", "failure_kind", "'bad-luck'"),
        ("wheels", "state", "'lost'"),
        ("projects", "status", "'ACTIVE'"),
    ],
)
def test_a_value_outside_the_enum_is_refused(
    stocked: Engine, table: str, column: str, value: str
) -> None:
    refused(stocked, text(f"UPDATE {table} SET {column} = {value}"), "CHECK:check constraint")


@pytest.mark.parametrize(
    ("table", "values", "constraint"),
    [
        (tables.jobs, {"infrastructure_attempts": -1}, "ck_jobs_counters:ck_jobs_counters"),
        (tables.builds, {"number": -1}, "ck_builds_not_negative:ck_builds_not_negative"),
        (tables.builds, {"sdist_sha256": "abc"}, "ck_builds_sdist:ck_builds_sdist_sha256"),
        (tables.wheels, {"size": 0}, "ck_wheels_size:ck_wheels_size"),
        (tables.wheels, {"sha256": "abc"}, "ck_wheels_digests:ck_wheels_digests"),
        (tables.wheels, {"channel": "trixie"}, "FOREIGN KEY:fk_wheels_target_id_channel"),
        (tables.builders, {"token_hash": "secret"}, "ck_builders:ck_builders_token_hash"),
        (tables.projects, {"missing_count": 1}, "ck_projects_missing:ck_projects_missing"),
        (tables.projects, {"missing_since": NOW}, "ck_projects_missing:ck_projects_missing"),
        (tables.releases, {"version_key": ""}, "ck_releases:ck_releases_version_key"),
        (tables.jobs, {"force": None}, "NOT NULL:not-null"),
        (tables.upstream_files, {"filename": "one"}, "UNIQUE:uq_upstream_files_project_id"),
        (tables.releases, {"project_id": 99}, "FOREIGN KEY:fk_releases_project_id"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused(
    stocked: Engine, table: Table, values: dict[str, object], constraint: str
) -> None:
    refused(stocked, changed(table, **values), constraint)


@pytest.mark.parametrize(
    "missing", ["build_id", "builder_id", "lease_expires_at"], ids=lambda name: f"no {name}"
)
def test_a_leased_job_has_all_of_a_lease(stocked: Engine, missing: str) -> None:
    change = update(tables.jobs).where(tables.jobs.c.state == JobState.LEASED)

    refused(stocked, change.values({missing: None}), "ck_jobs_lease:ck_jobs_lease")


@pytest.mark.parametrize(
    "values",
    [{"build_id": build_id(1)}, {"builder_id": 1}, {"lease_expires_at": NOW}],
    ids=str,
)
def test_a_waiting_job_has_nothing_of_a_lease(stocked: Engine, values: dict[str, object]) -> None:
    change = update(tables.jobs).where(tables.jobs.c.state == JobState.WAITING)

    refused(stocked, change.values(values), "ck_jobs_lease:ck_jobs_lease")


def test_two_jobs_never_hold_one_lease(stocked: Engine) -> None:
    lease = {
        "state": JobState.LEASED,
        "build_id": build_id(2),
        "builder_id": 1,
        "lease_expires_at": NOW + LEASE,
    }
    change = update(tables.jobs).where(tables.jobs.c.state == JobState.WAITING)

    refused(stocked, change.values(lease), "UNIQUE:uq_jobs_build_id")


def test_a_lease_is_of_a_build_that_is_on_record(stocked: Engine) -> None:
    def lease_for_nothing() -> None:
        with writing(stocked) as connection:
            connection.execute(
                update(tables.jobs)
                .where(tables.jobs.c.state == JobState.LEASED)
                .values(build_id=build_id(9))
            )

    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        lease_for_nothing()


def test_a_release_has_one_job_per_target(stocked: Engine) -> None:
    columns = [column for column in tables.jobs.c if column.name != "id"]
    again = select(*columns).where(tables.jobs.c.state == JobState.WAITING)

    refused(
        stocked,
        insert(tables.jobs).from_select([column.name for column in columns], again),
        "UNIQUE:uq_jobs_release_id_target_id_kind",
    )


def test_a_release_is_built_once_at_a_time_for_a_target(stocked: Engine) -> None:
    def claim_without_closing_the_last_build() -> None:
        with writing(stocked) as connection:
            connection.execute(delete(tables.jobs).where(tables.jobs.c.build_id == build_id(2)))
            enqueue(connection, version="2.0", priority=Priority.REQUESTED)
            claim(connection, register(connection), build=3)

    with pytest.raises(IntegrityError, match=r"uq_builds_running|UNIQUE"):
        claim_without_closing_the_last_build()


@pytest.mark.parametrize(
    "values",
    [
        {"state": BuildState.SUCCEEDED},
        {"finished_at": NOW},
        {"state": BuildState.FAILED, "finished_at": NOW},
        {"failure_kind": FailureKind.UNKNOWN, "failure_message": "?", "failure_evidence": []},
        {
            "state": BuildState.SUCCEEDED,
            "finished_at": NOW,
            "failure_kind": FailureKind.UNKNOWN,
            "failure_message": "?",
            "failure_evidence": [],
        },
        {"state": BuildState.LOST, "finished_at": NOW, "failure_kind": FailureKind.UNKNOWN},
        {"state": BuildState.LOST, "finished_at": NOW, "failure_message": "?"},
    ],
    ids=str,
)
def test_a_builds_state_end_and_failure_agree(stocked: Engine, values: dict[str, object]) -> None:
    change = update(tables.builds).where(tables.builds.c.id == build_id(2))

    refused(stocked, change.values(values), "CHECK:ck_builds_f")


def test_a_filename_has_one_row_per_channel_whatever_its_bytes(stocked: Engine) -> None:
    columns = [column for column in tables.wheels.c if column.name not in {"id", "sha256"}]
    again = select(text(f"'{digest('other')}'"), *columns)
    names = ["sha256", *(column.name for column in columns)]

    refused(
        stocked,
        insert(tables.wheels).from_select(names, again),
        "UNIQUE:uq_wheels_channel_filename",
    )


@pytest.mark.parametrize(
    "table",
    [tables.projects, tables.releases, tables.upstream_files, tables.targets, tables.builds],
    ids=str,
)
def test_nothing_that_others_refer_to_can_be_removed(stocked: Engine, table: Table) -> None:
    def remove() -> None:
        with writing(stocked) as connection:
            connection.execute(delete(table))

    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        remove()


def test_a_piece_of_a_log_belongs_to_a_build(stocked: Engine) -> None:
    stray = insert(tables.log_chunks).values(build_id=build_id(9), offset=0, data=b"x")

    refused(stocked, stray, "FOREIGN KEY:fk_log_chunks_build_id")


def test_a_transaction_that_breaks_a_constraint_leaves_nothing(stocked: Engine) -> None:
    def break_one(connection: Connection) -> None:
        connection.execute(changed(tables.wheels, size=0))

    def attempt() -> None:
        with writing(stocked) as connection:
            put_state(connection, "name", "value")
            break_one(connection)

    with pytest.raises(IntegrityError):
        attempt()

    with writing(stocked) as connection:
        assert (
            connection.scalar(select(tables.state.c.value).where(tables.state.c.key == "name"))
            is None
        )
        assert connection.scalar(select(tables.targets.c.name)) == TARGET
