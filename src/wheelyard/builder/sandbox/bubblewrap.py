"""A sandbox of Linux namespaces, made by bubblewrap (bwrap(1)) as an unprivileged user."""

import resource
import signal
import time
from collections.abc import Callable
from contextlib import closing

from wheelyard import process
from wheelyard.builder.environments.view import View
from wheelyard.builder.sandbox import arguments, watcher
from wheelyard.builder.sandbox.cgroup import Group, Hierarchies, new_group
from wheelyard.builder.sandbox.folders import BuildUser
from wheelyard.builder.sandbox.launch import Launch, launch
from wheelyard.builder.sandbox.sandbox import Command, LimitHit, Result
from wheelyard.builder.sandbox.supervision import Check, DiskCheck, Printed, supervise
from wheelyard.errors import SandboxMissing
from wheelyard.model.build import Limits

_SIGNAL_BASE = 128


class BubblewrapSandbox:
    """Runs commands in namespaces of their own: no network, no other processes, no host files.

    `user` is who commands run as where the agent is root, `view` the system that they see, and
    `hierarchies` where control groups can be made; what these do not enforce is watched.
    """

    name = "bubblewrap"

    def __init__(self, *, user: BuildUser | None, view: View, hierarchies: Hierarchies) -> None:
        self._user = user
        self._view = view
        self._hierarchies = hierarchies
        process.adopt_orphans()

    def showing(self, view: View) -> "BubblewrapSandbox":
        """Return this sandbox with another system for its commands to see."""
        return BubblewrapSandbox(user=self._user, view=view, hierarchies=self._hierarchies)

    def run(self, command: Command, *, output: Callable[[bytes], None]) -> Result:
        """Run a command; see `wheelyard.builder.sandbox.sandbox.Sandbox`."""
        begun = time.monotonic()
        with closing(new_group(self._hierarchies)) as group:
            group.make(command.limits)
            with closing(self._launch(command, group)) as started:
                hit = _follow(started, command, group=group, output=output)
                status = _exit_status(started.monitor.exit_status())
            if hit is None and status == -signal.SIGXFSZ:
                hit = LimitHit.DISK
            return Result(
                exit_status=status,
                limit_hit=hit,
                seconds=time.monotonic() - begun,
                peak_memory_bytes=group.peak_memory(),
            )

    def _launch(self, command: Command, group: Group) -> Launch:
        return launch(
            arguments.launcher(self._user),
            arguments.options(command, self._view),
            arguments.inner_launcher(
                command.limits,
                limit_processes=LimitHit.PROCESSES not in group.folders,
                most_open_files=resource.getrlimit(resource.RLIMIT_NOFILE)[1],
            ),
            command.arguments,
        )


def _follow(
    started: Launch, command: Command, *, group: Group, output: Callable[[bytes], None]
) -> LimitHit | None:
    """Confine the sandbox, let the command run in it, and follow it to its end."""
    limits = command.limits
    printed = Printed(started.monitor, output, limit=limits.log_bytes)
    # At once, so that the next agent finds what is left if this one dies in the next moment.
    group.add(started.monitor.pid)
    first = started.first_pid()
    checks: list[Check] = [DiskCheck(folders=list(command.writable.values()), limits=limits)]
    if first is not None:
        # Who was started before its parent was added, and who waits at the gate.
        for pid in watcher.descendants(first):
            group.add(pid)
        checks.insert(0, _tree_check(group, first, limits))
        started.open_gate()
    hit = supervise(started.monitor, printed, limits=limits, checks=checks, end=started.end)
    if hit is None and not started.has_run():
        said = printed.beginning.decode(errors="replace").strip()
        raise SandboxMissing(said or "it was killed", "bubblewrap could not set it up")
    return hit


def _tree_check(group: Group, first: int, limits: Limits) -> Check:
    """Return a check of memory and processes: by the control groups, else by watching."""
    watched = frozenset({LimitHit.MEMORY, LimitHit.PROCESSES} - group.folders.keys())

    def check(*, final: bool) -> LimitHit | None:
        hit = group.hit()
        if hit is None and watched and not final:
            hit = watcher.exceeded(watcher.measure(first), limits, watched=watched)
        return hit

    return check


def _exit_status(status: int | None) -> int:
    """Return an exit status as Python tells it: bubblewrap tells signals as shells do."""
    if status is None or not _SIGNAL_BASE < status < _SIGNAL_BASE + signal.NSIG:
        return status or 0
    return _SIGNAL_BASE - status
