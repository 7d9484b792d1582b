"""What is on record of a release that its wheels are held against; pure."""

from collections.abc import Sequence

from packaging.version import Version

from wheelyard.certify.expected import ReleaseFacts
from wheelyard.errors import InvalidName
from wheelyard.model.names import FileKind, Filename, WheelName, parse_wheel_name
from wheelyard.model.project import ProjectPage, releases
from wheelyard.model.wheel import Wheel, WheelState


def release_facts(page: ProjectPage, version: Version, ours: Sequence[Wheel]) -> ReleaseFacts:
    """Return what upstream's page and our own wheels tell of a release.

    Its relatives are the wheels of the same version, upstream's and ours; where there are none,
    those of the newest version before it that has any: a project that stopped shipping compiled
    code long ago is not held to what it did then.
    """
    wheels: dict[Version, list[WheelName]] = {}
    found = releases(page)
    for release in found.values():
        names = [file.filename for file in release.files_of_kind(FileKind.WHEEL)]
        wheels.setdefault(release.version, []).extend(_read(names))
    for wheel in ours:
        if wheel.state is not WheelState.WITHDRAWN:
            wheels.setdefault(wheel.version, []).append(wheel.file.name)
    told = [each for each, names in wheels.items() if names and each <= version]
    sdists = found[version].files_of_kind(FileKind.SDIST) if version in found else ()
    return ReleaseFacts(
        is_known=True,
        requires_python=next((file.requires_python for file in sdists), None),
        relatives=tuple(wheels[max(told)]) if told else (),
    )


def _read(filenames: Sequence[Filename]) -> list[WheelName]:
    names = []
    for filename in filenames:
        try:
            names.append(parse_wheel_name(filename))
        except InvalidName:
            continue
    return names
