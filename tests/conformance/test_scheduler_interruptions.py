"""Schedulers that are killed, as programs of their own: nothing is planned by halves."""

import random
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import func, select, update

from factories import NOW, project_page, target, upstream_file
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.plans import mark_all_to_plan, projects_to_plan
from wheelyard.database.projects import save_page
from wheelyard.database.tables import decisions, jobs, projects
from wheelyard.database.targets import save_targets
from wheelyard.queue.planning import plan_next
from wheelyard.settings import PolicySettings

PROGRAM = Path(__file__).parents[1] / "planning_program.py"
PATIENCE_SECONDS = 300.0
PROJECTS = 60
KILLS = 3


def follow_many(engine: Engine) -> None:
    with writing(engine) as connection:
        save_targets(connection, [target(), target("trixie-cp313-aarch64")])
        for number in range(PROJECTS):
            name = f"project{number}"
            files = [f"{name}-1.0.tar.gz", f"{name}-2.0.tar.gz"]
            files += [f"{name}-2.0-py3-none-any.whl"] if number % 3 else []
            page = project_page(*(upstream_file(file) for file in files), name=name)
            save_page(connection, page, at=NOW)
        connection.execute(update(projects).values(followed=True))


def are_left(engine: Engine) -> bool:
    with reading(engine) as connection:
        return bool(projects_to_plan(connection, limit=1))


def start(engine: Engine) -> subprocess.Popen[bytes]:
    database = engine.url.render_as_string(hide_password=False)
    return subprocess.Popen(
        [sys.executable, PROGRAM, database], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def count(engine: Engine) -> tuple[int, int]:
    with reading(engine) as connection:
        found = [
            connection.scalar(select(func.count()).select_from(table)) or 0
            for table in (decisions, jobs)
        ]
    return found[0], found[1]


def test_whatever_moment_schedulers_are_killed_at_the_plan_is_whole_in_the_end(
    engine: Engine,
) -> None:
    follow_many(engine)
    chance = random.Random(5)
    deadline = time.monotonic() + PATIENCE_SECONDS
    kills = 0
    while are_left(engine):
        assert time.monotonic() < deadline, "there is always something left to plan"
        pair = [start(engine), start(engine)]
        before = count(engine)
        while count(engine) == before and pair[0].poll() is None and are_left(engine):
            time.sleep(0.005)
        if kills < KILLS:
            time.sleep(chance.uniform(0, 0.05))
            kills += 1
            for program in pair:
                program.kill()
        for program in pair:
            program.wait(PATIENCE_SECONDS)

    as_killed = count(engine)
    assert as_killed == (PROJECTS * 4, PROJECTS + PROJECTS // 3)
    with writing(engine) as connection:
        mark_all_to_plan(connection)
        planned = plan_next(connection, policy=PolicySettings(), at=NOW)
    assert len(planned) == PROJECTS
    assert not any(one.decisions or one.new_jobs or one.dropped_jobs for one in planned)
    assert kills >= 1
