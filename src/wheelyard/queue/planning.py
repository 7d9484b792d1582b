"""The policy applied to projects as they are on record, decisions and jobs kept in step."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from importlib.metadata import version as version_of

from packaging.version import Version

from wheelyard.database.decisions import record_rulings
from wheelyard.database.engine import Connection
from wheelyard.database.job_rows import (
    change_jobs,
    drop_jobs,
    enqueue,
    hold_jobs,
    pending_of_owners,
    queue_heads,
)
from wheelyard.database.pages import mark_pages
from wheelyard.database.plans import (
    mark_all_to_plan,
    mark_to_plan,
    take_to_plan,
    unmark_planned,
    with_new_pages,
)
from wheelyard.database.records import add_wanted_releases, project_records, release_counts
from wheelyard.database.state import swap_state
from wheelyard.database.targets import target_states
from wheelyard.log import get_logger
from wheelyard.model.build import Verdict
from wheelyard.model.names import ProjectName, TargetName
from wheelyard.model.plan import JobTerms, ProjectPlan, ProjectRecord, Ruling
from wheelyard.model.target import Target
from wheelyard.queue.order import Turns
from wheelyard.queue.planner import Rules, plan, ruling
from wheelyard.settings import PolicySettings

_log = get_logger("planning")
_POLICY = "policy"
_PROJECTS = 200
_RELEASES = 20_000
"""At most so many projects, and about so many releases, are planned in one transaction."""


def plan_anew_if_changed(connection: Connection, *, policy: PolicySettings) -> bool:
    """Mark every project if others planned by another policy, or by another version of ours.

    Returns whether it did. What all are planned by now is kept for the next time.
    """
    text = f"{version_of('wheelyard')} {policy.model_dump_json()}"
    current = hashlib.sha256(text.encode()).hexdigest()
    if swap_state(connection, _POLICY, current) == current:
        return False
    mark_all_to_plan(connection)
    return True


def plan_next(connection: Connection, *, policy: PolicySettings, at: datetime) -> list[ProjectPlan]:
    """Plan the projects that come first, mark their pages, and return what changed of each.

    Killed at any point, nothing of it has happened. It ends with `mark_pages`.
    """
    taken = take_to_plan(connection, limit=_PROJECTS)
    if not taken:
        return []
    names = _not_too_many(taken, release_counts(connection, taken))
    new_pages = with_new_pages(connection, names)
    planned = _plan(connection, names, policy=policy, at=at)
    mark_pages(connection, new_pages | {plan.project for plan in planned if plan.decisions})
    return planned


def _not_too_many(
    taken: Sequence[ProjectName], counts: Mapping[ProjectName, int]
) -> list[ProjectName]:
    """Return the first projects, at least one, which together have few enough releases."""
    total = 0
    names: list[ProjectName] = []
    for name in taken:
        total += counts.get(name, 0)
        if names and total > _RELEASES:
            break
        names.append(name)
    return names


def _plan(
    connection: Connection, names: Sequence[ProjectName], *, policy: PolicySettings, at: datetime
) -> list[ProjectPlan]:
    add_wanted_releases(connection, names, at=at)
    records = project_records(connection, names)
    rules = _rules(connection, policy=policy, at=at)
    owners = {record.owner for record in records if record.owner is not None}
    turns = Turns(queue_heads(connection), pending_of_owners(connection, owners))
    place = {name: number for number, name in enumerate(names)}
    records.sort(key=lambda record: place[record.name])
    planned = list(_plans(records, rules, turns))
    unmark_planned(connection, names)
    _write(connection, planned, at=at)
    return planned


def _plans(records: Iterable[ProjectRecord], rules: Rules, turns: Turns) -> Iterator[ProjectPlan]:
    """Yield the plans of projects; one that cannot be planned stays as it is until it changes."""
    for record in records:
        try:
            yield plan(record, rules, turns)
        except Exception:  # noqa: BLE001 - a mistake about one project must not hold up the others
            _log.exception("project-unplannable", project=record.name)


def _rules(connection: Connection, *, policy: PolicySettings, at: datetime) -> Rules:
    active = [state for state in target_states(connection) if not state.is_retired]
    return Rules(
        targets=[state.target for state in active],
        paused=frozenset(state.target.name for state in active if state.is_paused),
        policy=policy,
        at=at,
    )


def _write(connection: Connection, planned: Sequence[ProjectPlan], *, at: datetime) -> None:
    rulings: dict[tuple[int, TargetName], Ruling] = {}
    new: dict[tuple[int, TargetName], JobTerms] = {}
    changed: dict[int, JobTerms] = {}
    dropped: set[int] = set()
    for one in planned:
        rulings |= one.decisions
        new |= one.new_jobs
        changed |= one.changed_jobs
        dropped |= one.dropped_jobs
    record_rulings(connection, rulings, at=at)
    enqueue(connection, new, at=at)
    held = hold_jobs(connection, dropped.union(changed))
    change_jobs(connection, {number: changed[number] for number in held & changed.keys()}, at=at)
    drop_jobs(connection, dropped & held)
    # A job that somebody else holds may come back as it was: then its project is planned again.
    missed = [
        one.project
        for one in planned
        if not held.issuperset({*one.changed_jobs, *one.dropped_jobs})
    ]
    mark_to_plan(connection, missed, at=at)


def read_record(connection: Connection, project: ProjectName) -> ProjectRecord | None:
    """Return what is on record of one project; None if its page was never read."""
    return next(iter(project_records(connection, [project])), None)


def is_needed(  # noqa: PLR0913 - what a build was for, and what it is judged by
    connection: Connection,
    record: ProjectRecord,
    *,
    version: Version,
    target: Target,
    policy: PolicySettings,
    at: datetime,
) -> bool:
    """Whether, by what is on record now, a release is to be built for a target."""
    rules = _rules(connection, policy=policy, at=at)
    return ruling(record, version=version, target=target, rules=rules) is Verdict.NEEDS_BUILD
