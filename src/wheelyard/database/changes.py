"""What has changed, by our serials: for those who copy the index."""

from sqlalchemy import Connection, exists, select

from wheelyard.database.tables import pages, projects, releases, wheels
from wheelyard.model.change import PageChange
from wheelyard.model.names import ProjectName
from wheelyard.model.wheel import WheelState


def changes_after(connection: Connection, serial: int, *, limit: int) -> list[PageChange]:
    """Return the projects whose pages have changed after a serial, by their serials.

    Only those are told that have, or ever had, wheels to offer.
    """
    had_wheels = exists().where(
        releases.c.project_id == projects.c.id,
        wheels.c.release_id == releases.c.id,
        wheels.c.state != WheelState.CHECKED,
    )
    waits = exists().where(pages.c.project_id == projects.c.id)
    rows = connection.execute(
        select(projects.c.name, projects.c.serial, waits.label("waits"))
        .where(projects.c.serial > serial, had_wheels)
        .order_by(projects.c.serial)
        .limit(limit)
    )
    return [PageChange(ProjectName(row.name), row.serial, bool(row.waits)) for row in rows]
