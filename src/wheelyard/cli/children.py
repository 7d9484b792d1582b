"""The programs that `wheelyard up` runs beside each other, each a process of its own."""

import os
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import IO

from wheelyard import process
from wheelyard.log import get_logger

_log = get_logger("up")
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 10.0
_STEADY = 30.0
_TERM_GRACE = timedelta(seconds=6)


class Child:
    """One program, started again whenever it ends by itself, with growing pauses between."""

    def __init__(
        self, name: str, arguments: tuple[str, ...], *, environment: Mapping[str, str], log: Path
    ) -> None:
        self.name = name
        self.log = log
        self._arguments = (sys.executable, "-m", "wheelyard", *arguments)
        self._environment = environment
        self._output: IO[bytes] = log.open("ab")
        self._pause = _FIRST_PAUSE
        self._start_at = 0.0
        self._started_at = 0.0
        self._process: process.Process | None = None

    def keep_running(self) -> None:
        """Start the program if it does not run and its pause is over."""
        now = time.monotonic()
        if self._process is not None:
            status = self._process.exit_status()
            if status is None:
                return
            self._process = None
            self._pause = (
                _FIRST_PAUSE
                if now - self._started_at > _STEADY
                else min(2 * self._pause, _LONGEST_PAUSE)
            )
            self._start_at = now + self._pause
            _log.warning(
                "program-ended", program=self.name, status=status, again_in_seconds=self._pause
            )
        if now >= self._start_at:
            self._started_at = now
            self._process = process.start(
                self._arguments,
                environment=self._environment,
                stdout=self._output,
                stderr=process.STDOUT,
            )

    def terminate(self) -> None:
        """Ask the program to end."""
        if self._process is not None:
            self._process.terminate()

    def close(self, *, grace: timedelta) -> None:
        """Wait for the program's end, at most `grace`; then kill it."""
        if self._process is not None:
            if self._process.wait(grace) is None:
                _log.warning("program-killed", program=self.name)
            self._process.close()
            self._process = None
        self._output.close()

    @property
    def pid(self) -> int | None:
        """The number of the process that runs, if one does."""
        return None if self._process is None else self._process.pid


def start_children(settings_variables: Mapping[str, str], *, token: str, logs: Path) -> list[Child]:
    """Start the web process, the services and one builder, each with its log in `logs`.

    The builder alone gets its token; it reaches the server by HTTP as a remote one does.
    """
    logs.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, **settings_variables}
    builder = {**environment, "WHEELYARD_BUILDER__TOKEN": token}
    children = [
        Child("web", ("web",), environment=environment, log=logs / "web.log"),
        Child("services", ("services",), environment=environment, log=logs / "services.log"),
        Child("builder", ("builder",), environment=builder, log=logs / "builder.log"),
    ]
    for child in children:
        child.keep_running()
    return children


def stop_children(children: list[Child]) -> None:
    """End all programs within ten seconds: asked first, killed if they do not listen."""
    for child in reversed(children):
        child.terminate()
    deadline = time.monotonic() + _TERM_GRACE.total_seconds()
    for child in reversed(children):
        left = max(deadline - time.monotonic(), 0.0)
        child.close(grace=timedelta(seconds=left))
