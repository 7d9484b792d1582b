"""Which projects belong on which index."""

from dataclasses import dataclass

from sqlalchemy import Connection, case, func, select

from wheelyard.database.tables import projects, releases, wheels
from wheelyard.model.names import ProjectName
from wheelyard.model.target import fits_portably
from wheelyard.model.wheel import WheelState

_LISTED = (WheelState.PUBLISHED, WheelState.SUPERSEDED, WheelState.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Listing:
    """A project that has, or once had, wheels of ours in a channel.

    `serial` is ours for the project; `has_pure` tells whether a pure wheel is among them, which
    fits every other channel too, and `portable_from` from which glibc 2 on another one does
    (`Wheel.portable_from`).
    """

    project: ProjectName
    channel: str
    serial: int
    has_pure: bool
    portable_from: int | None = None

    def is_on(self, channel: str) -> bool:
        """Whether one of the wheels fits a distribution release, as `Wheel.fits` has it."""
        is_here = channel == self.channel or self.has_pure
        return is_here or fits_portably(channel, self.portable_from)


def listings(connection: Connection) -> list[Listing]:
    """Return every project and channel with wheels that are or were published, in order."""
    is_pure = case((wheels.c.filename.endswith("-none-any.whl"), 1), else_=0)
    rows = connection.execute(
        select(
            projects.c.name,
            wheels.c.channel,
            func.coalesce(projects.c.serial, 0).label("serial"),
            func.max(is_pure).label("has_pure"),
            func.min(wheels.c.portable_from).label("portable_from"),
        )
        .join_from(wheels, releases, releases.c.id == wheels.c.release_id)
        .join(projects, projects.c.id == releases.c.project_id)
        .where(wheels.c.state.in_(_LISTED), wheels.c.recalled.is_(False))
        .group_by(projects.c.name, projects.c.serial, wheels.c.channel)
        .order_by(projects.c.name, wheels.c.channel)
    )
    return [
        Listing(
            ProjectName(row.name),
            row.channel,
            row.serial,
            bool(row.has_pure),
            row.portable_from,
        )
        for row in rows
    ]
