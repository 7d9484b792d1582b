"""The newest symbols that object files need, against what the target has."""

import re
from collections.abc import Iterator

from abi3info import DATAS, FUNCTIONS
from abi3info.models import PyVersion, Symbol

from wheelyard.certify.contents import Contents
from wheelyard.certify.expected import Expected
from wheelyard.certify.objects import ObjectFile
from wheelyard.model.certificate import Check, failed, not_applicable, passed

_VERSION = re.compile(r"(GLIBC|GLIBCXX|CXXABI|GCC)_([0-9]+(?:\.[0-9]+)*)")
_STANDARD_CPP = {
    "bullseye": {"GLIBCXX": (3, 4, 28), "CXXABI": (1, 3, 12), "GCC": (10,)},
    "bookworm": {"GLIBCXX": (3, 4, 30), "CXXABI": (1, 3, 13), "GCC": (12,)},
    "trixie": {"GLIBCXX": (3, 4, 33), "CXXABI": (1, 3, 15), "GCC": (14,)},
    "forky": {"GLIBCXX": (3, 4, 34), "CXXABI": (1, 3, 16), "GCC": (15,)},
}
"""What each release's libstdc++6 and libgcc-s1 define at most (`objdump -T`)."""

_Version = tuple[int, ...]


def c_library(contents: Contents, expected: Expected) -> Check:
    """No object needs a newer C library than the target's."""
    name, glibc = "glibc", expected.target.glibc
    needs = [need for need in _needs(contents) if need[1] == "GLIBC"]
    private = [
        f"{each.name!a} needs {version}"
        for each in contents.linked
        for version in _versions(each, contents)
        if version == "GLIBC_PRIVATE"
    ]
    if private:
        return failed(name, "An object file uses the C library's private symbols.", *private)
    if not needs:
        return not_applicable(name, "No object file needs versioned symbols of the C library.")
    too_new = [_line(need) for need in needs if need[2] > glibc]
    has = f"glibc {'.'.join(map(str, glibc))}"
    if too_new:
        return failed(name, f"The target has {has}, which is too old.", *too_new)
    newest = max(needs, key=lambda need: need[2])
    return passed(name, f"The target's {has} is new enough.", f"highest: {_line(newest)}")


def cpp_library(contents: Contents, expected: Expected) -> Check:
    """No object needs a newer libstdc++ or libgcc than the target's."""
    name, channel = "libstdc++", expected.target.channel
    needs = [need for need in _needs(contents) if need[1] != "GLIBC"]
    if not needs:
        return not_applicable(name, "No object file needs libstdc++ or libgcc.")
    known = _STANDARD_CPP.get(channel)
    if known is None:
        return not_applicable(name, f"Nothing is known here of {channel}'s libstdc++.")
    too_new = [_line(need) for need in needs if need[2] > known[need[1]]]
    if too_new:
        return failed(name, f"The libstdc++ of {channel} is too old.", *too_new)
    newest = [
        max(found, key=lambda need: need[2])
        for kind in known
        if (found := [need for need in needs if need[1] == kind])
    ]
    message = f"The libstdc++ of {channel} is new enough."
    return passed(name, message, *(f"highest: {_line(need)}" for need in newest))


def python_symbols(contents: Contents, expected: Expected) -> Check:
    """Python defines every function of its own that an object uses."""
    name, target = "python-symbols", expected.target
    imports = {(symbol, each.name) for each in contents.linked for symbol in python_imports(each)}
    if not imports:
        return not_applicable(name, "No object file uses Python's functions.")
    if not expected.python_exports:
        message = f"What {target.interpreter} of {target.channel} defines is not known here."
        return not_applicable(name, message)
    brought = frozenset[str]().union(*(each.dynamic.exports for each in contents.linked))
    defined = expected.python_exports | brought
    missing = [
        f"{file!a} uses {symbol}" for symbol, file in sorted(imports) if symbol not in defined
    ]
    if missing:
        return failed(name, f"{target.interpreter} lacks what an object file uses.", *missing)
    count = len({symbol for symbol, _ in imports})
    return passed(name, f"{target.interpreter} defines all {count} functions that are used.")


def python_imports(each: ObjectFile) -> Iterator[str]:
    """Yield the symbols of an object that Python must define."""
    return (name for name in each.dynamic.imports if name.startswith(("Py", "_Py")))


def added_in(symbol: str) -> PyVersion | None:
    """Return which Python added a symbol to the stable ABI; None for others."""
    found = FUNCTIONS.get(Symbol(symbol)) or DATAS.get(Symbol(symbol))
    return None if found is None else found.added


def _needs(contents: Contents) -> list[tuple[str, str, _Version, str]]:
    """Return what is needed of libraries outside the wheel: object, kind, version, and its name."""
    found = []
    for each in contents.linked:
        for version in _versions(each, contents):
            parts = _VERSION.fullmatch(version)
            if parts:
                numbers = tuple(map(int, parts[2].split(".")))
                found.append((each.name, parts[1], numbers, version))
    return sorted(found)


def _versions(each: ObjectFile, contents: Contents) -> Iterator[str]:
    for library, versions in each.dynamic.versions.items():
        if library not in contents.basenames:
            yield from sorted(versions)


def _line(need: tuple[str, str, _Version, str]) -> str:
    return f"{need[0]!a} needs {need[3]}"
