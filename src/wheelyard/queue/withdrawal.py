"""What becomes of our wheels when upstream changes its mind.

The state of a wheel that was published follows from upstream's state alone, whatever happened in
between: quarantined and cleared is as if nothing had been.
"""

from wheelyard.database.engine import Connection
from wheelyard.database.pages import hurry_page, mark_page
from wheelyard.database.projects import stored_page
from wheelyard.database.wheels import set_wheel_state, wheels_with_sources
from wheelyard.log import get_logger
from wheelyard.model.names import ProjectName, Sha256
from wheelyard.model.project import ProjectStatus, Release, releases
from wheelyard.model.wheel import WheelFile, WheelState
from wheelyard.queue.policy import upstream_has

_log = get_logger("withdrawal")


def fate(
    file: WheelFile, *, sdist_sha256: Sha256, release: Release | None, status: ProjectStatus
) -> WheelState:
    """Return the state of a wheel that was built from a source distribution with that digest.

    `release` is what upstream has of the wheel's release now; None if it has it not. What upstream
    yanked stays published: installers are told of the yank.
    """
    if status is ProjectStatus.QUARANTINED or release is None:
        return WheelState.WITHDRAWN
    if all(found.sha256 != sdist_sha256 for found in release.files):
        return WheelState.WITHDRAWN
    if upstream_has(release, file.filename):
        return WheelState.SUPERSEDED
    return WheelState.PUBLISHED


def settle_wheels(connection: Connection, project: ProjectName) -> int:
    """Bring the states of a project's wheels into line with upstream's page as it is on record.

    It belongs into the transaction that saves or removes the page, at its end. Wheels that were
    only checked have never been offered and stay so. A project with wheels has its pages written
    before others, if there is anything to write. Returns how many wheels changed their state.
    """
    wheels = wheels_with_sources(connection, project)
    if not wheels:
        return 0
    page = stored_page(connection, project)
    current = {} if page is None else releases(page)
    status = ProjectStatus.ACTIVE if page is None else page.status
    changed = [
        (wheel, state)
        for wheel, sdist_sha256 in wheels
        if wheel.state is not WheelState.CHECKED
        and (
            state := fate(
                wheel.file,
                sdist_sha256=sdist_sha256,
                release=current.get(wheel.version),
                status=status,
            )
        )
        is not wheel.state
    ]
    for wheel, state in changed:
        set_wheel_state(connection, wheel, state)
    if changed:
        mark_page(connection, project)
    hurry_page(connection, project)
    for wheel, state in changed:
        _log.info(
            "wheel-settled",
            project=project,
            wheel=wheel.file.filename,
            before=wheel.state.value,
            after=state.value,
        )
    return len(changed)
