"""What pages for people ask for, the same on both databases: builds to be shown, and lists."""

from datetime import timedelta

from packaging.version import Version
from sqlalchemy import update

from factories import NOW, PROJECT, TARGET, failure, project_name
from stocked import build_id, claim, enqueue, finish, register, stock
from wheelyard.database import builds, site_lists, tables
from wheelyard.database.build_statistics import build_times, builds_by_day
from wheelyard.database.decisions import newest_decisions, record_decision
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.model.build import BuildState, Decision, Verdict
from wheelyard.model.names import TargetName

SPAM = project_name(PROJECT)


def test_builds_are_shown_until_what_they_were_made_from_is_withdrawn(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)
        claim(connection, register(connection))
        builds.append_log(connection, build_id(), offset=0, data=b"0123456789")
        builds.append_log(connection, build_id(), offset=10, data=b"abcdefghij")
        assert builds.log_size(connection, build_id()) == 20
        assert builds.read_log(connection, build_id(), start=8, limit=5) == b"89abc"
        assert builds.read_log(connection, build_id(), start=20, limit=5) == b""
        assert builds.newest_failures(connection, limit=5) == []
        finish(connection, state=BuildState.FAILED, failure=failure())
    with reading(engine) as connection:
        [found] = builds.newest_failures(connection, limit=5)
        assert found == builds.shown_build(connection, build_id())
        assert builds.newest_failures(connection, project=project_name("other"), limit=5) == []
        assert builds.shown_build(connection, build_id(9)) is None
    with writing(engine) as connection:
        connection.execute(update(tables.releases).values(removed_at=NOW))
        assert builds.shown_build(connection, build_id()) is None
        assert builds.newest_failures(connection, limit=5) == []
        connection.execute(update(tables.releases).values(removed_at=None))
        connection.execute(update(tables.projects).values(removed_at=NOW))
        assert builds.shown_build(connection, build_id()) is None


def test_builds_are_counted_by_day_and_by_how_long_they_took(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        builder = register(connection)
        for number, (ago, seconds, state) in enumerate(
            [
                (0, 5.0, BuildState.SUCCEEDED),
                (0, 3600.0, BuildState.SUCCEEDED),
                (0, None, BuildState.FAILED),
                (2, 9000.0, BuildState.SUCCEEDED),
                (40, 5.0, BuildState.SUCCEEDED),
            ],
            start=1,
        ):
            at = NOW - timedelta(days=ago)
            enqueue(connection, due_at=at)
            assert claim(connection, builder, build=number, now=at)
            is_failed = state is BuildState.FAILED
            finish(connection, build=number, state=state, failure=failure() if is_failed else None)
            connection.execute(
                update(tables.builds)
                .where(tables.builds.c.id == build_id(number))
                .values(build_seconds=seconds)
            )
        days = builds_by_day(connection, today=NOW.date())
        times = build_times(connection, today=NOW.date())
    assert len(days) == 30
    assert (days[-1].starts_on, days[-1].seconds) == (NOW.date(), 3605.0)
    assert days[-1].counts == {BuildState.SUCCEEDED: 2, BuildState.FAILED: 1}
    assert days[-3].counts == {BuildState.SUCCEEDED: 1}
    assert sum(sum(day.counts.values()) for day in days) == 4
    assert (times.up_to, times.counts) == ((10, 60, 600, 3600), (1, 0, 0, 1, 1))


def test_a_badge_is_about_the_newest_final_release(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection, versions=("1.0", "2.0", "3.0rc1"))
        assert newest_decisions(connection, project=SPAM) == []
        found = {
            version: Decision(
                project=SPAM,
                version=Version(version),
                target=TargetName(TARGET),
                verdict=Verdict.BUILT,
                reason="It was built.",
            )
            for version in ("1.0", "2.0", "3.0rc1")
        }
        for decision in found.values():
            record_decision(connection, decision, at=NOW)
        assert newest_decisions(connection, project=SPAM) == [found["2.0"]]
        connection.execute(update(tables.targets).values(retired=True))
        assert newest_decisions(connection, project=SPAM) == []
        connection.execute(update(tables.projects).values(removed_at=NOW))
        assert newest_decisions(connection, project=SPAM) == []


def test_projects_with_a_page_are_listed_in_parts(engine: Engine) -> None:
    with writing(engine) as connection:
        assert site_lists.site_parts(connection) == 0
        for name in ("eggs", "spam", "ham"):
            stock(connection, project=name)
        connection.execute(update(tables.projects).values(serial=1))
        connection.execute(
            update(tables.projects).where(tables.projects.c.name == "ham").values(serial=None)
        )
    with reading(engine) as connection:
        assert site_lists.site_parts(connection) == 1
        assert site_lists.projects_of_part(connection, 0) == ["eggs", "spam"]
        assert site_lists.projects_of_part(connection, 999_999) == []
