"""The one place that starts programs: no shell, an own session, ended with their parent.

Whoever starts something untrusted uses a sandbox (`wheelyard.builder.sandbox`), which starts its
launcher here.
"""

import ctypes
import os
import shutil
import signal
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, Popen, TimeoutExpired
from typing import IO

from wheelyard.errors import NotFound, Unavailable

__all__ = [
    "DEVNULL",
    "PIPE",
    "STDOUT",
    "Completed",
    "Process",
    "adopt_orphans",
    "reap",
    "run",
    "start",
]

_PR_SET_CHILD_SUBREAPER = 36
_KILL_GRACE_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """What came of a program: its exit status (negative for a signal) and what it printed."""

    exit_status: int
    stdout: str
    stderr: str


class Process:
    """A program that runs. It leads a session and a process group of its own.

    `stdin`, `stdout` and `stderr` are binary streams where `start` was given `PIPE`, else None.
    """

    def __init__(self, popen: Popen[bytes]) -> None:
        self._popen = popen
        self.pid: int = popen.pid
        self.stdin: IO[bytes] | None = popen.stdin
        self.stdout: IO[bytes] | None = popen.stdout
        self.stderr: IO[bytes] | None = popen.stderr

    def exit_status(self) -> int | None:
        """Return how it ended (negative for a signal), or None while it runs."""
        return self._popen.poll()

    def wait(self, timeout: timedelta | None = None) -> int | None:
        """Wait for its end and return the exit status, or None if it outlasts `timeout`."""
        try:
            return self._popen.wait(None if timeout is None else timeout.total_seconds())
        except TimeoutExpired:
            return None

    def communicate(self, stdin: bytes, timeout: timedelta | None) -> tuple[bytes, bytes] | None:
        """Feed it, read its pipes to their ends and wait; None if it outlasts `timeout`."""
        try:
            stdout, stderr = self._popen.communicate(
                stdin or None, None if timeout is None else timeout.total_seconds()
            )
        except TimeoutExpired:
            return None
        return stdout or b"", stderr or b""

    def terminate(self) -> None:
        """Ask it and its process group to end (SIGTERM). Nothing happens if it has ended."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it and its process group at once (SIGKILL). Nothing happens if it has ended."""
        self._signal(signal.SIGKILL)

    def close(self) -> None:
        """Kill it if it still runs, reap it, and close its streams."""
        self.kill()
        self._popen.wait()
        for stream in (self.stdin, self.stdout, self.stderr):
            if stream is not None:
                stream.close()

    def _signal(self, number: signal.Signals) -> None:
        # The number of a process that was reaped may belong to another one by now.
        if self._popen.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)


def start(  # noqa: PLR0913 - the same words as for every program that is started
    arguments: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    folder: Path | None = None,
    stdin: int | IO[bytes] = DEVNULL,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
    pass_fds: Collection[int] = (),
    die_with_parent: bool = True,
) -> Process:
    """Start a program and return its handle.

    `environment` is the whole environment; a program named without a slash is looked up in our
    own PATH. Streams are inherited (None), `PIPE`, `DEVNULL`, or a file; `stderr` may be `STDOUT`.
    With `die_with_parent` the kernel kills the program, once it runs, when the **thread** that
    called this ends, so call it from a thread that lives as long as the program shall.

    Raises:
        NotFound: if there is no such program or folder.
    """
    words = [_require(str(arguments[0])), *(str(argument) for argument in arguments[1:])]
    if die_with_parent:
        words = [_require("setpriv"), "--pdeathsig", "KILL", "--", *words]
    try:
        popen = Popen(  # noqa: S603 - this is where programs are started, without a shell
            words,
            env=dict(environment),
            cwd=folder,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            pass_fds=tuple(pass_fds),
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise NotFound(error.filename) from None
    return Process(popen)


def run(
    arguments: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    timeout: timedelta,
    folder: Path | None = None,
    stdin: bytes = b"",
) -> Completed:
    """Run a program to its end and return its exit status and what it printed (as UTF-8).

    A program that outlasts `timeout`, and its process group, are killed; so they are when this
    is interrupted.

    Raises:
        NotFound: if there is no such program or folder.
        Unavailable: if it did not end in time.
    """
    process = start(
        arguments,
        environment=environment,
        folder=folder,
        stdin=PIPE if stdin else DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        printed = process.communicate(stdin, timeout)
        if printed is None:
            raise Unavailable(arguments[0], f"It did not end within {timeout.total_seconds():g} s")
        status = process.wait(timedelta(seconds=_KILL_GRACE_SECONDS))
    finally:
        process.close()
    stdout, stderr = (text.decode(errors="replace") for text in printed)
    return Completed(exit_status=0 if status is None else status, stdout=stdout, stderr=stderr)


def adopt_orphans() -> None:
    """Make this process the parent of descendants whose own parents end (prctl(2)).

    Without it they go to process 1, which on some machines never reaps them. Calling it again
    changes nothing.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def reap(pid: int) -> None:
    """Wait for an adopted descendant that is ending, if it is ours to wait for."""
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)


def _require(program: str) -> str:
    """Return the path of a program."""
    path = shutil.which(program)
    if path is None:
        raise NotFound(program, "It is not installed, or not on the PATH")
    return path
