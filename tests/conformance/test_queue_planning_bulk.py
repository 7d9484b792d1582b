"""Many projects planned in one transaction, on both databases, by several schedulers at once."""

import threading
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, select, update

from factories import NOW, TARGET, project_page, target, upstream_file, want
from wheelyard.clock import SettableClock
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.job_rows import hold_jobs
from wheelyard.database.pages import pages_to_write
from wheelyard.database.plans import mark_all_to_plan, projects_to_plan
from wheelyard.database.projects import save_page
from wheelyard.database.projects import want as note_want
from wheelyard.database.tables import decisions, jobs, projects, releases, targets
from wheelyard.database.targets import save_targets
from wheelyard.model.build import JobState, Priority, Verdict
from wheelyard.model.plan import ProjectPlan, ProjectRecord
from wheelyard.queue import planner, planning
from wheelyard.queue.order import Turns
from wheelyard.queue.planner import Rules
from wheelyard.queue.planning import plan_next
from wheelyard.queue.scheduler import Scheduler
from wheelyard.settings import PolicySettings

OLD = NOW - timedelta(days=100)
HOUR = timedelta(hours=1)
OTHER = "trixie-cp313-aarch64"
WAIT_SECONDS = 300.0
POLICY = PolicySettings()


def follow(
    engine: Engine,
    *names: str,
    versions: Sequence[str] = ("1.0", "2.0"),
    tags: Sequence[str] = (),
    uploaded_at: datetime = OLD,
    owner: str | None = None,
) -> None:
    """Have projects followed and read; each release has a source distribution and these wheels."""
    with writing(engine) as connection:
        save_targets(connection, [target(TARGET), target(OTHER)])
        for name in names:
            files = [f"{name}-{version}.tar.gz" for version in versions]
            files += [f"{name}-{version}-{tag}.whl" for version in versions for tag in tags]
            found = [upstream_file(file, uploaded_at=uploaded_at) for file in files]
            save_page(connection, project_page(*found, name=name), at=NOW)
            followed = {"followed": True, "owner": owner}
            connection.execute(update(projects).where(projects.c.name == name).values(followed))


def plan(engine: Engine, *, at: datetime = NOW) -> list[ProjectPlan]:
    with writing(engine) as connection:
        return plan_next(connection, policy=POLICY, at=at)


def decided(engine: Engine) -> dict[tuple[str, str, str], Verdict]:
    """Return the verdicts by project, version and target."""
    query = (
        select(projects.c.name, releases.c.version, targets.c.name, decisions.c.verdict)
        .join_from(decisions, releases, releases.c.id == decisions.c.release_id)
        .join(projects, projects.c.id == releases.c.project_id)
        .join(targets, targets.c.id == decisions.c.target_id)
    )
    with reading(engine) as connection:
        return {
            (name, version, where): said for name, version, where, said in connection.execute(query)
        }


def queued(engine: Engine) -> list[tuple[str, JobState, Priority, int]]:
    """Return the jobs' versions, states, priorities and turns, in the queue's order."""
    query = (
        select(releases.c.version, jobs.c.state, jobs.c.priority, jobs.c.turn)
        .join(releases, releases.c.id == jobs.c.release_id)
        .order_by(jobs.c.priority, jobs.c.turn, jobs.c.id)
    )
    with reading(engine) as connection:
        return [tuple(row) for row in connection.execute(query)]


def to_plan(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return list(projects_to_plan(connection, limit=999))


def test_every_release_of_a_followed_project_gets_its_decisions_and_its_jobs(
    engine: Engine,
) -> None:
    follow(engine, "spam")
    follow(engine, "eggs", versions=["7"], tags=["py3-none-any"])
    assert len(plan(engine)) == 2
    assert decided(engine) == {
        ("spam", "1.0", TARGET): Verdict.NEEDS_BUILD,
        ("spam", "1.0", OTHER): Verdict.WAITS_FOR_PROBE,
        ("spam", "2.0", TARGET): Verdict.NEEDS_BUILD,
        ("spam", "2.0", OTHER): Verdict.WAITS_FOR_PROBE,
        ("eggs", "7", TARGET): Verdict.COVERED_UPSTREAM,
        ("eggs", "7", OTHER): Verdict.COVERED_UPSTREAM,
    }
    assert queued(engine) == [
        ("2.0", JobState.WAITING, Priority.NORMAL, 0),
        ("1.0", JobState.WAITING, Priority.BACKLOG, 1),
    ]


def test_planning_again_writes_nothing_and_marks_no_page(engine: Engine) -> None:
    follow(engine, "spam", "eggs")
    plan(engine)
    with writing(engine) as connection:
        before = pages_to_write(connection, limit=9)
        mark_all_to_plan(connection)
    planned = plan(engine)
    assert len(planned) == 2
    assert not any(
        one.decisions or one.new_jobs or one.changed_jobs or one.dropped_jobs for one in planned
    )
    with reading(engine) as connection:
        assert pages_to_write(connection, limit=9) == before


def test_another_policy_plans_everything_anew_once(engine: Engine) -> None:
    follow(engine, "spam", "eggs")
    scheduler = Scheduler(engine, clock=SettableClock(), policy=POLICY)
    assert scheduler.tick() == 2
    assert Scheduler(engine, clock=SettableClock(), policy=POLICY).tick() == 0

    other = POLICY.model_copy(update={"newest_releases": 1})
    scheduler = Scheduler(engine, clock=SettableClock(), policy=other)
    assert [scheduler.tick(), scheduler.tick()] == [2, 0]
    assert decided(engine)["spam", "1.0", TARGET] is Verdict.SKIPPED
    assert Scheduler(engine, clock=SettableClock(), policy=other).tick() == 0


def test_a_project_that_cannot_be_planned_holds_up_no_other(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    follow(engine, "spam", "eggs")

    def plan_or_fail(project: ProjectRecord, rules: Rules, turns: Turns) -> ProjectPlan:
        if project.name == "spam":
            raise ZeroDivisionError
        return planner.plan(project, rules, turns)

    monkeypatch.setattr(planning, "plan", plan_or_fail)
    assert [one.project for one in plan(engine)] == ["eggs"]
    assert to_plan(engine) == []
    assert {name for name, _, _ in decided(engine)} == {"eggs"}
    printed = capsys.readouterr()
    assert "project=spam" in printed.out + printed.err


def test_a_new_release_is_scheduled_and_comes_forward_when_somebody_asks(engine: Engine) -> None:
    follow(engine, "spam", versions=["1.0"], uploaded_at=NOW - HOUR)
    plan(engine)
    assert queued(engine) == [("1.0", JobState.SCHEDULED, Priority.NEW_RELEASE, 0)]
    with reading(engine) as connection:
        assert connection.scalar(select(jobs.c.due_at)) == NOW + 5 * HOUR
    with writing(engine) as connection:
        note_want(connection, want("spam"), at=NOW)
    plan(engine)
    assert queued(engine) == [("1.0", JobState.WAITING, Priority.REQUESTED, 0)]


def test_a_wanted_version_that_upstream_never_had_gets_its_decision(engine: Engine) -> None:
    follow(engine, "spam", versions=["1.0"], tags=["py3-none-any"])
    with writing(engine) as connection:
        note_want(connection, want("spam", version="9.0"), at=NOW)
    plan(engine)
    assert decided(engine)["spam", "9.0", TARGET] is Verdict.NO_SDIST
    with writing(engine) as connection:
        mark_all_to_plan(connection)
    assert plan(engine)[0].decisions == {}


def test_who_comes_later_starts_at_the_head_of_the_queue(engine: Engine) -> None:
    follow(engine, "spam", versions=[f"{number}.0" for number in range(1, 6)])
    plan(engine)
    with writing(engine) as connection:
        connection.execute(update(jobs).values(turn=jobs.c.turn + 40))
    follow(engine, "eggs")
    plan(engine)
    assert queued(engine)[:5] == [
        ("5.0", JobState.WAITING, Priority.NORMAL, 40),
        ("2.0", JobState.WAITING, Priority.NORMAL, 40),
        ("4.0", JobState.WAITING, Priority.BACKLOG, 41),
        ("3.0", JobState.WAITING, Priority.BACKLOG, 42),
        ("1.0", JobState.WAITING, Priority.BACKLOG, 42),
    ]


def test_an_owners_other_projects_count_for_the_turns(engine: Engine) -> None:
    follow(engine, "first", versions=[f"{number}.0" for number in range(1, 13)], owner="acme")
    plan(engine)
    follow(engine, "second", versions=["1.0"], owner="acme")
    follow(engine, "third", versions=["1.0"], owner="other")
    plan(engine)
    with reading(engine) as connection:
        found = connection.execute(
            select(projects.c.name, jobs.c.turn)
            .join_from(jobs, releases, releases.c.id == jobs.c.release_id)
            .join(projects, projects.c.id == releases.c.project_id)
            .where(projects.c.name != "first")
        )
        assert {name: turn for name, turn in found} == {"second": 3, "third": 0}  # noqa: C416 - rows


def statements_of_a_plan(engine: Engine) -> int:
    count = 0

    def note(*_: object) -> None:
        nonlocal count
        count += 1

    event.listen(engine, "before_cursor_execute", note)
    plan(engine)
    event.remove(engine, "before_cursor_execute", note)
    return count


def test_many_projects_cost_as_many_statements_as_a_few(engine: Engine) -> None:
    follow(engine, "one", "two")
    few = statements_of_a_plan(engine)
    follow(engine, *(f"project-{number}" for number in range(60)))
    assert statements_of_a_plan(engine) <= few
    assert len(decided(engine)) == 62 * 4
    assert few < 40


def test_a_plan_takes_few_projects_if_these_have_many_releases(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wheelyard.queue.planning._RELEASES", 5)
    follow(engine, "one", versions=[f"{number}" for number in range(1, 9)])
    follow(engine, "two", "three", "four")
    assert [len(plan(engine)) for _ in range(4)] == [1, 2, 1, 0]


def test_a_plan_that_is_cut_off_has_not_happened(engine: Engine) -> None:
    def plan_and_die() -> None:
        with writing(engine) as connection:
            plan_next(connection, policy=POLICY, at=NOW)
            raise KeyboardInterrupt

    follow(engine, "spam", "eggs")
    with pytest.raises(KeyboardInterrupt):
        plan_and_die()
    assert decided(engine) == {}
    assert queued(engine) == []
    assert len(to_plan(engine)) == 2


def test_schedulers_that_run_together_plan_each_project_once(engine: Engine) -> None:
    names = [f"project-{number}" for number in range(40)]
    follow(engine, *names)
    done: list[int] = []
    together = threading.Barrier(3)

    def run() -> None:
        scheduler = Scheduler(engine, clock=SettableClock(), policy=POLICY)
        together.wait(WAIT_SECONDS)
        while planned := scheduler.tick():
            done.append(planned)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    assert sum(done) == len(names)
    assert to_plan(engine) == []
    assert Counter(decided(engine).values()) == {
        Verdict.NEEDS_BUILD: 80,
        Verdict.WAITS_FOR_PROBE: 80,
    }


def test_a_job_that_somebody_holds_is_waited_for_by_nobody_and_planned_again(
    postgresql_engine: Engine,
) -> None:
    engine = postgresql_engine
    follow(engine, "spam", versions=["1.0"])
    plan(engine)
    follow(engine, "spam", versions=["1.0"], tags=["py3-none-any"])
    with writing(engine) as holder:
        [number] = holder.scalars(select(jobs.c.id))
        assert hold_jobs(holder, [number]) == {number}
        assert len(plan(engine)) == 1
        assert to_plan(engine) == ["spam"]
    plan(engine)
    assert queued(engine) == []
    assert to_plan(engine) == []
