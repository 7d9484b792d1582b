"""Which wheels belong on which index; pure.

There is one index for each channel (distribution release), and the plain one, which holds only
what fits every active channel: everything while there is one channel only.
"""

from collections.abc import Collection, Iterable
from urllib.parse import quote

from packaging.version import Version

from wheelyard.model.names import Filename, Sha256
from wheelyard.model.overview import ProjectOverview
from wheelyard.model.project import ProjectStatus
from wheelyard.model.wheel import Wheel, WheelState, provenance_path
from wheelyard.publish.simple import IndexFile

PLAIN = ""
"""The name of the index without a channel."""

_STANDING = frozenset({WheelState.PUBLISHED, WheelState.SUPERSEDED})
_LISTED = frozenset({WheelState.PUBLISHED, WheelState.SUPERSEDED, WheelState.WITHDRAWN})


def channels_of(index: str, channels: Collection[str]) -> Collection[str]:
    """Return the channels that what is on an index must fit: all active ones, or its own."""
    return channels if index == PLAIN else (index,)


def wheels_on(
    index: str, wheels: Iterable[Wheel], *, channels: Collection[str]
) -> tuple[Wheel, ...]:
    """Return the wheels that belong on an index, given the active channels, whatever their state.

    Of several with one name, the first that was published keeps it, and those with its bytes: on an
    index a name never gets other bytes, even after the first was withdrawn.
    """
    fitting = [
        wheel
        for wheel in wheels
        if wheel.state is not WheelState.CHECKED
        and all(wheel.fits(channel) for channel in channels_of(index, channels))
    ]
    holders: dict[Filename, Sha256] = {}
    for wheel in sorted(fitting, key=lambda wheel: (wheel.uploaded_at, wheel.file.sha256)):
        holders.setdefault(wheel.file.filename, wheel.file.sha256)
    return tuple(wheel for wheel in fitting if holders[wheel.file.filename] == wheel.file.sha256)


def is_listed(wheel: Wheel) -> bool:
    """Whether the wheel is or once was on an index, so that its project keeps its page."""
    return wheel.state in _LISTED and not wheel.is_recalled


def is_offered(wheel: Wheel) -> bool:
    """Whether installers may be offered the wheel now."""
    return wheel.state is WheelState.PUBLISHED


def is_withdrawn(project: ProjectOverview) -> bool:
    """Whether no page may name any version: the project is quarantined, or upstream has it not."""
    return project.status is ProjectStatus.QUARANTINED or project.removed_at is not None


def gone_versions(project: ProjectOverview) -> frozenset[Version]:
    """Return the versions that were withdrawn, so that no page may name them or their files."""
    offered = {wheel.version for wheel in project.wheels if wheel.state in _STANDING}
    withdrawn = {
        wheel.version
        for wheel in project.wheels
        if wheel.state is WheelState.WITHDRAWN and not wheel.is_recalled
    }
    return project.removed_versions | (withdrawn - offered)


def index_for(project: ProjectOverview, channels: Collection[str]) -> str:
    """Return an index that has the project's wheels: the plain one if it has them all."""
    offered = [wheel for wheel in project.wheels if is_offered(wheel)]
    if len(wheels_on(PLAIN, offered, channels=channels)) == len(offered):
        return PLAIN
    return offered[0].channel


def prefix_of(index: str) -> str:
    """Return where an index is below the root: `simple` or `<channel>/simple`."""
    return "simple" if index == PLAIN else f"{index}/simple"


def overlay_of(index: str) -> str:
    """Return where the overlay of an index is: `overlay/simple` or `<channel>/overlay/simple`."""
    return "overlay/simple" if index == PLAIN else f"{index}/overlay/simple"


def index_files(wheels: Iterable[Wheel], prefix: str) -> tuple[IndexFile, ...]:
    """Return wheels as files of an index at `prefix`, URLs relative to a project's page there."""
    up = "../" * (prefix.count("/") + 2)
    return tuple(
        IndexFile(
            filename=wheel.file.filename,
            url=up + quote(wheel.path),
            version=wheel.version,
            hashes={"sha256": wheel.file.sha256},
            size=wheel.file.size,
            uploaded_at=wheel.uploaded_at,
            requires_python=wheel.file.requires_python,
            core_metadata={"sha256": wheel.file.metadata_sha256},
            yanked=wheel.yanked,
            yanked_reason=wheel.yanked_reason,
            statement=up + quote(provenance_path(wheel.path)),
        )
        for wheel in wheels
    )
