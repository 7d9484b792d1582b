"""Control groups: limits on the memory and the processes of a whole tree (cgroups(7)).

Works with version 1, version 2 and machines that have some of both. What is not writable is left
out: then `wheelyard.builder.sandbox.watcher` looks after that limit.
"""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL

from wheelyard.builder.sandbox.sandbox import LimitHit
from wheelyard.log import get_logger
from wheelyard.model.build import Limits

_log = get_logger("builder.sandbox")
_PREFIX = "wheelyard"
_EMPTYING_SECONDS = 5.0
_SPARE_PROCESSES = 2
"""What the sandbox itself needs beside the command: its first process, and one that is starting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """Where groups for one controller can be made: a folder, and its version of control groups.

    `top` is where the hierarchy is mounted.
    """

    folder: Path
    version: int
    top: Path


Hierarchies = dict[LimitHit, Hierarchy]
"""The hierarchies that can be used on this machine, by the limit that they enforce."""

_CONTROLLERS = {LimitHit.MEMORY: "memory", LimitHit.PROCESSES: "pids"}


def find_hierarchies(proc: Path = Path("/proc/self")) -> Hierarchies:
    """Return where this process may make groups (proc(5): `cgroup` and `mountinfo`)."""
    mounts = list(_mounts((proc / "mountinfo").read_text(encoding="utf-8")))
    memberships = (proc / "cgroup").read_text(encoding="utf-8")
    found: Hierarchies = {}
    for limit, controller in _CONTROLLERS.items():
        for hierarchy in _candidates(controller, mounts, memberships):
            if os.access(hierarchy.folder, os.W_OK | os.X_OK):
                found[limit] = hierarchy
                break
    return found


@dataclass(frozen=True, slots=True)
class _Mount:
    root: str
    point: Path
    version: int
    controllers: frozenset[str]


def _mounts(mountinfo: str) -> Iterator[_Mount]:
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        if kind in {"cgroup", "cgroup2"}:
            root, point = left.split(" ")[3:5]
            version = 1 if kind == "cgroup" else 2
            yield _Mount(root, Path(point), version, frozenset(options.split(",")))


def _candidates(controller: str, mounts: list[_Mount], memberships: str) -> Iterator[Hierarchy]:
    for line in memberships.splitlines():
        _, controllers, path = line.split(":", 2)
        for mount in mounts:
            inside = Path(os.path.normpath(mount.point / os.path.relpath(path, mount.root)))
            if mount.version == 1 and controller in mount.controllers.intersection(
                controllers.split(",")
            ):
                yield Hierarchy(folder=inside, version=1, top=mount.point)
            elif mount.version == 2 and not controllers:  # noqa: PLR2004 - a version
                yield from _delegating(controller, inside, mount.point)


def _delegating(controller: str, folder: Path, top: Path) -> Iterator[Hierarchy]:
    """Yield the folders, from our own upwards, that hand a controller on to their children.

    A group that has processes of its own cannot (the "no internal processes" rule), so it is
    usually an ancestor of ours.
    """
    for ancestor in (folder, *folder.parents):
        with suppress(OSError):
            handed_on = (ancestor / "cgroup.subtree_control").read_text(encoding="utf-8")
            if controller in handed_on.split():
                yield Hierarchy(folder=ancestor, version=2, top=top)
        if ancestor == top:
            return


@dataclass(slots=True)
class Group:
    """The control groups of one command, a folder for each controller that can be used."""

    hierarchies: Hierarchies
    name: str
    folders: dict[LimitHit, Path] = field(default_factory=dict)

    def make(self, limits: Limits) -> None:
        """Make the folders and set the limits on memory and processes."""
        for limit, hierarchy in self.hierarchies.items():
            folder = hierarchy.folder / self.name
            try:
                # Both controllers of version 2 share one folder.
                folder.mkdir(exist_ok=hierarchy.version != 1)
                _set_limit(folder, limit, hierarchy.version, limits)
            except OSError as error:
                _log.info("control-group-unusable", limit=limit, error=str(error))
            else:
                self.folders[limit] = folder

    def add(self, pid: int) -> None:
        """Put a process into the group; what it starts from now on belongs to it too.

        A controller that refuses the process is given up, so `folders` tells what is enforced.
        """
        for limit, folder in list(self.folders.items()):
            try:
                members = folder / "cgroup.procs"
                # Reading is quick and moving is not; a child of a member is one already.
                if str(pid) not in members.read_text(encoding="ascii").split():
                    members.write_text(str(pid), encoding="ascii")
            except ProcessLookupError:
                continue
            except OSError as error:
                _log.info("control-group-unusable", limit=limit, error=str(error))
                del self.folders[limit]

    def hit(self) -> LimitHit | None:
        """Return the limit that the group has hit so far, if any."""
        for limit, folder in self.folders.items():
            match limit, self.hierarchies[limit].version:
                case LimitHit.MEMORY, 1:
                    happened = _counter(folder / "memory.oom_control", "oom_kill")
                case LimitHit.MEMORY, _:
                    happened = _counter(folder / "memory.events", "oom_kill")
                case _:
                    happened = _counter(folder / "pids.events", "max")
            if happened:
                return limit
        return None

    def peak_memory(self) -> int | None:
        """Return the most memory that the group had at one time, in bytes, where it is known."""
        folder = self.folders.get(LimitHit.MEMORY)
        if folder is None:
            return None
        version = self.hierarchies[LimitHit.MEMORY].version
        name = "memory.max_usage_in_bytes" if version == 1 else "memory.peak"
        try:
            return int((folder / name).read_text(encoding="ascii"))
        except OSError:
            return None

    def close(self) -> None:
        """Kill what is left in the group and remove it."""
        for hierarchy in self.hierarchies.values():
            _remove(hierarchy.folder / self.name)
        self.folders.clear()


def new_group(hierarchies: Hierarchies) -> Group:
    """Return the group of one command, which is yet to be made, under a name that is its own."""
    return Group(hierarchies=hierarchies, name=_name())


def remove_stale_groups(hierarchies: Hierarchies) -> int:
    """Kill what is left in groups of builders that are dead, remove these, and count them."""
    stale = {
        folder
        for hierarchy in hierarchies.values()
        for folder in hierarchy.top.rglob(f"{_PREFIX}-*")
        if _is_stale(folder.name)
    }
    for folder in stale:
        _remove(folder)
    return len(stale)


def _set_limit(folder: Path, limit: LimitHit, version: int, limits: Limits) -> None:
    if limit is LimitHit.PROCESSES:
        _write(folder / "pids.max", limits.processes + _SPARE_PROCESSES)
        return
    _write(
        folder / ("memory.limit_in_bytes" if version == 1 else "memory.max"), limits.memory_bytes
    )
    # Where the kernel counts swap, it must not be a way round the limit.
    with suppress(OSError):
        if version == 1:
            _write(folder / "memory.memsw.limit_in_bytes", limits.memory_bytes)
        else:
            _write(folder / "memory.swap.max", 0)


def _write(file: Path, value: int) -> None:
    # Never created: in a folder that is no control group this must fail.
    with file.open("r+", encoding="ascii") as stream:
        stream.write(str(value))


def _counter(file: Path, name: str) -> int:
    try:
        lines = file.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.split()[0] == name), 0)


def _name() -> str:
    """Return a name that tells whose group it is: a process of a namespace, and when it began."""
    namespace = Path("/proc/self/ns/pid").stat().st_ino
    started = _started(os.getpid())
    return f"{_PREFIX}-{namespace}-{os.getpid()}-{started}-{os.urandom(4).hex()}"


def _is_stale(name: str) -> bool:
    try:
        namespace, pid, started = (int(word) for word in name.split("-")[1:4])
    except ValueError:
        return False
    # Numbers of processes mean nothing across namespaces, and they are used again in time.
    same = namespace == Path("/proc/self/ns/pid").stat().st_ino
    return same and _started(pid) != started


def _started(pid: int) -> int | None:
    """Return when a process began, in clock ticks since the machine's start; None if gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[19])


def _remove(folder: Path) -> None:
    """Kill what is left in a group and remove it; processes need a moment to leave it."""
    deadline = time.monotonic() + _EMPTYING_SECONDS
    while folder.exists():
        with suppress(OSError):
            folder.rmdir()
            return
        with suppress(OSError):
            for pid in (folder / "cgroup.procs").read_text(encoding="ascii").split():
                with suppress(ProcessLookupError):
                    os.kill(int(pid), SIGKILL)
        if time.monotonic() > deadline:
            _log.warning("control-group-left-behind", folder=str(folder))
            return
        time.sleep(0.005)
