"""The one program that needs root while builds run: it makes a layer, and keeps it while asked.

    python -m wheelyard.builder.privileged FOLDER NAME PACKAGE…

It reads no settings and no environment variables. FOLDER must be root's alone; the names of the
environment and of the packages are checked; everything else is decided here. One line of JSON on
standard output says where the layer is, or why there is none; when standard input ends, or the
helper is told to end, the layer is unmounted and removed.
"""

import json
import os
import re
import signal
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from wheelyard.builder.environments.layers import layer
from wheelyard.builder.environments.packages import Kitchen, install
from wheelyard.builder.environments.running import require_root
from wheelyard.builder.environments.store import Store, Version
from wheelyard.errors import InvalidSetting, Stopped, WheelyardError
from wheelyard.model.environment import (
    DebianPackage,
    EnvironmentName,
    parse_debian_package,
    parse_environment_name,
)

MAX_PACKAGES = 200
"""So many packages may be asked for at once."""

_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_FOLDER = re.compile(r"/[A-Za-z0-9._/-]+")
"""Without what means something in the options of a mount, or in apt's configuration."""


def main(arguments: Sequence[str]) -> int:
    """Serve one layer; return the exit status."""
    for number in _ENDING:
        signal.signal(number, _stop)
    try:
        _serve(arguments)
    except WheelyardError as error:
        _say(
            {
                "error": type(error).__name__,
                "subject": str(error.subject),
                "advice": error.advice,
            }
        )
        return error.exit_code
    return 0


def _serve(arguments: Sequence[str]) -> None:
    require_root()
    if len(arguments) < 2:  # noqa: PLR2004 - a folder and a name
        raise InvalidSetting(arguments, "Give a folder, an environment, and packages")
    folder = checked_folder(arguments[0])
    name = parse_environment_name(arguments[1])
    packages = [parse_debian_package(text) for text in arguments[2:]]
    if len(packages) > MAX_PACKAGES:
        raise InvalidSetting(f"{len(packages)} packages", f"At most {MAX_PACKAGES} are allowed")
    store = Store(folder)
    with store.using(name) as version, layer(folder, version.root) as root:
        try:
            _install(root, packages, store=store, name=name, version=version)
            _say({"root": str(root), "digest": version.manifest.digest})
            sys.stdin.buffer.read()
        finally:
            _ignore_endings()


def _install(
    root: Path,
    packages: Sequence[DebianPackage],
    *,
    store: Store,
    name: EnvironmentName,
    version: Version,
) -> None:
    if packages:
        kitchen = Kitchen(
            cache=store.home(name) / "packages",
            base=version.root,
            sources=version.sources,
            architecture=name.architecture,
        )
        install(root, packages, kitchen, say=lambda text: _say({"doing": text}))


def checked_folder(text: str) -> Path:
    """Return the folder of the environments, if nobody but root can have changed it.

    Raises:
        InvalidSetting: if somebody else may write it, or one above it.
    """
    folder = Path(text)
    if not _FOLDER.fullmatch(text) or ".." in folder.parts:
        raise InvalidSetting(repr(text[:200]), "Give a plain absolute path")
    for place in (folder, *folder.parents):
        try:
            status = place.lstat()
        except OSError as error:
            raise InvalidSetting(place, error.strerror or "") from None
        if not stat.S_ISDIR(status.st_mode):
            raise InvalidSetting(place, "It is no folder")
        others_write = stat.S_IMODE(status.st_mode) & (stat.S_IWGRP | stat.S_IWOTH)
        is_shared = bool(status.st_mode & stat.S_ISVTX) and place != folder
        if status.st_uid != 0 or (others_write and not is_shared):
            raise InvalidSetting(place, "Others than root may write there")
    return folder


def _say(message: dict[str, str]) -> None:
    # The agent may have gone: then standard input has ended too.
    try:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _stop(number: int, _frame: object) -> None:
    _ignore_endings()
    raise Stopped(signal.Signals(number).name)


def _ignore_endings() -> None:
    """See to it that clearing up is not broken off."""
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
