"""One project planned, without a database."""

from dataclasses import replace
from datetime import timedelta

from factories import NOW, PROJECT, digest, want
from plan_records import (
    BOOKWORM,
    NEWER,
    TRIXIE,
    carried_out,
    job_record,
    planned,
    project_record,
    release_record,
    rules,
)
from wheelyard.model.build import FailureKind, JobState, Priority, Verdict
from wheelyard.model.plan import LastFailure, ProjectPlan, ProjectRecord
from wheelyard.model.project import ProjectStatus, Skip
from wheelyard.queue.order import Turns
from wheelyard.queue.planner import plan
from wheelyard.settings import PolicySettings

HOUR = timedelta(hours=1)
NEEDED = (
    Verdict.NEEDS_BUILD,
    "Neither upstream nor this index has a wheel for installers on bookworm-cp311-armv7l.",
)


def verdicts(project: ProjectRecord, change: ProjectPlan) -> dict[str, Verdict]:
    """Return the verdicts that are decided anew, by version; for one target."""
    versions = {record.id: str(record.release.version) for record in project.releases}
    return {versions[number]: verdict for (number, _), (verdict, _) in change.decisions.items()}


def test_planning_twice_changes_nothing_the_second_time() -> None:
    project = project_record(
        release_record("1.0"),
        release_record("2.0", wheels=["py3-none-any"]),
        release_record("3.0", wheels=["cp311-cp311-win_amd64"], uploaded_at=NOW),
        release_record("4.0", has_sdist=False, wheels=["cp311-cp311-win_amd64"]),
    )
    targets = (BOOKWORM, NEWER, TRIXIE)
    first = planned(project, *targets)
    assert len(first.decisions) == 12
    second = planned(carried_out(project, first), *targets)
    assert second == ProjectPlan(
        project=PROJECT, decisions={}, new_jobs={}, changed_jobs={}, dropped_jobs=frozenset()
    )


def test_a_followed_project_gets_all_of_its_releases_planned_newest_first() -> None:
    project = project_record(release_record("1.0"), release_record("3.0"), release_record("2.0"))
    jobs = list(planned(project, BOOKWORM).new_jobs.values())
    assert [(job.priority, job.turn) for job in jobs] == [
        (Priority.NORMAL, 0),
        (Priority.BACKLOG, 1),
        (Priority.BACKLOG, 2),
    ]


def test_a_project_that_is_only_wanted_gets_what_people_ask_for_and_what_they_asked_for() -> None:
    before = {BOOKWORM.name: NEEDED}
    project = project_record(
        release_record("1.0"),
        release_record("1.5", decisions=before),
        release_record("2.0"),
        release_record("2.1a1"),
        is_followed=False,
        wants=[want(), want(version="1.0")],
    )
    change = planned(project, BOOKWORM)
    assert verdicts(project, change) == {
        "1.0": Verdict.NEEDS_BUILD,
        "2.0": Verdict.NEEDS_BUILD,
    }
    assert [job.priority for job in change.new_jobs.values()] == [
        Priority.REQUESTED,
        Priority.BACKLOG,
        Priority.REQUESTED,
    ]


def test_a_new_release_is_left_alone_for_the_grace_period_unless_somebody_asks_for_it() -> None:
    new = release_record("1.0", uploaded_at=NOW - HOUR)
    change = planned(project_record(new), BOOKWORM)
    [job] = change.new_jobs.values()
    assert (job.due_at, job.priority) == (NOW + 5 * HOUR, Priority.NEW_RELEASE)
    [(verdict, reason)] = change.decisions.values()
    assert verdict is Verdict.NEEDS_BUILD
    assert reason.endswith("; upstream's own may still come until 2026-11-23 17:00 UTC.")

    [asked] = planned(project_record(new, wants=[want()]), BOOKWORM).new_jobs.values()
    assert (asked.due_at, asked.priority) == (NOW, Priority.REQUESTED)
    [later] = planned(project_record(new), BOOKWORM, at=NOW + 6 * HOUR).new_jobs.values()
    assert later.due_at == NOW + 6 * HOUR


def test_a_job_that_was_put_off_comes_forward_when_somebody_asks() -> None:
    new = release_record("1.0", uploaded_at=NOW - HOUR)
    before = project_record(new)
    before = carried_out(before, planned(before, BOOKWORM))
    [job] = before.releases[0].jobs.values()
    change = planned(replace(before, wants=(want(),)), BOOKWORM)
    assert change.changed_jobs == {
        job.id: replace(job.terms, due_at=NOW, priority=Priority.REQUESTED)
    }


def test_a_back_off_and_a_place_in_the_queue_outlive_planning() -> None:
    kept = job_record(due_at=NOW + HOUR, attempts=1, turn=7, state=JobState.SCHEDULED)
    project = project_record(release_record("1.0", jobs={BOOKWORM.name: kept}))
    assert planned(project, BOOKWORM).changed_jobs == {}


def test_a_job_takes_over_what_changed_and_gets_a_new_turn_with_a_new_priority() -> None:
    turns = Turns({(BOOKWORM.name, Priority.BACKLOG): 50}, {})
    job = job_record(turn=3)
    old = release_record("1.0", jobs={BOOKWORM.name: job})
    project = project_record(old, release_record("2.0", wheels=["py3-none-any"]), owner="acme")
    change = planned(project, BOOKWORM, turns=turns)
    assert change.changed_jobs == {
        job.id: replace(job.terms, priority=Priority.BACKLOG, owner="acme", turn=50)
    }


def test_a_job_that_is_not_needed_any_more_goes_and_a_leased_one_is_left_alone() -> None:
    waiting, leased = job_record(), job_record(state=JobState.LEASED, priority=Priority.BACKLOG)
    record = release_record(
        "1.0", wheels=["py3-none-any"], jobs={BOOKWORM.name: waiting, NEWER.name: leased}
    )
    change = planned(project_record(record), BOOKWORM, NEWER)
    assert change.dropped_jobs == {waiting.id}
    assert change.changed_jobs == {}
    assert set(change.decisions) == {(record.id, BOOKWORM.name), (record.id, NEWER.name)}


def test_a_rebuild_stays_one_until_it_is_done() -> None:
    rebuild = job_record(priority=Priority.REBUILD, turn=4)
    record = release_record("1.0", wheels=["py3-none-any"], jobs={BOOKWORM.name: rebuild})
    change = planned(project_record(record, wants=[want()]), BOOKWORM)
    assert change.decisions == {
        (record.id, BOOKWORM.name): (Verdict.NEEDS_BUILD, "A rebuild was asked for.")
    }
    assert change.changed_jobs == {}
    quarantined = project_record(record, status=ProjectStatus.QUARANTINED)
    assert planned(quarantined, BOOKWORM).dropped_jobs == {rebuild.id}


def test_what_the_policy_leaves_out_is_skipped_with_its_reason_and_built_on_request() -> None:
    project = project_record(release_record("1.0"), release_record("2.0"))
    policy = PolicySettings(newest_releases=1)
    change = planned(project, BOOKWORM, policy=policy)
    assert change.decisions[project.releases[0].id, BOOKWORM.name] == (
        Verdict.SKIPPED,
        "Releases other than the newest are built only if somebody asks for them.",
    )
    asked = replace(project, wants=(want(version="1.0"),))
    assert verdicts(asked, planned(asked, BOOKWORM, policy=policy)) == {
        "1.0": Verdict.NEEDS_BUILD,
        "2.0": Verdict.NEEDS_BUILD,
    }


def test_what_is_covered_is_said_to_be_even_where_the_policy_leaves_it_out() -> None:
    project = project_record(
        release_record("1.0", wheels=["py3-none-any"]),
        release_record("2.0", has_sdist=False, wheels=["cp311-cp311-win_amd64"]),
    )
    change = planned(project, BOOKWORM, policy=PolicySettings(newest_releases=1))
    assert verdicts(project, change) == {
        "1.0": Verdict.COVERED_UPSTREAM,
        "2.0": Verdict.NO_SDIST,
    }


def test_a_skip_holds_for_its_versions_and_target_only() -> None:
    skip = Skip(project=PROJECT, reason="It is too large", target=TRIXIE.name)
    project = project_record(release_record("1.0"), skips=[skip])
    change = planned(project, BOOKWORM, TRIXIE)
    assert list(change.decisions.values()) == [
        NEEDED,
        (Verdict.SKIPPED, "It is not to be built: It is too large."),
    ]


def test_a_retired_target_loses_its_jobs_and_its_open_decisions() -> None:
    job = job_record()
    waits = (Verdict.WAITS_FOR_PROBE, "It waits.")
    built = (Verdict.BUILT, "It was built.")
    record = release_record(
        "1.0",
        decisions={BOOKWORM.name: NEEDED, NEWER.name: waits, TRIXIE.name: built},
        jobs={NEWER.name: job},
    )
    change = planned(project_record(record), BOOKWORM)
    assert change.dropped_jobs == {job.id}
    assert change.decisions == {
        (record.id, NEWER.name): (
            Verdict.SKIPPED,
            "Wheels are not made for bookworm-cp312-armv7l any more.",
        )
    }


def test_a_failure_of_nobodys_fault_is_final_only_once_the_tries_are_used_up() -> None:
    lost = LastFailure(
        target=BOOKWORM.name,
        sdist_sha256=digest("evdev-1.0.tar.gz"),
        kind=FailureKind.INFRASTRUCTURE,
        message="No disk.",
    )
    record = release_record("1.0", failures=[lost])
    assert verdicts(project_record(record), planned(project_record(record), BOOKWORM)) == {
        "1.0": Verdict.NEEDS_BUILD
    }
    given_up = replace(record, decisions={BOOKWORM.name: (Verdict.FAILED, "Tried ten times.")})
    assert planned(project_record(given_up), BOOKWORM).decisions == {}


def test_a_removed_release_keeps_its_decision_up_to_date() -> None:
    gone = release_record("1.0", has_sdist=False, decisions={BOOKWORM.name: NEEDED})
    change = planned(project_record(gone, release_record("2.0")), BOOKWORM)
    assert change.decisions[gone.id, BOOKWORM.name] == (
        Verdict.NO_SDIST,
        "Upstream has no release 1.0.",
    )
    assert len(change.new_jobs) == 1


def test_a_paused_target_is_passed_over_as_a_probe() -> None:
    project = project_record(release_record("1.0"))
    change = plan(project, rules(BOOKWORM, TRIXIE, paused=[BOOKWORM.name]), Turns({}, {}))
    assert [target for _, target in change.new_jobs] == [TRIXIE.name]
