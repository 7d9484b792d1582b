"""Wants, polls, plans and pages, the same on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from packaging.version import Version
from sqlalchemy import text

from factories import (
    NOW,
    PROJECT,
    TARGET,
    decision,
    project_name,
    project_page,
    target,
    upstream_file,
    want,
)
from stocked import claim, enqueue, register, stock
from wheelyard.database import plans, projects, queue
from wheelyard.database.due import mark_changed, mark_listed
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.pages import pages_to_write
from wheelyard.database.reading import DueProject, read_again, take_due, was_read
from wheelyard.database.targets import save_targets
from wheelyard.errors import BadInput, UnknownTarget
from wheelyard.model.build import BuildState, Verdict
from wheelyard.model.change import ChangedProject
from wheelyard.model.names import ProjectName, parse_project_name
from wheelyard.model.overview import ProjectOverview
from wheelyard.model.project import ProjectPage, ProjectStatus

LEASE = timedelta(minutes=5)
SOON = NOW + timedelta(minutes=1)
LATER = NOW + timedelta(minutes=10)
EVERYTHING = project_page(
    upstream_file(
        "evdev-1.0.tar.gz",
        hashes={"sha256": "a" * 64, "md5": "b" * 32},
        size=0,
        requires_python=">=3.8",
        yanked=True,
        yanked_reason="broken & <b>bad</b>",
        uploaded_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        core_metadata={"sha256": "c" * 64},
        provenance="https://files.example.org/provenance",
        gpg_sig=True,
    ),
    upstream_file("evdev-1.0-py3-none-any.whl", core_metadata=False, gpg_sig=False),
    upstream_file("evdev-2.0-py3-none-any.whl", core_metadata=True, yanked=True),
    upstream_file("what is this.exe", hashes={}, size=None, uploaded_at=None),
    display_name="EvDev",
    status=ProjectStatus.ARCHIVED,
    status_reason="gone fishing",
    serial=2**40,
    summary="Bindings, with an emoji \N{SNAKE}",
)


def take(engine: Engine, *, now: datetime = NOW, limit: int = 10) -> list[DueProject]:
    with writing(engine) as connection:
        return take_due(connection, now=now, limit=limit, lasts=LEASE)


def to_read(engine: Engine, *, now: datetime = NOW) -> list[str]:
    return [project.name for project in take(engine, now=now)]


def to_plan(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return list(plans.projects_to_plan(connection, limit=10))


def overview(engine: Engine, project: str = PROJECT) -> ProjectOverview:
    with reading(engine) as connection:
        found = projects.project_overview(connection, ProjectName(project_name(project)))
    assert found is not None
    return found


def stored(engine: Engine) -> ProjectPage | None:
    with reading(engine) as connection:
        return projects.stored_page(connection, PROJECT)


def save(engine: Engine, page: ProjectPage, *, at: datetime = NOW) -> bool:
    with writing(engine) as connection:
        return projects.save_page(connection, page, at=at)


def plan(engine: Engine) -> None:
    with writing(engine) as connection:
        plans.unmark_planned(connection, [PROJECT])


def test_wants_come_back_as_they_were_put_in(engine: Engine) -> None:
    asked = [want(), want(version="1.0"), want("spidev", force=True)]
    with writing(engine) as connection:
        for item in reversed(asked):
            projects.want(connection, item, at=NOW)

    with reading(engine) as connection:
        assert projects.wants(connection) == asked


def test_wanting_again_keeps_one_want_as_last_asked(engine: Engine) -> None:
    with writing(engine) as connection:
        projects.want(connection, want(version="1.0"), at=NOW)
        projects.want(connection, want(version="1.0.0", force=True), at=LATER)

    with reading(engine) as connection:
        assert projects.wants(connection) == [want(version="1.0", force=True)]


def test_a_wanted_project_that_was_never_read_is_to_be_read(engine: Engine) -> None:
    with writing(engine) as connection:
        projects.want(connection, want(), at=NOW)

    assert to_read(engine) == ["evdev"]
    assert stored(engine) is None
    assert to_plan(engine) == []


def test_a_project_that_nobody_wants_is_not_read(engine: Engine) -> None:
    save(engine, project_page())

    assert to_read(engine, now=LATER) == []


def test_a_project_is_due_again_when_it_was_said_to_be(engine: Engine) -> None:
    with writing(engine) as connection:
        projects.want(connection, want(), at=NOW)
    (taken,) = take(engine)
    with writing(engine) as connection:
        was_read(connection, taken, etag=None, due_at=LATER)

    assert to_read(engine, now=SOON) == []
    assert to_read(engine, now=LATER) == ["evdev"]


def test_what_was_taken_is_due_again_when_its_time_is_over(engine: Engine) -> None:
    with writing(engine) as connection:
        projects.want(connection, want(), at=NOW)

    assert to_read(engine) == ["evdev"]
    assert to_read(engine, now=NOW + LEASE - timedelta(seconds=1)) == []
    assert to_read(engine, now=NOW + LEASE) == ["evdev"]


def test_what_is_more_urgent_goes_first_then_what_was_due_longest(engine: Engine) -> None:
    with writing(engine) as connection:
        for name, at in (("later", SOON), ("asked", NOW)):
            projects.want(connection, want(name), at=at)
        for name in ("told", "listed"):
            mark = mark_changed if name == "told" else mark_listed
            changed = [ChangedProject(name=parse_project_name(name), serial=1)]
            mark(connection, changed, follow_new=True, at=NOW)

    assert to_read(engine, now=LATER) == ["asked", "later", "told", "listed"]


def test_no_more_than_asked_for_are_taken(engine: Engine) -> None:
    with writing(engine) as connection:
        for name in ("one", "two", "three"):
            projects.want(connection, want(name), at=NOW)

    assert len(take(engine, limit=2)) == 2
    assert len(take(engine, limit=2)) == 1


def test_a_project_that_is_taken_tells_what_its_reader_needs(engine: Engine) -> None:
    page = project_page(serial=3)
    with writing(engine) as connection:
        projects.want(connection, want(), at=NOW)
        projects.save_page(connection, page, at=NOW)
        changed = [ChangedProject(name=PROJECT, serial=7)]
        mark_changed(connection, changed, follow_new=False, at=NOW)

    assert take(engine) == [
        DueProject(
            name=PROJECT,
            taken_until=NOW + LEASE,
            serial=7,
            stored_serial=3,
            has_been_read=True,
            is_wanted=True,
        )
    ]


def test_wanting_a_project_makes_it_due_at_once(engine: Engine) -> None:
    with writing(engine) as connection:
        projects.want(connection, want(), at=NOW)
    (taken,) = take(engine)
    with writing(engine) as connection:
        read_again(connection, taken, due_at=LATER)
        projects.want(connection, want(), at=NOW)

    assert to_read(engine) == ["evdev"]


def test_a_project_that_could_not_be_read_is_due_at_its_own_time(engine: Engine) -> None:
    with writing(engine) as connection:
        projects.want(connection, want(), at=NOW)
    (taken,) = take(engine)
    with writing(engine) as connection:
        projects.record_poll_failure(connection, PROJECT, at=NOW, error="The index is down")
        read_again(connection, taken, due_at=SOON)

    assert to_read(engine, now=NOW) == []
    (again,) = take(engine, now=SOON)
    assert again.failures == 1
    assert overview(engine).error == "The index is down"


def test_a_mark_that_came_while_a_project_was_read_outlives_the_reading(engine: Engine) -> None:
    with writing(engine) as connection:
        projects.want(connection, want(), at=NOW)
    (taken,) = take(engine)
    with writing(engine) as connection:
        changed = [ChangedProject(name=PROJECT, serial=None)]
        mark_changed(connection, changed, follow_new=False, at=SOON)
        was_read(connection, taken, etag=None, due_at=LATER)

    assert to_read(engine, now=SOON) == ["evdev"]


def test_reading_a_page_clears_what_went_wrong_before(engine: Engine) -> None:
    with writing(engine) as connection:
        projects.record_poll_failure(connection, PROJECT, at=NOW, error="The index is down")
        projects.record_missing(connection, PROJECT, at=NOW)
    save(engine, project_page(), at=SOON)

    found = overview(engine)
    assert (found.error, found.missing_since, found.read_at) == (None, None, SOON)


def test_a_missing_project_is_counted_and_shown(engine: Engine) -> None:
    with writing(engine) as connection:
        projects.want(connection, want(), at=NOW)
        times = [projects.record_missing(connection, PROJECT, at=at) for at in (NOW, SOON, LATER)]

    found = overview(engine)
    assert times == [1, 2, 3]
    assert (found.missing_since, found.polled_at, found.read_at) == (NOW, LATER, None)
    assert found.error == "Upstream has no project of this name"
    with reading(engine) as connection:
        assert [page.project for page in pages_to_write(connection, limit=9)] == ["evdev"]


def test_counting_starts_again_after_the_project_was_read(engine: Engine) -> None:
    with writing(engine) as connection:
        projects.record_missing(connection, PROJECT, at=NOW)
        projects.save_page(connection, project_page(), at=SOON)

        assert projects.record_missing(connection, PROJECT, at=LATER) == 1


def test_a_page_comes_back_whole(engine: Engine) -> None:
    save(engine, EVERYTHING)

    assert stored(engine) == EVERYTHING


def test_a_page_can_be_replaced_by_any_other(engine: Engine) -> None:
    other = project_page(
        upstream_file("evdev-2.0-py3-none-any.whl", url="https://example.org/elsewhere"),
        upstream_file("evdev-3.0.tar.gz"),
        upstream_file("evdev-1.0.tar.gz"),
    )
    for page in (EVERYTHING, other, project_page(), other, EVERYTHING):
        save(engine, page)
        assert stored(engine) == page


def test_times_come_back_in_utc_whatever_zone_they_were_given_in(engine: Engine) -> None:
    there = datetime(2026, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    save(engine, project_page(upstream_file(uploaded_at=there)))

    page = stored(engine)
    assert page is not None
    assert str(page.files[0].uploaded_at) == "2025-12-31 23:30:00+00:00"


def test_a_time_without_a_zone_is_refused(engine: Engine) -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - the mistake that is tested

    with pytest.raises(BadInput, match="time zone"):
        save(engine, project_page(upstream_file(uploaded_at=naive)))


def test_of_two_files_with_one_name_the_first_counts(engine: Engine) -> None:
    first = upstream_file(url="https://example.org/first")
    save(engine, project_page(first, upstream_file(url="https://example.org/second")))

    assert stored(engine) == project_page(first)


def test_saving_a_change_marks_for_planning_and_publishing(engine: Engine) -> None:
    assert save(engine, project_page())
    plan(engine)
    assert to_plan(engine) == []

    assert save(engine, project_page(upstream_file()))

    assert to_plan(engine) == ["evdev"]
    assert overview(engine).serial == 2


@pytest.mark.parametrize("serial", [1, 2, None])
def test_saving_the_same_page_marks_nothing(engine: Engine, serial: int | None) -> None:
    save(engine, replace(EVERYTHING, serial=1))
    plan(engine)

    assert not save(engine, replace(EVERYTHING, serial=serial), at=LATER)

    assert to_plan(engine) == []
    found = overview(engine)
    assert (found.serial, found.read_at, found.upstream_serial) == (1, LATER, serial)


@pytest.mark.parametrize(
    "changed",
    [
        replace(EVERYTHING, status=ProjectStatus.QUARANTINED),
        replace(EVERYTHING, display_name=None),
        replace(EVERYTHING, files=EVERYTHING.files[1:]),
        replace(EVERYTHING, files=EVERYTHING.files[::-1]),
        replace(EVERYTHING, files=(replace(EVERYTHING.files[0], yanked=False),)),
    ],
)
def test_any_other_difference_is_a_change(engine: Engine, changed: ProjectPage) -> None:
    save(engine, EVERYTHING)

    assert save(engine, changed)
    assert stored(engine) == changed


def test_files_and_releases_that_are_gone_stay_on_record(engine: Engine) -> None:
    save(engine, project_page(upstream_file("evdev-1.0.tar.gz"), upstream_file("evdev-2.0.zip")))
    save(engine, project_page(upstream_file("evdev-2.0.zip")), at=SOON)

    with reading(engine) as connection:
        files = connection.execute(
            text("SELECT filename FROM upstream_files WHERE removed_at IS NOT NULL")
        )
        releases = connection.execute(
            text("SELECT version FROM releases WHERE removed_at IS NOT NULL")
        )
        assert files.scalars().all() == ["evdev-1.0.tar.gz"]
        assert releases.scalars().all() == ["1.0"]


def test_a_removed_project_has_an_empty_page_and_is_planned_and_published_again(
    engine: Engine,
) -> None:
    save(engine, EVERYTHING)
    plan(engine)
    with writing(engine) as connection:
        assert projects.remove_project(connection, PROJECT, at=LATER)
        assert not projects.remove_project(connection, PROJECT, at=LATER)

    page = stored(engine)
    assert page is not None
    assert page.files == ()
    assert to_plan(engine) == ["evdev"]
    found = overview(engine)
    assert (found.removed_at, found.serial) == (LATER, 2)


def test_a_project_that_comes_back_is_as_it_was(engine: Engine) -> None:
    save(engine, EVERYTHING)
    with writing(engine) as connection:
        projects.remove_project(connection, PROJECT, at=SOON)

    assert save(engine, EVERYTHING, at=LATER)
    assert stored(engine) == EVERYTHING
    assert overview(engine).removed_at is None


def test_a_project_that_never_was_cannot_be_removed(engine: Engine) -> None:
    with writing(engine) as connection:
        assert not projects.remove_project(connection, PROJECT, at=NOW)


def test_only_one_planner_plans_a_project(engine: Engine) -> None:
    save(engine, EVERYTHING)
    with writing(engine) as connection:
        assert projects.start_planning(connection, PROJECT)
        plans.unmark_planned(connection, [PROJECT])
    with writing(engine) as connection:
        assert not projects.start_planning(connection, PROJECT)


def test_other_targets_have_all_projects_that_were_read_planned_again(engine: Engine) -> None:
    with writing(engine) as connection:
        save_targets(connection, [target()])
        projects.want(connection, want(), at=NOW)
    for name in ("evdev", "spidev"):
        save(engine, project_page(name=name))
        with writing(engine) as connection:
            plans.unmark_planned(connection, [project_name(name)])

    with writing(engine) as connection:
        save_targets(connection, [target()])
    assert to_plan(engine) == []

    with writing(engine) as connection:
        save_targets(connection, [target(), target("trixie-cp313-aarch64")])
    assert sorted(to_plan(engine)) == ["evdev", "spidev"]


def test_decisions_come_back_newest_version_first(engine: Engine) -> None:
    made = [
        decision(version="10.0"),
        decision(version="9.0", verdict=Verdict.BUILT),
        decision(version="9.0a1", verdict=Verdict.YANKED, reason="It says: <no>"),
        decision(project="spidev"),
    ]
    with writing(engine) as connection:
        save_targets(connection, [target()])
        for one in reversed(made):
            queue.record_decision(connection, one, at=NOW)

    with reading(engine) as connection:
        assert queue.decisions(connection, project=project_name("spidev")) == made[3:]
        assert queue.decisions(connection, project=PROJECT) == made[:3]


def test_a_decision_replaces_the_one_before_and_says_whether_it_differs(engine: Engine) -> None:
    with writing(engine) as connection:
        save_targets(connection, [target()])
        assert queue.record_decision(connection, decision(), at=NOW)
        assert not queue.record_decision(connection, decision(), at=LATER)
        built = decision(version="1.0.0", verdict=Verdict.BUILT)
        assert queue.record_decision(connection, built, at=LATER)

    with reading(engine) as connection:
        assert queue.decisions(connection, project=PROJECT) == [
            replace(built, version=Version("1.0"))
        ]


def test_the_decision_that_ends_a_build_leaves_the_planners_list_alone(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        queue.record_decision(connection, decision(), at=NOW)

    assert to_plan(engine) == ["evdev"]


def test_a_decision_about_an_unknown_target_is_refused(engine: Engine) -> None:
    with writing(engine) as connection, pytest.raises(UnknownTarget):
        queue.record_decision(connection, decision(), at=NOW)


def test_a_decision_may_be_about_a_release_that_upstream_lacks(engine: Engine) -> None:
    missing = decision(version="7.0", verdict=Verdict.NO_SDIST)
    save(engine, EVERYTHING)
    with writing(engine) as connection:
        save_targets(connection, [target()])
        queue.record_decision(connection, missing, at=NOW)

    assert overview(engine).decisions == (missing,)
    assert stored(engine) == EVERYTHING


def test_the_overview_holds_everything_about_one_project(engine: Engine) -> None:
    with writing(engine) as connection:
        projects.want(connection, want(version="1.0"), at=NOW)
        projects.want(connection, want("spidev"), at=NOW)
        stock(connection, project="spidev")
        stock(connection)
        queue.record_decision(connection, decision(), at=NOW)
        enqueue(connection)
        claim(connection, register(connection))

    found = overview(engine)
    assert found.wants == (want(version="1.0"),)
    assert found.decisions == (decision(),)
    assert [(build.project, build.target, build.state) for build in found.builds] == [
        ("evdev", TARGET, BuildState.RUNNING)
    ]
    assert (found.name, found.status, found.read_at) == (PROJECT, ProjectStatus.ACTIVE, NOW)


def test_there_is_no_overview_of_a_project_that_nobody_asked_for(engine: Engine) -> None:
    with reading(engine) as connection:
        assert projects.project_overview(connection, PROJECT) is None
