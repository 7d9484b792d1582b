"""Projects that need not be tried with cross compilers, by what they say of themselves. Pure."""

import re
from collections.abc import Iterable

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from wheelyard.builder.cross.toolchain import Toolchain

_RUST = frozenset({"maturin", "puccinialin", "setuptools-rust"})
_BY_OWN_INTEGERS = frozenset({"mypy", "mypyc"})
_ASKS_FOR_WIDTH = re.compile(
    r"sys\.maxsize|\bcalcsize\s*\(|platform\.architecture\s*\(|ctypes\.sizeof|\bsizeof\s*\(\s*c_"
)


def obstacle(requires: Iterable[str], sources: Iterable[str], toolchain: Toolchain) -> str | None:
    """Return why a project cannot be built right with cross compilers; None if it may be.

    `requires` are its build requirements, `sources` the texts of its own build scripts. A script
    that asks its interpreter how wide pointers are is told of the building machine, and would
    quietly make something else of it than the target needs.
    """
    names = {canonicalize_name(Requirement(text).name) for text in requires}
    if names & _RUST:
        return "there is no Rust that compiles for another machine here"
    if _width(toolchain.architecture) == _width(toolchain.native):
        return None
    if names & _BY_OWN_INTEGERS:
        return "mypyc goes by the integers of the machine that it runs on"
    if any(_ASKS_FOR_WIDTH.search(text) for text in sources):
        return "its build asks how wide the pointers of its own Python are"
    return None


def _width(architecture: str) -> int:
    return 64 if "64" in architecture else 32
