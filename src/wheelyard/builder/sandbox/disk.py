"""How much a build has written."""

import errno
import os
from collections.abc import Iterable
from pathlib import Path

from wheelyard.model.build import Limits

_BLOCK_BYTES = 512
"""The unit of `st_blocks` (stat(2))."""


def is_exceeded(folders: Iterable[Path], limits: Limits) -> bool:
    """Whether the folders hold more bytes or files than a build may write.

    The walk follows no links, counts blocks rather than lengths (files may be sparse), and ends
    as soon as the answer is clear. Paths too long to be named count as too much.
    """
    room, files = limits.disk_bytes, limits.files
    waiting = [os.fspath(folder) for folder in folders]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    room -= entry.stat(follow_symlinks=False).st_blocks * _BLOCK_BYTES
                    files -= 1
                    if room < 0 or files < 0:
                        return True
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return True
            # The build goes on meanwhile: what is gone by now is not counted.
    return False
