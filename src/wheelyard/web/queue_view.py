"""The queue and the builders, as pages and programs are told of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from wheelyard.checking.facts import QueuePlace
from wheelyard.database import builders, job_lists, pausing
from wheelyard.database.asked import queue_places
from wheelyard.database.engine import Connection
from wheelyard.database.queue import job_counts
from wheelyard.database.targets import active_targets
from wheelyard.model.build import JobState
from wheelyard.model.builder import Builder
from wheelyard.model.job import QueuedJob
from wheelyard.model.names import ProjectName
from wheelyard.web.public_models import (
    BuilderReply,
    BuildersReply,
    JobReply,
    JobsReply,
    QueuedTarget,
    QueueReply,
)

_NEXT = 20
_RUNNING = 200
_OF_PROJECT = 500
_UNSEEN = timedelta(minutes=5)


def queue_reply(connection: Connection, *, target: str | None = None) -> QueueReply:
    """Return the queue as it is; with `target`, of that target only."""
    pause = pausing.queue_pause(connection)
    counts: dict[str, Counter[str]] = {}
    for count in job_counts(connection):
        counts.setdefault(count.target, Counter())[count.state.value] += count.count
    names = [one.name for one in active_targets(connection)]
    chosen = [name for name in names if target is None or name == target]
    coming: list[JobReply] = []
    for name in chosen:
        places = queue_places(connection, name)
        jobs = job_lists.waiting_jobs(connection, target=name, limit=_NEXT)
        coming += [_job(job, places.get((job.project, job.version))) for job in jobs]
    running = job_lists.jobs_in_state(connection, JobState.LEASED, target=None, limit=_RUNNING)
    return QueueReply(
        paused=None if pause is None else pause.reason,
        targets=tuple(
            QueuedTarget(target=name, jobs=dict(counts.get(name, {}))) for name in chosen
        ),
        running=tuple(_job(job, None) for job in running if target in {None, job.target}),
        next=tuple(coming),
    )


def jobs_reply(connection: Connection, project: ProjectName) -> JobsReply:
    """Return the jobs of a project's newest releases, with their places."""
    jobs = job_lists.jobs_of_project(connection, project, limit=_OF_PROJECT)
    waiting = {job.target for job in jobs if job.state is JobState.WAITING}
    places = {target: queue_places(connection, target) for target in sorted(waiting)}
    return JobsReply(
        project=project,
        jobs=tuple(
            _job(job, places.get(job.target, {}).get((job.project, job.version))) for job in jobs
        ),
    )


def _job(job: QueuedJob, place: QueuePlace | None) -> JobReply:
    is_waiting = job.state is JobState.WAITING and place is not None
    estimate = place.estimate if is_waiting and place is not None else None
    return JobReply(
        project=job.project,
        version=str(job.version),
        target=job.target,
        state=job.state,
        priority=job.priority.name.lower(),
        due_at=job.due_at,
        before=place.before if is_waiting and place is not None else None,
        estimate_seconds=None if estimate is None else estimate.total_seconds(),
        build=job.build_id,
        builder=job.builder,
    )


@dataclass(frozen=True, slots=True)
class _Work:
    builder: Builder
    builds: tuple[str, ...]


def builders_reply(connection: Connection, *, now: datetime) -> BuildersReply:
    """Return the builders that may get jobs, those that are here first."""
    leased = job_lists.jobs_in_state(connection, JobState.LEASED, target=None, limit=_RUNNING)
    builds: dict[str, list[str]] = {}
    for job in leased:
        if job.builder is not None and job.build_id is not None:
            builds.setdefault(job.builder, []).append(job.build_id)
    known = [
        _Work(builder, tuple(builds.get(builder.name, ())))
        for builder in builders.all_builders(connection)
        if builder.revoked_at is None
    ]
    replies = [_builder(connection, work, now=now) for work in known]
    return BuildersReply(builders=tuple(_here_first(replies)))


def _builder(connection: Connection, work: _Work, *, now: datetime) -> BuilderReply:
    told = builders.builder_capabilities(connection, work.builder.id)
    return BuilderReply(
        name=work.builder.name,
        state=_state(work.builder, now),
        last_seen_at=work.builder.last_seen_at,
        machine=told.get("machine"),
        processors=told.get("processors"),
        memory_bytes=told.get("memory_bytes"),
        version=told.get("version"),
        targets=tuple(told.get("targets", ())),
        builds=work.builds,
    )


def _state(builder: Builder, now: datetime) -> str:
    if builder.last_seen_at is None:
        return "never seen"
    if now - builder.last_seen_at > _UNSEEN:
        return "away"
    return "draining" if builder.is_draining else "here"


def _here_first(found: Sequence[BuilderReply]) -> list[BuilderReply]:
    return sorted(found, key=lambda one: (one.state != "here", one.name))
