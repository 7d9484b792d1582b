"""The end of an attempt: one transaction that settles build, wheels and job together.

What is to be done next is not decided here: the project is marked, and the scheduler plans it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from wheelyard.database.builds import close_build
from wheelyard.database.certificates import record_certificate
from wheelyard.database.cross_failures import record_cross_failure
from wheelyard.database.engine import Connection
from wheelyard.database.plans import mark_ended
from wheelyard.database.projects import start_planning
from wheelyard.database.queue import complete, put_back, record_decision
from wheelyard.database.recipes import learn_recipe
from wheelyard.database.wheels import record_wheel
from wheelyard.log import get_logger
from wheelyard.model.build import BuildState, Decision, Failure, FailureKind, Verdict
from wheelyard.model.certificate import Certificate
from wheelyard.model.job import LeasedJob
from wheelyard.model.names import Filename
from wheelyard.model.plan import ProjectRecord, ReleaseRecord
from wheelyard.model.wheel import Wheel, WheelFile, WheelState
from wheelyard.queue.planning import is_needed, read_record
from wheelyard.queue.policy import sdist_reference, upstream_has
from wheelyard.queue.retrying import retry_with_new_recipe
from wheelyard.settings import Settings

_log = get_logger("queue")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an attempt ended: with wheels that passed inspection, or with a failure.

    `is_lost` says that nobody told us: the lease expired. `stored` are the filenames of those
    wheels whose bytes are in the store: no other may be published. `certificates` tell what was
    checked of them, `dependencies` the Debian packages that their users need. `build_seconds` is
    how long the project's own code ran, by the builder's clock, in the `environment` of that
    digest. `cross_failure` is why cross compilers could not make these wheels.
    """

    wheels: tuple[WheelFile, ...] = ()
    stored: frozenset[Filename] = frozenset()
    certificates: Mapping[Filename, Certificate] = field(default_factory=dict)
    dependencies: Mapping[Filename, tuple[str, ...]] = field(default_factory=dict)
    failure: Failure | None = None
    is_lost: bool = False
    build_seconds: float | None = None
    environment: str | None = None
    environment_digest: str | None = None
    cross_failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """What the end of an attempt was found to be."""

    state: BuildState
    failure: Failure | None


def end_attempt(
    connection: Connection, job: LeasedJob, ending: Ending, *, at: datetime, settings: Settings
) -> Ended:
    """End an attempt, in the caller's transaction, which holds the lock of the job.

    What wheels are for is judged again by what is on record now: upstream may have covered, yanked
    or quarantined the release meanwhile, or another target's wheel settled it; then nothing is
    published. Whoever locks a project besides its job locks the job first.
    """
    failure = ending.failure
    if failure is None:
        start_planning(connection, job.project)
        failure = _take_wheels(connection, job, ending, at=at, settings=settings)
    ended = Ended(_state_of(ending, failure), failure)
    close_build(
        connection,
        build_id=job.build_id,
        state=ended.state,
        finished_at=at,
        failure=ended.failure,
        build_seconds=ending.build_seconds,
        environment=ending.environment,
        environment_digest=ending.environment_digest,
        unexamined=failure is not None and not failure.kind.is_worth_a_retry,
    )
    if failure is not None and failure.kind.is_worth_a_retry:
        _try_again(connection, job, failure, at=at, settings=settings)
    else:
        complete(connection, build_id=job.build_id)
    mark_ended(connection, job.project, at=at)
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


def _take_wheels(
    connection: Connection, job: LeasedJob, ending: Ending, *, at: datetime, settings: Settings
) -> Failure | None:
    """Put sound wheels on record if they are still needed; return why they cannot be used."""
    record = read_record(connection, job.project)
    if record is None or not is_needed(
        connection,
        record,
        version=job.version,
        target=job.target,
        policy=settings.policy,
        at=at,
    ):
        return None
    release = _release(record, job)
    obstacle = _obstacle(record, release, job, ending.wheels)
    if obstacle is None:
        _record_wheels(connection, release, job, ending, at=at)
        _remember_lane(connection, job, ending.cross_failure, at=at)
        if job.is_trial:
            learn_recipe(connection, job.project, job.version, job.recipe, at=at)
            retry_with_new_recipe(connection, job.project, at=at)
    return obstacle


def _release(record: ProjectRecord, job: LeasedJob) -> ReleaseRecord:
    return next(found for found in record.releases if found.release.version == job.version)


def _state_of(ending: Ending, failure: Failure | None) -> BuildState:
    if ending.is_lost:
        return BuildState.LOST
    return BuildState.SUCCEEDED if failure is None else BuildState.FAILED


def _obstacle(
    record: ProjectRecord, release: ReleaseRecord, job: LeasedJob, wheels: tuple[WheelFile, ...]
) -> Failure | None:
    """Return why sound wheels cannot be used after all; another attempt will do better."""
    sdist = sdist_reference(release.release)
    if sdist is None or sdist.sha256 != job.sdist_sha256:
        return Failure(
            kind=FailureKind.INFRASTRUCTURE,
            message="Upstream replaced the source distribution while it was being built.",
        )
    digests = {
        wheel.file.filename: wheel.file.sha256
        for each in record.releases
        for wheel in each.wheels
        if wheel.channel == job.target.channel
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
    connection: Connection, release: ReleaseRecord, job: LeasedJob, ending: Ending, *, at: datetime
) -> None:
    for file in ending.wheels:
        is_stored = file.filename in ending.stored
        may_publish = is_stored and not upstream_has(release.release, file.filename)
        recorded = record_wheel(
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
            dependencies=ending.dependencies.get(file.filename, ()),
        )
        certificate = ending.certificates.get(file.filename)
        if certificate is not None:
            record_certificate(connection, recorded, certificate, at=at)


def _remember_lane(
    connection: Connection, job: LeasedJob, failure: Failure | None, *, at: datetime
) -> None:
    """Have a project that only another lane could build go straight there from now on."""
    if failure is not None:
        reason = f"{failure.kind.value}: {failure.message}"
        record_cross_failure(
            connection, job.project, job.version, job.target.architecture, reason, at=at
        )


def _try_again(
    connection: Connection, job: LeasedJob, failure: Failure, *, at: datetime, settings: Settings
) -> None:
    """Put the job back with a back-off that doubles each time, or give it up."""
    queue = settings.queue
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
