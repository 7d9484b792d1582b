"""The Debian archives that this machine's own apt is configured for, and how apt is told of them.

Nothing but these archives is ever used, and nothing that is not signed by one of the distribution's
own keys.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from wheelyard import process
from wheelyard.errors import EnvironmentUnusable
from wheelyard.model.environment import EnvironmentName
from wheelyard.model.target import GLIBC_OF_CHANNEL

APT_ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
    "DEBCONF_NONINTERACTIVE_SEEN": "true",
}
_TIMEOUT = timedelta(seconds=60)
_FORMAT = "$(TARGET_OF)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)"
_POCKETS = ("", "-updates", "-security")
"""The suites of a release that are used: neither backports nor what is only proposed."""

_RASPBERRY = re.compile(r"raspbian|raspberrypi", re.IGNORECASE)
_KEYRINGS = Path("/usr/share/keyrings")
_DISTRIBUTION_KEYS = re.compile(r"(?:debian|raspbian|raspberrypi)-archive-keyring\.(?:gpg|pgp)")
_PASSED_ON = re.compile(
    r"Acquire::(?:(?:http|https)::(?:Proxy|Proxy-Auto-Detect|Timeout|CaInfo|Pipeline-Depth)"
    r"|Retries|Check-Valid-Until|Check-Date|Max-FutureTime|Queue-Mode)(?:::[^\s:]+)? "
    r'"[^"\\]*";',
    re.IGNORECASE,
)
"""What of the machine's configuration is the network's: none of its hooks, and no unsigned data."""


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A suite of an archive with its components."""

    uri: str
    suite: str
    components: tuple[str, ...]


def find_sources(environment: EnvironmentName) -> tuple[Source, ...]:
    """Return where an environment's packages come from: as the machine's own, of its release.

    Raises:
        EnvironmentUnusable: if the machine's apt names no archive of the distribution.
        NotFound: if there is no apt.
    """
    completed = process.run(
        ["apt-get", "indextargets", "--format", _FORMAT, "Created-By: Packages"],
        environment=APT_ENVIRONMENT,
        timeout=_TIMEOUT,
    )
    sources = sources_among(completed.stdout.splitlines(), environment)
    if not sources:
        advice = "This machine's apt sources name no archive that has it"
        if environment.is_raspberry:
            advice += "; name Raspberry Pi OS's there, or take a root over: --from-tarball"
        raise EnvironmentUnusable(environment, advice)
    return sources


def sources_among(lines: Iterable[str], environment: EnvironmentName) -> tuple[Source, ...]:
    """Return an environment's sources from what apt tells of its own, in `_FORMAT`.

    The machine's own release is put in place by the environment's: an archive has them all.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        kind, uri, suite, component = (*line.split("|"), "", "", "")[:4]
        pocket = _pocket(suite)
        of_raspberry = _RASPBERRY.search(uri) is not None
        fits = environment.is_raspberry if of_raspberry else environment.is_debian
        if kind != "deb" or pocket is None or not fits:
            continue
        components = found.setdefault((uri, environment.release + pocket), [])
        if component not in components:
            components.append(component)
    return tuple(Source(uri, suite, tuple(names)) for (uri, suite), names in found.items())


def _pocket(suite: str) -> str | None:
    release, dash, rest = suite.partition("-")
    pocket = dash + rest
    return pocket if release in GLIBC_OF_CHANNEL and pocket in _POCKETS else None


def sources_list(sources: Sequence[Source], architecture: str, *, keyrings: Path) -> str:
    """Return a sources.list(5), in which only the distribution's own keys are trusted.

    Raises:
        EnvironmentUnusable: if these keys are not installed.
    """
    keys = [file for file in sorted(keyrings.glob("*")) if _DISTRIBUTION_KEYS.fullmatch(file.name)]
    if not keys:
        advice = "Install the distribution's keys: apt-get install debian-archive-keyring"
        raise EnvironmentUnusable(keyrings, advice)
    options = f"[arch={architecture} signed-by={','.join(map(str, keys))}]"
    return "".join(
        f"deb {options} {source.uri} {source.suite} {' '.join(source.components)}\n"
        for source in sources
    )


def without_suites(sources: Sequence[Source], names: Collection[str]) -> tuple[Source, ...]:
    """Return sources without some suites, as one whose index does not verify.

    Raises:
        EnvironmentUnusable: if one of them is not there, or none would be left.
    """
    suites = {source.suite for source in sources}
    if not suites.issuperset(names) or suites.issubset(names):
        advice = f"There are {', '.join(sorted(suites))}, and one must be left"
        raise EnvironmentUnusable(f"suites without {', '.join(names)}", advice)
    return tuple(source for source in sources if source.suite not in names)


def make_sources_list(environment: EnvironmentName, *, leave_out: Collection[str] = ()) -> str:
    """Return the sources.list(5) of an environment on this machine, without some suites.

    Raises:
        EnvironmentUnusable: if there is no archive for it, or its keys are not installed, or a
            suite that is to be left out is not there.
    """
    found = without_suites(find_sources(environment), leave_out)
    return sources_list(found, environment.architecture, keyrings=_KEYRINGS)


def network_options() -> str:
    """Return what the machine's apt is told about the network, as lines of an apt.conf(5)."""
    completed = process.run(["apt-config", "dump"], environment=APT_ENVIRONMENT, timeout=_TIMEOUT)
    return network_options_among(completed.stdout)


def network_options_among(dump: str) -> str:
    """Return those lines of apt's configuration that may be passed on."""
    return "".join(f"{line}\n" for line in dump.splitlines() if _PASSED_ON.fullmatch(line))
