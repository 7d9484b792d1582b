"""What is in an environment: its packages with their versions, and a digest of these."""

import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from wheelyard import process
from wheelyard.errors import EnvironmentUnusable
from wheelyard.model.environment import manifest_digest

_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
_TIMEOUT = timedelta(seconds=60)
_FORMAT = "${db:Status-Abbrev}\\t${Package}\\t${Architecture}\\t${Version}\\n"
_INSTALLED = "ii"
_UPSTREAM = re.compile(r"(?:\d+:)?(\d+(?:\.\d+)+)")
_PYTHON = re.compile(r"python3\.\d+-minimal")
NAME = "manifest.json"
"""The file that holds it, beside the root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package that is installed."""

    name: str
    architecture: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an environment is made of.

    `origin` tells where it is from: `archive`, or a tarball and its digest. `python` is the full
    version of the distribution's interpreter and `glibc` that of the C library.
    """

    environment: str
    origin: str
    created_at: datetime
    packages: tuple[Package, ...]
    python: str
    glibc: str

    @property
    def digest(self) -> str:
        """The SHA-256 of name, origin and packages: the same for the same content at any time."""
        packages = ((item.name, item.architecture, item.version) for item in self.packages)
        return manifest_digest(self.environment, self.origin, packages)


def read_packages(root: Path) -> tuple[Package, ...]:
    """Return what is installed in a root, whatever its architecture, sorted by name.

    Raises:
        EnvironmentUnusable: if the root has no list of packages, or dpkg cannot read it.
    """
    state = root / "var/lib/dpkg"
    if not (state / "status").is_file():
        raise EnvironmentUnusable(root.name, "It has no var/lib/dpkg/status: it is no Debian")
    completed = process.run(
        ["dpkg-query", f"--admindir={state}", "--show", f"--showformat={_FORMAT}"],
        environment=_ENVIRONMENT,
        timeout=_TIMEOUT,
    )
    if completed.exit_status != 0:
        raise EnvironmentUnusable(root.name, completed.stderr.strip()[-500:])
    packages = []
    for line in completed.stdout.splitlines():
        status, name, architecture, version = line.split("\t")
        if status.strip() == _INSTALLED:
            packages.append(Package(name=name, architecture=architecture, version=version))
    return tuple(sorted(packages, key=lambda item: (item.name, item.architecture)))


def make_manifest(root: Path, environment: str, *, origin: str) -> Manifest:
    """Return the manifest of a root that has just been made.

    Raises:
        EnvironmentUnusable: if it lacks what every build needs.
    """
    packages = read_packages(root)
    pythons = [item.version for item in packages if _PYTHON.fullmatch(item.name)]
    libraries = [item.version for item in packages if item.name == "libc6"]
    if not pythons or not libraries:
        raise EnvironmentUnusable(environment, "It has no python3 or no C library")
    return Manifest(
        environment=environment,
        origin=origin,
        created_at=datetime.now(UTC),
        packages=packages,
        python=_upstream(max(pythons, key=_numbers)),
        glibc=_upstream(libraries[0]),
    )


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write a manifest into a folder."""
    document = {**asdict(manifest), "created_at": manifest.created_at.isoformat()}
    document["digest"] = manifest.digest
    (folder / NAME).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a folder, and hold it against the digest that it was written with.

    Raises:
        EnvironmentUnusable: if it is missing, cannot be read, or was changed.
    """
    try:
        document = json.loads((folder / NAME).read_text(encoding="utf-8"))
        digest = document.pop("digest")
        document["created_at"] = datetime.fromisoformat(document["created_at"])
        document["packages"] = tuple(Package(**item) for item in document["packages"])
        manifest = Manifest(**document)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise EnvironmentUnusable(folder / NAME, f"It cannot be read: {error}") from None
    if manifest.digest != digest:
        raise EnvironmentUnusable(folder / NAME, "It is not what was written: make it again")
    return manifest


def _upstream(version: str) -> str:
    found = _UPSTREAM.match(version)
    return found[1] if found else version


def _numbers(version: str) -> list[int]:
    return [int(number) for number in _upstream(version).split(".") if number.isdigit()]
