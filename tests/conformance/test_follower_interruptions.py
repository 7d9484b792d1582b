"""Followers that are killed, as programs of their own: another takes over, and misses nothing."""

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import select

from fake_upstream import FakeUpstream
from wheelyard.database.engine import Engine, reading
from wheelyard.database.sources import source_status
from wheelyard.database.tables import leaders, projects

PROGRAM = Path(__file__).parents[1] / "following.py"
PATIENCE_SECONDS = 300.0
T = TypeVar("T")


@contextmanager
def followers(engine: Engine, fake: FakeUpstream) -> Iterator[Callable[[], None]]:
    """Run two followers; the function that it gives kills the leader and starts another."""
    running: dict[str, subprocess.Popen[bytes]] = {}
    names = iter(f"follower-{number}" for number in range(1000))

    def start() -> None:
        name = next(names)
        database = engine.url.render_as_string(hide_password=False)
        running[name] = subprocess.Popen(
            [sys.executable, PROGRAM, fake.url, database, name],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill_leader() -> None:
        # One that was killed before still holds the lead until its time is over.
        leading = wait_for(lambda: name if (name := leader(engine)) in running else None)
        end(running.pop(leading))
        start()

    def end(program: subprocess.Popen[bytes]) -> None:
        program.kill()
        program.wait()

    start()
    start()
    try:
        yield kill_leader
    finally:
        for program in running.values():
            end(program)


def wait_for(question: Callable[[], T | None]) -> T:
    """Ask until there is an answer."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (answer := question()) is None:
        assert time.monotonic() < deadline, "nobody took over"
        time.sleep(0.02)
    return answer


def leader(engine: Engine) -> str | None:
    with reading(engine) as connection:
        return connection.scalar(select(leaders.c.holder))


def last_serial(engine: Engine) -> int | None:
    with reading(engine) as connection:
        return next((status.serial for status in source_status(connection)), None)


def test_another_follower_takes_over_from_one_that_is_killed(engine: Engine) -> None:
    chance = random.Random(3)
    with FakeUpstream() as fake, followers(engine, fake) as kill_leader:
        wait_for(lambda: last_serial(engine))
        for number in range(60):
            name = f"p{chance.randrange(20)}"
            fake.add_project(name)
            fake.touch(name)
            if number % 15 == 7:
                time.sleep(chance.uniform(0, 0.1))
                kill_leader()
        wait_for(lambda: last_serial(engine) == fake.journal.last_serial or None)
        with reading(engine) as connection:
            told = connection.execute(select(projects.c.name, projects.c.due_serial)).all()
        assert {row.name: row.due_serial for row in told} == {
            name: project.serial for name, project in fake.projects.items()
        }
