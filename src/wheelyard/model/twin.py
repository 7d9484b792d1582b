"""The second name of wheels for armv6l: they serve machines of armv7l too.

Installers on armv7l do not accept `linux_armv6l`, so the same bytes get a second name, as the users
of Raspberry Pis know it from elsewhere.
"""

from wheelyard.model.names import Filename
from wheelyard.model.target import Target

BUILT = "armv6l"
SERVED = "armv7l"
_BUILT_END, _SERVED_END = f"-linux_{BUILT}.whl", f"-linux_{SERVED}.whl"


def twin_name(filename: Filename, architecture: str) -> Filename | None:
    """Return the second name of a wheel that was built for an architecture; None if it has none."""
    if architecture != BUILT or not filename.endswith(_BUILT_END):
        return None
    return Filename(filename.removesuffix(_BUILT_END) + _SERVED_END)


def built_name(filename: Filename, architecture: str) -> Filename:
    """Return the name that a wheel was built under, given the architecture of its build.

    The certificate is that of the bytes under this name, which their WHEEL file has.
    """
    if architecture != BUILT or not filename.endswith(_SERVED_END):
        return filename
    return Filename(filename.removesuffix(_SERVED_END) + _BUILT_END)


def is_twin_of(target: Target, other: Target) -> bool:
    """Whether wheels that are built for `other` get a second name that serves `target`."""
    mine = (target.channel, target.python, target.architecture)
    return mine == (other.channel, other.python, SERVED) and other.architecture == BUILT
