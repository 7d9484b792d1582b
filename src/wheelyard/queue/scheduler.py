"""The service that plans the projects whose page, wants or targets have changed."""

from wheelyard.clock import Clock
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.pages import mark_page
from wheelyard.database.plans import projects_to_plan
from wheelyard.database.projects import start_planning
from wheelyard.log import get_logger
from wheelyard.queue.planning import plan_project

_log = get_logger("scheduler")
_PAUSE_SECONDS = 1.0
_PROJECTS_PER_TICK = 50


class Scheduler:
    """Plans what is marked for planning, each project in a transaction of its own."""

    def __init__(self, engine: Engine, *, clock: Clock) -> None:
        self.name = "scheduler"
        self.pause_seconds = _PAUSE_SECONDS
        self._engine = engine
        self._clock = clock

    def tick(self) -> int:
        """Plan the projects that have waited longest, and return how many were planned."""
        with reading(self._engine) as connection:
            projects = projects_to_plan(connection, limit=_PROJECTS_PER_TICK)
        planned = 0
        for project in projects:
            with writing(self._engine) as connection:
                if not start_planning(connection, project):
                    continue
                changed = plan_project(connection, project, at=self._clock.now())
                if changed:
                    mark_page(connection, project)
            planned += 1
            _log.info("project-planned", project=project, changed=changed)
        return planned
