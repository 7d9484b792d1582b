"""Which system a build is made in: an environment with packages added, or the machine's own."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from wheelyard.builder.environments.helper import made_layer
from wheelyard.builder.environments.manifest import Manifest
from wheelyard.builder.environments.root import root_view, with_sysroot
from wheelyard.builder.environments.running import is_emulated, is_native
from wheelyard.builder.environments.store import Store
from wheelyard.builder.environments.view import View
from wheelyard.errors import EnvironmentUnusable, InvalidName, InvalidSetting
from wheelyard.model.environment import (
    CROSS,
    MACHINES,
    EnvironmentName,
    environment_of,
    parse_debian_package,
    parse_environment_name,
)
from wheelyard.model.target import Target
from wheelyard.settings import Settings

HOST = "host"
"""What the settings call the machine's own system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a build is made in: `view` is None for the machine's own system.

    `root` is where the target's files are, for reading; `digest` is that of the environment's
    manifest; `not_added` are the packages that were asked for and that this machine has no way to
    add. `tools` tells of the system whose programs run, where that is another one.
    """

    name: str
    view: View | None = None
    root: Path = Path("/")
    digest: str | None = None
    not_added: tuple[str, ...] = ()
    tools: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two environments for a cross build: `native` has the compilers, `target` what they use."""

    native: EnvironmentName
    target: EnvironmentName


@dataclass(frozen=True, slots=True, kw_only=True)
class Environments:
    """The environments that a builder's targets are built in.

    `chosen` maps targets and channels to the names of environments or `host`; `words` start the
    privileged helper, None where we are root.
    """

    store: Store
    chosen: dict[str, str]
    words: tuple[str, ...] | None = None
    is_open: bool = True

    def name_for(self, target: Target) -> EnvironmentName | None:
        """Return the environment of a target; None for the machine's own system."""
        if not self.is_open:
            return None
        chosen = self.chosen.get(target.name, self.chosen.get(target.channel))
        if chosen is not None:
            return None if chosen == HOST else parse_environment_name(chosen)
        name = environment_of(target)
        return name if name is not None and self.store.has(name) else None

    def lacking(self, target: Target, packages: Sequence[str]) -> tuple[str, ...]:
        """Return those of some Debian packages that a target's environment does not have itself.

        The machine's own system is taken to have what was built in it.

        Raises:
            UnknownEnvironment: if the settings name one that is not there.
            EnvironmentUnusable: if it is damaged.
        """
        name = self.name_for(target)
        if name is None:
            return ()
        installed = {package.name for package in self.store.current(name).manifest.packages}
        return tuple(package for package in packages if package not in installed)

    def pair_for(self, target: Target) -> Pair | None:
        """Return the environments that a target can be cross-compiled with; None if not so.

        Both must have the very same Python, and this machine must run the target's programs too:
        no wheel counts that was not imported.

        Raises:
            EnvironmentUnusable: if one of them is damaged.
        """
        name = self.name_for(target)
        if name is None or name.variant or is_native(name.architecture):
            return None
        own = [each for each in MACHINES if is_native(each)]
        for native in (EnvironmentName(target.channel, each, CROSS) for each in own):
            if name.architecture not in native.compiles_for or not self.store.has(native):
                continue
            pythons = {self.store.current(each).manifest.python for each in (native, name)}
            if len(pythons) == 1 and is_emulated(name.architecture):
                return Pair(native=native, target=name)
        return None

    @contextmanager
    def opened(
        self,
        target: Target,
        packages: Sequence[str],
        *,
        say: Callable[[str], None],
        check: Callable[[], None],
    ) -> Iterator[Surroundings]:
        """Yield what a build for a target is made in, with these Debian packages added.

        Without packages the environment itself is shown, read-only, and kept from being removed.

        Raises:
            UnknownEnvironment: if the settings name one that is not there.
            EnvironmentUnusable: if it is damaged, or packages cannot be fetched now.
            PackagesMissing: if packages do not exist or conflict.
        """
        name = self.name_for(target)
        if name is None:
            yield Surroundings(name=HOST, not_added=tuple(packages))
            return
        with self._opened(name, target, packages, say=say, check=check) as found:
            yield found

    @contextmanager
    def opened_pair(
        self,
        pair: Pair,
        target: Target,
        packages: Sequence[str],
        *,
        say: Callable[[str], None],
        check: Callable[[], None],
    ) -> Iterator[Surroundings]:
        """Yield what a cross build is made in: the tools' system, with the target's as sysroot.

        Packages are added to both: their programs are needed in one, their headers and libraries
        in the other. Raises as `opened` does.
        """
        with (
            self._opened(pair.target, target, packages, say=say, check=check) as around,
            self._opened(pair.native, target, packages, say=say, check=check) as tools,
        ):
            yield replace(
                around,
                view=with_sysroot(tools.root, around.root),
                tools=f"{tools.name} {tools.digest}",
            )

    @contextmanager
    def _opened(
        self,
        name: EnvironmentName,
        target: Target,
        packages: Sequence[str],
        *,
        say: Callable[[str], None],
        check: Callable[[], None],
    ) -> Iterator[Surroundings]:
        _require_python(name, self.store.current(name).manifest, target)
        wanted = [parse_debian_package(package) for package in packages]
        may_add = os.geteuid() == 0 or self.words is not None
        if not wanted or not may_add:
            with self.store.using(name) as version:
                yield Surroundings(
                    name=str(name),
                    view=root_view(version.root),
                    root=version.root,
                    digest=version.manifest.digest,
                    not_added=tuple(wanted),
                )
            return
        words = None if os.geteuid() == 0 else self.words
        folder = self.store.folder
        with made_layer(folder, name, wanted, words=words, say=say, check=check) as layer:
            yield Surroundings(
                name=str(name), view=root_view(layer.root), root=layer.root, digest=layer.digest
            )


def _require_python(name: EnvironmentName, manifest: Manifest, target: Target) -> None:
    """Refuse an environment whose Python is not the target's: its wheels would be for another."""
    if manifest.python.split(".")[:2] != [str(number) for number in target.python]:
        advice = f"Its Python is {manifest.python}, which is not what {target.name} needs"
        raise EnvironmentUnusable(name, advice)


def open_environments(settings: Settings, *, is_isolated: bool) -> Environments:
    """Return the environments that the settings tell of.

    `is_isolated` is whether the sandbox can show another system than the machine's own.

    Raises:
        InvalidSetting: if they name what cannot be an environment, or the sandbox shows none.
        UnknownEnvironment: if they name one that is not there.
    """
    builder = settings.builder
    environments = Environments(
        store=Store(Path(builder.environment_folder).absolute()),
        chosen=builder.environments,
        words=builder.helper,
        is_open=is_isolated,
    )
    named = [text for text in builder.environments.values() if text != HOST]
    if named and not is_isolated:
        raise InvalidSetting("builder.environments", "The plain sandbox knows only the host")
    for text in named:
        try:
            environments.store.current(parse_environment_name(text))
        except InvalidName as error:
            raise InvalidSetting(f"builder.environments: {error}") from None
    return environments
