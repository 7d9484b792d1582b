"""What the machine itself is: the target that it builds for, and its size."""

import json
import os
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from wheelyard import process
from wheelyard.errors import InvalidSetting, NotFound
from wheelyard.model.target import Target

PYTHON = Path("/usr/bin/python3")
"""The distribution's own interpreter, the one that wheels are built for."""

_TIMEOUT = timedelta(seconds=60)
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
_ASK_PYTHON = """\
import json, os, platform, sys, sysconfig
print(json.dumps({
    "implementation": sys.implementation.name,
    "version": platform.python_version(),
    "headers": os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")),
    "bits": 64 if sys.maxsize > 2**32 else 32,
}))
"""
_ARCHITECTURES = {
    "amd64": "x86_64",
    "arm64": "aarch64",
    "armhf": "armv7l",
    "i386": "i686",
    "ppc64el": "ppc64le",
}
"""Debian's words for architectures where they differ from the kernel's."""

_THIRTY_TWO_BITS_OF = {"aarch64": "armv7l", "armv8l": "armv7l", "x86_64": "i686"}
"""What programs of 32 bits on a kernel of 64 bits are built for."""

_KIB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine's size and its model (`Raspberry Pi 4 Model B Rev 1.4`)."""

    model: str
    memory_bytes: int
    processors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Python:
    version: str
    bits: int


def local_target(root: Path = Path("/"), *, needs_headers: bool = True) -> Target:
    """Return the target that this machine builds for: its own system and its own Python.

    `root` is where the distribution's files are looked for, another folder in tests only. Who only
    installs needs no headers.

    Raises:
        NotFound: if there is no distribution Python, or its headers are missing.
        InvalidSetting: if it is not a CPython, or the C library is not glibc.
    """
    python = _ask_python(needs_headers=needs_headers)
    major, minor = python.version.split(".")[:2]
    return Target(
        channel=_channel(_read(root / "etc/os-release")),
        python=(int(major), int(minor)),
        architecture=architecture_of(
            debian=_debian_architecture(), kernel=os.uname().machine, bits=python.bits
        ),
        glibc=_glibc(),
        python_full=python.version,
    )


def architecture() -> str:
    """Return the architecture that this machine's own programs are built for."""
    python = _ask_python(needs_headers=False)
    return architecture_of(
        debian=_debian_architecture(), kernel=os.uname().machine, bits=python.bits
    )


def architecture_of(*, debian: str | None, kernel: str, bits: int) -> str:
    """Return the architecture that programs are built for, in the kernel's words.

    What is installed decides, not the kernel: a system of 32 bits may run on a kernel of 64. Only
    an `armhf` on a processor of version 6 is told by the kernel, for there it is Raspberry Pi
    OS, whose `armhf` means another thing than Debian's. `debian` is None where there is no dpkg.
    """
    if debian == "armhf" and kernel == "armv6l":
        return kernel
    if debian is not None:
        return _ARCHITECTURES.get(debian, debian)
    return _THIRTY_TWO_BITS_OF.get(kernel, kernel) if bits != 64 else kernel  # noqa: PLR2004 - bits


def machine(root: Path = Path("/")) -> Machine:
    """Return the machine's size and model (`root` is another folder in tests only)."""
    model = _read(root / "proc/device-tree/model").rstrip("\0\n")
    return Machine(
        model=model or _processor_model(root) or os.uname().machine,
        memory_bytes=_meminfo(root, "MemTotal"),
        processors=len(os.sched_getaffinity(0)),
    )


def free_memory_bytes(root: Path = Path("/")) -> int:
    """Return how much memory new programs can have without swapping, in bytes."""
    return _meminfo(root, "MemAvailable")


def _ask_python(*, needs_headers: bool) -> _Python:
    if not PYTHON.exists():
        raise NotFound(PYTHON, "Install the distribution's Python: apt-get install python3-dev")
    # -S too, so that no installed package has a say.
    completed = process.run(
        [PYTHON, "-I", "-S", "-c", _ASK_PYTHON], environment=_ENVIRONMENT, timeout=_TIMEOUT
    )
    if completed.exit_status != 0:
        raise NotFound(PYTHON, f"It does not run: {completed.stderr.strip()[-200:]}")
    facts = json.loads(completed.stdout)
    if facts["implementation"] != "cpython":
        raise InvalidSetting(PYTHON, "Wheels are built for CPython only")
    if needs_headers and not facts["headers"]:
        raise NotFound("Python.h", "Install Python's headers: apt-get install python3-dev")
    return _Python(version=facts["version"], bits=facts["bits"])


def _channel(os_release: str) -> str:
    """Return the distribution release's code name (os-release(5)), or a name made of its number."""
    fields = dict(line.split("=", 1) for line in os_release.splitlines() if "=" in line)
    values = {name: value.strip("\"'") for name, value in fields.items()}
    name = values.get("VERSION_CODENAME") or (
        values.get("ID", "linux") + values.get("VERSION_ID", "")
    )
    return re.sub(r"[^a-z0-9]", "", name.lower()) or "linux"


def _debian_architecture() -> str | None:
    try:
        completed = process.run(
            ["dpkg", "--print-architecture"], environment=_ENVIRONMENT, timeout=_TIMEOUT
        )
    except NotFound:
        return None
    return completed.stdout.strip() or None


def _glibc() -> tuple[int, int]:
    """Return the version of the C library, from confstr(3)."""
    try:
        name = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (OSError, ValueError):
        name = ""
    found = re.fullmatch(r"glibc (\d+)\.(\d+).*", name)
    if found is None:
        raise InvalidSetting(name or "another C library", "Wheels are built for glibc only")
    return int(found[1]), int(found[2])


def _processor_model(root: Path) -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", _read(root / "proc/cpuinfo"), re.MULTILINE)
    return found[1].strip() if found else ""


def _meminfo(root: Path, name: str) -> int:
    found = re.search(rf"^{name}:\s*(\d+) kB$", _read(root / "proc/meminfo"), re.MULTILINE)
    return int(found[1]) * _KIB if found else 0


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
