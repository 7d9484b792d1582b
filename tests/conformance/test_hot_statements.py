"""No statement that runs all the time reads a big table from its beginning to its end."""

import re
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from packaging.version import Version
from sqlalchemy import text

from explained import explained
from factories import project_page, upstream_file
from population import NOW, TARGETS, populate
from wheelyard.database import (
    builders,
    builds,
    due,
    examinations,
    leases,
    pages,
    plans,
    projects,
    queue,
    reading,
    waits,
)
from wheelyard.database import engine as database
from wheelyard.database.changes import changes_after
from wheelyard.database.engine import Connection, Engine
from wheelyard.database.wheels import wheel_by_path, wheels_of_project
from wheelyard.model.build import BuildState, Phase
from wheelyard.model.change import ChangedProject
from wheelyard.model.names import parse_project_name
from wheelyard.model.project import Want
from wheelyard.queue.planning import plan_next
from wheelyard.queue.withdrawal import settle_wheels
from wheelyard.settings import PolicySettings

PROJECTS = 1500
BIG = ("projects", "releases", "upstream_files", "decisions", "builds", "jobs", "wheels", "pages")
EMPTY_HERE = ("wheels", "pages")
PROJECT = parse_project_name("project-7")
LEASE = timedelta(minutes=1)


def scans(plan: str, tables: Sequence[str]) -> list[str]:
    """Return those of some tables that a plan reads whole."""
    found = re.findall(r"Seq Scan on (\w+)|SCAN (\w+)\b(?! USING)", plan)
    return [table for pair in found for table in pair if table in tables]


def claim(connection: Connection) -> str:
    build_id = uuid.uuid4().hex
    builder = builders.all_builders(connection)[0]
    job = queue.claim(
        connection,
        builder_id=builder.id,
        targets=[target.name for target in TARGETS],
        now=NOW,
        lease_expires_at=NOW + LEASE,
        build_id=build_id,
    )
    assert job is not None
    return build_id


def renew(connection: Connection) -> None:
    build_id = claim(connection)
    builder = builders.all_builders(connection)[0]
    queue.renew(
        connection,
        build_id=build_id,
        builder_id=builder.id,
        now=NOW,
        lease_expires_at=NOW + LEASE,
        phase=Phase.BUILD,
    )
    builds.append_log(connection, build_id, offset=0, data=b"x")


def finish(connection: Connection) -> None:
    build_id = claim(connection)
    job = queue.leased_job(connection, build_id=build_id)
    assert job is not None
    builds.close_build(connection, build_id=build_id, state=BuildState.SUCCEEDED, finished_at=NOW)
    queue.complete(connection, build_id=build_id)
    plans.mark_ended(connection, job.project, at=NOW)


def put_back(connection: Connection) -> None:
    build_id = claim(connection)
    builds.close_build(connection, build_id=build_id, state=BuildState.LOST, finished_at=NOW)
    queue.put_back(connection, build_id=build_id, due_at=NOW)


def expire(connection: Connection) -> None:
    claim(connection)
    assert queue.expired_leases(connection, now=NOW + LEASE, limit=100)


def plan(connection: Connection) -> None:
    plans.mark_to_plan(connection, [PROJECT], at=NOW)
    assert plan_next(connection, policy=PolicySettings(), at=NOW)


def read_page(connection: Connection) -> None:
    (taken,) = reading.take_due(connection, now=NOW, limit=1, lasts=LEASE)
    page = project_page(upstream_file("new-1.0.tar.gz"), name=taken.name)
    projects.save_page(connection, page, at=NOW)
    reading.was_read(connection, taken, etag=None, due_at=NOW + LEASE)
    settle_wheels(connection, taken.name)


def mark(connection: Connection) -> None:
    changed = [ChangedProject(name=PROJECT, serial=10**9)]
    due.mark_changed(connection, changed, follow_new=True, at=NOW)


def ask(connection: Connection) -> None:
    projects.want(connection, Want(project=PROJECT, version=Version("1.0")), at=NOW)


def publish(connection: Connection) -> None:
    pages.mark_pages(connection, [PROJECT])
    (taken,) = pages.take_pages(connection, now=NOW, limit=1, lasts=LEASE)
    pages.page_written(connection, taken.project, taken.revision)


def look(connection: Connection) -> None:
    projects.project_overview(connection, PROJECT)
    wheels_of_project(connection, PROJECT)
    wheel_by_path(connection, f"packages/aa/aa/{'a' * 60}/x-1.0-py3-none-any.whl")
    builds.build_summary(connection, "0" * 32)


def promote(connection: Connection) -> None:
    leases.promote(connection, now=NOW)


def tell_changes(connection: Connection) -> None:
    changes_after(connection, 10**9, limit=100)


def heal(connection: Connection) -> None:
    examinations.unexamined_builds(connection, limit=20)
    examinations.patient(connection, "0" * 32)
    waits.all_waits(connection)


STEPS: tuple[Callable[[Connection], object], ...] = (
    *(claim, renew, finish, put_back, expire, promote, plan, mark, read_page, ask, publish, look),
    *(heal, tell_changes),
)


@pytest.fixture
def filled(engine: Engine) -> Engine:
    populate(engine, PROJECTS)
    return engine


def test_no_hot_statement_reads_a_big_table_whole(filled: Engine) -> None:
    with explained(filled) as found:
        for step in STEPS:
            with database.writing(filled) as connection:
                step(connection)
    filled_tables = [table for table in BIG if table not in EMPTY_HERE]
    assert len(found) > len(STEPS)
    assert read_whole(found, filled_tables) == {}


def test_no_hot_statement_lacks_an_index_of_a_table_that_will_be_big(
    postgresql_engine: Engine,
) -> None:
    populate(postgresql_engine, 10)
    with explained(postgresql_engine) as found:
        for step in STEPS:
            with database.writing(postgresql_engine) as connection:
                connection.execute(text("SET LOCAL enable_seqscan = off"))
                step(connection)
    assert read_whole(found, BIG) == {}


def read_whole(plans: dict[str, str], tables: Sequence[str]) -> dict[str, list[str]]:
    return {
        statement: scans(plan, tables) for statement, plan in plans.items() if scans(plan, tables)
    }
