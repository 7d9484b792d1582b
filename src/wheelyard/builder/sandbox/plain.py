"""No isolation at all: for trusted projects, and for tests of what surrounds a sandbox."""

import os
import re
import resource
import select
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from wheelyard import process
from wheelyard.builder.environments.view import View
from wheelyard.builder.sandbox import watcher
from wheelyard.builder.sandbox.arguments import inner_launcher
from wheelyard.builder.sandbox.sandbox import HOME_FOLDER, Command, LimitHit, Result
from wheelyard.builder.sandbox.supervision import DiskCheck, Printed, supervise
from wheelyard.errors import SandboxMissing
from wheelyard.model.build import Limits
from wheelyard.process import Process

_WATCHED = frozenset({LimitHit.MEMORY, LimitHit.PROCESSES})


class PlainSandbox:
    """Runs commands as the agent's own user, with everything that it can see and do.

    Paths inside are put back to those outside, in the arguments and the values of the environment,
    wherever they stand as whole path components. Limits are watched; only how long a file may get
    is enforced by the kernel. A process that leaves its session and its parents between two looks
    escapes.
    """

    name = "plain"

    def __init__(self) -> None:
        process.adopt_orphans()

    def showing(self, view: View) -> "PlainSandbox":
        """Refuse: without isolation there is only the machine's own system."""
        advice = "builder.sandbox = 'plain' has no other system than the machine's own"
        raise SandboxMissing(", ".join(view.shown), advice)

    def run(self, command: Command, *, output: Callable[[bytes], None]) -> Result:
        """Run a command; see `wheelyard.builder.sandbox.sandbox.Sandbox`."""
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="wheelyard-home-") as home:
            outside = Outside({HOME_FOLDER: Path(home), **command.read_only, **command.writable})
            folder = outside.path(command.folder)
            environment = {"PWD": folder} | {
                name: outside.text(value) for name, value in command.environment.items()
            }
            started = process.start(
                [
                    *inner_launcher(
                        command.limits,
                        limit_processes=False,
                        most_open_files=resource.getrlimit(resource.RLIMIT_NOFILE)[1],
                    ),
                    *(outside.text(argument) for argument in command.arguments),
                ],
                environment=environment,
                folder=Path(folder),
                stdout=process.PIPE,
                stderr=process.STDOUT,
            )
            with closing(started):
                family = _Family(started, command.limits)
                hit = supervise(
                    started,
                    Printed(started, output, limit=command.limits.log_bytes),
                    limits=command.limits,
                    checks=[
                        family.check,
                        DiskCheck(folders=list(command.writable.values()), limits=command.limits),
                    ],
                    end=family.end,
                )
            status = started.exit_status()
        if hit is None and status == -signal.SIGXFSZ:
            hit = LimitHit.DISK
        seconds = time.monotonic() - begun
        return Result(exit_status=status or 0, limit_hit=hit, seconds=seconds)


class Outside:
    """Turns paths as seen inside a sandbox into those outside."""

    def __init__(self, folders: dict[str, Path]) -> None:
        self._folders = {inside.rstrip("/"): str(outside) for inside, outside in folders.items()}
        # The longest first: one folder may lie in another.
        alternatives = "|".join(map(re.escape, sorted(self._folders, key=len, reverse=True)))
        self._inside = re.compile(rf"(?<![\w./-])({alternatives})(?![\w.-])")

    def text(self, text: str) -> str:
        """Return a text with every path in it put outside."""
        return self._inside.sub(lambda match: self._folders[match[1]], text)

    def path(self, path: str) -> str:
        """Return one path put outside."""
        return self.text(path)


class _Family:
    """A process and what descends from it, what has left it since it was first seen too."""

    def __init__(self, parent: Process, limits: Limits) -> None:
        self._parent = parent
        self._limits = limits
        self._handles: dict[int, int] = {}

    def check(self, *, final: bool) -> LimitHit | None:
        """Return which limit the family exceeds now."""
        if final:
            return None
        self._look()
        usages = [watcher.measure(pid) for pid in self._roots()]
        usage = watcher.Usage(
            threads=sum(usage.threads for usage in usages),
            memory_bytes=sum(usage.memory_bytes for usage in usages),
        )
        return watcher.exceeded(usage, self._limits, watched=_WATCHED)

    def end(self) -> None:
        """Kill the family, and whom it has got while it was being killed."""
        self._look()
        self._kill()
        while self._look():
            self._kill()
        with suppress(ProcessLookupError):
            os.killpg(self._parent.pid, signal.SIGKILL)
        for handle in self._handles.values():
            _is_over(handle, wait=True)
        self._forget()

    def _kill(self) -> None:
        for handle in self._handles.values():
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)

    def _look(self) -> bool:
        """Take note of new members of the family that run; return whether there are any."""
        self._forget()
        found = {pid for known in self._roots() for pid in watcher.descendants(known)}
        new = {}
        for pid in found - self._handles.keys():
            with suppress(ProcessLookupError):
                new[pid] = os.pidfd_open(pid)
        self._handles |= new
        self._forget()
        return not new.keys().isdisjoint(self._handles)

    def _forget(self) -> None:
        """Forget who has ended: a number may be given again to somebody else's process."""
        for pid, handle in list(self._handles.items()):
            if _is_over(handle):
                os.close(self._handles.pop(pid))
                if pid != self._parent.pid:
                    process.reap(pid)

    def _roots(self) -> list[int]:
        """Return whom the others descend from: those that are nobody's child in the family."""
        known = {self._parent.pid, *self._handles}
        children = {pid for root in known for pid in watcher.descendants(root) if pid != root}
        return sorted(known - children)


def _is_over(handle: int, *, wait: bool = False) -> bool:
    """Whether the process behind a handle has ended; with `wait`, once it has."""
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(None if wait else 0))
