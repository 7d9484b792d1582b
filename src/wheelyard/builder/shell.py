"""A shell in the sandbox, in the place where a build failed, for a person at a terminal."""

import os
import select
import socket
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from wheelyard.builder.hooks import SOURCE, Workplace
from wheelyard.builder.requirements import INSIDE
from wheelyard.builder.sandbox.folders import hand_over
from wheelyard.builder.sandbox.sandbox import Command

_RUNNER = "/build/shell_runner.py"
_RUNNER_FILE = Path(__file__).with_name("shell_runner.py")
_MEETING = "/build/meeting"
_SHELL = ("/bin/bash", "--norc", "-i")
_LONG = timedelta(days=1)
_MUCH = 2**40
_BYTES = 65536


def open_shell(
    workplace: Workplace, build_environment: Path, *, terminal: int, check: Callable[[], None]
) -> None:
    """Give a person a shell where a build ran: same view, variables and folders, no network.

    `terminal` is the descriptor of the person's terminal. It returns when the shell ends; `check`
    ends it by raising.
    """
    meeting = workplace.control / "shell"
    meeting.mkdir()
    with closing(socket.socket(socket.AF_UNIX)) as door:
        door.bind(str(meeting / "socket"))
        door.listen(1)
        hand_over(meeting, workplace.user)
        command = Command(
            arguments=(f"{INSIDE}/bin/python3", _RUNNER, f"{_MEETING}/socket", *_SHELL),
            folder=SOURCE,
            read_only={
                **workplace.read_only,
                INSIDE: build_environment,
                _RUNNER: _RUNNER_FILE,
            },
            writable={SOURCE: workplace.source, _MEETING: meeting},
            environment={
                **workplace.environment,
                "TERM": os.environ.get("TERM", "dumb"),
                "PS1": r"wheelyard:\w\$ ",
            },
            limits=replace(workplace.limits, duration=_LONG, log_bytes=_MUCH),
        )
        ended = threading.Event()
        relay = threading.Thread(target=_relay, args=(door, terminal, ended), name="shell")
        with _raw(terminal):
            relay.start()
            try:
                workplace.sandbox.run(command, output=lambda _: check())
            finally:
                ended.set()
                relay.join()


def _relay(door: socket.socket, terminal: int, ended: threading.Event) -> None:
    """Pass on what is typed and printed, until the shell has ended."""
    inside: socket.socket | None = None
    try:
        while not ended.is_set():
            waited_for: list[socket.socket | int] = [inside or door]
            waited_for += [] if inside is None else [terminal]
            for ready in select.select(waited_for, [], [], 0.1)[0]:
                if inside is None:
                    inside, _ = door.accept()
                elif ready is inside:
                    data = inside.recv(_BYTES)
                    if not data:
                        return
                    os.write(terminal, data)
                else:
                    inside.sendall(os.read(terminal, _BYTES))
    except OSError:
        # One side has gone, and the sandbox ends of itself.
        return
    finally:
        if inside is not None:
            inside.close()


@contextmanager
def _raw(terminal: int) -> Iterator[None]:
    """Let every key through as it is, and give the terminal back as it was."""
    before = termios.tcgetattr(terminal)
    tty.setraw(terminal)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
