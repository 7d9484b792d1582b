"""The environments of this machine: their folder, what is current, and who uses it.

    FOLDER/NAME/current -> versions/ID      the version in use, a link that is replaced as a whole
    FOLDER/NAME/versions/ID/                root, manifest.json, sources.list
    FOLDER/NAME/making/                     a root that is being made, worthless after a crash
    FOLDER/NAME/packages/                   lists and packages that were fetched, for every layer
    FOLDER/layers/ID/                       the layer of one build

Whoever uses a version or makes one holds a lock on its folder; a lock ends with its process.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from wheelyard.builder.environments.manifest import Manifest, read_manifest, write_manifest
from wheelyard.builder.sandbox.folders import remove_tree
from wheelyard.errors import EnvironmentUnusable, InvalidName, UnknownEnvironment
from wheelyard.model.environment import EnvironmentName, parse_environment_name

_READABLE = 0o755
"""There are no secrets here: a builder that is not root reads, and locks what it uses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of an environment, complete."""

    folder: Path
    manifest: Manifest

    @property
    def root(self) -> Path:
        """The folder of its root file system."""
        return self.folder / "root"

    @property
    def sources(self) -> Path:
        """The sources.list(5) that it was made from, and that its layers are made from."""
        return self.folder / "sources.list"


@dataclass(frozen=True, slots=True)
class Store:
    """The folder of all environments."""

    folder: Path

    def names(self) -> list[EnvironmentName]:
        """Return the environments that are there, whole ones only."""
        found = []
        for entry in sorted(self.folder.glob("*/current")):
            with suppress(InvalidName):
                found.append(parse_environment_name(entry.parent.name))
        return found

    def has(self, name: EnvironmentName) -> bool:
        """Whether there is such an environment."""
        return (self.folder / str(name) / "current").is_symlink()

    def home(self, name: EnvironmentName) -> Path:
        """Return the folder of everything that belongs to an environment, made if need be."""
        home = self.folder / str(name)
        for folder in (self.folder, home, home / "versions", home / "packages"):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(_READABLE)
        return home

    def current(self, name: EnvironmentName) -> Version:
        """Return the version of an environment that is in use.

        Raises:
            UnknownEnvironment: if there is none.
            EnvironmentUnusable: if it is damaged.
        """
        link = self.folder / str(name) / "current"
        if not link.is_symlink():
            raise UnknownEnvironment(name, f"Make it: wheelyard environment create {name}")
        version = Version(folder=link.resolve(), manifest=read_manifest(link))
        if not version.root.is_dir() or not version.sources.is_file():
            advice = f"A part is missing; make it again: wheelyard environment update {name}"
            raise EnvironmentUnusable(name, advice)
        return version

    @contextmanager
    def using(self, name: EnvironmentName) -> Iterator[Version]:
        """Keep the current version of an environment from being removed."""
        while True:
            version = self.current(name)
            with suppress(FileNotFoundError), locked(version.folder, shared=True):
                # It may have been replaced and removed just before it was locked.
                if version.folder.is_dir():
                    yield version
                    return

    def publish(self, name: EnvironmentName, made: Path, manifest: Manifest) -> Version:
        """Put a version that is complete in place of the current one, at one stroke."""
        home = self.home(name)
        write_manifest(manifest, made)
        made.chmod(_READABLE)
        identity = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{manifest.digest[:12]}"
        folder = home / "versions" / identity
        os.sync()
        made.rename(folder)
        link = home / "current.new"
        link.unlink(missing_ok=True)
        link.symlink_to(f"versions/{identity}")
        link.rename(home / "current")
        self.remove_old(name)
        return Version(folder=folder, manifest=manifest)

    def remove_old(self, name: EnvironmentName) -> None:
        """Remove every version that is neither current nor used by a build."""
        home = self.folder / str(name)
        current = (home / "current").resolve()
        for folder in (home / "versions").iterdir():
            if folder != current:
                with suppress(BlockingIOError), locked(folder):
                    remove_tree(folder)

    def remove(self, name: EnvironmentName) -> None:
        """Remove an environment with all that belongs to it.

        Raises:
            UnknownEnvironment: if there is none.
            EnvironmentUnusable: if a build uses it.
        """
        home = self.folder / str(name)
        if not home.is_dir():
            raise UnknownEnvironment(name)
        with self.changing(name), ExitStack() as held:
            try:
                for folder in (home / "versions").iterdir():
                    held.enter_context(locked(folder))
            except BlockingIOError:
                raise EnvironmentUnusable(name, "A build uses it; try again later") from None
            (home / "current").unlink(missing_ok=True)
            remove_tree(home)

    @contextmanager
    def changing(self, name: EnvironmentName) -> Iterator[Path]:
        """Keep everybody else from changing an environment; yield its home folder.

        Raises:
            EnvironmentUnusable: if somebody else does so just now.
        """
        home = self.home(name)
        try:
            with locked(home):
                yield home
        except BlockingIOError:
            raise EnvironmentUnusable(name, "Somebody else is making it just now") from None


@contextmanager
def locked(folder: Path, *, shared: bool = False, wait: bool = False) -> Iterator[None]:
    """Hold a lock on a folder.

    Raises:
        BlockingIOError: if somebody else has it, unless told to wait.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        fcntl.flock(descriptor, kind | (0 if shared or wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)
