"""Wanted projects as people type them: `evdev`, `RPi.GPIO==0.7.1`."""

from packaging.version import InvalidVersion, Version

from wheelyard.errors import InvalidName
from wheelyard.model.names import parse_project_name
from wheelyard.model.project import Want

DEFAULTS = ("spidev", "RPi.GPIO", "evdev", "docopt", "six")
"""What is built when nobody says otherwise: three C extensions for boards without usable wheels, a
pure project that only has a source distribution, and one that upstream covers."""


def parse_want(text: str, *, force: bool = False) -> Want:
    """Read `name` (its newest final release) or `name==version`.

    Raises:
        InvalidName: if it reads like neither.
    """
    name, separator, version = text.partition("==")
    project = parse_project_name(name.strip())
    if not separator:
        return Want(project=project, version=None, force=force)
    try:
        return Want(project=project, version=Version(version), force=force)
    except InvalidVersion:
        raise InvalidName(repr(text), "Write a project as NAME or NAME==VERSION") from None
