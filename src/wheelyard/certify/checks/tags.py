"""Every tag is accepted by the target, and true of what is inside."""

from collections.abc import Iterator

from packaging.tags import Tag

from wheelyard.certify.checks.policies import find_policy, policy_problems
from wheelyard.certify.checks.versions import python_imports
from wheelyard.certify.contents import Contents
from wheelyard.certify.dist_info import is_purelib
from wheelyard.certify.expected import Expected
from wheelyard.model.certificate import Check, failed, not_applicable, passed
from wheelyard.model.names import WheelName
from wheelyard.model.target import Target

_TRIPLES = {
    "x86_64": "x86_64-linux-gnu",
    "i686": "i386-linux-gnu",
    "aarch64": "aarch64-linux-gnu",
    "armv6l": "arm-linux-gnueabihf",
    "armv7l": "arm-linux-gnueabihf",
}
"""What CPython writes into the names of extension modules on each machine (its SOABI)."""


def accepted_tags(contents: Contents, expected: Expected) -> Check:
    """The target's installer takes every single tag."""
    problems = list(tag_problems(contents.wheel, expected.target))
    if problems:
        return failed("tags", f"Not every tag is one of {expected.target.name}.", *problems)
    tags = sorted(map(str, contents.wheel.tags))
    return passed("tags", f"{expected.target.name} accepts every tag.", *tags)


def tag_problems(wheel: WheelName, target: Target) -> Iterator[str]:
    """Yield the tags of a wheel that a target does not accept.

    A universal wheel (py2.py3-none-any) claims Python 2 too, which no target has: harmless where
    the same claim for Python 3 holds.
    """
    for tag in sorted(wheel.tags, key=str):
        twin = Tag("py3", tag.abi, tag.platform)
        is_twin = tag.interpreter == "py2" and twin in wheel.tags
        if not target.accepts(frozenset({twin if is_twin else tag})):
            yield f"the tag {tag} is not accepted by {target.name}"


def proved_tags(contents: Contents, expected: Expected) -> Check:
    """What is inside fits what the tags promise: any machine, any Python, any Linux."""
    name = "tags-proved"
    if not contents.objects:
        return not_applicable(name, "The wheel holds no object files: it fits every machine.")
    problems = [
        *_purity_problems(contents),
        *_platform_problems(contents),
        *_python_problems(contents, expected.target),
    ]
    if problems:
        return failed(name, "A tag promises more than the object files keep.", *problems)
    platforms = sorted({tag.platform for tag in contents.wheel.tags})
    return passed(name, "The object files keep what every tag promises.", *platforms)


def is_pure(contents: Contents) -> bool:
    """Whether a wheel says that it holds nothing made for one kind of machine."""
    return contents.wheel.is_pure or is_purelib(contents.wheel_file)


def _purity_problems(contents: Contents) -> Iterator[str]:
    if is_pure(contents):
        for each in contents.objects:
            yield f"{each.name!a} is an object file in a wheel that says it fits every machine"


def _platform_problems(contents: Contents) -> Iterator[str]:
    for platform in sorted({tag.platform for tag in contents.wheel.tags}):
        if not platform.startswith("manylinux"):
            continue
        architecture = _architecture_of(platform)
        policy = find_policy(platform, architecture)
        if policy is None:
            yield f"nothing is known here of {platform}"
        else:
            yield from policy_problems(contents, policy)


def _python_problems(contents: Contents, target: Target) -> Iterator[str]:
    abis = {tag.abi for tag in contents.wheel.tags}
    triple = _TRIPLES.get(target.architecture)
    for each in contents.linked:
        name = each.name.rpartition("/")[2]
        if abis == {"none"} and any(python_imports(each)):
            yield f"{each.name!a} uses Python's functions in a wheel for every Python"
        marks = name.split(".")[1:-1]
        for mark in (mark for mark in marks if mark.startswith("cpython-")):
            _, _, suffix = mark.partition("-")
            version, _, machine = suffix.partition("-")
            if version != f"{target.python[0]}{target.python[1]}":
                yield f"{each.name!a} is named for another Python than {target.interpreter}"
            elif machine and triple and machine != triple:
                yield f"{each.name!a} is named for another machine than {triple}"


def _architecture_of(platform: str) -> str:
    """Return what follows the policy in a tag such as `manylinux_2_17_armv7l`."""
    words = platform.split("_")
    count = 3 if words[0] == "manylinux" else 1
    return "_".join(words[count:])
