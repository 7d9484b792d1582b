"""Roots for tests of environments: tiny ones that only look like Debian, also in a store."""

from pathlib import Path

from wheelyard.builder.environments.manifest import make_manifest
from wheelyard.builder.environments.places import make_places
from wheelyard.builder.environments.store import Store, Version
from wheelyard.model.environment import EnvironmentName, parse_environment_name

BOOKWORM = parse_environment_name("bookworm-amd64")
PYTHON = "3.11.2-6+deb12u6"


def package(name: str, version: str = "1.0-1", architecture: str = "amd64") -> str:
    """Return what dpkg's status says of an installed package."""
    return (
        f"Package: {name}\nStatus: install ok installed\nMaintainer: A <a@example.org>\n"
        f"Architecture: {architecture}\nVersion: {version}\nDescription: a package\n\n"
    )


def fill_root(
    root: Path,
    *,
    release: str = "bookworm",
    architecture: str = "amd64",
    python: str = PYTHON,
    extra: tuple[str, ...] = (),
) -> Path:
    """Make a folder look like a root of Debian."""
    for folder in ("etc", "var/lib/dpkg/info", "usr/lib", "usr/bin"):
        (root / folder).mkdir(parents=True)
    (root / "usr/lib/os-release").write_text(f"ID=debian\nVERSION_CODENAME={release}\n")
    (root / "usr/lib/marker").write_text("of the environment")
    packages = [
        package("libc6", "2.36-9+deb12u14", architecture),
        package("python3.11-minimal", python, architecture),
        *(package(name, architecture=architecture) for name in extra),
    ]
    (root / "var/lib/dpkg/status").write_text("".join(packages))
    return root


def put_environment(
    store: Store,
    name: EnvironmentName = BOOKWORM,
    *,
    python: str = PYTHON,
    origin: str = "archive",
) -> Version:
    """Put a tiny environment in place in a store."""
    making = store.home(name) / "making"
    making.mkdir()
    root = fill_root(making / "root", architecture=name.architecture, python=python)
    make_places(root)
    (making / "sources.list").write_text("deb http://debian.example.org/debian bookworm main\n")
    return store.publish(name, making, make_manifest(root, str(name), origin=origin))
