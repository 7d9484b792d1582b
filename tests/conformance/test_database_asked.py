"""What is known of the projects that a file asks for, from both databases."""

from datetime import timedelta

import pytest
from packaging.version import Version

from factories import (
    NOW,
    PROJECT,
    TARGET,
    decision,
    project_name,
    project_page,
    target,
    upstream_file,
    wheel,
    wheel_file,
)
from factories import want as wanted
from stocked import build_id, claim, enqueue, finish, register, stock
from wheelyard.checking.facts import KnownProject, KnownRelease, QueuePlace
from wheelyard.database.asked import known_projects, queue_places
from wheelyard.database.decisions import record_decision
from wheelyard.database.engine import Connection, Engine, reading, writing
from wheelyard.database.projects import record_missing, remove_project, save_page, want
from wheelyard.database.wheels import record_wheel
from wheelyard.model.build import BuildState, Verdict
from wheelyard.model.names import ProjectName
from wheelyard.model.project import ProjectStatus
from wheelyard.model.wheel import WheelState

OTHER = "trixie-cp313-armv7l"
ONE = Version("1.0")


def known(
    engine: Engine, *names: str, target_name: str = TARGET, everything: bool = False
) -> dict[ProjectName, KnownProject]:
    with reading(engine) as connection:
        found = known_projects(
            connection,
            [project_name(name) for name in names or (PROJECT,)],
            target=target(target_name),
            follows_everything=everything,
        )
        return {project.name: project for project in found}


def release(engine: Engine, version: str = "1.0", *, target_name: str = TARGET) -> KnownRelease:
    return known(engine, target_name=target_name)[PROJECT].releases[Version(version)]


def build_wheel(
    connection: Connection,
    filename: str,
    *,
    number: int = 1,
    target_name: str = TARGET,
    state: WheelState = WheelState.PUBLISHED,
    dependencies: tuple[str, ...] = (),
) -> None:
    builder = register(connection, f"board{number}")
    enqueue(connection, target=target_name)
    assert claim(connection, builder, build=number, targets=(target_name,)) is not None
    finish(connection, build=number)
    made = wheel(
        file=wheel_file(filename), build_id=build_id(number), target=target_name, state=state
    )
    record_wheel(connection, made, dependencies=dependencies)


def test_upstreams_files_are_told_by_release(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        page = project_page(
            upstream_file("evdev-1.0.tar.gz", requires_python=">=3.8"),
            upstream_file("evdev-1.0-py3-none-any.whl", yanked=True),
            upstream_file("evdev-2.0.tar.gz"),
            upstream_file("evdev.nonsense"),
        )
        save_page(connection, page, at=NOW)
    project = known(engine)[PROJECT]
    assert set(project.releases) == {ONE, Version("2.0")}
    files = {str(file.filename): file for file in project.releases[ONE].files}
    assert files["evdev-1.0.tar.gz"].requires_python == ">=3.8"
    assert files["evdev-1.0-py3-none-any.whl"].is_yanked
    assert not any(file.is_ours for file in files.values())
    assert project.releases[ONE].ruling is None


def test_what_upstream_removed_is_told_no_more(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection, versions=("1.0", "2.0"))
        save_page(connection, project_page(upstream_file("evdev-1.0.tar.gz")), at=NOW)
    assert set(known(engine)[PROJECT].releases) == {ONE}


@pytest.mark.parametrize(
    ("filename", "state", "target_name", "is_there"),
    [
        ("evdev-1.0-cp311-cp311-linux_armv7l.whl", WheelState.PUBLISHED, TARGET, True),
        ("evdev-1.0-cp311-cp311-linux_armv7l.whl", WheelState.PUBLISHED, OTHER, False),
        ("evdev-1.0-py3-none-any.whl", WheelState.PUBLISHED, OTHER, True),
        ("evdev-1.0-cp311-cp311-linux_armv7l.whl", WheelState.SUPERSEDED, TARGET, False),
        ("evdev-1.0-cp311-cp311-linux_armv7l.whl", WheelState.CHECKED, TARGET, False),
        ("evdev-1.0-cp311-cp311-linux_armv7l.whl", WheelState.WITHDRAWN, TARGET, False),
    ],
)
def test_our_wheels_are_told_where_installers_are_offered_them(
    engine: Engine, filename: str, state: WheelState, target_name: str, *, is_there: bool
) -> None:
    with writing(engine) as connection:
        stock(connection, targets=(TARGET, OTHER))
        build_wheel(connection, filename, state=state, dependencies=("libb1", "liba0"))
    ours = [file for file in release(engine, target_name=target_name).files if file.is_ours]
    assert [file.filename for file in ours] == ([filename] if is_there else [])
    assert all(file.debian_packages == ("liba0", "libb1") for file in ours)


def test_our_wheels_are_yanked_with_their_release(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        build_wheel(connection, "evdev-1.0-cp311-cp311-linux_armv7l.whl")
        yanked = upstream_file("evdev-1.0.tar.gz", yanked=True)
        save_page(connection, project_page(yanked), at=NOW)
    assert [file.is_yanked for file in release(engine).files] == [True, True]


def test_decisions_are_those_of_the_target(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection, targets=(TARGET, OTHER))
        failed = decision(verdict=Verdict.FAILED, reason="The compiler refused.")
        record_decision(connection, failed, at=NOW)
        record_decision(connection, decision(target=OTHER), at=NOW)
    ruling = release(engine).ruling
    assert ruling is not None
    assert (ruling.verdict, ruling.reason) == (Verdict.FAILED, "The compiler refused.")


def test_a_projects_status_is_told(engine: Engine) -> None:
    page = project_page(status=ProjectStatus.QUARANTINED, status_reason="malware")
    with writing(engine) as connection:
        save_page(connection, page, at=NOW)
    project = known(engine)[PROJECT]
    assert (project.status, project.status_reason) == (ProjectStatus.QUARANTINED, "malware")


def test_what_was_never_read_is_told_apart_from_what_is_not_there(engine: Engine) -> None:
    with writing(engine) as connection:
        want(connection, wanted("unread"), at=NOW)
        record_missing(connection, project_name("never"), at=NOW)
        stock(connection, project="gone")
        remove_project(connection, project_name("gone"), at=NOW)
        stock(connection, project="late")
        record_missing(connection, project_name("late"), at=NOW)
    names = ("unread", "never", "gone", "late", "strange")
    found = known(engine, *names)
    assert {name: project.is_read for name, project in found.items()} == {
        "unread": False,
        "late": True,
        "strange": False,
    }
    assert set(known(engine, *names, everything=True)) == {"unread", "late"}


def test_many_projects_are_read_in_some_queries(engine: Engine) -> None:
    names = [f"project{number}" for number in range(450)]
    with writing(engine) as connection:
        for name in names[::50]:
            stock(connection, project=name)
    found = known(engine, *names, *names)
    assert len(found) == 450
    assert sum(project.is_read for project in found.values()) == 9


def test_places_in_the_queue_and_the_time_that_builds_take(engine: Engine) -> None:
    versions = ("1.0", "2.0", "3.0", "4.0")
    with writing(engine) as connection:
        stock(connection, versions=versions, targets=(TARGET, OTHER))
        builder = register(connection)
        enqueue(connection, version="4.0")
        assert claim(connection, builder, build=1) is not None
        finish(connection, build=1, at=NOW + timedelta(minutes=10))
        enqueue(connection, version="1.0")
        assert claim(connection, builder, build=2) is not None
        enqueue(connection, version="2.0")
        enqueue(connection, version="3.0", turn=1)
        enqueue(connection, version="4.0", target=OTHER)
    with reading(engine) as connection:
        places = queue_places(connection, target().name)
    assert [places.get((PROJECT, Version(version))) for version in versions] == [
        QueuePlace(is_running=True),
        QueuePlace(before=0, estimate=timedelta(minutes=10)),
        QueuePlace(before=1, estimate=timedelta(minutes=20)),
        None,
    ]


def test_without_ended_builds_nobody_knows_how_long_it_takes(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection, versions=("1.0", "2.0"))
        builder = register(connection)
        enqueue(connection, version="2.0")
        assert claim(connection, builder) is not None
        finish(connection, state=BuildState.LOST)
        enqueue(connection)
    with reading(engine) as connection:
        places = queue_places(connection, target().name)
    assert places == {(PROJECT, ONE): QueuePlace(before=0)}
