"""Files that every root has, written without following a link that a root may hold."""

import os
from pathlib import Path

from wheelyard.builder.environments.root import PLACES
from wheelyard.errors import HostileContent

_FOLDERS = ("dev", "etc", "proc", "run", "sys", "tmp", "usr", "usr/sbin", "var", "var/lib")
_NO_SERVICES = b"#!/bin/sh\nexit 101\n"
"""Tells packages not to start what they bring (the interface of invoke-rc.d)."""


def make_places(root: Path) -> None:
    """See to it that a root has the folders and files that sandboxes and packages need.

    Raises:
        HostileContent: if a link stands where a folder must be.
    """
    for name in _FOLDERS:
        folder = root / name
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise HostileContent(f"/{name}", "It must be a folder")
        folder.mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)
    for path, content in PLACES.items():
        file = root / path
        if file.is_symlink() or not file.is_file():
            _write(file, content, mode=0o644)
    _write(root / "usr/sbin/policy-rc.d", _NO_SERVICES, mode=0o755)


def _write(file: Path, content: bytes, *, mode: int) -> None:
    if file.is_dir() and not file.is_symlink():
        raise HostileContent(file.name, "It must be a file")
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        os.fchmod(stream.fileno(), mode)
