import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from wheelyard import process
from wheelyard.builder.sandbox import disk, watcher
from wheelyard.builder.sandbox.plain import Outside
from wheelyard.builder.sandbox.sandbox import LimitHit
from wheelyard.builder.sandbox.watcher import Usage, exceeded
from wheelyard.model.build import Limits

SOON = timedelta(seconds=30)
BOTH = frozenset({LimitHit.MEMORY, LimitHit.PROCESSES})
LIMITS = Limits(memory_bytes=1000, processes=10, disk_bytes=1024**2, files=10)


@pytest.mark.parametrize(
    ("usage", "watched", "hit"),
    [
        (Usage(threads=12, memory_bytes=1000), BOTH, None),
        (Usage(threads=13, memory_bytes=1000), BOTH, LimitHit.PROCESSES),
        (Usage(threads=12, memory_bytes=1001), BOTH, LimitHit.MEMORY),
        (Usage(threads=99, memory_bytes=9999), BOTH, LimitHit.MEMORY),
        (Usage(threads=99, memory_bytes=9999), frozenset(), None),
    ],
)
def test_only_what_is_watched_is_held_against_its_limit(
    usage: Usage, watched: frozenset[LimitHit], hit: LimitHit | None
) -> None:
    assert exceeded(usage, LIMITS, watched=watched) is hit


def test_threads_and_memory_of_all_descendants_are_added_up() -> None:
    code = """
import os, threading, time
for _ in range(3):
    if os.fork() == 0:
        break
block = bytearray(b"x") * (20 * 2**20)
threading.Thread(target=time.sleep, args=(600,)).start()
os.write(1, b".")
time.sleep(600)
"""
    started = process.start(
        [sys.executable, "-I", "-S", "-c", code], environment={}, stdout=process.PIPE
    )
    try:
        assert started.stdout is not None
        assert started.stdout.read(4) == b"...."
        usage = watcher.measure(started.pid)
    finally:
        started.close()

    assert usage.threads == 8
    assert 4 * 20 * 1024**2 < usage.memory_bytes < 4 * 40 * 1024**2


def test_a_process_that_is_gone_uses_nothing() -> None:
    assert watcher.measure(2**22 + 1) == Usage(threads=0, memory_bytes=0)


def test_a_folder_within_its_limits_is_not_too_full(tmp_path: Path) -> None:
    for number in range(10):
        (tmp_path / f"{number}").write_bytes(bytes(1024))

    assert not disk.is_exceeded([tmp_path], LIMITS)


def test_files_below_all_folders_are_counted(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "deep").mkdir(parents=True)
        for number in range(5):
            (tmp_path / name / "deep" / f"{number}").touch()

    assert disk.is_exceeded([tmp_path / "one", tmp_path / "two"], LIMITS)
    assert not disk.is_exceeded([tmp_path / "one"], LIMITS)


def test_bytes_are_counted(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(os.urandom(1024**2 + 1))

    assert disk.is_exceeded([tmp_path], LIMITS)


def test_what_links_lead_to_is_not_counted(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(os.urandom(2 * 1024**2))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    (folder / "loop").symlink_to(folder)

    assert not disk.is_exceeded([folder], LIMITS)


def test_folders_too_deep_to_look_into_count_as_too_much(tmp_path: Path) -> None:
    script = f"for n in $(seq 25); do mkdir {'d' * 200} && cd -P {'d' * 200} || exit; done"
    made = process.run(
        ["/bin/sh", "-c", script],
        environment={"PATH": "/usr/bin:/bin"},
        timeout=SOON,
        folder=tmp_path,
    )
    assert made.exit_status == 0, made.stderr

    assert disk.is_exceeded([tmp_path], Limits())


def test_a_folder_that_is_gone_holds_nothing(tmp_path: Path) -> None:
    assert not disk.is_exceeded([tmp_path / "gone"], LIMITS)


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        ("/src", "/host/source"),
        ("/src/a.py", "/host/source/a.py"),
        ("PATH=/src/bin:/work", "PATH=/host/source/bin:/host/work"),
        ("/src-other", "/src-other"),
        ("/usr/src", "/usr/src"),
        ("/src/inner/x", "/elsewhere/x"),
        ("import x; x.run('/work')", "import x; x.run('/host/work')"),
    ],
)
def test_paths_inside_are_put_outside_where_they_are_whole(inside: str, outside: str) -> None:
    folders = {
        "/src": Path("/host/source"),
        "/work": Path("/host/work"),
        "/src/inner": Path("/elsewhere"),
    }

    assert Outside(folders).text(inside) == outside
