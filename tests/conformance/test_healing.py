"""Failed builds that mend themselves, on both databases: from the log to the next recipe."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from debian_lists import index_of
from factories import digest
from wheelyard.database.builds import build_summaries
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.examinations import unexamined_builds
from wheelyard.database.failures import (
    failed_releases,
    failure_groups,
    missing_projects,
    regressions,
)
from wheelyard.database.recipes import recipe_rules
from wheelyard.database.tables import builds
from wheelyard.model.build import Failure, FailureKind
from wheelyard.model.builder import Builder
from wheelyard.model.summary import BuildSummary
from wheelyard.protocol import BuildLease
from wheelyard.queue.retrying import note_environments, retry
from wheelyard.queue.treatment import MOST_A_DAY
from wheelyard.settings import HealingSettings, Settings
from workshop import BOOKWORM, NEWER, SPAM, Workshop, make_workshop, upstream_file

ROOT = digest("root")
CONTENTS = """\
usr/include/foo.h libdevel/libfoo-dev
usr/include/x86_64-linux-gnu/bar/bar.h libdevel/libbar-dev
usr/include/x86_64-linux-gnu/gone.h libdevel/libgone-dev
"""
PACKAGES = """\
Package: libfoo-dev

Package: libbar-dev

Package: libeggs-dev

"""
SOURCES = """\
Package: spam
Binary: python3-spam, python-spam-doc
Build-Depends: debhelper-compat (= 13), python3-all-dev, libfoo-dev, libeggs-dev (>= 2) | libold-dev

"""
LACKS = {
    "foo.h": b"spam.c:1:10: fatal error: foo.h: No such file or directory\n",
    "bar/bar.h": b"spam.c:2:10: fatal error: bar/bar.h: No such file or directory\n",
    "nowhere.h": b"spam.c:3:10: fatal error: nowhere.h: No such file or directory\n",
}


@pytest.fixture
def workshop(engine: Engine, tmp_path: Path) -> Workshop:
    workshop = make_workshop(tmp_path, engine)
    index_of(workshop.settings.contents, contents=CONTENTS, packages=PACKAGES, sources=SOURCES)
    workshop.want()
    workshop.read()
    workshop.plan()
    return workshop


@pytest.fixture
def builder(workshop: Workshop) -> Builder:
    return workshop.builder()


def lack(
    workshop: Workshop,
    builder: Builder,
    header: str,
    *,
    root: str | None = ROOT,
    lease: BuildLease | None = None,
) -> BuildLease:
    """Let the next build fail for want of a header, in an environment that takes packages."""
    lease = lease or workshop.claimed(builder)
    workshop.heartbeat(builder, lease.build_id, log=LACKS[header])
    failure = Failure(
        kind=FailureKind.MISSING_SYSTEM_PACKAGE,
        message=f"The header {header} is not there.",
        subject=header,
    )
    workshop.finish(builder, lease.build_id, failure=failure, environment_digest=root)
    return lease


def examined(workshop: Workshop) -> list[BuildSummary]:
    with reading(workshop.engine) as connection:
        found = build_summaries(connection, project=SPAM, limit=100)
    return [build for build in found if build.failure is not None]


def test_what_is_missing_is_added_until_the_build_works_and_then_remembered(
    workshop: Workshop, builder: Builder
) -> None:
    assert lack(workshop, builder, "foo.h").recipe.debian_packages == ()
    assert workshop.verdicts() == {("1.0", BOOKWORM): "needs-build"}
    assert lack(workshop, builder, "bar/bar.h").recipe.debian_packages == ("libfoo-dev",)
    lease = workshop.claimed(builder)
    assert lease.recipe.debian_packages == ("libfoo-dev", "libbar-dev", "libeggs-dev")
    workshop.deliver(builder, lease)

    assert workshop.verdicts() == {("1.0", BOOKWORM): "built"}
    with reading(workshop.engine) as connection:
        [rule] = recipe_rules(connection, SPAM)
    assert (rule.origin.value, str(rule.versions)) == ("learned", ">=1.0")
    assert rule.recipe.debian_packages == ("libfoo-dev", "libbar-dev", "libeggs-dev")
    told = [build.treatment for build in examined(workshop)]
    assert told == [
        "it is tried again with libbar-dev, libeggs-dev",
        "it is tried again with libfoo-dev",
    ]


def test_the_next_version_and_other_targets_begin_with_what_was_learned(
    workshop: Workshop, builder: Builder
) -> None:
    lack(workshop, builder, "foo.h")
    workshop.deliver(builder, workshop.claimed(builder))
    workshop.activate(BOOKWORM, NEWER)
    workshop.read(upstream_file(), upstream_file("spam-2.0.tar.gz"))
    workshop.plan()

    seen = set()
    while (lease := workshop.claim(builder)) is not None:
        seen.add((lease.version, lease.target.target().name, lease.recipe.debian_packages))
        workshop.deliver(builder, lease)
    assert {packages for _, _, packages in seen} == {("libfoo-dev",)}
    assert ("2.0", BOOKWORM) in {(version, target) for version, target, _ in seen}


def test_between_the_failure_and_its_examination_nothing_is_final(
    workshop: Workshop, builder: Builder
) -> None:
    lease = workshop.claimed(builder)
    workshop.heartbeat(builder, lease.build_id, log=LACKS["foo.h"])
    tick, workshop.healing = workshop.healing, Nothing  # type: ignore[method-assign,assignment]
    failure = Failure(kind=FailureKind.MISSING_SYSTEM_PACKAGE, message="No foo.h.")
    workshop.finish(builder, lease.build_id, failure=failure, environment_digest=ROOT)
    assert workshop.verdicts() == {("1.0", BOOKWORM): "healing"}
    assert workshop.claim(builder) is None
    workshop.healing = tick  # type: ignore[method-assign]
    workshop.plan()
    assert workshop.verdicts() == {("1.0", BOOKWORM): "needs-build"}


class Nothing:
    def tick(self) -> int:
        return 0


def test_debians_own_packages_are_tried_once_where_nothing_better_is_known(
    workshop: Workshop, builder: Builder
) -> None:
    lack(workshop, builder, "nowhere.h")
    lease = lack(workshop, builder, "nowhere.h")
    assert lease.recipe.debian_packages == ("libfoo-dev", "libeggs-dev")
    [decision] = workshop.decisions()
    assert decision.verdict.value == "failed"
    assert examined(workshop)[0].treatment == "the last change of its recipe did not help"
    assert workshop.claim(builder) is None


def test_from_the_second_round_on_debians_own_packages_are_added_too(
    workshop: Workshop, builder: Builder
) -> None:
    lack(workshop, builder, "bar/bar.h")
    assert lack(workshop, builder, "foo.h").recipe.debian_packages == ("libbar-dev",)
    lease = workshop.claimed(builder)
    assert lease.recipe.debian_packages == ("libbar-dev", "libfoo-dev", "libeggs-dev")


def test_a_cause_that_comes_again_ends_it(workshop: Workshop, builder: Builder) -> None:
    lack(workshop, builder, "foo.h")
    lack(workshop, builder, "foo.h")
    assert lack(workshop, builder, "foo.h").recipe.debian_packages == ("libfoo-dev", "libeggs-dev")
    assert workshop.verdicts() == {("1.0", BOOKWORM): "failed"}
    assert workshop.claim(builder) is None


def test_at_most_so_many_rounds_are_tried(workshop: Workshop, builder: Builder) -> None:
    workshop.settings = Settings(data=workshop.folder, healing=HealingSettings(rounds=1))
    lack(workshop, builder, "foo.h")
    lack(workshop, builder, "bar/bar.h")
    assert workshop.verdicts() == {("1.0", BOOKWORM): "failed"}
    assert examined(workshop)[0].treatment == "1 other recipes were tried"


def test_where_no_packages_can_be_added_none_are_tried(
    workshop: Workshop, builder: Builder
) -> None:
    lack(workshop, builder, "foo.h", root=None)
    assert workshop.verdicts() == {("1.0", BOOKWORM): "failed"}
    told = "libfoo-dev cannot be added: its builder has no environment for that"
    assert examined(workshop)[0].treatment == told


def test_a_build_that_ran_out_of_memory_climbs_a_ladder_and_then_gives_up(
    workshop: Workshop, builder: Builder
) -> None:
    usual = workshop.settings.limits.memory_bytes
    failure = Failure(kind=FailureKind.OUT_OF_MEMORY, message="It used too much memory.")
    seen = []
    while (lease := workshop.claim(builder)) is not None:
        workshop.clock.advance(timedelta(seconds=1))
        seen.append((lease.limits.memory_bytes // usual, lease.recipe.jobs, lease.recipe.alone))
        workshop.finish(builder, lease.build_id, failure=failure)
    assert seen == [(1, None, False), (2, None, False), (4, 1, False), (8, 1, True)]
    assert workshop.verdicts() == {("1.0", BOOKWORM): "failed"}


def test_a_build_that_took_too_long_gets_more_time_and_keeps_its_compilers(
    workshop: Workshop, builder: Builder
) -> None:
    failure = Failure(kind=FailureKind.TIMEOUT, message="It took too long.")
    workshop.finish(builder, workshop.claimed(builder).build_id, failure=failure)
    workshop.finish(builder, workshop.claimed(builder).build_id, failure=failure)
    lease = workshop.claimed(builder)
    usual = workshop.settings.limits.duration.total_seconds()
    assert (lease.limits.duration_seconds, lease.recipe.jobs) == (4 * usual, None)


def test_a_wheel_that_fails_its_certificate_is_explained_and_not_made_again(
    workshop: Workshop, builder: Builder
) -> None:
    lease = workshop.claimed(builder)
    workshop.heartbeat(builder, lease.build_id, log=LACKS["foo.h"])
    message = "The wheel cannot be used: spam/_eggs.so has an executable stack"
    failure = Failure(kind=FailureKind.OUTPUT_INVALID, message=message, subject="segments")
    workshop.finish(builder, lease.build_id, failure=failure, environment_digest=ROOT)
    assert workshop.claim(builder) is None
    assert workshop.verdicts() == {("1.0", BOOKWORM): "failed"}
    (told,) = examined(workshop)
    assert (told.causes[0]["kind"], told.causes[0]["subject"]) == ("invalid-wheel", "segments")


def test_an_old_release_is_tried_with_the_build_requirements_of_its_day(
    workshop: Workshop, builder: Builder
) -> None:
    old = workshop.clock.now() - timedelta(days=2000)
    workshop.read(replace(upstream_file(content="old"), uploaded_at=old))
    workshop.plan()
    failure = Failure(kind=FailureKind.UNKNOWN, message="It failed.")
    workshop.finish(builder, workshop.claimed(builder).build_id, failure=failure)
    lease = workshop.claimed(builder)
    assert lease.recipe.as_of_release
    workshop.finish(builder, lease.build_id, failure=failure)
    assert workshop.claim(builder) is None


@pytest.mark.parametrize(
    "failure",
    [
        Failure(kind=FailureKind.OUT_OF_MEMORY, message="It used too much memory."),
        Failure(kind=FailureKind.MISSING_SYSTEM_PACKAGE, message="foo.h.", subject="foo.h"),
    ],
    ids=lambda failure: failure.kind.value,
)
def test_a_builder_that_tells_of_a_new_environment_each_time_comes_to_an_end(
    workshop: Workshop, builder: Builder, failure: Failure
) -> None:
    count = 0
    while (lease := workshop.claim(builder)) is not None:
        count += 1
        assert count < 50
        workshop.clock.advance(timedelta(seconds=1))
        workshop.heartbeat(builder, lease.build_id, log=LACKS["foo.h"])
        root = digest(str(count))
        workshop.finish(builder, lease.build_id, failure=failure, environment_digest=root)
    assert count <= MOST_A_DAY
    assert workshop.verdicts() == {("1.0", BOOKWORM): "failed"}


def test_a_build_that_cannot_be_examined_holds_up_no_other(
    workshop: Workshop, builder: Builder
) -> None:
    lease = workshop.claimed(builder)
    failure = Failure(kind=FailureKind.COMPILE_ERROR, message="gcc rejects it.")
    workshop.finish(builder, lease.build_id, failure=failure)
    with writing(workshop.engine) as connection:
        connection.execute(update(builds).values(recipe={"limits": {"memory_bytes": -1}}))
    workshop.plan()
    assert workshop.verdicts() == {("1.0", BOOKWORM): "failed"}
    with reading(workshop.engine) as connection:
        assert unexamined_builds(connection, limit=10) == []


def test_a_builder_with_ever_new_environments_has_failures_tried_again_once_an_hour(
    workshop: Workshop, builder: Builder
) -> None:
    lack(workshop, builder, "nowhere.h")
    lack(workshop, builder, "nowhere.h")
    retried = []
    for minute in range(0, 120, 10):
        with writing(workshop.engine) as connection:
            told = {BOOKWORM: digest(f"of minute {minute}")}
            retried.append(note_environments(connection, told, at=workshop.clock.now()))
        workshop.clock.advance(timedelta(minutes=10))
        workshop.plan()
        while (lease := workshop.claim(builder)) is not None:
            lack(workshop, builder, "nowhere.h", lease=lease)
    assert retried == [1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]


def test_a_new_environment_has_failures_tried_again_once(
    workshop: Workshop, builder: Builder
) -> None:
    lack(workshop, builder, "nowhere.h")
    lack(workshop, builder, "nowhere.h")
    assert workshop.verdicts() == {("1.0", BOOKWORM): "failed"}
    for root, expected in ((digest("new"), 1), (digest("new"), 0), (digest("newer"), 0)):
        with writing(workshop.engine) as connection:
            found = note_environments(connection, {BOOKWORM: root}, at=workshop.clock.now())
        workshop.plan()
        assert found == expected
    lease = workshop.claimed(builder)
    assert lease.recipe.debian_packages == ()


def test_failures_are_grouped_by_cause_and_tried_again_together(
    workshop: Workshop, builder: Builder
) -> None:
    lack(workshop, builder, "nowhere.h")
    lack(workshop, builder, "nowhere.h")
    with reading(workshop.engine) as connection:
        [group] = failure_groups(connection, limit=10)
        assert failure_groups(connection, kind="missing-library", limit=10) == []
        assert failed_releases(connection, kind="missing-header", subject="other.h") == []
    assert (group.kind, group.subject, group.projects) == ("missing-header", "nowhere.h", 1)
    assert group.examples == (SPAM,)
    with reading(workshop.engine) as connection:
        [missing] = missing_projects(connection, limit=10)
    assert (missing.project, str(missing.version), missing.targets) == (SPAM, "1.0", (BOOKWORM,))
    assert (missing.kind, missing.subject) == ("missing-header", "nowhere.h")
    with writing(workshop.engine) as connection:
        found = failed_releases(connection, kind="missing-header", subject="nowhere.h")
        assert retry(connection, found, at=workshop.clock.now()) == 1
    workshop.plan()
    assert workshop.verdicts() == {("1.0", BOOKWORM): "needs-build"}
    assert workshop.claim(builder) is not None


def test_a_project_that_used_to_be_built_is_a_regression(
    workshop: Workshop, builder: Builder
) -> None:
    now = workshop.clock.now()
    first = replace(upstream_file(), uploaded_at=now - timedelta(days=9))
    workshop.read(first)
    workshop.plan()
    workshop.deliver(builder, workshop.claimed(builder))
    second = replace(upstream_file("spam-2.0.tar.gz"), uploaded_at=now - timedelta(days=1))
    workshop.read(first, second)
    workshop.plan()
    with reading(workshop.engine) as connection:
        assert regressions(connection, limit=10) == []
    lack(workshop, builder, "nowhere.h")
    lack(workshop, builder, "nowhere.h")
    with reading(workshop.engine) as connection:
        [found] = regressions(connection, limit=10)
    assert (found.project, str(found.version), str(found.last_built)) == (SPAM, "2.0", "1.0")
    assert (found.kind, found.subject) == ("missing-header", "nowhere.h")
    third = replace(upstream_file("spam-3.0.tar.gz"), uploaded_at=now)
    workshop.read(first, second, third)
    with reading(workshop.engine) as connection:
        assert missing_projects(connection, limit=10) == []
        assert len(failure_groups(connection, limit=10)) == 1
    # Nobody can help with what upstream has no more.
    workshop.read(first)
    with reading(workshop.engine) as connection:
        assert regressions(connection, limit=10) == []
        assert failure_groups(connection, limit=10) == []
