"""What is done with a new wheel before it is uploaded: names, certificate, imports."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from wheelyard.builder.environments.choice import Surroundings
from wheelyard.certify.checks.libraries import NAME as LIBRARIES
from wheelyard.certify.checks.libraries import debian_dependencies, outside_libraries
from wheelyard.certify.checks.policies import best_platform
from wheelyard.certify.contents import Contents, read_contents
from wheelyard.certify.expected import Expected
from wheelyard.certify.inspection import certify, failure_of
from wheelyard.certify.libraries import LibraryIndex, package_of, read_libraries
from wheelyard.certify.objects import read_object
from wheelyard.certify.retag import retag_wheel
from wheelyard.errors import HostileContent, InvalidName
from wheelyard.model.build import Failure, FailureKind, Limits
from wheelyard.model.certificate import Certificate, Check
from wheelyard.model.names import parse_project_name
from wheelyard.model.target import Target
from wheelyard.model.wheel import WheelFile
from wheelyard.protocol import MAX_DEPENDENCIES, BuildLease

_OURS = frozenset({LIBRARIES, "build-host", "python-symbols"})
"""The checks that need the environment or this machine: the server is told of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A wheel that passed; `checks` are those that the server cannot do itself."""

    path: Path
    wheel: WheelFile
    contents: Contents
    checks: tuple[Check, ...]
    dependencies: tuple[str, ...]

    @property
    def packages(self) -> tuple[str, ...]:
        """The Debian packages that users need, by name alone."""
        return tuple(package_of(dependency) for dependency in self.dependencies)


def finish_wheel(
    path: Path,
    lease: BuildLease,
    *,
    around: Surroundings,
    private: Sequence[str],
) -> Finished | Failure:
    """Give a wheel its final name, and certify it with what is known of the environment.

    A wheel that the manylinux policies allow more systems than one gets their tag beside its own.
    """
    target, limits = lease.target.target(), lease.limits.limits()
    contents = _read(path, limits)
    if isinstance(contents, Failure):
        return contents
    libraries = read_libraries(around.root) if outside_libraries(contents) else None
    try:
        renamed = retag_wheel(path, number=lease.number, platform=best_platform(contents, target))
    except HostileContent as error:
        return _invalid(str(error.subject))
    expected = Expected(
        project=parse_project_name(lease.project),
        version=Version(lease.version),
        target=target,
        limits=limits,
        libraries=libraries,
        python_exports=python_exports(around.root, target) if contents.linked else frozenset(),
        private=(*private, f"build-{lease.build_id}"),
    )
    certified = certify(renamed, expected)
    if certified.wheel is None or certified.contents is None:
        return failure_of(certified.certificate)
    return Finished(
        path=renamed,
        wheel=certified.wheel,
        contents=certified.contents,
        checks=_told(certified.certificate),
        dependencies=_dependencies(certified.contents, libraries),
    )


def python_exports(root: Path, target: Target) -> frozenset[str]:
    """Return what the interpreter of an environment defines for extension modules."""
    name = f"python{target.python[0]}.{target.python[1]}"
    candidates = [root / "usr/bin" / name, *(root / "usr/lib").glob(f"*/lib{name}.so.1*")]
    found: set[str] = set()
    for file in candidates:
        if file.is_symlink() or not file.is_file():
            continue
        try:
            with file.open("rb") as stream:
                found |= read_object(stream, file.name).dynamic.exports
        except HostileContent:
            continue
    return frozenset(symbol for symbol in found if symbol.startswith(("Py", "_Py")))


def _read(path: Path, limits: Limits) -> Contents | Failure:
    try:
        contents = read_contents(path, limits=limits)
    except InvalidName as error:
        return _invalid(f"the filename is not that of a wheel: {error}")
    return _invalid(*contents) if isinstance(contents, list) else contents


def _told(certificate: Certificate) -> tuple[Check, ...]:
    return tuple(check for check in certificate.checks if check.name in _OURS)


def _dependencies(contents: Contents, libraries: LibraryIndex | None) -> tuple[str, ...]:
    if libraries is None:
        return ()
    return debian_dependencies(contents, libraries)[:MAX_DEPENDENCIES]


def _invalid(*problems: str) -> Failure:
    return Failure(
        kind=FailureKind.OUTPUT_INVALID,
        message=f"The wheel cannot be used: {problems[0]}"[:500],
        evidence=tuple(problem[:500] for problem in problems[:20]),
    )
