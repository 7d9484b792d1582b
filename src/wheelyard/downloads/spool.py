"""Keeping what comes through a pipe at once, so that a kill loses nothing that has arrived."""

import os
from pathlib import Path
from typing import IO

from wheelyard.clock import Clock

_BLOCK = 64 * 1024


def spool(stream: IO[bytes], folder: Path, *, clock: Clock) -> None:
    """Write what a stream has to files of an hour each, until the stream ends.

    Files change between lines. The last line gets a newline if it has none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    number = 0
    hour, file = "", -1
    is_between_lines = True
    try:
        while block := os.read(stream.fileno(), _BLOCK):
            now = clock.now().strftime("%Y%m%dT%H")
            if file < 0 or (now != hour and is_between_lines):
                hour, number = now, number + 1
                file = _next(file, folder / f"{hour}-{os.getpid()}-{number}.log")
            _write(file, block)
            is_between_lines = block.endswith(b"\n")
        if not is_between_lines:
            _write(file, b"\n")
    finally:
        if file >= 0:
            os.close(file)


def _next(file: int, path: Path) -> int:
    if file >= 0:
        os.close(file)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]
