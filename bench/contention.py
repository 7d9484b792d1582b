"""The claim statement beside the least that a queue on PostgreSQL can do, with several clients.

`pgbench` runs both, in turns. The bare one picks the first waiting row of a table with nothing else
in it, passes over locked ones, and marks it; ours is the statement that the web process runs. Keys
of other tables are looked up for neither.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import event, text

from population import NOW, TARGETS, populate
from postgres import Cluster, running_cluster
from wheelyard.database import migrate
from wheelyard.database.engine import Engine, connect, writing
from wheelyard.database.leases import claim

CLIENTS = (1, 2, 8)
ROUNDS = 3
CLAIMS = 6_000
"""So many in each round: in all rounds together less than there is to claim."""

_PROJECTS = 60_000
_NEW_BUILD = "md5(random()::text || clock_timestamp()::text)"
_BARE = """UPDATE bare SET state = 'leased', holder = 1, until = now() + interval '1 minute'
WHERE id = (SELECT id FROM bare WHERE state = 'waiting' ORDER BY id LIMIT 1
FOR UPDATE SKIP LOCKED) RETURNING id"""


@dataclass(frozen=True, slots=True)
class ContentionFigures:
    """Claims per second of both statements with so many clients at once."""

    clients: int
    bare: float
    ours: float


def measure() -> list[ContentionFigures]:
    """Measure with each number of clients; the best of some rounds in turns."""
    with running_cluster(is_durable=True) as cluster:
        name = cluster.create()
        with _filled(cluster.url(name)) as engine:
            scripts = {"bare": _BARE, "ours": _script(engine)}
            return [_measure(cluster, name, scripts, clients) for clients in CLIENTS]


@contextmanager
def _filled(url: str) -> Iterator[Engine]:
    engine = connect(url)
    migrate.upgrade(engine)
    populate(engine, _PROJECTS)
    with writing(engine) as connection:
        connection.execute(
            text(
                "CREATE TABLE bare"
                " (id bigserial PRIMARY KEY, state text, holder int, until timestamptz)"
            )
        )
        connection.execute(text("CREATE INDEX ON bare (id) WHERE state = 'waiting'"))
        connection.execute(
            text("INSERT INTO bare (state) SELECT 'waiting' FROM generate_series(1, :rows)"),
            {"rows": 2 * _PROJECTS},
        )
        connection.execute(text("ANALYZE bare"))
    yield engine
    engine.dispose()


def _script(engine: Engine) -> str:
    """Return the claim's statement as it reaches the database, with a new build for each time."""
    caught: list[tuple[str, dict[str, object]]] = []

    def catch(
        _connection: object,
        _cursor: object,
        statement: str,
        parameters: dict[str, object],
        _context: object,
        _many: bool,  # noqa: FBT001 - the event's arguments
    ) -> None:
        if statement.startswith("UPDATE jobs"):
            caught.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", catch)
    with writing(engine) as connection:
        claim(
            connection,
            builder_id=1,
            targets=[TARGETS[0].name],
            now=NOW,
            lease_expires_at=NOW,
            build_id="0" * 32,
        )
    event.remove(engine, "before_cursor_execute", catch)
    [(statement, parameters)] = caught
    for name, value in parameters.items():
        written = (
            "md5(random()::text || clock_timestamp()::text)" if name == "build" else f"'{value}'"
        )
        statement = statement.replace(f"%({name})s", written)
    return statement


def _measure(
    cluster: Cluster, name: str, scripts: dict[str, str], clients: int
) -> ContentionFigures:
    best = dict.fromkeys(scripts, 0.0)
    for _ in range(ROUNDS):
        for which, script in scripts.items():
            best[which] = max(best[which], _run(cluster, name, script, clients))
    return ContentionFigures(clients, best["bare"], best["ours"])


def _run(cluster: Cluster, name: str, script: str, clients: int) -> float:
    """Let pgbench run a statement over and over; return how often it did in a second."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script + ";\n")
        file.flush()
        found = subprocess.run(
            [
                *(_pgbench(), "--no-vacuum", "--protocol=prepared", f"--file={file.name}"),
                *(
                    f"--client={clients}",
                    f"--transactions={CLAIMS // clients}",
                    f"--host={cluster.folder}",
                ),
                *("--username=tests", name),
            ],
            env={**os.environ, "PGOPTIONS": "-c session_replication_role=replica"},
            capture_output=True,
            text=True,
            check=True,
        )
    rate = re.search(r"tps = ([\d.]+)", found.stdout)
    assert rate is not None
    return float(rate[1])


def _pgbench() -> str:
    """Return where pgbench is: on the path, or with PostgreSQL's other programs."""
    there = sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))
    return shutil.which("pgbench") or str(there[-1])
