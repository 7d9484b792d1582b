"""How bubblewrap is called (bwrap(1)): pure, and the place to read what a build can see."""

from collections.abc import Iterator
from pathlib import Path

from wheelyard.builder.environments.view import View
from wheelyard.builder.sandbox.folders import BuildUser
from wheelyard.builder.sandbox.sandbox import HOME_FOLDER, Command
from wheelyard.model.build import Limits

_MIB = 1024**2
_RUN_BYTES = _MIB
_SPARE_PROCESSES = 8
"""More than what `watcher` lets pass, so that it sees when the limit is exceeded."""

_SPARE_BYTES = _MIB
"""More than what `disk` lets pass, for the same reason."""

_OPEN_FILES = 65_536

_ISOLATION = (
    "--unshare-all",
    "--unshare-user",
    "--disable-userns",
    "--die-with-parent",
    "--new-session",
    "--clearenv",
    "--cap-drop",
    "ALL",
    "--hostname",
    "builder",
    "--uid",
    "1000",
    "--gid",
    "1000",
)
"""New namespaces of every kind, none to be made inside, no capability, no terminal."""


def launcher(user: BuildUser | None) -> tuple[str, ...]:
    """Return the words before `bwrap`: give up root and every way back to it.

    The agent's end is not made to kill bubblewrap from here on (`--pdeathsig`), but only once it
    asks for that itself: killed while it starts its inner process, it would leave that waiting for
    ever. `launch` sees to it that the command does not run without an agent.
    """
    ids = (
        ()
        if user is None
        else ("--reuid", str(user.uid), "--regid", str(user.gid), "--clear-groups")
    )
    return ("setpriv", *ids, "--inh-caps=-all", "--no-new-privs", "--")


def options(command: Command, view: View) -> list[str | bytes]:
    """Return bubblewrap's own arguments, in an order that lets each find what it needs.

    Bytes stand for the descriptor of a file that holds them.
    """
    return [
        *_ISOLATION,
        *_system(view),
        *_scratch(command.limits.memory_bytes),
        *_folders(command),
        *("--remount-ro", "/dev", "--remount-ro", "/"),
        *("--chdir", command.folder),
        *(word for pair in command.environment.items() for word in ("--setenv", *pair)),
    ]


def inner_launcher(
    limits: Limits, *, limit_processes: bool, most_open_files: int
) -> tuple[str, ...]:
    """Return the words before the command: limits that hold for each process (getrlimit(2)).

    The number of processes is one of a user namespace; it is needed where no control group counts.
    """
    processes = (f"--nproc={limits.processes + _SPARE_PROCESSES}",) if limit_processes else ()
    return (
        "/usr/bin/prlimit",
        *processes,
        f"--fsize={limits.disk_bytes + _SPARE_BYTES}",
        "--core=0",
        f"--nofile={min(most_open_files, _OPEN_FILES)}",
        "--",
    )


def _system(view: View) -> Iterator[str | bytes]:
    for inside, outside in sorted(view.shown.items()):
        yield from ("--ro-bind", str(outside), inside)
    for inside in view.hidden:
        yield from ("--perms", "0755", "--size", str(_MIB), "--tmpfs", inside)
        yield from ("--remount-ro", inside)
    for inside, content in view.made_up.items():
        yield from ("--perms", "0444", "--ro-bind-data", content, inside)
    for inside, target in view.links.items():
        yield from ("--symlink", target, inside)


def _scratch(memory_bytes: int) -> Iterator[str]:
    """Yield what is writable and private; it is kept in memory, and counts as such."""
    yield from ("--proc", "/proc", "--dev", "/dev")
    yield from ("--perms", "1777", "--size", str(memory_bytes // 4), "--tmpfs", "/dev/shm")  # noqa: S108 - a path inside
    yield from ("--perms", "1777", "--size", str(memory_bytes // 2), "--tmpfs", "/tmp")  # noqa: S108 - a path inside
    yield from ("--perms", "0755", "--size", str(_RUN_BYTES), "--tmpfs", "/run")
    yield from ("--perms", "0700", "--dir", HOME_FOLDER)


def _folders(command: Command) -> Iterator[str]:
    """Yield the binds, outer folders first, so that one may lie in another."""
    binds: list[tuple[str, str, Path]] = [
        *((inside, "--ro-bind", outside) for inside, outside in command.read_only.items()),
        *((inside, "--bind", outside) for inside, outside in command.writable.items()),
    ]
    for inside, option, outside in sorted(binds):
        yield from (option, str(outside), inside)
