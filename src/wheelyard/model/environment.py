"""Environments by name: a Debian release, an architecture, and where they differ, a variant."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NewType

from wheelyard.errors import InvalidName
from wheelyard.model.target import GLIBC_OF_CHANNEL, Target, target_from_name

DebianPackage = NewType("DebianPackage", str)
"""The name of a binary package, as Debian's policy allows it."""

MACHINES = {"amd64": "x86_64", "arm64": "aarch64", "armhf": "armv7l"}
"""Debian's architectures that environments are made for, and the kernel's words for them."""

TRIPLETS = {
    "amd64": "x86_64-linux-gnu",
    "arm64": "aarch64-linux-gnu",
    "armhf": "arm-linux-gnueabihf",
}
"""What Debian calls the tool chain of each architecture (Debian's multiarch tuples)."""

CROSS = "cross"
"""The variant that has compilers for other architectures; its own programs are the machine's."""

_CROSS_TARGETS = ("arm64", "armhf")
_RASPBERRY = "raspios"
"""The variant of Raspberry Pi OS, whose `armhf` is another architecture than Debian's."""

_MAX_SHOWN = 100
_NAME = re.compile(r"([a-z]{1,20})-([a-z0-9]{1,20})(?:-([a-z][a-z0-9]{0,20}))?")
_PYTHON = re.compile(r"(3)\.(\d{1,3})(?:\.|\Z)")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]{0,98}[a-z0-9+.]")


@dataclass(frozen=True, slots=True)
class EnvironmentName:
    """The name of an environment, such as `bookworm-armhf` or `bookworm-armhf-raspios`.

    `variant` is empty for Debian itself, and `cross` for Debian with compilers for other
    architectures, `raspios` for Raspberry Pi OS; one that has another variant is always imported.
    """

    release: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        return "-".join(filter(None, (self.release, self.architecture, self.variant)))

    @property
    def machine(self) -> str:
        """The kernel's word for the machines that this is for (`armv7l`)."""
        if not self.is_debian:
            return "armv6l"
        return MACHINES[self.architecture]

    @property
    def is_from_archive(self) -> bool:
        """Whether there are archives that have all of it: Debian's, or Raspberry Pi OS's."""
        return self.variant in {"", CROSS, _RASPBERRY}

    @property
    def is_raspberry(self) -> bool:
        """Whether it is of Raspberry Pi OS."""
        return self.variant == _RASPBERRY

    @property
    def is_debian(self) -> bool:
        """Whether packages of Debian itself fit.

        Raspberry Pi OS adds to Debian's arm64, but has an armhf of its own, for older processors.
        """
        return not self.is_raspberry or self.architecture != "armhf"

    @property
    def compiles_for(self) -> tuple[str, ...]:
        """The other architectures that it has compilers for."""
        if self.variant != CROSS:
            return ()
        return tuple(found for found in _CROSS_TARGETS if found != self.architecture)


def parse_environment_name(text: str) -> EnvironmentName:
    """Take the name of an environment apart.

    Raises:
        InvalidName: if it does not read like one, or its release or architecture is not known.
    """
    found = _NAME.fullmatch(text)
    if found is None:
        raise InvalidName(repr(text[:_MAX_SHOWN]), "An environment reads like bookworm-armhf")
    release, architecture, variant = found[1], found[2], found[3] or ""
    if release not in GLIBC_OF_CHANNEL:
        known = ", ".join(GLIBC_OF_CHANNEL)
        raise InvalidName(repr(text), f"Known distribution releases: {known}")
    if architecture not in MACHINES:
        raise InvalidName(repr(text), f"Known architectures: {', '.join(MACHINES)}")
    return EnvironmentName(release, architecture, variant)


def environment_of(target: Target) -> EnvironmentName | None:
    """Return the environment whose name fits a target; None for machines without one."""
    if target.channel not in GLIBC_OF_CHANNEL:
        return None
    if target.architecture == "armv6l":
        return EnvironmentName(target.channel, "armhf", _RASPBERRY)
    for architecture, machine in MACHINES.items():
        if machine == target.architecture:
            return EnvironmentName(target.channel, architecture)
    return None


def target_of_environment(name: EnvironmentName, python: str) -> Target | None:
    """Return the target that an environment with this Python is made for, by their names.

    None where the Python is none that targets have.
    """
    found = _PYTHON.match(python)
    if found is None:
        return None
    return target_from_name(f"{name.release}-cp{found[1]}{found[2]}-{name.machine}")


def manifest_digest(environment: str, origin: str, packages: Iterable[tuple[str, str, str]]) -> str:
    """Return the SHA-256 that tells an environment's content: its name, its origin, its packages.

    Packages are name, architecture and version, in the manifest's order.
    """
    lines = [environment, origin, *(" ".join(package) for package in packages)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def parse_debian_package(text: str) -> DebianPackage:
    """Return the name of a Debian package (Debian policy, section 5.6.7).

    A name that ends in a minus sign, which no package has, would tell apt to remove one.

    Raises:
        InvalidName: if it is not one.
    """
    if not _PACKAGE.fullmatch(text):
        raise InvalidName(repr(text[:_MAX_SHOWN]), "This cannot be the name of a Debian package")
    return DebianPackage(text)
