"""Progress of work that tells its steps one after the other: a spinner, or plain lines."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status
from rich.text import Text

from wheelyard.cli.progress import printable


class Steps:
    """Shows each step with the seconds since the beginning; used in a `with`.

    On a terminal the present step has a spinner; with `quiet` nothing is shown.
    """

    def __init__(self, *, quiet: bool = False, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._quiet = quiet
        self._begun = time.monotonic()
        self._status: Status | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._quiet:
            self._status = self._console.status("")
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._status is not None:
            self._status.stop()

    @property
    def seconds(self) -> float:
        """The seconds since the beginning."""
        return time.monotonic() - self._begun

    def say(self, text: str) -> None:
        """Tell the step that begins now."""
        if self._quiet:
            return
        line = Text(f"{self.seconds:6.1f} s  {printable(text)}")
        self._console.print(line, soft_wrap=True)
        if self._status is not None:
            self._status.update(Text(printable(text)))
