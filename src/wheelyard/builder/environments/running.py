"""Whether this machine may make environments, and whether it runs their programs."""

import os
from datetime import timedelta
from pathlib import Path

from wheelyard import process
from wheelyard.errors import EnvironmentUnusable, RootNeeded
from wheelyard.model.environment import MACHINES, EnvironmentName

_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
_TIMEOUT = timedelta(seconds=60)
_EMULATIONS = Path("/proc/sys/fs/binfmt_misc")
_ELF_MACHINE = slice(18, 20)
"""Where an ELF header names its machine (elf(5), `e_machine`)."""

_ELF_NUMBERS = {"amd64": 62, "arm64": 183, "armhf": 40}
_FIX_BINARY = "F"
_HOW = (
    "apt-get install qemu-user-static binfmt-support arch-test; in a container, on its host:"
    " mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc"
)


def require_root() -> None:
    """Refuse to go on without the rights that mounts and packages need.

    Raises:
        RootNeeded: if this is not root.
    """
    if os.geteuid() != 0:
        raise RootNeeded("making environments", "Run it again with sudo")


def require_runnable(name: EnvironmentName) -> None:
    """Refuse an environment whose programs do not run here.

    Raises:
        EnvironmentUnusable: if they do not, with what to do about it.
    """
    if not is_native(name.architecture) and not is_emulated(name.architecture):
        advice = f"Programs of {name.architecture} do not run on this machine. {_HOW}"
        raise EnvironmentUnusable(name, advice)


def is_native(architecture: str) -> bool:
    """Whether the machine's own programs are of this Debian architecture."""
    return MACHINES[architecture] == os.uname().machine or architecture == _own_architecture()


def is_emulated(architecture: str, folder: Path = _EMULATIONS) -> bool:
    """Whether the kernel hands programs of an architecture to an emulator, inside a root too.

    That takes an entry of binfmt_misc with the flag F: its emulator is opened when it is
    registered, so that a root need not hold it.
    """
    try:
        entries = [entry.read_text(encoding="ascii") for entry in folder.glob("*-*")]
    except OSError:
        return False
    return any(_fits(entry, _ELF_NUMBERS[architecture]) for entry in entries)


def _fits(entry: str, number: int) -> bool:
    words = [line.partition(" ") for line in entry.splitlines()]
    fields = {key.rstrip(":"): value for key, _, value in words}
    try:
        magic = bytes.fromhex(fields.get("magic", ""))
    except ValueError:
        return False
    machine = int.from_bytes(magic[_ELF_MACHINE], "little")
    return "enabled" in fields and _FIX_BINARY in fields.get("flags", "") and machine == number


def _own_architecture() -> str:
    completed = process.run(
        ["dpkg", "--print-architecture"], environment=_ENVIRONMENT, timeout=_TIMEOUT
    )
    return completed.stdout.strip()
