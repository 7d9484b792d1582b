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


class Launch:
    """Bubblewrap as it runs one command: `monitor` outside, and the first process inside.

    When the first process ends, the kernel ends everything else in its process namespace.
    """

    def __init__(self, monitor: Process, status: int) -> None:
        self.monitor = monitor
        self._status = os.fdopen(status, encoding="utf-8")
        self._first: int | None = None
        self._first_handle: int | None = None

    def first_pid(self) -> int | None:
        """Wait for the first process inside and return its number outside; None if there is none.

        It is kept from running the command until `open_gate`.
        """
        line = self._status.readline()
        if not line.endswith("}\n"):
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
            self.monitor.stdin.write(b"\n")
            self.monitor.stdin.flush()

    def has_run(self) -> bool:
        """Whether the sandbox was set up to its end; for when everything has ended."""
        return "exit-code" in self._status.read()

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

    def close(self) -> None:
        """End it, and close what is open."""
        self.end()
        self._status.close()
        if self._first_handle is not None:
            os.close(self._first_handle)
            self._first_handle = None
        with suppress(BrokenPipeError):
            self.monitor.close()


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
    handed_over: list[int] = []
    status, status_inside = os.pipe()
    handed_over.append(status_inside)
    try:
        words = [
            option if isinstance(option, str) else _file(option, handed_over)
            for option in ("--json-status-fd", str(status_inside), *options)
        ]
        # Through a file, because inside everybody can read the command line of process 1.
        listed = _file(b"".join(word.encode() + b"\0" for word in words), handed_over)
        monitor = process.start(
            [*before, "bwrap", "--args", listed, "--", *before_command, *_GATE, *command],
            environment=_CLEAN_ENVIRONMENT,
            stdin=process.PIPE,
            stdout=process.PIPE,
            stderr=process.STDOUT,
            pass_fds=handed_over,
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
