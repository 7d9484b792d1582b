"""The build environment: what a back end needs, installed from wheels only.

It is shaped like a virtual environment of the target's own interpreter, so that `.pth` files and
scripts work inside the sandbox; outside, that interpreter is never started, for a wheel may bring
a `.pth` file that runs code. Environments are kept and mounted read-only by later builds.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.metadata import distributions
from pathlib import Path
from typing import TypeGuard

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from wheelyard.builder.installing import Index, install, run
from wheelyard.builder.sandbox.folders import remove_tree
from wheelyard.log import get_logger
from wheelyard.model.build import Failure, FailureKind
from wheelyard.model.target import Target

_log = get_logger("builder.requirements")

INSIDE = "/build/environment"
"""Where the sandbox shows the build environment."""

LEGACY_BACKEND = "setuptools.build_meta:__legacy__"
"""The back end of projects that name none (PEP 517)."""

_LEGACY_REQUIRES = ("setuptools>=40.8.0",)
_KEPT = timedelta(days=7)
_OPT_OUTS = {"wheelyard": ("build", False), "piwheels": ("disable", True)}
"""By which key and value of which tool's table an author opts out: ours, and the one we follow."""

_MAX_PYPROJECT_BYTES = 1024**2
_MAX_ITEMS = 100
_MAX_TEXT = 1000
"""What is passed on as arguments must fit into them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSystem:
    """The table `[build-system]` of pyproject.toml (PEP 518, PEP 517)."""

    requires: tuple[str, ...]
    backend: str
    backend_path: tuple[str, ...]


def read_build_system(source: Path) -> BuildSystem | Failure:
    """Read what a project says about its build; one that says nothing is built the old way.

    A project whose author opts out is a failure of the kind `opted-out`.
    """
    file = source / "pyproject.toml"
    if not file.exists():
        return BuildSystem(requires=_LEGACY_REQUIRES, backend=LEGACY_BACKEND, backend_path=())
    if not file.is_file():
        return _invalid("it is no file")
    try:
        if file.stat().st_size > _MAX_PYPROJECT_BYTES:
            return _invalid("it is too large")
        document = tomllib.loads(file.read_text(encoding="utf-8"))
        return _opt_out(document) or _build_system(document.get("build-system", {}))
    except (ValueError, RecursionError, InvalidRequirement) as error:
        return _invalid(str(error))


def _opt_out(document: Mapping[str, object]) -> Failure | None:
    """Return the failure that says that the author wants no builds like ours; None if not so."""
    tools = document.get("tool")
    for tool, (key, refused) in _OPT_OUTS.items():
        table = tools.get(tool) if isinstance(tools, dict) else None
        if isinstance(table, dict) and table.get(key) is refused:
            said = f"[tool.{tool}] {key} = {str(refused).lower()}"
            return Failure(
                kind=FailureKind.OPTED_OUT,
                message=f"Its author asks, by {said} in pyproject.toml, that it not be built here.",
                evidence=(said,),
            )
    return None


def _build_system(table: object) -> BuildSystem | Failure:
    if not isinstance(table, dict):
        return _invalid("build-system is no table")
    requires = table.get("requires", list(_LEGACY_REQUIRES))
    backend = table.get("build-backend", LEGACY_BACKEND)
    path = table.get("backend-path", [])
    if not _is_texts(requires) or not _is_texts(path) or not isinstance(backend, str):
        return _invalid("build-system has values of the wrong type")
    if len(requires) > _MAX_ITEMS or len(path) > _MAX_ITEMS:
        return _invalid("build-system lists too much")
    if any(len(text) > _MAX_TEXT for text in (backend, *path, *requires)):
        return _invalid("build-system has values that are too long")
    for text in requires:
        Requirement(text)
    for folder in path:
        if folder.startswith("/") or ".." in Path(folder).parts:
            return _invalid(f"backend-path {folder!r} leads out of the project")
    return BuildSystem(requires=tuple(requires), backend=backend, backend_path=tuple(path))


def _is_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _invalid(reason: str) -> Failure:
    message = f"pyproject.toml cannot be used: {reason}."
    return Failure(kind=FailureKind.METADATA_INVALID, message=message[:500])


def make_environment(
    requires: Sequence[str],
    target: Target,
    index: Index,
    *,
    day: date,
    check: Callable[[], None],
) -> Path | Failure:
    """Return the folder of a build environment with these requirements, made if need be.

    One that was made on the same `day` for the same requirements, target and index serves again.
    It is made aside and renamed into place, so several builders may share the folder. `check` is
    called again and again, and ends the work by raising.
    """
    failure = _unusable(requires)
    if failure is not None:
        return failure
    environments = index.folder / "environments"
    environments.mkdir(parents=True, exist_ok=True)
    asked = [sorted(set(requires)), repr(target), index.url, day.isoformat(), str(index.before)]
    wanted = json.dumps(asked)
    folder = environments / hashlib.sha256(wanted.encode()).hexdigest()[:32]
    if folder.is_dir():
        os.utime(folder)
        return folder
    _prune(environments)
    made = Path(tempfile.mkdtemp(dir=environments, prefix="new-"))
    try:
        made.chmod(0o755)
        failure = _fill(made, requires, target, index, check)
        if failure is not None:
            return failure
        made.rename(folder)
    except OSError:
        # Somebody else was faster: a folder that is not empty is not replaced.
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return folder


def _unusable(requires: Sequence[str]) -> Failure | None:
    """Refuse what is no name of a project: installers would take paths, and URLs of any kind.

    They would be read, and may be built, outside of the sandbox.
    """
    for text in requires:
        try:
            url = Requirement(text[:_MAX_TEXT]).url
        except InvalidRequirement:
            message = f"The build asks for {text[:200]!r}, which is no requirement."
            return Failure(kind=FailureKind.METADATA_INVALID, message=message)
        if url is not None:
            message = "The build needs a package that is not from the index."
            kind = FailureKind.MISSING_BUILD_DEPENDENCY
            return Failure(kind=kind, message=message, subject=text[:200])
    return None


def is_satisfied(requires: Sequence[str], environment: Path) -> bool:
    """Whether a build environment has these requirements already."""
    installed = {
        canonicalize_name(found.name): found.version
        for found in distributions(path=[str(site) for site in environment.glob(_SITE)])
    }
    for text in requires:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            return False
        version = installed.get(canonicalize_name(requirement.name))
        if requirement.marker is not None or requirement.extras or version is None:
            return False
        if not requirement.specifier.contains(version, prereleases=True):
            return False
    return True


_SITE = "lib/python*/site-packages"


def _fill(
    folder: Path,
    requires: Sequence[str],
    target: Target,
    index: Index,
    check: Callable[[], None],
) -> Failure | None:
    major, minor = target.python
    site = folder / "lib" / f"python{major}.{minor}" / "site-packages"
    programs = folder / "bin"
    site.mkdir(parents=True)
    if requires:
        failure = install(site, requires, target, index, check)
        if failure is not None:
            return failure
    if (site / "bin").is_dir():
        (site / "bin").rename(programs)
    programs.mkdir(exist_ok=True)
    _point_scripts_inside(programs)
    _compile(site, target, index, check)
    for name in ("python", "python3", f"python{major}.{minor}"):
        (programs / name).unlink(missing_ok=True)
        (programs / name).symlink_to("/usr/bin/python3")
    (folder / "pyvenv.cfg").write_text(
        f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {major}.{minor}\n",
        encoding="utf-8",
    )
    return None


def _point_scripts_inside(programs: Path) -> None:
    """Make scripts start the interpreter inside the sandbox, not the one that installed them."""
    outside = b"#!" + os.fsencode(sys.executable)
    for script in programs.iterdir():
        if script.is_symlink() or not script.is_file():
            continue
        content = script.read_bytes()
        if content.startswith(outside):
            inside = f"#!{INSIDE}/bin/python3".encode()
            script.write_bytes(inside + content[len(outside) :])


def _compile(site: Path, target: Target, index: Index, check: Callable[[], None]) -> None:
    """Write byte code, for the environment is read-only where it is used.

    Our own interpreter does it, where it is of the same version; nothing is imported or run. What
    cannot be compiled (test data, templates) does not matter.
    """
    if sys.version_info[:2] != target.python:
        return
    words = [sys.executable, "-I", "-S", "-m", "compileall", "-q", "-q", "-j", "0"]
    words += ["--invalidation-mode", "unchecked-hash", str(site)]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(index.folder)}
    run(words, environment, check)


def _prune(environments: Path) -> None:
    """Remove what no build has used for a week, and what killed builders left half-made."""
    oldest = time.time() - _KEPT.total_seconds()
    for folder in environments.iterdir():
        if folder.stat().st_mtime < oldest:
            _log.info("environment-pruned", environment=folder.name)
            remove_tree(folder)
