"""The service that plans the projects whose page, wants or targets have changed."""

from wheelyard.clock import Clock
from wheelyard.database.engine import Engine, writing
from wheelyard.log import get_logger
from wheelyard.queue.planning import plan_anew_if_changed, plan_next
from wheelyard.settings import PolicySettings

_log = get_logger("scheduler")
_PAUSE_SECONDS = 1.0


class Scheduler:
    """Plans what is marked for planning, many projects in one transaction.

    Any number of schedulers can run: none plans what another one is planning.
    """

    def __init__(self, engine: Engine, *, clock: Clock, policy: PolicySettings) -> None:
        self.name = "scheduler"
        self.pause_seconds = _PAUSE_SECONDS
        self._engine = engine
        self._clock = clock
        self._policy = policy
        self._is_policy_known = False

    def tick(self) -> int:
        """Plan the projects that come first, and return how many were planned.

        The first time it has all of them planned anew if the policy is not what it was.
        """
        if not self._is_policy_known:
            with writing(self._engine) as connection:
                if plan_anew_if_changed(connection, policy=self._policy):
                    _log.info("policy-changed")
            self._is_policy_known = True
        with writing(self._engine) as connection:
            planned = plan_next(connection, policy=self._policy, at=self._clock.now())
        for plan in planned:
            _log.info(
                "project-planned",
                project=plan.project,
                decisions=len(plan.decisions),
                new_jobs=len(plan.new_jobs),
                dropped_jobs=len(plan.dropped_jobs),
            )
        return len(planned)
