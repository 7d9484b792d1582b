"""A wheelyard of any size: projects with ten releases each, decided about for four targets.

Of ten releases seven are pure wheels upstream, one has upstream wheels for other machines only and
two are source distributions. Half of what upstream does not cover has failed here, some was built,
and the rest waits in the queue: two jobs for each project.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Table, text

from wheelyard.database import builders, tables, targets
from wheelyard.database.engine import Connection, Engine, writing
from wheelyard.model.names import TargetName
from wheelyard.model.target import target_from_name

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
RELEASES = 10
TARGETS = tuple(
    target_from_name(name)
    for name in (
        *("bookworm-cp311-armv7l", "bookworm-cp311-aarch64"),
        *("trixie-cp313-armv7l", "trixie-cp313-aarch64"),
    )
)
_BUILDER = "measured"
_PER_PIECE = 20_000
_PLATFORM = 7
_FAILED = 8
_WAITING = 9

Row = tuple[Any, ...]


def populate(engine: Engine, projects: int) -> None:
    """Fill an empty, migrated database, by COPY on PostgreSQL, and gather its statistics."""
    with writing(engine) as connection:
        targets.save_targets(connection, TARGETS)
        builders.add_builder(
            connection, name=_BUILDER, token_hash="0" * 64, targets=frozenset(), at=NOW
        )
        _without_foreign_keys(connection)
        for table, columns, rows in _TABLES:
            _load(connection, table, columns, (row for n in range(projects) for row in rows(n)))
        _go_on_counting(connection, projects)
        connection.execute(text("ANALYZE"))


def target_names() -> list[TargetName]:
    """Return the names of the targets that everything is decided for."""
    return [target.name for target in TARGETS]


def _without_foreign_keys(connection: Connection) -> None:
    """Look up no reference of rows that are known to be right: it would take most of the time."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL session_replication_role = replica"))


def _load(connection: Connection, table: Table, columns: str, rows: Iterator[Row]) -> None:
    names = columns.split()
    if connection.dialect.name == "postgresql":
        cursor = connection.connection.cursor()
        with cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
            while piece := "".join(map(_line, islice(rows, _PER_PIECE))):
                copy.write(piece)
        return
    marks = ", ".join("?" * len(names))
    cursor = connection.connection.cursor()
    statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"
    while some := list(islice(rows, _PER_PIECE)):
        cursor.executemany(statement, some)


def _line(row: Row) -> str:
    return "\t".join("\\N" if value is None else str(value) for value in row) + "\n"


def _go_on_counting(connection: Connection, projects: int) -> None:
    if connection.dialect.name != "postgresql":
        return
    for table, last in (
        ("projects", projects),
        ("releases", projects * RELEASES),
        ("upstream_files", projects * RELEASES * 2),
        ("jobs", projects * RELEASES * len(TARGETS)),
    ):
        connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {last})"))


_MOMENTS = [
    (NOW - timedelta(days=30, hours=hours)).strftime("%Y-%m-%d %H:%M:%S.%f")
    for hours in range(5000)
]


def _time(number: int) -> str:
    return _MOMENTS[number % len(_MOMENTS)]


_NOW = NOW.strftime("%Y-%m-%d %H:%M:%S.%f")


def _releases_of(project: int) -> range:
    return range(project * RELEASES, (project + 1) * RELEASES)


def _projects(number: int) -> Iterator[Row]:
    yield (
        number + 1,
        f"project-{number}",
        "active",
        0,
        _NOW,
        _NOW,
        _NOW,
        number % 1000,
        1,
        1,
        number,
    )


def _releases(number: int) -> Iterator[Row]:
    for release in _releases_of(number):
        version = f"1.{release % RELEASES}"
        yield release + 1, number + 1, version, version, _time(release)


def _files(number: int) -> Iterator[Row]:
    for release in _releases_of(number):
        kind = release % RELEASES
        stem = f"project_{number}-1.{kind}"
        names = [f"{stem}.tar.gz"]
        if kind < _PLATFORM:
            names.append(f"{stem}-py3-none-any.whl")
        elif kind == _PLATFORM:
            names.append(f"{stem}-cp312-cp312-win_amd64.whl")
        for place, name in enumerate(names):
            file = release * 2 + place
            yield (
                *(file + 1, number + 1, release + 1, kind * 2 + place, name),
                f"https://files.example.org/{name}",
                f'{{"sha256": "{file:064x}"}}',
                *(10_000 + file % 1000, 0, _time(release)),
            )


def _decisions(number: int) -> Iterator[Row]:
    for release in _releases_of(number):
        kind = release % RELEASES
        for target in range(len(TARGETS)):
            verdict, reason = _ruling(number, kind, target)
            yield release + 1, target + 1, verdict, reason, _NOW


def _ruling(number: int, kind: int, target: int) -> tuple[str, str]:
    name = TARGETS[target].name
    if kind < _PLATFORM:
        file = f"project_{number}-1.{kind}-py3-none-any.whl"
        return "covered-upstream", f"Upstream has {file}, which installers on {name} accept."
    if kind == _WAITING and target % 2 == 0:
        return "needs-build", f"Neither upstream nor this index has a wheel for {name}."
    return "failed", "gcc rejected the project's own code: spam.c:12: unknown type name 'size'."


def _builds(number: int) -> Iterator[Row]:
    for release in _releases_of(number):
        kind = release % RELEASES
        if kind < _PLATFORM:
            continue
        for target in range(len(TARGETS)):
            if kind == _WAITING and target % 2 == 0:
                continue
            yield (
                *(f"{release * len(TARGETS) + target:032x}", "build", release + 1, target + 1, 1),
                *(0, "failed", "build", _time(release), _time(release), "compile-error"),
                *("gcc rejected the project's own code.", '["spam.c:12"]', release * 2 + 1),
                *("https://files.example.org/x", f"{release * 2:064x}"),
            )


def _jobs(number: int) -> Iterator[Row]:
    for release in _releases_of(number):
        if release % RELEASES != _WAITING:
            continue
        for target in range(0, len(TARGETS), 2):
            yield (
                *(release * len(TARGETS) + target + 1, "build", release + 1, target + 1),
                *(release * 2 + 1, "waiting", 40 + 10 * (number % 2), _NOW, _time(release), 0),
                *(0, 0, 0, _NOW, number % 7, number % 1000),
            )


_TABLES: Sequence[tuple[Table, str, Callable[[int], Iterator[Row]]]] = (
    (
        tables.projects,
        (
            "id name status missing_count created_at read_at polled_at demand followed serial"
            " upstream_serial"
        ),
        _projects,
    ),
    (tables.releases, "id project_id version version_key uploaded_at", _releases),
    (
        tables.upstream_files,
        "id project_id release_id position filename url hashes size yanked uploaded_at",
        _files,
    ),
    (tables.decisions, "release_id target_id verdict reason decided_at", _decisions),
    (
        tables.builds,
        (
            "id kind release_id target_id builder_id number state phase started_at finished_at"
            " failure_kind failure_message failure_evidence sdist_id sdist_url sdist_sha256"
        ),
        _builds,
    ),
    (
        tables.jobs,
        (
            "id kind release_id target_id sdist_id state priority due_at released_at force"
            " infrastructure_attempts healing_rounds ladder_step created_at turn demand"
        ),
        _jobs,
    ),
)
