"""How long the questions about downloads take, with the counts of a hundred million of them."""

import statistics as means
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from sqlalchemy import event, text

from postgres import running_cluster
from wheelyard.database import migrate
from wheelyard.database import statistics as asked
from wheelyard.database.engine import Connection, connect, reading, writing

ROUNDS = 20
TODAY = date(2026, 11, 23)
_FILL = (
    # 2,000,000 rows of projects: 100,000 for ever, 12 months of 50,000, 60 days of some 20,000.
    """INSERT INTO project_counts
       (period, starts_on, project, downloads, searches, pages, saved_ms, comparable_ms)
       SELECT 'all', DATE '1970-01-01', 'project' || n, 100000000 / (12 * n), n, 1, n, n
       FROM generate_series(1, 100000) AS n""",
    """INSERT INTO project_counts
       (period, starts_on, project, downloads, searches, pages, saved_ms, comparable_ms)
       SELECT 'month', (DATE '2025-12-01' + make_interval(months => m))::date, 'project' || n,
              8000000 / (11 * n), n, 1, n, n
       FROM generate_series(1, 50000) AS n, generate_series(0, 11) AS m""",
    """INSERT INTO project_counts
       (period, starts_on, project, downloads, searches, pages, saved_ms, comparable_ms)
       SELECT 'day', DATE '2026-11-23' - d, 'project' || n, 300000 / (10 * n), n, 1, n, n
       FROM generate_series(1, 21000) AS n, generate_series(0, 61) AS d""",
    """INSERT INTO counted_files (filename, project)
       SELECT 'project' || n || '-1.0-cp311-cp311-linux_armv7l.whl', 'project' || n
       FROM generate_series(1, 100000) AS n""",
    # 3,000,000 rows of files.
    """INSERT INTO file_counts (period, starts_on, file_id, architecture, client_class, build_ms,
                                downloads, saved_ms, comparable_ms)
       SELECT 'day', DATE '2026-11-23' - d, n, 'armv7l', 'installer', 1000, 10, 10, 10
       FROM generate_series(1, 50000) AS n, generate_series(0, 59) AS d""",
    # 60,000 rows of what installers told, 20,000 of daily totals.
    """INSERT INTO client_counts (period, starts_on, dimension, value, downloads)
       SELECT 'day', DATE '2026-11-23' - d, dimension, 'value ' || n, n
       FROM generate_series(1, 93) AS n, generate_series(0, 91) AS d,
            unnest(ARRAY['installer', 'python', 'implementation', 'distribution', 'libc',
                         'architecture', 'ci']) AS dimension""",
    """INSERT INTO request_counts (kind, client_class, day, requests, saved_ms, comparable_ms)
       SELECT kind, class, DATE '2026-11-23' - d, 25000, 1000, 1000
       FROM generate_series(0, 799) AS d,
            unnest(ARRAY['download', 'metadata', 'search', 'page', 'json']) AS kind,
            unnest(ARRAY['installer', 'browser', 'mirror', 'robot', 'other']) AS class""",
    "ANALYZE",
)


@dataclass(frozen=True, slots=True)
class QueryFigures:
    """Milliseconds of a question, the median; how many queries it is, and the slowest of them."""

    question: str
    queries: int
    ms: float
    slowest: float


def measure() -> list[QueryFigures]:
    """Fill a database with roll-ups, and ask it."""
    with running_cluster(is_durable=True) as cluster:
        engine = connect(cluster.url(cluster.create()))
        migrate.upgrade(engine)
        for statement in _FILL:
            with writing(engine) as connection:
                connection.execute(text(statement))
        with reading(engine) as connection:
            found = [
                _timed(connection, "everything on the page of statistics", _everything),
                _timed(connection, "one project", _one_project),
            ]
        engine.dispose()
    return found


def _everything(connection: Connection) -> object:
    return asked.statistics(connection, today=TODAY)


def _one_project(connection: Connection) -> object:
    return asked.project_statistics(connection, "project7", today=TODAY)


def _timed(
    connection: Connection, name: str, question: Callable[[Connection], object]
) -> QueryFigures:
    times = []
    rounds: list[list[float]] = []
    with _watched(connection) as spent:
        for _ in range(ROUNDS):
            spent.clear()
            started = time.perf_counter()
            assert question(connection)
            times.append(time.perf_counter() - started)
            rounds.append(list(spent))
    slowest = max(means.median(query) for query in zip(*rounds, strict=True))
    return QueryFigures(name, len(spent), means.median(times) * 1000, slowest * 1000)


@contextmanager
def _watched(connection: Connection) -> Iterator[list[float]]:
    """Yield a list that gets the seconds of each query."""
    spent: list[float] = []
    began = 0.0

    def before(*_: object) -> None:
        nonlocal began
        began = time.perf_counter()

    def after(*_: object) -> None:
        spent.append(time.perf_counter() - began)

    event.listen(connection, "before_cursor_execute", before)
    event.listen(connection, "after_cursor_execute", after)
    yield spent
    event.remove(connection, "before_cursor_execute", before)
    event.remove(connection, "after_cursor_execute", after)
