"""Following a program to its end: what it prints, how long it takes, what it uses."""

import os
import selectors
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from wheelyard.builder.sandbox import disk
from wheelyard.builder.sandbox.sandbox import LimitHit
from wheelyard.model.build import Limits
from wheelyard.process import Process

_TICK_SECONDS = 0.1
_DISK_SECONDS = 0.25
_DISK_SHARE = 20
"""A walk over the folders takes at most this fraction of the time."""

_READ_BYTES = 64 * 1024
_BEGINNING_BYTES = 1000


class Check(Protocol):
    """Looks whether a limit has been hit."""

    def __call__(self, *, final: bool) -> LimitHit | None:
        """Return the limit; `final` is said once, after the program has ended."""
        ...


@dataclass(slots=True, kw_only=True)
class DiskCheck:
    """Looks at the writable folders, the less often the longer that takes."""

    folders: Sequence[Path]
    limits: Limits
    _next: float = field(default=0.0, init=False)

    def __call__(self, *, final: bool) -> LimitHit | None:
        """Return `DISK` if the folders hold too much."""
        begun = time.monotonic()
        if begun < self._next and not final:
            return None
        is_exceeded = disk.is_exceeded(self.folders, self.limits)
        ended = time.monotonic()
        self._next = ended + max(_DISK_SECONDS, _DISK_SHARE * (ended - begun))
        return LimitHit.DISK if is_exceeded else None


class Printed:
    """What a program prints into a pipe, on its way to `output`, up to a limit."""

    def __init__(self, printer: Process, output: Callable[[bytes], None], *, limit: int) -> None:
        if printer.stdout is None:
            raise ValueError(printer)
        self.descriptor = printer.stdout.fileno()
        os.set_blocking(self.descriptor, False)
        self.beginning = b""
        self._output = output
        self._room = limit

    def read(self) -> bool:
        """Hand on what is there; return whether more may come."""
        try:
            chunk = os.read(self.descriptor, _READ_BYTES)
        except BlockingIOError:
            return True
        self._hand_on(chunk)
        return bool(chunk)

    def read_rest(self) -> None:
        """Hand on what is still in the pipe; for when nobody writes into it any more."""
        with suppress(BlockingIOError):
            while not self.is_over_limit:
                chunk = os.read(self.descriptor, _READ_BYTES)
                if not chunk:
                    return
                self._hand_on(chunk)

    def pulse(self) -> None:
        """Let `output` know that the program still runs, so that it can end it by an exception."""
        self._output(b"")

    def _hand_on(self, chunk: bytes) -> None:
        self.beginning += chunk[: _BEGINNING_BYTES - len(self.beginning)]
        self._output(chunk[: self._room])
        self._room = max(self._room - len(chunk), -1)

    @property
    def is_over_limit(self) -> bool:
        """Whether more was printed than may be."""
        return self._room < 0


def supervise(
    process: Process,
    printed: Printed,
    *,
    limits: Limits,
    checks: Sequence[Check],
    end: Callable[[], None],
) -> LimitHit | None:
    """Follow a program until it ends or hits a limit, and return the limit.

    `end` must end everything that the program started; it is called however this function is
    left, with an exception too. Afterwards the program has ended.
    """
    try:
        hit = _follow(process, printed, limits=limits, checks=checks)
    finally:
        end()
        process.wait()
    printed.read_rest()
    if hit is None and printed.is_over_limit:
        hit = LimitHit.LOG
    # What a program used up tells more than that it was slow because of it.
    if hit is None or hit is LimitHit.TIME:
        hit = _first_hit(checks, final=True) or hit
    return hit


def _follow(
    process: Process, printed: Printed, *, limits: Limits, checks: Sequence[Check]
) -> LimitHit | None:
    deadline = time.monotonic() + limits.duration.total_seconds()
    next_tick = 0.0
    ended = os.pidfd_open(process.pid)
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(ended, selectors.EVENT_READ)
            selector.register(printed.descriptor, selectors.EVENT_READ)
            while True:
                now = time.monotonic()
                if now >= deadline:
                    return LimitHit.TIME
                if now >= next_tick:
                    next_tick = now + _TICK_SECONDS
                    printed.pulse()
                    if hit := _first_hit(checks, final=False):
                        return hit
                pause = max(0.0, min(next_tick, deadline) - time.monotonic())
                ready = {key.fd for key, _ in selector.select(pause)}
                if printed.descriptor in ready and not printed.read():
                    selector.unregister(printed.descriptor)
                if printed.is_over_limit:
                    return LimitHit.LOG
                if ended in ready:
                    return None
    finally:
        os.close(ended)


def _first_hit(checks: Sequence[Check], *, final: bool) -> LimitHit | None:
    return next((hit for check in checks if (hit := check(final=final))), None)
