"""A whole server in small: an SQLite file, a folder store, a clock that stands still, and the app.

`Yard` follows no index and builds nothing: tests put projects, builds and wheels into it directly.
"""

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import FastAPI
from packaging.version import Version
from starlette.testclient import TestClient

from migrated import migrated_database
from stocked import enqueue
from wheels import make_wheel
from wheelyard.certify.inspection import read_metadata
from wheelyard.clock import SettableClock
from wheelyard.database import (
    builders,
    builds,
    decisions,
    pages,
    projects,
    targets,
    wheels,
)
from wheelyard.database import leases as leased
from wheelyard.database.engine import Engine, connect, writing
from wheelyard.model.build import BuildState, Decision, Failure, Verdict
from wheelyard.model.names import (
    Filename,
    ProjectName,
    Sha256,
    TargetName,
    parse_project_name,
)
from wheelyard.model.project import ProjectPage, ProjectStatus, UpstreamFile, Want
from wheelyard.model.target import target_from_name
from wheelyard.model.wheel import Wheel, WheelFile, WheelState
from wheelyard.publish.failures import FailurePages
from wheelyard.publish.publisher import Publisher
from wheelyard.publish.statistics import StatisticsPages
from wheelyard.settings import DownloadsSettings, Settings
from wheelyard.storage.objects import open_store
from wheelyard.storage.store import Store
from wheelyard.web.app import create_app
from wheelyard.web.state import AppState
from wheelyard.web.tokens import hash_token, new_token

SERVER_URL = "http://yard.example.org/"
INDEX_URL = "https://index.example.org/simple/"
BOOKWORM = TargetName("bookworm-cp311-x86_64")
TRIXIE = TargetName("trixie-cp313-x86_64")


@dataclass
class Yard:
    """The server's parts, and short ways to bring about what a test needs."""

    folder: Path
    engine: Engine
    store: Store
    clock: SettableClock
    settings: Settings
    publisher: Publisher
    app: FastAPI
    client: TestClient
    serial: int = field(default=0)

    def builder(
        self,
        *,
        name: str = "board",
        targets: frozenset[TargetName] = frozenset(),
        expires_at: datetime | None = None,
    ) -> str:
        """Put a builder on record and return its token."""
        token = new_token()
        with writing(self.engine) as connection:
            builders.add_builder(
                connection,
                name=name,
                token_hash=hash_token(token),
                targets=targets,
                at=self.clock.now(),
                expires_at=expires_at,
            )
        return token

    def activate(self, *names: str) -> None:
        """Make exactly these targets active."""
        with writing(self.engine) as connection:
            targets.save_targets(connection, [target_from_name(name) for name in names])

    def project(
        self,
        name: str = "spam",
        *,
        versions: tuple[str, ...] = ("1.0",),
        summary: str | None = "Eggs and more",
        status: ProjectStatus = ProjectStatus.ACTIVE,
        status_reason: str | None = None,
        yanked: bool = False,
        yanked_reason: str | None = None,
    ) -> ProjectName:
        """Have a project read from upstream, with a source distribution for each version."""
        project = parse_project_name(name)
        page = ProjectPage(
            name=project,
            files=tuple(
                _sdist(name, version, yanked=yanked, yanked_reason=yanked_reason)
                for version in versions
            ),
            display_name=name,
            summary=summary,
            status=status,
            status_reason=status_reason,
        )
        now = self.clock.now()
        with writing(self.engine) as connection:
            projects.want(connection, Want(project=project, version=None, force=False), at=now)
            projects.save_page(connection, page, at=now)
        return project

    def decide(
        self,
        name: str = "spam",
        *,
        version: str = "1.0",
        target: TargetName = BOOKWORM,
        verdict: Verdict = Verdict.NEEDS_BUILD,
        reason: str = "There is no wheel yet.",
    ) -> None:
        """Record a decision and have the project's pages written."""
        decision = Decision(
            project=parse_project_name(name),
            version=Version(version),
            target=target,
            verdict=verdict,
            reason=reason,
        )
        with writing(self.engine) as connection:
            decisions.record_decision(connection, decision, at=self.clock.now())
            pages.mark_page(connection, decision.project)

    def job(
        self, name: str = "spam", *, version: str = "1.0", target: TargetName = BOOKWORM
    ) -> None:
        """Put a job into the queue."""
        with writing(self.engine) as connection:
            enqueue(connection, project=name, version=version, target=target)

    def build(
        self, name: str = "spam", *, version: str = "1.0", target: TargetName = BOOKWORM
    ) -> str:
        """Start a build on a builder of its own, and return its id."""
        self.job(name, version=version, target=target)
        self.serial += 1
        build_id = f"{self.serial:032x}"
        self.builder(name=f"board{self.serial}")
        now = self.clock.now()
        with writing(self.engine) as connection:
            builder_id = max(item.id for item in builders.all_builders(connection))
            leased.claim(
                connection,
                builder_id=builder_id,
                targets=[target],
                now=now,
                lease_expires_at=now + self.settings.queue.lease,
                build_id=build_id,
            )
        return build_id

    def end(
        self, build_id: str, *, log: bytes = b"all is well\n", failure: Failure | None = None
    ) -> None:
        """End a build, with its log stored."""
        key = f"logs/{build_id}.log.gz"
        self.store.put(key, gzip.compress(log, mtime=0))
        with writing(self.engine) as connection:
            builds.close_build(
                connection,
                build_id=build_id,
                state=BuildState.SUCCEEDED if failure is None else BuildState.FAILED,
                finished_at=self.clock.now(),
                failure=failure,
                log_key=key,
            )
            job = leased.leased_job(connection, build_id=build_id)
            assert job is not None
            leased.complete(connection, build_id=build_id)
            pages.mark_page(connection, job.project)

    def publish(
        self,
        name: str = "spam",
        *,
        version: str = "1.0",
        tags: tuple[str, ...] = ("cp311-cp311-linux_x86_64",),
        target: TargetName = BOOKWORM,
        requires_python: str | None = None,
        state: WheelState = WheelState.PUBLISHED,
        files: dict[str, bytes] | None = None,
        dependencies: tuple[str, ...] = (),
    ) -> Wheel:
        """Have a wheel built, stored and put on record."""
        build_id = self.build(name, version=version, target=target)
        path = make_wheel(
            self.folder / build_id,
            name=name,
            version=version,
            tags=tags,
            requires_python=requires_python,
            files=files,
        )
        data, metadata = path.read_bytes(), read_metadata(path)
        wheel = Wheel(
            file=WheelFile(
                filename=Filename(path.name),
                size=len(data),
                sha256=Sha256(hashlib.sha256(data).hexdigest()),
                metadata_sha256=Sha256(hashlib.sha256(metadata).hexdigest()),
                requires_python=requires_python,
            ),
            project=parse_project_name(name),
            version=Version(version),
            target=target,
            build_id=build_id,
            state=state,
            uploaded_at=self.clock.now(),
        )
        self.store.put(wheel.path, data)
        self.store.put(f"{wheel.path}.metadata", metadata)
        with writing(self.engine) as connection:
            wheels.record_wheel(connection, wheel, dependencies=dependencies)
        self.end(build_id)
        return wheel

    @property
    def state(self) -> AppState:
        """What the application's end points work with."""
        state: AppState = self.app.state.wheelyard
        return state

    def replace_store(self, store: Store) -> None:
        """Have the application use another store from now on."""
        self.app.state.wheelyard = replace(self.state, store=store)

    @contextmanager
    def without_database(self) -> Iterator[None]:
        """Take the database away, as a lost disk would, and bring it back."""
        self.engine.dispose()
        files = list(self.folder.glob("yard.sqlite*"))
        for file in files:
            file.rename(f"{file}.away")
        (self.folder / "yard.sqlite").mkdir()
        yield
        (self.folder / "yard.sqlite").rmdir()
        for file in files:
            Path(f"{file}.away").rename(file)


def make_yard(folder: Path, *, settings: Settings | None = None) -> Yard:
    """Set up a server in a folder, with one active target."""
    folder.mkdir(parents=True, exist_ok=True)
    engine = connect(f"sqlite:///{migrated_database(folder / 'yard.sqlite')}")
    store = open_store(f"file://{folder / 'store'}")
    clock = SettableClock()
    settings = settings or Settings(data=folder, public_url=SERVER_URL)
    app = create_app(
        engine=engine, store=store, settings=settings, clock=clock, index_url=INDEX_URL
    )
    yard = Yard(
        folder=folder,
        engine=engine,
        store=store,
        clock=clock,
        settings=settings,
        publisher=Publisher(engine, store=store, clock=clock, settings=settings),
        app=app,
        client=TestClient(app, raise_server_exceptions=False, follow_redirects=False),
    )
    first = _first_pages(settings.downloads.model_dump_json(), settings.server_url)
    for key, content in first.items():
        store.put(key, content)
    yard.activate(BOOKWORM)
    return yard


@cache
def _first_pages(downloads: str, server_url: str) -> Mapping[str, bytes]:
    """Return the pages of statistics and failures of a server that nobody has used, by their keys.

    The server has these settings of downloads, in JSON. Writing the pages is most of the work of
    setting a yard up, so it is done once.
    """
    with TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{migrated_database(Path(folder) / 'empty.sqlite')}")
        store = open_store("memory://")
        settings = DownloadsSettings.model_validate_json(downloads)
        StatisticsPages(
            engine, store=store, clock=SettableClock(), settings=settings, server_url=server_url
        ).tick()
        FailurePages(engine, store=store, server_url=server_url).tick()
        engine.dispose()
        return {
            key: store.get(key) for folder in ("stats", "failures") for key in store.keys(folder)
        }


def _sdist(
    name: str, version: str, *, yanked: bool = False, yanked_reason: str | None = None
) -> UpstreamFile:
    filename = Filename(f"{name}-{version}.tar.gz")
    return UpstreamFile(
        filename=filename,
        url=f"https://files.example.org/{filename}",
        hashes={"sha256": hashlib.sha256(filename.encode()).hexdigest()},
        yanked=yanked,
        yanked_reason=yanked_reason,
    )
