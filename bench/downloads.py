"""How fast logs become counts on record, on one core, beside the parser that piwheels uses."""

import gc
import importlib
import json
import logging
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from types import ModuleType

from sqlalchemy import insert

from factories import NOW, wheel_file
from postgres import running_cluster
from stocked import register, stock
from wheelyard.clock import SystemClock
from wheelyard.database import migrate
from wheelyard.database.engine import Connection, connect, reading, writing
from wheelyard.database.tables import builds, metadata, releases, targets, upstream_files, wheels
from wheelyard.downloads.ingest import count_source
from wheelyard.downloads.saved import Saving
from wheelyard.downloads.sources import LogFile
from wheelyard.log import configure
from wheelyard.model.build import Phase

LINES = 2_000_000
FULL_LINES = 10_000_000
SAMPLE = 100_000
FILES = 20_000
_CLIENTS = 4_000
_LINES_A_DAY = 333_333
_BLOCK = 50_000
_SEED = 8
_SYSTEMS = (
    ("armv7l", "12", "3.11", "23.0.1"),
    ("aarch64", "12", "3.11", "23.0.1"),
    ("armv7l", "11", "3.9", "20.3.4"),
    ("aarch64", "13", "3.13", "25.1.1"),
    ("armv6l", "12", "3.11", "23.0.1"),
)
"""CPU, Debian's version, Python and pip, as they come together."""


@dataclass(frozen=True, slots=True)
class DownloadFigures:
    """Lines a second from a file to committed roll-ups, and through piwheels' parser."""

    lines: int
    ours: float
    theirs: float
    memory: float
    """The most memory that counting had, in MB."""


def measure(*, full: bool) -> DownloadFigures:
    """Write a log, and count it in a process of its own that has one core, as PostgreSQL has it."""
    lines = FULL_LINES if full else LINES
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "access.log"
        write_log(log, lines)
        ours = _in_a_process(log, "ours")
        theirs = _in_a_process(log, "theirs")
    return DownloadFigures(
        lines=lines,
        ours=lines / ours["seconds"],
        theirs=SAMPLE / theirs["seconds"],
        memory=ours["memory"],
    )


def _in_a_process(log: Path, whose: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, __file__, whose, str(log)], check=True, stdout=subprocess.PIPE
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def write_log(path: Path, lines: int) -> None:
    """Write a log in the combined format, of an index that has ten million requests a month."""
    chance = random.Random(_SEED)
    clients = [_user_agent(number, chance) for number in range(_CLIENTS)]
    files = [_filename(number) for number in range(FILES)]
    targets_asked = [
        asked
        for number, file in enumerate(files)
        for asked in (f"/{_path(number, file)}", f"/simple/{file.split('-')[0]}/")
    ]
    popular = list(accumulate(1 / (1 + number // 2) for number in range(len(targets_asked))))
    usual = list(accumulate(1 / (1 + number) for number in range(_CLIENTS)))
    start = datetime(2026, 10, 24, tzinfo=UTC)
    with path.open("w", encoding="ascii") as log:
        for first in range(0, lines, _BLOCK):
            count = min(_BLOCK, lines - first)
            asked = chance.choices(targets_asked, cum_weights=popular, k=count)
            who = chance.choices(clients, cum_weights=usual, k=count)
            statuses = chance.choices((200, 304, 404, 206), cum_weights=(80, 92, 98, 100), k=count)
            for number in range(count):
                at = start + timedelta(days=(first + number) / _LINES_A_DAY)
                log.write(
                    f"10.{number % 250}.{number % 199}.7 - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "
                    f'"GET {asked[number]} HTTP/1.1" {statuses[number]} 34567 "-" "{who[number]}"\n'
                )


def _filename(number: int) -> str:
    tag = ("cp311-cp311-linux_armv7l", "cp39-cp39-linux_armv6l", "py3-none-any")[number % 3]
    return f"project{number // 10}-{number % 10}.0-{tag}.whl"


def _digest(number: int) -> str:
    return f"{number:064x}"


def _path(number: int, filename: str) -> str:
    digest = _digest(number)
    return f"packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{filename}"


def _user_agent(number: int, chance: random.Random) -> str:
    if not number % 10:
        return f"Mozilla/5.0 (compatible; SomeBot/{number}.0; +https://bot.example.org/)"
    cpu, version, python, pip = chance.choices(_SYSTEMS, weights=(40, 25, 15, 10, 10))[0]
    if number % 20 == 0:
        pip = f"{chance.randint(20, 26)}.{chance.randint(0, 3)}"
    told = {
        "ci": None,
        "cpu": cpu,
        "distro": {
            "libc": {"lib": "glibc", "version": "2.36"},
            "name": "Debian GNU/Linux",
            "version": version,
        },
        "implementation": {"name": "CPython", "version": f"{python}.{number % 7}"},
        "installer": {"name": "pip", "version": pip},
        "openssl_version": "OpenSSL 3.0.15 3 Sep 2024",
        "python": f"{python}.{number % 7}",
        "setuptools_version": f"{40 + number % 40}.1.2",
        "system": {"name": "Linux", "release": f"6.{number % 12}.{number}-v7l+"},
    }
    text = json.dumps(told, separators=(",", ":"), sort_keys=True).replace('"', r"\"")
    return f"pip/{pip} {text}"


def _count(log: Path) -> dict[str, float]:
    with running_cluster() as cluster:
        engine = connect(cluster.url(cluster.create()))
        migrate.upgrade(engine)
        with writing(engine) as connection:
            _put_wheels_on_record(connection)
        gc.collect()
        started = time.perf_counter()
        counted = count_source(
            engine,
            LogFile("bench", log, clock=SystemClock()),
            clock=SystemClock(),
            saving=Saving(),
        )
        seconds = time.perf_counter() - started
        with reading(engine) as connection:
            requests = metadata.tables["request_counts"]
            assert connection.execute(requests.select()).first() is not None
        engine.dispose()
    assert counted.lines
    assert not counted.rejected
    return {"seconds": seconds, "memory": _memory()}


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _put_wheels_on_record(connection: Connection) -> None:
    """Have all the files of the log as wheels of ours, so that the time that they save is known."""
    stock(connection)
    builder = register(connection)
    release = connection.execute(releases.select()).first()
    target = connection.execute(targets.select()).first()
    sdist = connection.execute(upstream_files.select()).first()
    assert release is not None
    assert target is not None
    assert sdist is not None
    build = {
        "kind": "build",
        "release_id": release.id,
        "target_id": target.id,
        "builder_id": builder.id,
        "number": 0,
        "state": "succeeded",
        "phase": Phase.UPLOAD,
        "started_at": NOW,
        "finished_at": NOW,
        "sdist_id": sdist.id,
        "sdist_url": sdist.url,
        "sdist_sha256": "0" * 64,
        "build_seconds": 100.0,
    }
    connection.execute(
        insert(builds), [build | {"id": f"{number:032x}"} for number in range(FILES)]
    )
    wheel = wheel_file()
    connection.execute(
        insert(wheels),
        [
            {
                "release_id": release.id,
                "target_id": target.id,
                "channel": target.channel,
                "build_id": f"{number:032x}",
                "filename": _filename(number),
                "untagged_filename": _filename(number),
                "sha256": _digest(number),
                "size": wheel.size,
                "metadata_sha256": wheel.metadata_sha256,
                "requires_python": None,
                "state": "published",
                "uploaded_at": NOW,
            }
            for number in range(FILES)
        ],
    )


def _parse_as_piwheels_does(log: Path) -> dict[str, float]:
    """Read lines with `lars`, which piwheels' log reader rests on, and the JSON of User-Agents."""
    apache = _lars()
    with log.open(encoding="ascii") as file:
        lines = [line for _, line in zip(range(SAMPLE), file, strict=False)]
    started = time.perf_counter()
    with apache.ApacheSource(lines, log_format=apache.COMBINED) as rows:
        for row in rows:
            agent = row.req_User_agent or ""
            if agent.startswith("pip/"):
                json.loads(agent.partition(" ")[2].replace('\\"', '"'))
    return {"seconds": time.perf_counter() - started}


def _lars() -> ModuleType:
    """Install the library into a folder of its own, from the configured index, and import it."""
    with tempfile.TemporaryDirectory() as folder:
        uv = Path(sys.executable).with_name("uv")
        command: list[str | Path] = [uv, "pip", "install", "--quiet", "--target", folder, "lars"]
        subprocess.run([*command, "--python", sys.executable], check=True)
        sys.path.insert(0, folder)
        return importlib.import_module("lars.apache")


def main() -> None:
    """Measure one of the two sides, on one core, which the database has to share."""
    whose, log = sys.argv[1], Path(sys.argv[2])
    configure(level=logging.WARNING)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    measured = _count(log) if whose == "ours" else _parse_as_piwheels_does(log)
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
