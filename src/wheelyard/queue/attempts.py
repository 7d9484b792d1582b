"""The end of an attempt: one transaction that settles build, wheels, job and decision together."""

from dataclasses import dataclass
from datetime import datetime

from wheelyard.database.builds import close_build, drop_log, read_log
from wheelyard.database.engine import Connection
from wheelyard.database.pages import mark_page
from wheelyard.database.queue import complete, put_back, record_decision
from wheelyard.database.wheels import record_wheel
from wheelyard.log import get_logger
from wheelyard.model.build import BuildState, Decision, Failure, FailureKind, Verdict
from wheelyard.model.job import LeasedJob
from wheelyard.model.names import Filename
from wheelyard.model.wheel import Wheel, WheelFile, WheelState
from wheelyard.queue.logs import KeptLog
from wheelyard.queue.planning import ProjectFacts, plan_project, read_facts
from wheelyard.queue.policy import channel_of, sdist_reference, upstream_has
from wheelyard.settings import QueueSettings

_log = get_logger("queue")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an attempt ended: with wheels that passed inspection, or with a failure.

    `is_lost` says that nobody told us: the lease expired. `stored` are the filenames of those
    wheels whose bytes are in the store: no other may be published. `log` is what was kept of the
    log; `build_seconds` is how long the project's own code ran, by the builder's clock.
    """

    wheels: tuple[WheelFile, ...] = ()
    stored: frozenset[Filename] = frozenset()
    failure: Failure | None = None
    is_lost: bool = False
    log: KeptLog | None = None
    build_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """What the end of an attempt was found to be."""

    state: BuildState
    failure: Failure | None


def end_attempt(
    connection: Connection,
    job: LeasedJob,
    ending: Ending,
    *,
    at: datetime,
    queue: QueueSettings,
) -> Ended:
    """End an attempt, in the caller's transaction, which holds the locks of project and job.

    What the build is for is judged again by what is on record now: upstream may have covered,
    yanked or quarantined the release meanwhile, or another target's wheel settled it; then
    nothing is published and nothing tried again.
    """
    facts = read_facts(connection, job.project)
    is_needed = facts is not None and _is_needed(facts, job)
    failure = ending.failure
    if facts is not None and is_needed and failure is None:
        failure = _obstacle(facts, job, ending.wheels)
    ended = Ended(_state_of(ending, failure), failure)
    if facts is not None and is_needed and failure is None:
        _record_wheels(connection, facts, job, ending, at=at)
    _close(connection, job, ending, ended, at=at)
    if is_needed and failure is not None and failure.kind.is_worth_a_retry:
        _try_again(connection, job, failure, at=at, queue=queue)
    else:
        complete(connection, build_id=job.build_id)
    plan_project(connection, job.project, at=at)
    mark_page(connection, job.project)
    _log.info(
        "build-ended",
        build=job.build_id,
        project=job.project,
        version=str(job.version),
        target=job.target.name,
        state=ended.state.value,
        failure=None if failure is None else failure.kind.value,
    )
    return ended


def _is_needed(facts: ProjectFacts, job: LeasedJob) -> bool:
    return facts.decide(job.version, job.target).verdict is Verdict.NEEDS_BUILD


def _state_of(ending: Ending, failure: Failure | None) -> BuildState:
    if ending.is_lost:
        return BuildState.LOST
    return BuildState.SUCCEEDED if failure is None else BuildState.FAILED


def _obstacle(facts: ProjectFacts, job: LeasedJob, wheels: tuple[WheelFile, ...]) -> Failure | None:
    """Return why sound wheels cannot be used after all; another attempt will do better."""
    sdist = sdist_reference(facts.release(job.version))
    if sdist is None or sdist.sha256 != job.sdist.sha256:
        return Failure(
            kind=FailureKind.INFRASTRUCTURE,
            message="Upstream replaced the source distribution while it was being built.",
        )
    digests = {
        wheel.file.filename: wheel.file.sha256
        for wheel in facts.overview.wheels
        if channel_of(wheel.target) == job.target.channel
    }
    for wheel in wheels:
        if digests.get(wheel.filename, wheel.sha256) != wheel.sha256:
            return Failure(
                kind=FailureKind.INFRASTRUCTURE,
                message=f"{job.target.channel} has had other bytes under the name"
                f" {wheel.filename}; the next attempt gets a new build number.",
                subject=wheel.filename,
            )
    return None


def _record_wheels(
    connection: Connection,
    facts: ProjectFacts,
    job: LeasedJob,
    ending: Ending,
    *,
    at: datetime,
) -> None:
    release = facts.release(job.version)
    for file in ending.wheels:
        may_publish = file.filename in ending.stored and not upstream_has(release, file.filename)
        record_wheel(
            connection,
            Wheel(
                file=file,
                project=job.project,
                version=job.version,
                target=job.target.name,
                build_id=job.build_id,
                state=WheelState.PUBLISHED if may_publish else WheelState.CHECKED,
                uploaded_at=at,
            ),
        )


def _close(
    connection: Connection, job: LeasedJob, ending: Ending, ended: Ended, *, at: datetime
) -> None:
    log = ending.log
    close_build(
        connection,
        build_id=job.build_id,
        state=ended.state,
        finished_at=at,
        failure=ended.failure,
        log_key=None if log is None else log.key,
        build_seconds=ending.build_seconds,
    )
    # A piece that came after the log was kept stays here, and maintenance keeps the whole again.
    if log is not None and not read_log(connection, job.build_id, start=log.size):
        drop_log(connection, job.build_id)


def _try_again(
    connection: Connection,
    job: LeasedJob,
    failure: Failure,
    *,
    at: datetime,
    queue: QueueSettings,
) -> None:
    """Put the job back with a back-off that doubles each time, or give it up."""
    attempts = job.infrastructure_attempts + 1
    if attempts < queue.max_attempts:
        backoff = queue.backoff * 2**job.infrastructure_attempts
        put_back(connection, build_id=job.build_id, due_at=at + backoff)
        return
    complete(connection, build_id=job.build_id)
    times = "once" if attempts == 1 else f"{attempts} times"
    record_decision(
        connection,
        Decision(
            project=job.project,
            version=job.version,
            target=job.target.name,
            verdict=Verdict.FAILED,
            reason=f"It was tried {times}, and the last time: {failure.message}",
        ),
        at=at,
    )
