"""What is special about a store in a folder."""

import os
import resource
import signal
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from wheelyard.errors import BadInput, InvalidSetting, StoreFull
from wheelyard.storage.objects import open_store

MEGABYTE = 1024**2
WRITER = """
import sys
from wheelyard.storage.objects import open_store
def pieces():
    yield b"x" * 6_000_000
    print("half", flush=True)
    sys.stdin.read()
    yield b"x"
open_store(sys.argv[1]).put("wheels/half", pieces())
"""


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond `size` bytes, as a full quota would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_an_object_is_a_plain_file_that_any_web_server_can_serve(tmp_path: Path) -> None:
    open_store(f"file://{tmp_path}").put("simple/a/index.html", b"page")
    file = tmp_path / "simple/a/index.html"
    assert file.read_bytes() == b"page"
    assert stat.S_IMODE(file.stat().st_mode) & stat.S_IRUSR


def test_a_store_without_room_says_so_and_keeps_what_it_had(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}")
    store.put("key", b"old")
    with largest_file(MEGABYTE), pytest.raises(StoreFull):
        store.put("key", b"x" * (2 * MEGABYTE))
    assert store.get("key") == b"old"
    assert files_below(tmp_path) == ["key"]


def test_a_killed_writer_leaves_nothing_to_be_seen(tmp_path: Path) -> None:
    url = f"file://{tmp_path}"
    with Popen([sys.executable, "-c", WRITER, url], stdin=PIPE, stdout=PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"half\n"
        writer.send_signal(signal.SIGKILL)
    store = open_store(url)
    assert list(store.keys("")) == []
    assert len(files_below(tmp_path)) == 1


def test_what_killed_writers_left_is_removed_when_it_is_a_day_old(tmp_path: Path) -> None:
    open_store(f"file://{tmp_path}")
    for name, age_hours in (("old", 25), ("young", 1)):
        leftover = tmp_path / ".partial" / name
        leftover.write_bytes(b"half")
        then = time.time() - age_hours * 3600
        os.utime(leftover, (then, then))
    open_store(f"file://{tmp_path}")
    assert files_below(tmp_path) == [".partial/young"]


def test_a_folder_that_becomes_empty_is_removed(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}")
    store.put("uploads/build/file/00000", b"x")
    store.delete("uploads/build/file/00000")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".partial"]


def test_an_object_and_a_folder_cannot_share_a_name(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}")
    store.put("a/b", b"x")
    with pytest.raises(BadInput):
        store.put("a", b"y")
    with pytest.raises(BadInput):
        store.put("a/b/c", b"y")
    store.delete("a")
    assert list(store.keys("")) == ["a/b"]


@pytest.mark.parametrize(
    "url",
    ["", "folder", "file:relative", "file://host/folder", "ftp://host/", "s3://", "memory://x"],
)
def test_a_url_that_names_no_store_is_refused(url: str) -> None:
    with pytest.raises(InvalidSetting):
        open_store(url)
