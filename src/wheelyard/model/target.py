"""Targets: what wheels are made for, and the tags that an installer there accepts."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.version import Version

from wheelyard.errors import InvalidSetting
from wheelyard.model.names import TargetName, parse_target_name

GLIBC_OF_CHANNEL = {
    "bullseye": (2, 31),
    "bookworm": (2, 36),
    "trixie": (2, 41),
    "forky": (2, 42),
}
"""The version of glibc in each distribution release (Debian; Raspberry Pi OS has the same)."""

_MANYLINUX = re.compile(r"manylinux_2_(\d{1,4})_\w+")
_NARROW = ("_armv6l", "_armv7l", "_i686")
"""How the platform tags of 32-bit machines end."""

PYTHON_OF_CHANNEL = {"bullseye": (3, 9), "bookworm": (3, 11), "trixie": (3, 13)}
"""The Python that distribution releases come with, those that Raspberry Pis run."""

RASPBERRY_PI = "raspberry-pi"
"""What stands for all targets of the Pi family where targets are named."""

_OF_THE_PI_FAMILY = ("armv6l", "armv7l", "aarch64")
_OLDEST_MANYLINUX = {"x86_64": (2, 5), "i686": (2, 5)}
_DEFAULT_OLDEST_MANYLINUX = (2, 17)
_LEGACY_MANYLINUX = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}
_NO_MANYLINUX = frozenset({"armv6l"})
_REMEMBERED = 4096
"""So many answers about a `requires-python` are kept: projects say the same few things."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A distribution release, a Python and an architecture that wheels are made for.

    `channel` is the distribution release (`bookworm`); `python` is CPython's (major, minor);
    `python_full` the full version where it is known, which `requires-python` is held against;
    `architecture` is the kernel's word for the machine (`armv7l`, `x86_64`); `glibc` is the
    target's C library as (major, minor).
    """

    channel: str
    python: tuple[int, int]
    architecture: str
    glibc: tuple[int, int]
    python_full: str | None = None

    @cached_property
    def name(self) -> TargetName:
        """The target's name, `<channel>-cp<python>-<architecture>`."""
        return TargetName(f"{self.channel}-{self.interpreter}-{self.architecture}")

    @property
    def interpreter(self) -> str:
        """The interpreter's tag, such as `cp311`."""
        return f"cp{self.python[0]}{self.python[1]}"

    @property
    def native_platform(self) -> str:
        """The platform tag of wheels built there and not repaired."""
        return f"linux_{self.architecture}"

    def accepts(self, tags: frozenset[Tag]) -> bool:
        """Whether an installer on the target takes a wheel that has these tags."""
        return not tags.isdisjoint(accepted_tags(self))

    def admits(self, requires_python: str | None) -> bool:
        """Whether the target's Python satisfies a `requires-python`; nonsense is as if absent."""
        return not requires_python or _admits(requires_python, self._python)

    @property
    def python_version(self) -> Version:
        """The Python that `requires-python` is held against.

        Without a known patch level a high one is assumed, because distributions ship late ones.
        """
        return Version(self._python)

    @cached_property
    def _python(self) -> str:
        return self.python_full or f"{self.python[0]}.{self.python[1]}.99"


def target_from_name(name: str, *, python_full: str | None = None) -> Target:
    """Make a target from its name, for a distribution release that we know.

    Raises:
        InvalidName: if the name does not read like a target's.
        InvalidSetting: if the distribution release is not known here.
    """
    channel, interpreter, architecture = parse_target_name(name).split("-")
    glibc = GLIBC_OF_CHANNEL.get(channel)
    if glibc is None or not interpreter.startswith("cp3"):
        known = ", ".join(GLIBC_OF_CHANNEL)
        raise InvalidSetting(name, f"Known distribution releases: {known}; Pythons: cp3*")
    return Target(
        channel=channel,
        python=(3, int(interpreter[3:])),
        architecture=architecture,
        glibc=glibc,
        python_full=python_full,
    )


def targets_named(names: Iterable[str]) -> tuple[Target, ...]:
    """Return the targets of some names, `raspberry-pi` among them, each once, in this order.

    Raises:
        InvalidName: if one does not read like a target's.
        InvalidSetting: if its distribution release is not known here.
    """
    found: dict[TargetName, Target] = {}
    for name in names:
        each = raspberry_pi_targets() if name == RASPBERRY_PI else (target_from_name(name),)
        found |= {target.name: target for target in each}
    return tuple(found.values())


def raspberry_pi_targets() -> tuple[Target, ...]:
    """Return the targets of the Pi family, the newest distribution release first.

    armv6l comes before armv7l, for its wheels serve both.
    """
    return tuple(
        target_from_name(f"{channel}-cp{major}{minor}-{architecture}")
        for channel, (major, minor) in reversed(PYTHON_OF_CHANNEL.items())
        for architecture in _OF_THE_PI_FAMILY
    )


def add_release(channel: str, glibc: tuple[int, int]) -> None:
    """Make a distribution release known that is newer than this code, by its C library.

    Raises:
        InvalidSetting: if it is known with another C library.
    """
    known = GLIBC_OF_CHANNEL.setdefault(channel, glibc)
    if known != glibc:
        version = ".".join(map(str, known))
        raise InvalidSetting(channel, f"Its C library is known to be glibc {version}")


@lru_cache(maxsize=_REMEMBERED)
def _admits(requires_python: str, python: str) -> bool:
    try:
        specifiers = SpecifierSet(requires_python)
    except InvalidSpecifier:
        return True
    return specifiers.contains(python, prereleases=True)


@cache
def accepted_tags(target: Target) -> frozenset[Tag]:
    """Return every tag that an installer on the target accepts, whatever runs this code."""
    platforms = list(platform_tags(target))
    return frozenset(cpython_tags(target.python, [target.interpreter], platforms)) | frozenset(
        compatible_tags(target.python, target.interpreter, platforms)
    )


def platform_tags(target: Target) -> Iterator[str]:
    """Yield the platform tags of a target, most specific first (PEP 600, PEP 425)."""
    if target.architecture not in _NO_MANYLINUX:
        oldest = _OLDEST_MANYLINUX.get(target.architecture, _DEFAULT_OLDEST_MANYLINUX)
        major, newest_minor = target.glibc
        for minor in range(newest_minor, oldest[1] - 1, -1):
            yield f"manylinux_{major}_{minor}_{target.architecture}"
            legacy = _LEGACY_MANYLINUX.get((major, minor))
            if legacy:
                yield f"{legacy}_{target.architecture}"
    yield target.native_platform


def portable_from(platforms: Iterable[str]) -> int | None:
    """Return the minor version of the glibc 2 from which on a wheel of ours fits any Linux.

    `platforms` are the wheel's platform tags. Manylinux tags are proved before a wheel is
    published, and promise just that. None without one, and on 32-bit machines: how wide times
    are, of which manylinux says nothing, differs there between distribution releases.
    """
    found = list(platforms)
    if any(platform.endswith(_NARROW) for platform in found):
        return None
    minors = [int(match[1]) for match in map(_MANYLINUX.fullmatch, found) if match]
    return min(minors, default=None)


def fits_portably(channel: str, minor: int | None) -> bool:
    """Whether a distribution release has the glibc 2 from which on a wheel fits any Linux."""
    glibc = GLIBC_OF_CHANNEL.get(channel)
    return glibc is not None and minor is not None and glibc >= (2, minor)
