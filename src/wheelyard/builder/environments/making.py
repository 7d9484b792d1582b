"""Making an environment from the machine's own Debian archives, with mmdebstrap."""

import re
import shlex
import shutil
from collections.abc import Callable, Collection, Iterable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from wheelyard import process
from wheelyard.archives import (
    APT_ENVIRONMENT,
    make_sources_list,
    network_options,
)
from wheelyard.builder.environments.manifest import make_manifest
from wheelyard.builder.environments.packages import LEFT_OUT, apt_error
from wheelyard.builder.environments.places import make_places
from wheelyard.builder.environments.running import require_root, require_runnable
from wheelyard.builder.environments.store import Store, Version
from wheelyard.builder.sandbox.folders import remove_tree
from wheelyard.errors import EnvironmentUnusable
from wheelyard.model.environment import TRIPLETS, EnvironmentName

NEEDED = (
    *("build-essential", "ca-certificates", "pkg-config"),
    *("python3-dev", "python3-pip", "python3-venv"),
)
"""What every environment has: what a build needs that says nothing of its needs."""

_ROOM = 3 * 1024**3
_HOURS = timedelta(hours=2)
_PRIVATE = (
    *("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"),
    "--mount-proc",
)
"""Whatever mmdebstrap mounts or starts is gone when it ends, however it ends."""

_STEP = re.compile(r"I: (.+?)(?:\.\.\.)?$")
_PACKAGE = re.compile(r"(Unpacking|Setting up|Get:\d+) .*?([a-z0-9][a-z0-9+.-]+)[ :(]")
_EVERY = 40
_KEPT_LINES = 200

Say = Callable[[str], None]
"""Tells a person what is being done, one short line each time."""


def create(
    store: Store, name: EnvironmentName, *, say: Say, leave_out: Collection[str] = ()
) -> Version:
    """Make an environment, or its next version, and put it in place when it is complete.

    What was fetched is kept, so that a second try fetches only the rest. Suites of the archives
    that are left out, as one that does not verify today, are left out of its layers too.

    Raises:
        RootNeeded: if this is not run by root.
        EnvironmentUnusable: if the archives, the machine or its disk do not allow it.
        NotFound: if mmdebstrap is not installed.
    """
    require_root()
    require_runnable(name)
    sources = make_sources_list(name, leave_out=leave_out)
    with store.changing(name) as home:
        require_room(home)
        making = fresh_folder(home / "making")
        (making / "sources.list").write_text(sources, encoding="utf-8")
        (making / "apt.conf").write_text(network_options(), encoding="utf-8")
        try:
            _run(_words(name, making, cache=home / "packages" / "archives"), say=say)
            root = making / "root"
            make_places(root)
            say("writing the manifest")
            manifest = make_manifest(root, str(name), origin="archive")
            (making / "apt.conf").unlink()
            return store.publish(name, making, manifest)
        finally:
            if making.exists():
                remove_tree(making)


def needed(name: EnvironmentName) -> tuple[str, ...]:
    """Return the Debian packages that an environment must have."""
    compilers = [
        f"{compiler}-{TRIPLETS[architecture].replace('_', '-')}"
        for architecture in name.compiles_for
        for compiler in ("gcc", "g++")
    ]
    return (*NEEDED, *compilers)


def require_room(folder: Path) -> None:
    """Refuse to begin where the disk is nearly full.

    Raises:
        EnvironmentUnusable: if so.
    """
    free = shutil.disk_usage(folder).free
    if free < _ROOM:
        needs = f"{free // 1024**2} MiB are free, {_ROOM // 1024**2} MiB are needed"
        raise EnvironmentUnusable(folder, f"There is no room: {needs}")


def fresh_folder(folder: Path) -> Path:
    """Return an empty folder, whatever an earlier attempt that was killed has left of it."""
    if folder.exists():
        remove_tree(folder)
    folder.mkdir()
    return folder


def _words(name: EnvironmentName, making: Path, *, cache: Path) -> list[str]:
    (cache / "partial").mkdir(parents=True, exist_ok=True)
    mount = f'mkdir -p "$1"/var/cache/apt/archives && mount --bind {shlex.quote(str(cache))}'
    words = [*_PRIVATE, "mmdebstrap", "--mode=root", "--variant=minbase", "--verbose"]
    words += [f"--architectures={name.architecture}", f"--include={','.join(needed(name))}"]
    words += [f"--aptopt={making / 'apt.conf'}", "--skip=essential/unlink"]
    words += [f"--dpkgopt=path-exclude={LEFT_OUT}", "--dpkgopt=force-unsafe-io"]
    words += [f'--setup-hook={mount} "$1"/var/cache/apt/archives']
    words += ['--customize-hook=umount "$1"/var/cache/apt/archives']
    return [*words, name.release, str(making / "root"), str(making / "sources.list")]


def _run(words: list[str], *, say: Say) -> None:
    """Run mmdebstrap to its end, telling its steps.

    Raises:
        EnvironmentUnusable: if it fails.
    """
    running = process.start(
        words, environment=APT_ENVIRONMENT, stdout=process.PIPE, stderr=process.STDOUT
    )
    with closing(running):
        kept = _follow((line.decode(errors="replace") for line in running.stdout or ()), say=say)
        status = running.wait(_HOURS)
    if status != 0:
        raise apt_error("\n".join(kept), ())


def _follow(lines: Iterable[str], *, say: Say) -> list[str]:
    """Tell what mmdebstrap does; return the last lines that it printed."""
    kept: list[str] = []
    count = 0
    for line in lines:
        text = line.rstrip()
        kept.append(text)
        del kept[:-_KEPT_LINES]
        step, package = _STEP.match(text), _PACKAGE.match(text)
        if step is not None:
            say(step[1])
        elif package is not None:
            count += 1
            if count % _EVERY == 0:
                say(f"{count} steps of packages done, now {text[:60]}")
    return kept
