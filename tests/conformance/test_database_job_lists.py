from datetime import timedelta

import pytest
from sqlalchemy import update

from factories import NOW, PROJECT, TARGET, project_name
from stocked import LEASE, build_id, claim, enqueue, register, stock
from wheelyard.database import pausing, tables
from wheelyard.database.due import DueLevel
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.following import mark_asked
from wheelyard.database.job_lists import (
    jobs_in_state,
    jobs_of_project,
    waiting_by_priority,
    waiting_jobs,
)
from wheelyard.database.pausing import QueuePause
from wheelyard.database.reading import due_projects
from wheelyard.errors import UnknownProject
from wheelyard.model.build import JobState, Priority
from wheelyard.model.names import TargetName

OTHER = "trixie-cp313-aarch64"
SOON = NOW + timedelta(hours=1)


def test_waiting_jobs_are_listed_as_they_are_handed_out(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection, versions=("1.0", "2.0", "3.0"), targets=(TARGET, OTHER))
        enqueue(connection, version="1.0")
        enqueue(connection, version="2.0", priority=Priority.REQUESTED)
        enqueue(connection, version="3.0", target=OTHER)

    with reading(engine) as connection:
        found = waiting_jobs(connection, target=TargetName(TARGET), limit=9)
        everywhere = jobs_in_state(connection, JobState.WAITING, target=None, limit=9)
        one = jobs_in_state(connection, JobState.WAITING, target=None, limit=1)
        assert waiting_by_priority(connection) == {
            TARGET: {Priority.REQUESTED: 1, Priority.NORMAL: 1},
            OTHER: {Priority.NORMAL: 1},
        }
    assert [str(job.version) for job in found] == ["2.0", "1.0"]
    assert [str(job.version) for job in everywhere] == ["2.0", "1.0", "3.0"]
    assert one == found[:1]


def test_leased_jobs_are_listed_with_their_builders(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)
        claim(connection, register(connection))

    with reading(engine) as connection:
        (job,) = jobs_in_state(connection, JobState.LEASED, target=TargetName(TARGET), limit=9)
        elsewhere = jobs_in_state(connection, JobState.LEASED, target=TargetName(OTHER), limit=9)
        assert jobs_of_project(connection, PROJECT) == [job]
    assert (job.builder, job.build_id, job.lease_expires_at) == ("board", build_id(), NOW + LEASE)
    assert elsewhere == []


def test_of_many_jobs_of_a_project_those_of_the_last_uploads_are_listed(engine: Engine) -> None:
    versions = ("1.0", "2.0", "10.0")
    with writing(engine) as connection:
        stock(connection, versions=versions)
        for version in versions:
            enqueue(connection, version=version)
            days = timedelta(days=int(float(version)))
            is_version = tables.releases.c.version == version
            connection.execute(
                update(tables.releases).where(is_version).values(uploaded_at=NOW + days)
            )
    with reading(engine) as connection:
        everything = [str(job.version) for job in jobs_of_project(connection, PROJECT)]
        last = [str(job.version) for job in jobs_of_project(connection, PROJECT, limit=2)]
    assert (everything, last) == (["10.0", "2.0", "1.0"], ["10.0", "2.0"])


def test_the_queue_is_paused_and_goes_on(engine: Engine) -> None:
    with writing(engine) as connection:
        assert pausing.queue_pause(connection) is None
        pausing.pause_queue(connection, reason="moving house", at=NOW)
        assert pausing.queue_pause(connection) == QueuePause(at=NOW, reason="moving house")
        assert pausing.resume_queue(connection)
        assert not pausing.resume_queue(connection)
        assert pausing.queue_pause(connection) is None


def test_an_operator_has_a_project_read_at_once(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        mark_asked(connection, [PROJECT], at=NOW)

        assert due_projects(connection, now=NOW) == {DueLevel.ASKED: 1}
        assert due_projects(connection, now=NOW - LEASE) == {}


def test_nobody_has_an_unknown_project_read(engine: Engine) -> None:
    with writing(engine) as connection, pytest.raises(UnknownProject):
        mark_asked(connection, [project_name("ham")], at=NOW)
