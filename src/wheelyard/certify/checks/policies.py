"""Which manylinux tags object files may carry: auditwheel's policies on what was read here.

auditwheel itself unpacks wheels and looks for their libraries on the machine that it runs on; its
policies alone are the same anywhere, so that a server judges wheels of every architecture.
"""

from collections.abc import Iterator
from functools import lru_cache

from auditwheel.architecture import Architecture
from auditwheel.libc import Libc
from auditwheel.policy import Policy, WheelPolicies

from wheelyard.certify.contents import Contents
from wheelyard.certify.objects import ObjectFile
from wheelyard.model.target import Target, platform_tags

_LOADER = ("ld-linux", "ld64.so")
_REMEMBERED = 32
"""So many architectures are kept: hostile tags may name any."""


@lru_cache(maxsize=_REMEMBERED)
def policies_of(architecture: str) -> tuple[Policy, ...]:
    """Return the policies for an architecture, the widest (oldest) first; none where none are."""
    try:
        found = Architecture(architecture)
        policies = list(WheelPolicies(libc=Libc.GLIBC, arch=found))
    except (ValueError, KeyError):
        return ()
    manylinux = [policy for policy in policies if not policy.name.startswith("linux")]
    return tuple(sorted(manylinux, key=lambda policy: -policy.priority))


def find_policy(name: str, architecture: str) -> Policy | None:
    """Return the policy that a platform tag promises, by its name or an alias."""
    for policy in policies_of(architecture):
        if name == policy.name or name in policy.aliases:
            return policy
    return None


def policy_problems(contents: Contents, policy: Policy) -> Iterator[str]:
    """Yield where object files ask for more than a policy promises to find on every system."""
    for each in contents.linked:
        yield from (
            f"{each.name!a} {problem}" for problem in _problems(each, policy, contents.basenames)
        )


def best_platform(contents: Contents, target: Target) -> str | None:
    """Return the widest manylinux tag that is true of a wheel and accepted by its target."""
    if not contents.linked or contents.broken:
        return None
    accepted = frozenset(platform_tags(target))
    for policy in policies_of(target.architecture):
        if policy.name in accepted and not any(policy_problems(contents, policy)):
            return str(policy.name)
    return None


def _problems(each: ObjectFile, policy: Policy, brought: frozenset[str]) -> Iterator[str]:
    for library in each.dynamic.needed:
        if library in brought or library in policy.whitelist or library.startswith(_LOADER):
            forbidden = policy.blacklist.get(library, frozenset()) & each.dynamic.imports
            if forbidden and library not in brought:
                yield f"uses {', '.join(sorted(forbidden)[:5])} of {library}"
        else:
            yield f"needs {library}, which {policy.name} does not promise"
    for library, versions in each.dynamic.versions.items():
        if library in brought:
            continue
        for version in sorted(versions):
            kind, _, number = version.partition("_")
            known = policy.symbol_versions.get(kind)
            if known is not None and number not in known:
                yield f"needs {version}, which {policy.name} does not promise"
