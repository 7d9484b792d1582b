"""The build environment of a cross build: native tools, with the target's headers among them.

What runs during the build must run here. But headers and static libraries of a wheel that is made
for one platform are compiled into the result: they must be the target's, and are taken from the
wheel that the target itself would use.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.utils import canonicalize_name

from wheelyard.builder.installing import Index
from wheelyard.builder.requirements import make_environment
from wheelyard.model.build import Failure
from wheelyard.model.target import Target

_COMPILED_IN = frozenset({".a", ".h", ".hh", ".hpp", ".hxx", ".inl", ".pc", ".pxd", ".pxi"})
_ALIKE = frozenset({"cffi", "cmake", "cython", "swig"})
"""They have wheels for each platform, and the same headers in all of them."""

_SITE = "lib/python*/site-packages"


def make_cross_environment(  # noqa: PLR0913 - as `make_environment`
    requires: Sequence[str],
    native: Target,
    target: Target,
    index: Index,
    *,
    files: Mapping[str, str],
    day: date,
    check: Callable[[], None],
) -> Path | Failure:
    """Return the folder of a build environment whose programs run on `native`, for a target.

    `files` are put into its site-packages. It is kept like any other build environment, and shares
    its files with the native one.
    """
    base = make_environment(requires, native, index, day=day, check=check)
    if isinstance(base, Failure):
        return base
    asked = json.dumps([base.name, repr(target), sorted(files.items())])
    folder = base.parent / hashlib.sha256(asked.encode()).hexdigest()[:32]
    if folder.is_dir():
        os.utime(folder)
        return folder
    site = next(base.glob(_SITE))
    replaced: dict[Path, Path] = {}
    for found in _of_platform(site):
        wanted = [f"{found.name}=={found.version}"]
        other = make_environment(wanted, target, index, day=day, check=check)
        if isinstance(other, Failure):
            return other
        replaced |= _compiled_in(next(other.glob(_SITE)), found.name)
    made = Path(tempfile.mkdtemp(dir=base.parent, prefix="new-"))
    try:
        _fill(made, base, replaced, files)
        made.rename(folder)
    except OSError:
        # Somebody else was faster: a folder that is not empty is not replaced.
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return folder


def _of_platform(site: Path) -> Iterator[Distribution]:
    """Yield what is installed from wheels for one platform, and has something to compile in."""
    for found in distributions(path=[str(site)]):
        told = found.read_text("WHEEL") or ""
        if canonicalize_name(found.name) in _ALIKE or "Root-Is-Purelib: true" in told:
            continue
        if any(Path(str(file)).suffix in _COMPILED_IN for file in found.files or ()):
            yield found


def _compiled_in(site: Path, name: str) -> dict[Path, Path]:
    """Return what a distribution has to compile in, by its paths below site-packages."""
    for found in distributions(path=[str(site)]):
        if canonicalize_name(found.name) == canonicalize_name(name):
            paths = [Path(str(file)) for file in found.files or ()]
            return {
                path: site / path
                for path in paths
                if path.suffix in _COMPILED_IN and ".." not in path.parts
            }
    return {}


def _fill(made: Path, base: Path, replaced: Mapping[Path, Path], files: Mapping[str, str]) -> None:
    shutil.copytree(base, made, symlinks=True, copy_function=os.link, dirs_exist_ok=True)
    made.chmod(0o755)
    site = next(made.glob(_SITE))
    for path, source in replaced.items():
        (site / path).unlink(missing_ok=True)
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, site / path)
    for name, text in files.items():
        (site / name).write_text(text, encoding="utf-8")
