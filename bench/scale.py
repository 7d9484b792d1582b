"""What the queue costs as the number of projects grows."""

import resource
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import delete, func, select, text, update

from population import NOW, RELEASES, TARGETS, populate
from postgres import running_cluster
from wheelyard.clock import SettableClock
from wheelyard.database import builders, migrate, plans, queue, tables
from wheelyard.database.engine import Engine, connect, reading, writing
from wheelyard.model.build import Failure, FailureKind
from wheelyard.model.builder import Builder
from wheelyard.model.names import ProjectName, parse_project_name
from wheelyard.protocol import FailureMessage, FinishRequest
from wheelyard.queue import leases
from wheelyard.queue.maintenance import Maintenance
from wheelyard.queue.planning import plan_next
from wheelyard.settings import PolicySettings, Settings
from wheelyard.storage.objects import open_store

SMALL, MIDDLE, LARGE, HUGE = 2_000, 20_000, 200_000, 1_000_000
_ROUNDS = 200
_PLANNED = 1_000
_FAILURE = Failure(kind=FailureKind.COMPILE_ERROR, message="gcc rejected the project's own code.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleFigures:
    """Milliseconds of one thing each, medians; releases planned per second; sizes in MB."""

    database: str
    projects: int
    jobs: int
    plan: float
    claim: float
    finish: float
    expire: float
    count: float
    planned: float
    size: float
    memory: float


def measure(*, full: bool) -> list[ScaleFigures]:
    """Measure PostgreSQL at all sizes and SQLite at the smaller ones."""
    sizes = (SMALL, MIDDLE, LARGE, HUGE) if full else (SMALL, MIDDLE, LARGE)
    figures = []
    with running_cluster() as cluster:
        for projects in sizes:
            name = cluster.create()
            with _open(cluster.url(name)) as engine:
                figures.append(_measure("PostgreSQL", engine, projects))
            cluster.drop(name)
    for projects in (SMALL, MIDDLE):
        with (
            tempfile.TemporaryDirectory() as folder,
            _open(f"sqlite:///{Path(folder) / 'measured.sqlite'}") as engine,
        ):
            figures.append(_measure("SQLite", engine, projects))
    return figures


@contextmanager
def _open(url: str) -> Iterator[Engine]:
    engine = connect(url)
    try:
        yield engine
    finally:
        engine.dispose()


def _measure(database: str, engine: Engine, projects: int) -> ScaleFigures:
    migrate.upgrade(engine)
    populate(engine, projects)
    with reading(engine) as connection:
        jobs = connection.scalar(select(func.count()).select_from(tables.jobs)) or 0
        builder = builders.all_builders(connection)[0]
    planned = _planned_per_second(engine, projects)
    work = _Work(engine, builder)
    return ScaleFigures(
        database=database,
        projects=projects,
        jobs=jobs,
        plan=_median(work.plan_one, range(_ROUNDS)),
        claim=_median(work.claim, range(_ROUNDS)),
        finish=_median(work.finish, range(_ROUNDS)),
        expire=work.expire(),
        count=_median(work.count, range(5)),
        planned=planned,
        size=_size(engine),
        memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def _median(step: Callable[[int], None], numbers: Sequence[int]) -> float:
    times = []
    for number in numbers:
        started = time.perf_counter()
        step(number)
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


class _Work:
    """The steps that are timed, against one database."""

    def __init__(self, engine: Engine, builder: Builder) -> None:
        self._engine = engine
        self._builder = builder
        self._clock = SettableClock(NOW)
        self._store = open_store("memory://")
        self._settings = Settings()
        self._claimed: list[str] = []

    def plan_one(self, number: int) -> None:
        """Plan one project that was marked because something of it has changed."""
        with writing(self._engine) as connection:
            plans.mark_to_plan(connection, [_project(number)], at=NOW)
            plan_next(connection, policy=PolicySettings(), at=NOW)

    def claim(self, _: int) -> None:
        """Take a job, as a builder that serves one target does."""
        build_id = uuid.uuid4().hex
        with writing(self._engine) as connection:
            job = queue.claim(
                connection,
                builder_id=self._builder.id,
                targets=[TARGETS[0].name],
                now=self._clock.now(),
                lease_expires_at=self._clock.now() + timedelta(hours=1),
                build_id=build_id,
            )
        assert job is not None
        self._claimed.append(build_id)

    def finish(self, _: int) -> None:
        """End a build with a failure."""
        leases.finish(
            self._engine,
            store=self._store,
            clock=self._clock,
            settings=self._settings,
            builder=self._builder,
            build_id=self._claimed.pop(),
            report=FinishRequest(failure=FailureMessage.of(_FAILURE), build_seconds=1.0),
        )

    def expire(self) -> float:
        """Expire leases that nobody renewed; return the milliseconds of one."""
        for number in range(_ROUNDS // 2):
            self.claim(number)
        self._clock.advance(timedelta(hours=2))
        maintenance = Maintenance(
            self._engine, store=self._store, clock=self._clock, settings=self._settings
        )
        started = time.perf_counter()
        done = maintenance.tick()
        assert done >= _ROUNDS // 2
        return (time.perf_counter() - started) / done * 1000

    def count(self, _: int) -> None:
        """Count the queue by target and state."""
        with reading(self._engine) as connection:
            queue.job_counts(connection)


def _project(number: int) -> ProjectName:
    return parse_project_name(f"project-{number}")


def _planned_per_second(engine: Engine, projects: int) -> float:
    """Plan projects for the first time, whose decisions and jobs are not there yet."""
    first = select(tables.releases.c.id).where(tables.releases.c.project_id <= _PLANNED)
    with writing(engine) as connection:
        for table in (tables.jobs, tables.builds, tables.decisions):
            connection.execute(delete(table).where(table.c.release_id.in_(first)))
        connection.execute(
            update(tables.projects).where(tables.projects.c.id <= _PLANNED).values(plan_from=NOW)
        )
    done = 0
    started = time.perf_counter()
    while done < min(_PLANNED, projects):
        with writing(engine) as connection:
            done += len(plan_next(connection, policy=PolicySettings(), at=NOW))
    return done * RELEASES / (time.perf_counter() - started)


def _size(engine: Engine) -> float:
    with reading(engine) as connection:
        if connection.dialect.name == "postgresql":
            query = "SELECT pg_database_size(current_database())"
        else:
            query = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        return float(connection.scalar(text(query)) or 0) / 2**20
