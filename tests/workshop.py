"""The queue in small: a database, a store in memory, and a clock that stands still.

`Workshop` plays upstream, the people who ask for projects, the services and the builders; what it
does goes through the real queue, database and store.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from packaging.version import Version

from factories import digest
from wheels import make_wheel
from wheelyard.certify.inspection import inspect_wheel
from wheelyard.clock import SettableClock
from wheelyard.database import builders, builds, projects, queue, targets, wheels
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.model.build import Decision, Failure, FailureKind, Limits, Phase
from wheelyard.model.builder import Builder
from wheelyard.model.job import JobCount
from wheelyard.model.names import Filename, ProjectName, TargetName, parse_project_name
from wheelyard.model.project import ProjectPage, ProjectStatus, UpstreamFile, Want
from wheelyard.model.summary import BuildSummary
from wheelyard.model.target import target_from_name
from wheelyard.model.wheel import Wheel, WheelFile
from wheelyard.protocol import (
    BuildLease,
    ClaimRequest,
    FailureMessage,
    FinishReply,
    FinishRequest,
    Heartbeat,
    HeartbeatReply,
    WheelMessage,
)
from wheelyard.queue import leases
from wheelyard.queue.healing import Healing
from wheelyard.queue.maintenance import Maintenance
from wheelyard.queue.scheduler import Scheduler
from wheelyard.settings import QueueSettings, Settings
from wheelyard.storage import uploads
from wheelyard.storage.objects import open_store
from wheelyard.storage.store import Store

SPAM = parse_project_name("spam")
BOOKWORM = TargetName("bookworm-cp311-x86_64")
NEWER = TargetName("bookworm-cp312-x86_64")
TRIXIE = TargetName("trixie-cp313-x86_64")
PLATFORM_TAG = "cp311-cp311-linux_x86_64"
PURE_TAG = "py3-none-any"
OTHER_PLATFORM = "spam-1.0-cp39-cp39-win_amd64.whl"
"""Upstream's wheel for another machine: so the release's wheels are no pure ones."""

INDEX_URL = "https://index.example.org/simple/"
COMPILE_ERROR = Failure(
    kind=FailureKind.COMPILE_ERROR, message="gcc rejected spam.c.", evidence=("spam.c:1: error",)
)
LOST_DISK = Failure(kind=FailureKind.INFRASTRUCTURE, message="The builder's disk is gone.")


def upstream_file(
    filename: str = "spam-1.0.tar.gz",
    *,
    content: str | None = None,
    yanked: bool = False,
    requires_python: str | None = None,
) -> UpstreamFile:
    """Make a file of a page; its SHA-256 is that of `content`, by default of its name."""
    return UpstreamFile(
        filename=Filename(filename),
        url=f"https://files.example.org/{filename}",
        hashes={"sha256": hashlib.sha256((content or filename).encode()).hexdigest()},
        yanked=yanked,
        requires_python=requires_python,
    )


@dataclass
class Workshop:
    """The queue's parts, and short ways to bring about what a test needs."""

    folder: Path
    engine: Engine
    store: Store
    clock: SettableClock
    settings: Settings
    count: int = 0

    def activate(self, *names: TargetName) -> None:
        """Make exactly these targets active."""
        with writing(self.engine) as connection:
            targets.save_targets(connection, [target_from_name(name) for name in names])

    def want(
        self, name: ProjectName = SPAM, *, version: str | None = None, force: bool = False
    ) -> None:
        """Have a person ask for a project."""
        want = Want(project=name, version=Version(version) if version else None, force=force)
        with writing(self.engine) as connection:
            projects.want(connection, want, at=self.clock.now())

    def read(
        self,
        *files: UpstreamFile,
        name: ProjectName = SPAM,
        status: ProjectStatus = ProjectStatus.ACTIVE,
    ) -> None:
        """Have a project's page read; by default it has one source distribution."""
        page = ProjectPage(name=name, files=files or (upstream_file(),), status=status)
        with writing(self.engine) as connection:
            projects.save_page(connection, page, at=self.clock.now())

    def mark_for_planning(self) -> None:
        """Have every wanted project planned again although nothing changed."""
        with writing(self.engine) as connection:
            asked = projects.wants(connection)
            for want in asked:
                projects.want(connection, want, at=self.clock.now())

    def plan(self) -> int:
        """Let failures be examined, and the scheduler do what there is to do."""
        self.healing().tick()
        return Scheduler(self.engine, clock=self.clock, policy=self.settings.policy).tick()

    def healing(self) -> Healing:
        """Return the service that examines failures."""
        return Healing(self.engine, store=self.store, clock=self.clock, settings=self.settings)

    def maintain(self) -> int:
        """Let maintenance do what there is to do, and the scheduler plan what follows from it."""
        done = Maintenance(
            self.engine,
            store=self.store,
            clock=self.clock,
            settings=self.settings,
            holder="workshop",
        ).tick()
        self.plan()
        return done

    def builder(
        self, name: str = "board", *, targets: frozenset[TargetName] = frozenset()
    ) -> Builder:
        """Put a builder on record."""
        with writing(self.engine) as connection:
            return builders.add_builder(
                connection, name=name, token_hash=digest(name), targets=targets, at=self.clock.now()
            )

    def claim(
        self, builder: Builder, *, targets: Sequence[TargetName] = (BOOKWORM, NEWER, TRIXIE)
    ) -> BuildLease | None:
        """Let a builder ask for a job."""
        return leases.claim(
            self.engine,
            clock=self.clock,
            settings=self.settings,
            index_url=INDEX_URL,
            builder=builder,
            request=ClaimRequest(targets=tuple(targets), free_memory_bytes=0),
        )

    def claimed(self, builder: Builder) -> BuildLease:
        """Let a builder take the job that there must be, a second later."""
        self.clock.advance(timedelta(seconds=1))
        lease = self.claim(builder)
        assert lease is not None
        return lease

    def heartbeat(
        self, builder: Builder, build_id: str, *, log: bytes = b"", offset: int = 0
    ) -> HeartbeatReply:
        """Let a builder give a sign of life."""
        return leases.heartbeat(
            self.engine,
            clock=self.clock,
            settings=self.settings,
            builder=builder,
            build_id=build_id,
            heartbeat=Heartbeat.model_construct(phase=Phase.BUILD, log_offset=offset, log=log),
        )

    def make_wheel(
        self,
        lease: BuildLease,
        *,
        tag: str | None = None,
        content: str = "eggs",
        requires_python: str | None = None,
    ) -> Path:
        """Make the wheel that a lease asks for, in a folder of its own; nothing is uploaded."""
        self.count += 1
        target = lease.target.target()
        native = f"{target.interpreter}-{target.interpreter}-{target.native_platform}"
        return make_wheel(
            self.folder / str(self.count),
            name=lease.project,
            version=lease.version,
            tags=(tag or native,),
            build=lease.number or None,
            files={f"{lease.project}/__init__.py": content.encode()},
            requires_python=requires_python,
        )

    def upload(self, lease: BuildLease, wheel: Path) -> WheelFile:
        """Upload a wheel for a build, in one part, and return how it would be announced."""
        uploads.put_part(self.store, lease.build_id, wheel.name, 0, wheel.read_bytes())
        found = inspect_wheel(
            wheel,
            project=parse_project_name(lease.project),
            version=Version(lease.version),
            target=lease.target.target(),
            limits=Limits(),
        )
        assert isinstance(found, WheelFile)
        return found

    def finish(
        self,
        builder: Builder,
        build_id: str,
        *announced: WheelFile,
        failure: Failure | None = None,
        environment_digest: str | None = None,
        cross_failure: Failure | None = None,
    ) -> FinishReply:
        """Let a builder tell the end of a build, and the scheduler plan what follows from it."""
        reply = leases.finish(
            self.engine,
            store=self.store,
            clock=self.clock,
            settings=self.settings,
            builder=builder,
            build_id=build_id,
            report=FinishRequest(
                wheels=tuple(WheelMessage.of(wheel) for wheel in announced),
                failure=None if failure is None else FailureMessage.of(failure),
                build_seconds=1.5,
                environment_digest=environment_digest,
                cross_failure=None if cross_failure is None else FailureMessage.of(cross_failure),
            ),
        )
        self.plan()
        return reply

    def deliver(
        self, builder: Builder, lease: BuildLease, *, tag: str | None = None
    ) -> FinishReply:
        """Let a builder make, upload and announce the wheel that a lease asks for."""
        wheel = self.upload(lease, self.make_wheel(lease, tag=tag))
        return self.finish(builder, lease.build_id, wheel)

    def decisions(self, name: ProjectName = SPAM) -> list[Decision]:
        """Return what is decided about a project."""
        with reading(self.engine) as connection:
            return queue.decisions(connection, project=name)

    def verdicts(self, name: ProjectName = SPAM) -> dict[tuple[str, TargetName], str]:
        """Return the verdicts about a project, by version and target."""
        return {
            (str(decision.version), decision.target): decision.verdict.value
            for decision in self.decisions(name)
        }

    def job_counts(self) -> list[JobCount]:
        """Return how many jobs there are."""
        with reading(self.engine) as connection:
            return queue.job_counts(connection)

    def build(self, build_id: str) -> BuildSummary:
        """Return what is on record of a build."""
        with reading(self.engine) as connection:
            found = builds.build_summary(connection, build_id)
        assert found is not None
        return found

    def wheels(self, name: ProjectName = SPAM) -> list[Wheel]:
        """Return our wheels of a project."""
        with reading(self.engine) as connection:
            return wheels.wheels_of_project(connection, name)

    def stored(self, folder: str) -> list[str]:
        """Return the keys in a folder of the store."""
        return sorted(self.store.keys(folder))


def make_workshop(folder: Path, engine: Engine) -> Workshop:
    """Open a workshop on a migrated database, with one active target and nothing to do."""
    workshop = Workshop(
        folder=folder,
        engine=engine,
        store=open_store("memory://"),
        clock=SettableClock(),
        settings=Settings(
            data=folder, queue=QueueSettings(max_attempts=3, backoff=timedelta(seconds=10))
        ),
    )
    workshop.activate(BOOKWORM)
    return workshop
