"""Environment markers, evaluated for a target instead of for the machine that runs this."""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from packaging.markers import Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.version import InvalidVersion

from wheelyard.model.target import Target

MarkerEnvironment = Mapping[str, str | AbstractSet[str]]
"""The variables of environment markers with their values."""

_VALUES = re.compile(r"[\"']([^\"']*)[\"']")
_MOST_NAMES = 8


def marker_environment(target: Target) -> MarkerEnvironment:
    """Return what environment markers see on a target (dependency specifiers, PEP 508).

    Releases of kernels are unknown and empty, as is `extra`.
    """
    full = str(target.python_version)
    return {
        "implementation_name": "cpython",
        "implementation_version": full,
        "os_name": "posix",
        "platform_machine": target.architecture,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": full,
        "python_version": f"{target.python[0]}.{target.python[1]}",
        "sys_platform": "linux",
        "extra": "",
        "extras": frozenset(),
        "dependency_groups": frozenset(),
    }


def holds(marker: Marker, environment: MarkerEnvironment) -> bool:
    """Whether a marker holds; one that compares what cannot be compared is as if absent.

    What belongs to an extra or a group holds too: whoever checks a file wants to know of all that
    may be installed from it.
    """
    text = str(marker)
    if "extra" in text or "dependency_groups" in text:
        return _may_hold(marker, text, environment)
    return _evaluated(marker, environment)


def _may_hold(marker: Marker, text: str, environment: MarkerEnvironment) -> bool:
    """Whether a marker may hold for some choice of extras and groups; many are not tried."""
    names = frozenset(_VALUES.findall(text))
    if len(names) > _MOST_NAMES:
        return True
    everything = {**environment, "extras": names, "dependency_groups": names}
    alone = ({**environment, "extra": name} for name in sorted(names))
    return any(_evaluated(marker, one) for one in (environment, everything, *alone))


def _evaluated(marker: Marker, environment: MarkerEnvironment) -> bool:
    try:
        return marker.evaluate(environment, context="lock_file")
    except (UndefinedComparison, UndefinedEnvironmentName, InvalidVersion, ValueError):
        return True
