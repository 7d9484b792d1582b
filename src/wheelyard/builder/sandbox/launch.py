"""One start of bubblewrap, from its first process to the last one inside."""

import json
import os
import select
import signal
from collections.abc import Iterable, Sequence
from contextlib import suppress

from wheelyard import process
from wheelyard.process import Process

_CLEAN_ENVIRONMENT = {"PATH": "/usr/bin:/bin"}
"""What bubblewrap itself gets, for `/proc/1/environ` inside shows it: no secrets, ever."""

_GATE = ("/bin/sh", "-c", 'read -r go && exec "$@" </dev/null', "sh")
"""Waits for a line before it becomes the command.

Should the agent die before it sends one, there is no line, and the command never runs. This is
why bubblewrap's own `--block-fd` is of no use: it takes an end of file for a yes.
"""


_PAUSE_MILLISECONDS = 1
_STATUS_BYTES = 4096


class Launch:
    """Bubblewrap as it runs one command: `monitor` outside, and the first process inside.

    `status` is a file that the monitor tells in what becomes of the command. (Into a pipe that
    nobody reads any more it could not, and would end too early: see `arguments.launcher`.)
    When the first process ends, the kernel ends everything else in its process namespace.
    """

    def __init__(self, monitor: Process, status: int) -> None:
        self.monitor = monitor
        self._status = status
        self._first: int | None = None
        self._first_handle: int | None = None

    def first_pid(self) -> int | None:
        """Wait for the first process inside and return its number outside; None if there is none.

        It is kept from running the command until `open_gate`.
        """
        line = self._first_line()
        if line is None:
            return None
        self._first = int(json.loads(line)["child-pid"])
        with suppress(ProcessLookupError):
            self._first_handle = os.pidfd_open(self._first)
        return self._first

    def open_gate(self) -> None:
        """Let the command run."""
        if self.monitor.stdin is None:
            return
        with suppress(BrokenPipeError):
            os.write(self.monitor.stdin.fileno(), b"\n")

    def has_run(self) -> bool:
        """Whether the sandbox was set up to its end; for when everything has ended."""
        return b"exit-code" in self._told()

    def end(self) -> None:
        """Kill everything that runs inside, and return when nothing of it is left."""
        if self._first_handle is None:
            # Everything is still in the session that bubblewrap was started in.
            self.monitor.kill()
        else:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._first_handle, signal.SIGKILL)
            poll = select.poll()
            poll.register(self._first_handle, select.POLLIN)
            poll.poll()
        self.monitor.wait()
        if self._first is not None:
            process.reap(self._first)
            # The number may be given to another process from now on.
            self._first = None

    def close(self) -> None:
        """End it, and close what is open."""
        self.end()
        os.close(self._status)
        if self._first_handle is not None:
            os.close(self._first_handle)
        self.monitor.close()

    def _first_line(self) -> bytes | None:
        """Wait for a line of the status; None if the monitor ends without one."""
        # Not by `monitor.wait`, for whoever supervises it wants to see it end.
        ended = os.pidfd_open(self.monitor.pid)
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        try:
            has_ended = False
            while b"\n" not in (told := self._told()):
                if has_ended:
                    return None
                has_ended = bool(poll.poll(_PAUSE_MILLISECONDS))
        finally:
            os.close(ended)
        return told.partition(b"\n")[0]

    def _told(self) -> bytes:
        return os.pread(self._status, _STATUS_BYTES, 0)


def launch(
    before: Sequence[str],
    options: Iterable[str | bytes],
    before_command: Sequence[str],
    command: Sequence[str],
) -> Launch:
    """Start bubblewrap; the command waits at a gate.

    `before` are the words that bubblewrap is started by, `before_command` those that start the
    command inside. An option that is bytes stands for a file that holds them.
    """
    status = os.memfd_create("wheelyard-status")
    handed_over: list[int] = []
    try:
        words = [
            option if isinstance(option, str) else _file(option, handed_over)
            for option in ("--json-status-fd", str(status), *options)
        ]
        # Through a file, because inside everybody can read the command line of process 1.
        listed = _file(b"".join(word.encode() + b"\0" for word in words), handed_over)
        monitor = process.start(
            [*before, "bwrap", "--args", listed, "--", *before_command, *_GATE, *command],
            environment=_CLEAN_ENVIRONMENT,
            stdin=process.PIPE,
            stdout=process.PIPE,
            stderr=process.STDOUT,
            pass_fds=[status, *handed_over],
            die_with_parent=False,
        )
    except BaseException:
        os.close(status)
        raise
    finally:
        for descriptor in handed_over:
            os.close(descriptor)
    return Launch(monitor, status)


def _file(content: bytes, handed_over: list[int]) -> str:
    """Put bytes into a file in memory and return its descriptor's number as a word."""
    descriptor = os.memfd_create("wheelyard")
    handed_over.append(descriptor)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return str(descriptor)
