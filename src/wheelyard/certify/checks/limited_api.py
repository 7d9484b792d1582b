"""Wheels with the tag `abi3` use the limited API only, of the Python that they name or older.

The knowledge is that of abi3audit: its library abi3info, made from CPython's own list.
"""

from abi3info.models import PyVersion
from packaging.tags import Tag

from wheelyard.certify.checks.versions import added_in, python_imports
from wheelyard.certify.contents import Contents
from wheelyard.certify.expected import Expected
from wheelyard.model.certificate import Check, failed, not_applicable, passed


def stable_abi(contents: Contents, expected: Expected) -> Check:  # noqa: ARG001 - as all checks
    """An `abi3` wheel works with every Python that its tag promises."""
    name = "stable-abi"
    promised = [_python(tag) for tag in contents.wheel.tags if tag.abi == "abi3"]
    if not promised:
        return not_applicable(name, "The wheel is for one version of Python.")
    oldest = min(promised)
    uses = [(each.name, symbol) for each in contents.linked for symbol in python_imports(each)]
    problems = [
        f"{file!a} uses {symbol}, which is "
        + ("not in the stable ABI" if added is None else f"new in {added}")
        for file, symbol in sorted(uses)
        if (added := added_in(symbol)) is None or added > oldest
    ]
    problems += [
        f"{each.name!a} is named for one version of Python"
        for each in contents.linked
        if ".cpython-" in each.name.rpartition("/")[2]
    ]
    if problems:
        message = f"The wheel promises the stable ABI of Python {oldest}, and does not keep to it."
        return failed(name, message, *problems)
    return passed(name, f"Only the stable ABI of Python {oldest} is used.")


def _python(tag: Tag) -> PyVersion:
    """Return the oldest Python of a tag such as `cp38-abi3-…`."""
    digits = tag.interpreter.removeprefix("cp")
    return PyVersion(int(digits[:1] or 0), int(digits[1:] or 0)) if digits.isdigit() else _UNKNOWN


_UNKNOWN = PyVersion(3, 2)
