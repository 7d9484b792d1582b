"""Limits watched from outside, for what no control group enforces."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wheelyard.builder.sandbox.sandbox import LimitHit
from wheelyard.model.build import Limits

_KIB = 1024
_SPARE_THREADS = 2
"""What belongs to the sandbox rather than to the command: its first process, and a starting one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a process and all its descendants use: threads, and bytes of memory of their own."""

    threads: int
    memory_bytes: int


def measure(pid: int) -> Usage:
    """Return what a process and its descendants use now (proc(5): `status` and `children`).

    Memory that several of them share after a fork is counted for each.
    """
    threads = memory = 0
    for member in descendants(pid):
        status = _status(member)
        threads += status.get("Threads", 0)
        memory += (status.get("RssAnon", 0) + status.get("RssShmem", 0)) * _KIB
    return Usage(threads=threads, memory_bytes=memory)


def descendants(pid: int) -> Iterator[int]:
    """Yield a process and everything that descends from it, parents first."""
    waiting = [pid]
    while waiting:
        member = waiting.pop()
        yield member
        for file in Path(f"/proc/{member}/task").glob("*/children"):
            try:
                waiting.extend(int(word) for word in file.read_text(encoding="ascii").split())
            except OSError:
                continue


def exceeded(usage: Usage, limits: Limits, *, watched: frozenset[LimitHit]) -> LimitHit | None:
    """Return which of the watched limits is exceeded, if any."""
    if LimitHit.MEMORY in watched and usage.memory_bytes > limits.memory_bytes:
        return LimitHit.MEMORY
    if LimitHit.PROCESSES in watched and usage.threads > limits.processes + _SPARE_THREADS:
        return LimitHit.PROCESSES
    return None


def _status(pid: int) -> dict[str, int]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    numbers = {}
    for line in lines:
        name, _, value = line.partition(":")
        first = value.split()[:1]
        if first and first[0].isdecimal():
            numbers[name] = int(first[0])
    return numbers
