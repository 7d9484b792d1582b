"""The scheduler on both databases: decisions, and the jobs that follow from them."""

from pathlib import Path

import pytest

from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.pages import page_written, pages_to_write
from wheelyard.database.plans import projects_to_plan
from wheelyard.database.skips import add_skip
from wheelyard.model.build import Failure, FailureKind, JobState
from wheelyard.model.job import JobCount
from wheelyard.model.project import ProjectStatus, Skip
from workshop import (
    BOOKWORM,
    COMPILE_ERROR,
    NEWER,
    PURE_TAG,
    SPAM,
    TRIXIE,
    Workshop,
    make_workshop,
    upstream_file,
)


@pytest.fixture
def workshop(engine: Engine, tmp_path: Path) -> Workshop:
    return make_workshop(tmp_path, engine)


def waiting(count: int) -> JobCount:
    return JobCount(target=BOOKWORM, state=JobState.WAITING, count=count)


def marked_pages(workshop: Workshop) -> list[str]:
    with reading(workshop.engine) as connection:
        return [page.project for page in pages_to_write(connection, limit=10)]


def write_pages(workshop: Workshop) -> None:
    with writing(workshop.engine) as connection:
        for page in pages_to_write(connection, limit=10):
            page_written(connection, page.project, page.revision)


def test_a_wanted_release_without_a_wheel_gets_a_decision_and_a_job(workshop: Workshop) -> None:
    workshop.want()
    workshop.read()
    assert workshop.plan() == 1
    assert workshop.verdicts() == {("1.0", BOOKWORM): "needs-build"}
    assert workshop.job_counts() == [waiting(1)]


def test_a_planned_project_is_not_planned_again_until_something_changes(
    workshop: Workshop,
) -> None:
    workshop.want()
    workshop.read()
    workshop.plan()
    assert workshop.plan() == 0
    workshop.read(upstream_file(), upstream_file("spam-1.1.tar.gz"))
    assert workshop.plan() == 1


def test_planning_marks_the_page_only_if_a_decision_changed(workshop: Workshop) -> None:
    workshop.want()
    workshop.read()
    workshop.plan()
    write_pages(workshop)
    workshop.want()
    assert workshop.plan() == 1
    assert marked_pages(workshop) == []
    workshop.want(force=True)
    with writing(workshop.engine) as connection:
        add_skip(connection, Skip(project=SPAM, reason="enough"), at=workshop.clock.now())
    assert workshop.plan() == 1
    assert marked_pages(workshop) == [SPAM]


def test_a_project_that_was_not_read_yet_waits_for_its_page(workshop: Workshop) -> None:
    workshop.want()
    assert workshop.plan() == 0
    with reading(workshop.engine) as connection:
        assert projects_to_plan(connection, limit=10) == []


def test_what_is_covered_upstream_gets_no_job(workshop: Workshop) -> None:
    workshop.want()
    workshop.read(upstream_file(), upstream_file("spam-1.0-py3-none-any.whl"))
    workshop.plan()
    assert workshop.verdicts() == {("1.0", BOOKWORM): "covered-upstream"}
    assert workshop.job_counts() == []


def test_a_waiting_job_goes_away_when_upstream_uploads_a_wheel(workshop: Workshop) -> None:
    workshop.want()
    workshop.read()
    workshop.plan()
    workshop.read(upstream_file(), upstream_file("spam-1.0-py3-none-any.whl"))
    workshop.plan()
    assert workshop.verdicts() == {("1.0", BOOKWORM): "covered-upstream"}
    assert workshop.job_counts() == []


def test_force_makes_a_job_for_what_is_covered_and_taking_it_back_removes_it(
    workshop: Workshop,
) -> None:
    workshop.want(force=True)
    workshop.read(upstream_file(), upstream_file("spam-1.0-py3-none-any.whl"))
    workshop.plan()
    assert workshop.job_counts() == [waiting(1)]
    workshop.want(force=False)
    workshop.plan()
    assert workshop.job_counts() == []


def test_a_quarantined_project_loses_its_jobs_and_gets_them_back_when_cleared(
    workshop: Workshop,
) -> None:
    workshop.want()
    workshop.read()
    workshop.plan()
    workshop.read(status=ProjectStatus.QUARANTINED)
    workshop.plan()
    assert workshop.verdicts() == {("1.0", BOOKWORM): "quarantined"}
    assert workshop.job_counts() == []
    workshop.read()
    workshop.plan()
    assert workshop.job_counts() == [waiting(1)]


def test_every_active_target_gets_its_own_decision(workshop: Workshop) -> None:
    workshop.activate(BOOKWORM, TRIXIE)
    workshop.want()
    workshop.read(upstream_file(requires_python="<3.12"))
    workshop.plan()
    assert workshop.verdicts() == {
        ("1.0", BOOKWORM): "needs-build",
        ("1.0", TRIXIE): "python-excluded",
    }


def test_a_retired_target_loses_its_jobs_and_says_why(workshop: Workshop) -> None:
    workshop.want()
    workshop.read()
    workshop.plan()
    workshop.activate(NEWER)
    workshop.plan()
    assert workshop.verdicts() == {("1.0", BOOKWORM): "skipped", ("1.0", NEWER): "needs-build"}
    assert workshop.job_counts() == [
        JobCount(target=NEWER, state=JobState.WAITING, count=1),
    ]
    workshop.activate(BOOKWORM)
    workshop.plan()
    assert workshop.verdicts()["1.0", BOOKWORM] == "needs-build"


def test_a_release_that_was_wanted_once_is_followed_after_a_newer_one(
    workshop: Workshop,
) -> None:
    workshop.want()
    workshop.read()
    workshop.plan()
    newer = upstream_file("spam-1.1.tar.gz")
    workshop.read(upstream_file(yanked=True), newer)
    workshop.plan()
    assert workshop.verdicts() == {("1.1", BOOKWORM): "needs-build", ("1.0", BOOKWORM): "yanked"}
    assert workshop.job_counts() == [waiting(1)]


def test_a_version_that_upstream_lacks_is_said_to_be_missing(workshop: Workshop) -> None:
    workshop.want(version="7")
    workshop.read()
    workshop.plan()
    [decision] = workshop.decisions()
    assert decision.reason == "Upstream has no release 7."


def test_planning_again_neither_changes_a_jobs_place_nor_hands_it_out_twice(
    workshop: Workshop,
) -> None:
    builder = workshop.builder()
    workshop.want()
    workshop.read()
    workshop.plan()
    assert workshop.claim(builder) is not None
    workshop.want()
    workshop.plan()
    assert workshop.claim(builder) is None
    assert workshop.job_counts() == [JobCount(target=BOOKWORM, state=JobState.LEASED, count=1)]


def test_a_final_failure_stays_until_there_is_another_source_distribution(
    workshop: Workshop,
) -> None:
    builder = workshop.builder()
    workshop.want()
    workshop.read()
    workshop.plan()
    workshop.finish(builder, workshop.claimed(builder).build_id, failure=COMPILE_ERROR)
    workshop.want()
    workshop.plan()
    [decision] = workshop.decisions()
    assert (decision.verdict.value, decision.reason) == ("failed", "gcc rejected spam.c.")
    workshop.read(upstream_file(content="mended"))
    workshop.plan()
    assert workshop.verdicts() == {("1.0", BOOKWORM): "needs-build"}
    assert workshop.job_counts() == [waiting(1)]


def test_a_final_failure_outlives_a_quarantine(workshop: Workshop) -> None:
    builder = workshop.builder()
    workshop.want()
    workshop.read()
    workshop.plan()
    workshop.finish(builder, workshop.claimed(builder).build_id, failure=COMPILE_ERROR)
    workshop.read(status=ProjectStatus.QUARANTINED)
    workshop.plan()
    workshop.read()
    workshop.plan()
    assert workshop.verdicts() == {("1.0", BOOKWORM): "failed"}


def test_a_pure_wheel_settles_the_waiting_jobs_of_all_targets(workshop: Workshop) -> None:
    workshop.activate(BOOKWORM, TRIXIE)
    builder = workshop.builder()
    workshop.want()
    workshop.read()
    workshop.plan()
    workshop.deliver(builder, workshop.claimed(builder), tag=PURE_TAG)
    assert workshop.verdicts() == {("1.0", BOOKWORM): "built", ("1.0", TRIXIE): "built"}
    assert workshop.job_counts() == []


def test_a_platform_wheel_leaves_the_other_targets_their_jobs(workshop: Workshop) -> None:
    workshop.activate(BOOKWORM, NEWER)
    builder = workshop.builder()
    workshop.want()
    workshop.read()
    workshop.plan()
    lease = workshop.claim(builder, targets=[BOOKWORM])
    assert lease is not None
    workshop.deliver(builder, lease)
    assert workshop.verdicts() == {("1.0", BOOKWORM): "built", ("1.0", NEWER): "needs-build"}
    assert workshop.job_counts() == [JobCount(target=NEWER, state=JobState.WAITING, count=1)]


def test_one_target_is_built_before_the_others_as_long_as_nothing_is_known(
    workshop: Workshop,
) -> None:
    workshop.activate(BOOKWORM, NEWER, TRIXIE)
    builder = workshop.builder()
    workshop.want()
    workshop.read()
    workshop.plan()
    assert workshop.verdicts() == {
        ("1.0", BOOKWORM): "needs-build",
        ("1.0", NEWER): "waits-for-probe",
        ("1.0", TRIXIE): "waits-for-probe",
    }
    workshop.finish(builder, workshop.claimed(builder).build_id, failure=COMPILE_ERROR)
    assert workshop.verdicts() == {
        ("1.0", BOOKWORM): "failed",
        ("1.0", NEWER): "needs-build",
        ("1.0", TRIXIE): "waits-for-probe",
    }
    workshop.deliver(builder, workshop.claimed(builder))
    assert workshop.verdicts()["1.0", TRIXIE] == "needs-build"


def test_an_author_who_opts_out_ends_it_for_every_target_until_another_source_distribution(
    workshop: Workshop,
) -> None:
    workshop.activate(BOOKWORM, TRIXIE)
    builder = workshop.builder()
    workshop.want()
    workshop.read()
    workshop.plan()
    refusal = Failure(kind=FailureKind.OPTED_OUT, message="Its author asks for none.")
    workshop.finish(builder, workshop.claimed(builder).build_id, failure=refusal)
    assert workshop.verdicts() == {("1.0", BOOKWORM): "opted-out", ("1.0", TRIXIE): "opted-out"}
    assert workshop.job_counts() == []
    workshop.want()
    assert workshop.plan() == 1
    assert workshop.job_counts() == []
    workshop.read(upstream_file(content="changed its mind"))
    workshop.plan()
    assert workshop.job_counts() == [waiting(1)]
