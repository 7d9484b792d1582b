"""Logs counted by programs that are killed again and again, while the logs are rotated."""

import os
import random
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

from postgres import Cluster
from wheelyard.database.engine import Engine, connect, reading
from wheelyard.database.migrate import upgrade
from wheelyard.database.statistics import statistics
from wheelyard.database.tables import request_counts

_KILLS = 6
_LINES = 60_000
_PATIENCE_SECONDS = 300.0


def write(log: Path, first: int, last: int) -> None:
    now = datetime.now(UTC)
    with log.open("a", encoding="ascii") as file:
        for number in range(first, last):
            wheel = f"project{number % 500}-1.{number % 7}-cp311-cp311-linux_armv7l.whl"
            file.write(
                f'10.0.{number % 256}.1 - - [{now:%d/%b/%Y:%H:%M:%S} +0000] "GET'
                f' /packages/ab/cd/{number % 3500:060x}/{wheel} HTTP/1.1" 200 {number} "-"'
                f' "pip/2{number % 6}.0"\n'
            )


def counted(engine: Engine) -> int:
    with reading(engine) as connection:
        return int(connection.scalar(select(func.sum(request_counts.c.requests))) or 0)


def test_every_line_counts_once_whatever_moment_it_is_killed_at(
    tmp_path: Path, cluster: Cluster
) -> None:
    chance = random.Random(8)
    name = cluster.create()
    engine = connect(cluster.url(name))
    upgrade(engine)
    log = tmp_path / "access.log"
    environment = {
        **os.environ,
        "WHEELYARD_DATA": str(tmp_path),
        "WHEELYARD_DATABASE_URL": cluster.url(name),
    }

    def start() -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "wheelyard", "downloads", "count", str(log)]
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, cwd=tmp_path)

    write(log, 0, _LINES)
    lines = _LINES
    for kill in range(_KILLS):
        process = start()
        before = counted(engine)
        give_up_at = time.monotonic() + _PATIENCE_SECONDS
        # Half of the kills come after something was put on record, the others at any moment.
        while kill % 2 and counted(engine) == before and process.poll() is None:
            assert time.monotonic() < give_up_at
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 1.5))
        process.kill()
        process.wait()
        if chance.random() < 0.5:
            log.rename(log.with_name(f"access.log.{kill}"))
        write(log, lines, lines + 1000)
        lines += 1000
    assert start().wait(_PATIENCE_SECONDS) == 0
    assert counted(engine) == lines
    with reading(engine) as connection:
        found = statistics(connection, today=datetime.now(UTC).date())
    assert found.all_time.downloads == lines
    engine.dispose()
    cluster.drop(name)
