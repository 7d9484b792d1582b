"""How fast jobs are claimed and completed, beside bare one-row updates of the same database."""

import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from postgres import running_cluster
from stocked import enqueue
from wheelyard.database import builders, builds, migrate, projects, queue, state, targets
from wheelyard.database.engine import Engine, connect, writing
from wheelyard.model.build import BuildState
from wheelyard.model.names import Filename, parse_project_name
from wheelyard.model.project import ProjectPage, UpstreamFile, Want
from wheelyard.model.target import target_from_name

JOBS = 1000
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TARGET = target_from_name("bookworm-cp311-armv7l")
PROJECT = parse_project_name("measured")


@dataclass(frozen=True, slots=True)
class ClaimFigures:
    """Transactions per second of one database: bare updates, claims, ends of jobs."""

    database: str
    updates: float
    claims: float
    ends: float


def measure() -> list[ClaimFigures]:
    """Measure SQLite and PostgreSQL."""
    with _sqlite() as engine:
        figures = [_measure("SQLite", engine)]
    with _postgresql() as engine:
        figures.append(_measure("PostgreSQL", engine))
    return figures


def _measure(database: str, engine: Engine) -> ClaimFigures:
    builder_id = _fill(engine)
    ids = [uuid.uuid4().hex for _ in range(JOBS)]

    def update(_: str) -> None:
        with writing(engine) as connection:
            state.next_serial(connection)

    def claim(build_id: str) -> None:
        with writing(engine) as connection:
            claimed = queue.claim(
                connection,
                builder_id=builder_id,
                targets=[TARGET.name],
                now=NOW,
                lease_expires_at=NOW + timedelta(hours=1),
                build_id=build_id,
            )
        assert claimed is not None

    def end(build_id: str) -> None:
        with writing(engine) as connection:
            builds.close_build(
                connection, build_id=build_id, state=BuildState.SUCCEEDED, finished_at=NOW
            )
            queue.complete(connection, build_id=build_id)

    return ClaimFigures(
        database=database,
        updates=_rate(update, ids),
        claims=_rate(claim, ids),
        ends=_rate(end, ids),
    )


def _rate(step: Callable[[str], None], ids: list[str]) -> float:
    started = time.monotonic()
    for build_id in ids:
        step(build_id)
    return len(ids) / (time.monotonic() - started)


def _fill(engine: Engine) -> int:
    """Put one job for each of many releases into the queue; return a builder's number."""
    migrate.upgrade(engine)
    files = tuple(
        UpstreamFile(
            filename=Filename(f"measured-{number}.tar.gz"),
            url=f"https://index.example.org/measured-{number}.tar.gz",
            hashes={"sha256": f"{number:064x}"},
        )
        for number in range(JOBS)
    )
    with writing(engine) as connection:
        targets.save_targets(connection, [TARGET])
        projects.want(connection, Want(project=PROJECT), at=NOW)
        projects.save_page(connection, ProjectPage(name=PROJECT, files=files), at=NOW)
        for number in range(JOBS):
            enqueue(connection, project=PROJECT, version=str(number), target=TARGET.name)
        builder = builders.add_builder(
            connection, name="measured", token_hash="0" * 64, targets=frozenset(), at=NOW
        )
    return builder.id


@contextmanager
def _sqlite() -> Iterator[Engine]:
    with tempfile.TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{Path(folder) / 'measured.sqlite'}")
        yield engine
        engine.dispose()


@contextmanager
def _postgresql() -> Iterator[Engine]:
    with running_cluster() as cluster:
        engine = connect(cluster.url(cluster.create()))
        yield engine
        engine.dispose()
