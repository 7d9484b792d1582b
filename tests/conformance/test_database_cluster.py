"""The tests' own PostgreSQL leaves nothing behind, and never runs as root."""

import os
from pathlib import Path

import pytest

from postgres import Cluster, running_cluster
from processes import has_ended
from wheelyard.database.engine import connect, reading


def server_pid(cluster: Cluster) -> int:
    return int((cluster.folder / "data" / "postmaster.pid").read_text().splitlines()[0])


def test_a_cluster_is_gone_when_its_block_ends_badly() -> None:
    def fail() -> None:
        with running_cluster() as cluster:
            seen.append((server_pid(cluster), cluster.folder))
            raise ZeroDivisionError

    seen: list[tuple[int, Path]] = []
    with pytest.raises(ZeroDivisionError):
        fail()

    ((pid, folder),) = seen
    assert has_ended(pid)
    assert not folder.exists()


def test_the_server_is_not_run_by_root(cluster: Cluster) -> None:
    status = Path(f"/proc/{server_pid(cluster)}").stat()

    assert status.st_uid == (os.geteuid() or status.st_uid) != 0


def test_each_database_is_apart_from_the_others(cluster: Cluster) -> None:
    first, second = cluster.create(), cluster.create()
    engine = connect(cluster.url(first))
    with reading(engine) as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar()
    engine.dispose()
    cluster.drop(first)
    cluster.drop(second)

    assert name == first != second
