"""What builders do with jobs: claim one, keep its lease alive, and finish it."""

import tempfile
import uuid
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

from wheelyard.certify.expected import ReleaseFacts
from wheelyard.clock import Clock
from wheelyard.database import queue
from wheelyard.database.builders import note_signs_of_life
from wheelyard.database.builds import append_log, build_summary
from wheelyard.database.engine import Connection, Engine, reading, writing
from wheelyard.database.offers import served_faster
from wheelyard.database.projects import stored_page
from wheelyard.database.wheels import wheels_of_project
from wheelyard.errors import LeaseLost, UploadRefused
from wheelyard.model.build import BuildState, Failure
from wheelyard.model.builder import Builder
from wheelyard.model.job import ClaimedJob, LeasedJob
from wheelyard.model.names import Filename, TargetName
from wheelyard.model.project import ProjectPage, releases
from wheelyard.model.target import Target
from wheelyard.model.wheel import Wheel, package_path
from wheelyard.protocol import (
    BuildLease,
    ClaimRequest,
    FailureMessage,
    FinishReply,
    FinishRequest,
    Heartbeat,
    HeartbeatReply,
    LimitsMessage,
    RecipeMessage,
    SdistMessage,
    TargetMessage,
)
from wheelyard.queue.attempts import Ended, Ending, end_attempt
from wheelyard.queue.delivery import Assignment, DeliveredWheel, receive, with_twins
from wheelyard.queue.environments import told_of
from wheelyard.queue.facts import release_facts
from wheelyard.queue.policy import upstream_has
from wheelyard.settings import Settings
from wheelyard.storage import uploads
from wheelyard.storage.store import Store

_CHUNK_BYTES = 1024**2
_SIGN_EVERY = timedelta(seconds=10)
_HERE = timedelta(seconds=60)
"""Who asked for a job less than so long ago is still there, and asks again soon."""


def claim(  # noqa: PLR0913 - what the web process hands over
    engine: Engine,
    *,
    clock: Clock,
    settings: Settings,
    index_url: str,
    builder: Builder,
    request: ClaimRequest,
) -> BuildLease | None:
    """Lease the best job that is due to a builder; None if there is nothing for it now.

    It gets jobs only of targets that it asks for, that its token allows, and that are active, and
    that no faster builder is idle for; none at all while it is drained.
    `index_url` is the simple index that build requirements come from.
    """
    if builder.is_draining:
        return None
    targets = [TargetName(name) for name in request.targets if builder.may_build(TargetName(name))]
    now = clock.now()
    with writing(engine) as connection:
        note_signs_of_life(connection, builder.id, at=now, every=_SIGN_EVERY)
        others = served_faster(connection, builder.id, targets, seen_since=now - _HERE)
        targets = [target for target in targets if target not in others]
        for _ in range(2):
            job = queue.claim(
                connection,
                builder_id=builder.id,
                targets=targets,
                now=now,
                lease_expires_at=now + settings.queue.lease,
                build_id=uuid.uuid4().hex,
                limits=settings.limits.limits(),
            )
            if job is not None or not queue.promote(connection, now=now):
                break
    return None if job is None else _lease_of(job, settings=settings, index_url=index_url)


def _lease_of(job: ClaimedJob, *, settings: Settings, index_url: str) -> BuildLease:
    return BuildLease(
        build_id=job.build_id,
        number=job.number,
        project=job.project,
        version=str(job.version),
        target=TargetMessage.of(job.target),
        sdist=SdistMessage.of(job.sdist),
        recipe=RecipeMessage.of(job.recipe),
        limits=LimitsMessage.of(job.limits or settings.limits.limits()),
        index_url=index_url,
        may_cross=job.may_cross,
        lease_expires_at=job.lease_expires_at,
        heartbeat_seconds=settings.queue.heartbeat.total_seconds(),
    )


def heartbeat(  # noqa: PLR0913 - what the web process hands over
    engine: Engine,
    *,
    clock: Clock,
    settings: Settings,
    builder: Builder,
    build_id: str,
    heartbeat: Heartbeat,
) -> HeartbeatReply:
    """Renew a lease, and take in the log's next piece.

    The log ends at its limit: what goes beyond is answered as if it had been kept.

    Raises:
        LeaseLost: if the lease has expired, is another builder's, or the build has ended.
    """
    now = clock.now()
    expires_at = now + settings.queue.lease
    limit = settings.limits.log_bytes
    piece = heartbeat.log[: max(limit - heartbeat.log_offset, 0)]
    with writing(engine) as connection:
        renewed = queue.renew(
            connection,
            build_id=build_id,
            builder_id=builder.id,
            now=now,
            lease_expires_at=expires_at,
            phase=heartbeat.phase,
        )
        if not renewed:
            raise _lost(build_id)
        size = append_log(connection, build_id, offset=heartbeat.log_offset, data=piece)
    if size >= limit:
        size = max(size, heartbeat.log_offset + len(heartbeat.log))
    return HeartbeatReply(lease_expires_at=expires_at, log_size=size)


def check_lease(engine: Engine, *, clock: Clock, builder: Builder, build_id: str) -> None:
    """Make sure that a builder holds the lease of a build, before it may upload for it.

    Raises:
        LeaseLost: if it does not, or not any more.
    """
    with reading(engine) as connection:
        _leased_job(connection, clock=clock, builder=builder, build_id=build_id)


def _leased_job(
    connection: Connection, *, clock: Clock, builder: Builder, build_id: str
) -> LeasedJob:
    job = queue.leased_job(connection, build_id=build_id)
    if job is None or job.builder_id != builder.id or job.lease_expires_at <= clock.now():
        raise _lost(build_id)
    return job


def _lost(build_id: str) -> LeaseLost:
    return LeaseLost(build_id, "Drop this build and claim another job")


def finish(  # noqa: PLR0913 - what the web process hands over
    engine: Engine,
    *,
    store: Store,
    clock: Clock,
    settings: Settings,
    builder: Builder,
    build_id: str,
    report: FinishRequest,
) -> FinishReply:
    """End a build with the wheels that were uploaded for it, or with its failure.

    The wheels' bytes go to the store first, then one transaction settles everything: killed in
    between, nothing is published and the lease expires. Finishing again with the same build answers
    what is on record. The log stays in the database until maintenance has stored it.

    Raises:
        LeaseLost: if the lease has expired or is another builder's; nothing has changed then.
        UploadRefused: if the uploads are not what was announced; they can be uploaded again.
        StoreFull: if there is no room; the builder keeps the lease and may try again.
    """
    if report.failure is not None:
        ending = Ending(
            failure=report.failure.failure(),
            build_seconds=report.build_seconds,
            environment=report.environment,
            environment_digest=report.environment_digest,
        )
        return _reply(_end(engine, clock, settings, builder, build_id, ending, is_late=False))
    with reading(engine) as connection:
        ended = _recorded_end(connection, builder=builder, build_id=build_id)
        if ended is not None:
            return _reply(ended)
        job = _leased_job(connection, clock=clock, builder=builder, build_id=build_id)
    try:
        ending = _take_in(engine, store, job, report, settings=settings)
    except UploadRefused:
        # An earlier request for the same build may just have ended it, and its uploads with it.
        with reading(engine) as connection:
            ended = _recorded_end(connection, builder=builder, build_id=build_id)
        if ended is None:
            raise
        return _reply(ended)
    # A lease that ran out while the wheels were taken in holds until it is taken away.
    ended = _end(engine, clock, settings, builder, build_id, ending, is_late=True)
    uploads.discard(store, build_id)
    return _reply(ended)


def _end(  # noqa: PLR0913, PLR0917 - what the end of a build is
    engine: Engine,
    clock: Clock,
    settings: Settings,
    builder: Builder,
    build_id: str,
    ending: Ending,
    *,
    is_late: bool,
) -> Ended:
    """Settle everything in one transaction; with `is_late` a lease may just have run out."""
    now = clock.now()
    with writing(engine) as connection:
        job = queue.leased_job(connection, build_id=build_id)
        if job is None or job.builder_id != builder.id:
            ended = _recorded_end(connection, builder=builder, build_id=build_id)
            if ended is None:
                raise _lost(build_id)
            return ended
        if job.lease_expires_at <= now and not is_late:
            raise _lost(build_id)
        return end_attempt(connection, job, ending, at=now, settings=settings)


def _recorded_end(connection: Connection, *, builder: Builder, build_id: str) -> Ended | None:
    """Return how a builder's own build ended, if it told us of the end itself."""
    build = build_summary(connection, build_id)
    if build is None or build.builder != builder.name:
        return None
    if build.state not in {BuildState.SUCCEEDED, BuildState.FAILED}:
        return None
    return Ended(build.state, build.failure)


def _take_in(
    engine: Engine, store: Store, job: LeasedJob, report: FinishRequest, *, settings: Settings
) -> Ending:
    limits = settings.limits.limits()
    with reading(engine) as connection:
        page = stored_page(connection, job.project)
        ours = wheels_of_project(connection, job.project)
    told_of_environment = told_of(store, report.environment_digest, builder_id=job.builder_id)
    assignment = Assignment(
        build_id=job.build_id,
        project=job.project,
        version=job.version,
        target=job.target,
        number=job.number,
        release=ReleaseFacts() if page is None else release_facts(page, job.version, ours),
        environment=told_of_environment,
        has_layer=bool(job.recipe.debian_packages),
    )
    announced = [wheel.wheel() for wheel in report.wheels]
    told = {Filename(wheel.filename): wheel.told() for wheel in report.wheels}
    with tempfile.TemporaryDirectory(prefix="wheelyard-delivery-") as folder:
        delivered = receive(
            store, assignment, announced, folder=Path(folder), limits=limits, told=told
        )
        if isinstance(delivered, Failure):
            return Ending(
                failure=delivered,
                build_seconds=report.build_seconds,
                environment=report.environment,
                environment_digest=report.environment_digest,
            )
        delivered = with_twins(delivered, job.target, _names_taken(ours, job.target))
        stored = _store_wheels(store, job, page, delivered)
    dependencies = {wheel.sha256: wheel.dependencies for wheel in report.wheels}
    return Ending(
        wheels=tuple(wheel.file for wheel in delivered),
        stored=stored,
        certificates={wheel.file.filename: wheel.certificate for wheel in delivered},
        dependencies={wheel.file.filename: dependencies[wheel.file.sha256] for wheel in delivered},
        cross_failure=None if report.cross_failure is None else report.cross_failure.failure(),
        build_seconds=report.build_seconds,
        environment=report.environment,
        environment_digest=report.environment_digest,
    )


def _names_taken(ours: Iterable[Wheel], target: Target) -> frozenset[Filename]:
    """Return the names that a target's channel has had a wheel under."""
    return frozenset(wheel.file.filename for wheel in ours if wheel.channel == target.channel)


def _store_wheels(
    store: Store, job: LeasedJob, page: ProjectPage | None, delivered: list[DeliveredWheel]
) -> frozenset[Filename]:
    """Write wheels to their final places, their METADATA beside them; return their names.

    What upstream has the name of is left out: it will not be published. The places follow from
    the contents, so bytes that are not published after all harm nobody.
    """
    release = None if page is None else releases(page).get(job.version)
    if release is None:
        return frozenset()
    stored = set()
    for wheel in delivered:
        if upstream_has(release, wheel.file.filename):
            continue
        path = package_path(wheel.file.sha256, wheel.file.filename)
        store.put(f"{path}.metadata", wheel.metadata)
        store.put(path, _chunks(wheel.path))
        stored.add(wheel.file.filename)
    return frozenset(stored)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _reply(ended: Ended) -> FinishReply:
    failure = None if ended.failure is None else FailureMessage.of(ended.failure)
    return FinishReply(state=ended.state.value, failure=failure)
