"""What comes through a pipe is in files at once, whole line by whole line for each hour."""

import os
from datetime import timedelta
from pathlib import Path
from threading import Thread

from wheelyard.clock import SettableClock
from wheelyard.downloads.spool import spool


def spooled(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted(folder.iterdir())]


def test_an_hour_has_a_file_and_no_line_is_torn(tmp_path: Path) -> None:
    clock = SettableClock()
    ours, theirs = os.pipe()
    folder = tmp_path / "spool"
    with os.fdopen(ours, "rb") as stream:
        thread = Thread(target=lambda: spool(stream, folder, clock=clock))
        thread.start()

        def write(data: bytes, so_far: int) -> None:
            os.write(theirs, data)
            while not folder.exists() or sum(map(len, spooled(folder))) < so_far:
                pass

        write(b"one\ntw", 6)
        clock.advance(timedelta(hours=1))
        write(b"o\n", 8)
        write(b"three", 13)
        os.close(theirs)
        thread.join()
    assert spooled(folder) == [b"one\ntwo\n", b"three\n"]


def test_of_nothing_there_is_no_file(tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    os.close(theirs)
    with os.fdopen(ours, "rb") as stream:
        spool(stream, tmp_path / "spool", clock=SettableClock())
    assert spooled(tmp_path / "spool") == []
