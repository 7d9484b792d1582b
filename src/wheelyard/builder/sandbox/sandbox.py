"""The protocol of a sandbox: what to run, within which limits, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from wheelyard.builder.environments.view import View
from wheelyard.model.build import Limits

HOME_FOLDER = "/tmp/home"  # noqa: S108 - a path inside the sandbox
"""A private, empty, writable home folder, inside every sandbox."""


class LimitHit(StrEnum):
    """The limit that ended a command."""

    TIME = "time"
    MEMORY = "memory"
    PROCESSES = "processes"
    DISK = "disk"
    LOG = "log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command to run in a sandbox.

    `arguments` use paths as seen inside, absolute ones; `read_only` and `writable` map paths
    inside to folders or files outside; `environment` is the whole environment, to which only `PWD`
    is added; `folder` is the working folder inside. Disk limits hold for the writable folders,
    which must belong to the build user (`folders.hand_over`).
    """

    arguments: tuple[str, ...]
    folder: str
    read_only: dict[str, Path] = field(default_factory=dict)
    writable: dict[str, Path] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a command: its exit status (negative for a signal) and the limit it hit.

    `peak_memory_bytes` is None where the machine cannot tell.
    """

    exit_status: int
    limit_hit: LimitHit | None = None
    seconds: float = 0.0
    peak_memory_bytes: int | None = None


class Sandbox(Protocol):
    """Runs commands apart from the machine.

    A command sees the environment's system read-only, the folders that it was given, a private
    `/tmp` and home folder, and nothing else: no network, no other processes, no secrets. When
    `run` returns or raises, every process that the command started has ended.
    """

    name: str

    def showing(self, view: View) -> "Sandbox":
        """Return this sandbox with another system for its commands to see.

        Raises:
            SandboxMissing: if it cannot show any but the machine's own.
        """
        ...

    def run(self, command: Command, *, output: Callable[[bytes], None]) -> Result:
        """Run a command, handing what it prints (both streams, as it comes) to `output`.

        `output` gets `b""` several times a second while nothing is printed. An exception that
        it raises ends the command, and is passed on: this is how a build is given up early.

        Raises:
            SandboxMissing: if the sandbox cannot be set up for this command.
        """
        ...
