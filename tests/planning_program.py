"""A scheduler as a program of its own, to be killed: `planning_program.py DATABASE`.

It plans a few projects at a time until there is nothing more to plan.
"""

import sys
from unittest.mock import patch

from wheelyard.clock import SettableClock
from wheelyard.database.engine import connect
from wheelyard.queue import planning
from wheelyard.queue.scheduler import Scheduler
from wheelyard.settings import PolicySettings


def main(database: str) -> None:
    """Plan what there is to plan."""
    engine = connect(database)
    scheduler = Scheduler(engine, clock=SettableClock(), policy=PolicySettings())
    with patch.object(planning, "_PROJECTS", 2):
        while scheduler.tick():
            pass
    engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1])
