"""A first fill that is killed at random moments goes on where it was, and ends with everything."""

import os
import random
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from factories import NOW
from fake_upstream import FakeUpstream, Fault
from wheelyard.database.engine import Engine, connect, reading, writing
from wheelyard.database.migrate import upgrade
from wheelyard.database.projects import stored_page
from wheelyard.database.reading import never_read
from wheelyard.database.tables import projects
from wheelyard.model.names import parse_project_name

_PROJECTS = 150
_KILLS = 4
_PATIENCE = 300.0


def started(folder: Path, upstream: FakeUpstream) -> "subprocess.Popen[bytes]":
    settings = {
        "WHEELYARD_DATA": str(folder),
        "WHEELYARD_UPSTREAM__URL": upstream.url,
        "WHEELYARD_UPSTREAM__CONNECTIONS": "2",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "wheelyard", "upstream", "follow", "--everything"],
        env={**os.environ, **settings},
        cwd=folder,
        stdout=subprocess.DEVNULL,
    )


def read_so_far(engine: Engine) -> int:
    with reading(engine) as connection:
        return len(list(connection.scalars(select(projects.c.id).where(_is_read))))


_is_read = projects.c.read_at.is_not(None)


def end_leases(engine: Engine) -> None:
    """Let what the killed reader had taken be due, as it would be some minutes later."""
    with writing(engine) as connection:
        connection.execute(
            update(projects).where(~_is_read).values(due_at=NOW - timedelta(days=3650))
        )


@pytest.mark.soak
def test_a_first_fill_survives_kills(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'wheelyard.sqlite'}")
    upgrade(engine)
    moments = random.Random(20261123)
    with FakeUpstream() as upstream:
        for number in range(_PROJECTS):
            name = f"project-{number}"
            upstream.add_file(name, b"an sdist", f"{name}-1.0.tar.gz")
            upstream.fail(upstream.page_path(name), Fault(bytes_per_pause=200))
        counts = []
        for _ in range(_KILLS):
            before = read_so_far(engine)
            fill = started(tmp_path, upstream)
            give_up_at = time.monotonic() + _PATIENCE
            more = moments.randint(0, 25)
            while read_so_far(engine) <= before + more and fill.poll() is None:
                assert time.monotonic() < give_up_at
                time.sleep(0.01)
            fill.kill()
            fill.wait()
            counts.append(read_so_far(engine))
            end_leases(engine)
        assert started(tmp_path, upstream).wait(_PATIENCE) == 0

        with reading(engine) as connection:
            assert never_read(connection) == 0
            for number in range(_PROJECTS):
                page = stored_page(connection, parse_project_name(f"project-{number}"))
                assert page is not None
                assert [file.filename for file in page.files] == [f"project-{number}-1.0.tar.gz"]
    assert counts == sorted(counts)
    assert 0 < counts[0] < counts[-1] < _PROJECTS
    engine.dispose()
