"""Sandboxes for tests: opened ones, commands with defaults, and folders that builds can reach."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from wheelyard.builder.environments.host import host_view
from wheelyard.builder.sandbox.bubblewrap import BubblewrapSandbox
from wheelyard.builder.sandbox.cgroup import Hierarchies, find_hierarchies
from wheelyard.builder.sandbox.folders import build_user, hand_over
from wheelyard.builder.sandbox.sandbox import Command, Result, Sandbox
from wheelyard.model.build import Limits
from wheelyard.settings import Settings

PYTHON = "/usr/bin/python3"
"""The only interpreter that is inside every sandbox."""

SYSTEM_PATH = {"PATH": "/usr/bin:/bin"}


def bubblewrap(hierarchies: Hierarchies | None = None) -> BubblewrapSandbox:
    """Open bubblewrap as the agent does; `{}` stands for a machine without control groups."""
    return BubblewrapSandbox(
        user=build_user(Settings()),
        view=host_view(),
        hierarchies=find_hierarchies() if hierarchies is None else hierarchies,
    )


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """Make a folder that the build user can reach, which pytest's own may not be."""
    folder = Path(tempfile.mkdtemp(prefix="wheelyard-test-", dir="/var/tmp"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def writable_folder(parent: Path, name: str = "work") -> Path:
    """Make a folder that belongs to the build user."""
    folder = parent / name
    folder.mkdir()
    hand_over(folder, build_user(Settings()))
    return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What came of a command, and what it printed."""

    result: Result
    output: bytes

    @property
    def text(self) -> str:
        """What it printed, as text."""
        return self.output.decode(errors="replace")


def run(
    sandbox: Sandbox,
    *arguments: str,
    folder: str = "/",
    read_only: dict[str, Path] | None = None,
    writable: dict[str, Path] | None = None,
    environment: dict[str, str] | None = None,
    limits: Limits | None = None,
) -> Ran:
    """Run a command in a sandbox."""
    printed: list[bytes] = []
    command = Command(
        arguments=arguments,
        folder=folder,
        read_only=read_only or {},
        writable=writable or {},
        environment=SYSTEM_PATH if environment is None else environment,
        limits=limits or Limits(),
    )
    result = sandbox.run(command, output=printed.append)
    return Ran(result=result, output=b"".join(printed))


def python(sandbox: Sandbox, code: str, *words: str, limits: Limits | None = None) -> Ran:
    """Run code in the distribution's interpreter."""
    return run(sandbox, PYTHON, "-I", "-S", "-c", code, *words, limits=limits or quick())


def quick(**limits: Any) -> Limits:  # noqa: ANN401 - any of the limits
    """Return limits that end a command after a minute at the latest."""
    return Limits(**{"duration": timedelta(seconds=60), **limits})
