"""Removing a project whole: lists first, then its pages' links, its files and logs, its page.

In this order no page is ever left with a link to something that is gone. Every step can be done
again, so a removal that was interrupted is taken up by asking for it once more.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from wheelyard.database import pages, removal
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.wheels import wheels_of_project
from wheelyard.errors import Refused, Unavailable
from wheelyard.model.names import ProjectName
from wheelyard.model.wheel import withheld_path
from wheelyard.publish.publisher import Publisher
from wheelyard.publish.withholding import served_paths
from wheelyard.storage.store import Store

_PATIENCE = timedelta(minutes=3)
_ASKED_AGAIN = "Somebody has asked for it again"
_PAUSE = timedelta(milliseconds=100)


def remove_closed_project(
    engine: Engine, store: Store, project: ProjectName, *, publisher: Publisher, at: datetime
) -> None:
    """Take away the pages, files and logs of a project that was closed.

    Raises:
        Refused: if somebody has asked for the project again meanwhile.
        Unavailable: if its pages cannot be written.
    """
    publisher.write_home()
    publisher.write_front()
    with writing(engine) as connection:
        pages.mark_page(connection, project)
    write_now(engine, [project], publisher=publisher)
    with writing(engine) as connection:
        if not removal.leave_pages(connection, project, at=at):
            raise Refused(project, _ASKED_AGAIN)
        logs = removal.logs_of_project(connection, project)
        wheels = wheels_of_project(connection, project)
    for wheel in wheels:
        for path in served_paths(wheel):
            store.delete(path)
            store.delete(withheld_path(path))
    for key in logs:
        store.delete(key)
    with writing(engine) as connection:
        removal.forget_logs(connection, logs)
        is_closed = removal.forget_pages(connection, project)
        if is_closed:
            # Under the project's lock, so that nobody asks for it and writes them meanwhile.
            for name in ("index.html", "index.json", "piwheels.json"):
                store.delete(f"project/{project}/{name}")
    if not is_closed:
        raise Refused(project, _ASKED_AGAIN)


def write_now(engine: Engine, projects: Sequence[ProjectName], *, publisher: Publisher) -> None:
    """Write the pages of projects that wait for it, or wait for those who are at it.

    Raises:
        Unavailable: if that takes too long.
    """
    give_up_at = time.monotonic() + _PATIENCE.total_seconds()
    while True:
        written = publisher.tick()
        with reading(engine) as connection:
            waiting = removal.waiting_pages(connection, projects)
        if waiting == 0:
            return
        if written == 0:
            if time.monotonic() > give_up_at:
                raise Unavailable(f"{waiting} pages", "They are still to be written")
            time.sleep(_PAUSE.total_seconds())
