"""Throw-away layers: an overlay over a root, in which packages are installed for one build.

This is what the privileged helper does; nothing here is called by the agent.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from wheelyard import process
from wheelyard.builder.environments.store import locked
from wheelyard.builder.sandbox.folders import remove_tree
from wheelyard.errors import EnvironmentUnusable

_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
_TIMEOUT = timedelta(seconds=60)
_PASSABLE = 0o711
_READABLE = 0o755
_FLAGS = "nosuid,nodev"
_MOUNTS = Path("/proc/self/mountinfo")
_MOUNT_POINT = 4
"""The field of mountinfo that tells where something is mounted (proc(5))."""


@contextmanager
def layer(folder: Path, root: Path) -> Iterator[Path]:
    """Yield a root that may be written without changing `root`; it is gone afterwards.

    What is written goes to the disk of `folder`, or into memory where that disk cannot hold a
    layer, as one that is itself a layer of a container.

    Raises:
        EnvironmentUnusable: if the kernel does not mount it.
    """
    layers = folder / "layers"
    layers.mkdir(exist_ok=True)
    layers.chmod(_PASSABLE)
    with locked(layers, wait=True):
        sweep(layers)
        own = Path(tempfile.mkdtemp(dir=layers))
        own.chmod(_PASSABLE)
        held = locked(own)
        held.__enter__()
    try:
        yield _mount(own, root)
    finally:
        clear(own)
        held.__exit__(None, None, None)


def sweep(layers: Path) -> int:
    """Remove what helpers that were killed have left; return how many layers that were.

    A living helper holds the lock of its layer.
    """
    count = 0
    for left in layers.iterdir():
        with suppress(BlockingIOError, FileNotFoundError), locked(left):
            clear(left)
            count += 1
    return count


def clear(own: Path) -> None:
    """Unmount and remove one layer."""
    for point in sorted(mount_points(own), reverse=True):
        if _run("umount", str(point)) is not None:
            # Something that is just ending still uses it: it goes when that has ended.
            _run("umount", "--lazy", str(point))
    remove_tree(own)


def mount_points(below: Path) -> list[Path]:
    """Return what is mounted in a folder or below it."""
    lines = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    points = [Path(_unescaped(line.split(" ")[_MOUNT_POINT])) for line in lines]
    return [point for point in points if point.is_relative_to(below)]


def _mount(own: Path, root: Path) -> Path:
    merged, store = own / "merged", own / "written"
    for place in (merged, store):
        place.mkdir()
    reason = _overlay(store, root, merged, options=",volatile")
    if reason is None:
        return merged
    shutil.rmtree(store)
    store.mkdir()
    _require("mount", "-t", "tmpfs", "-o", f"mode=755,size=50%,{_FLAGS}", "tmpfs", str(store))
    reason = _overlay(store, root, merged, options="")
    if reason is not None:
        raise EnvironmentUnusable(root, f"The kernel cannot lay a layer over it: {reason}")
    return merged


def _overlay(store: Path, root: Path, merged: Path, *, options: str) -> str | None:
    """Mount an overlay; return why not, if it fails.

    `volatile`, where the kernel knows it, means that nothing is synchronised: a layer that does
    not outlive its helper need not survive a crash.
    """
    for name in ("upper", "work"):
        (store / name).mkdir()
        (store / name).chmod(_READABLE)
    folders = f"lowerdir={root},upperdir={store}/upper,workdir={store}/work"
    return _run(
        "mount", "-t", "overlay", "-o", f"{folders},{_FLAGS}{options}", "overlay", str(merged)
    )


def _require(*words: str) -> None:
    reason = _run(*words)
    if reason is not None:
        raise EnvironmentUnusable(words[-1], reason)


def _run(*words: str) -> str | None:
    """Run a program; return what it says if it fails."""
    completed = process.run(words, environment=_ENVIRONMENT, timeout=_TIMEOUT)
    return None if completed.exit_status == 0 else completed.stderr.strip() or "it failed"


def _unescaped(field: str) -> str:
    """Return a path of mountinfo, in which blanks and the like are octal numbers."""
    for code in ("040", "011", "012"):
        field = field.replace(f"\\{code}", chr(int(code, 8)))
    return field.replace("\\134", "\\")
