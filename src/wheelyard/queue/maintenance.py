"""The service that takes back what dead builders held, and clears away what ended builds left."""

from datetime import timedelta
from uuid import uuid4

from wheelyard.clock import Clock
from wheelyard.database.builds import (
    build_summary,
    drop_log,
    ended_builds_with_log,
    read_log,
    set_log_key,
)
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.leaders import leads
from wheelyard.database.queue import expired_leases, leased_job, promote
from wheelyard.log import get_logger
from wheelyard.model.build import Failure, FailureKind
from wheelyard.model.job import LeasedJob
from wheelyard.queue.attempts import Ending, end_attempt
from wheelyard.queue.logs import keep_log
from wheelyard.settings import Settings
from wheelyard.storage import uploads
from wheelyard.storage.store import Store

_log = get_logger("maintenance")
_PAUSE_SECONDS = 1.0
_LEAD = timedelta(seconds=20)
_LEASES_PER_TICK = 100
_LOGS_PER_TICK = 20


class Maintenance:
    """Lets jobs wait that are due, expires leases, and clears up after builds that have ended.

    Of several one works, the one that leads.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        store: Store,
        clock: Clock,
        settings: Settings,
        holder: str | None = None,
    ) -> None:
        """Look after the queue; `holder` names this process to the others."""
        self.name = "maintenance"
        self.pause_seconds = _PAUSE_SECONDS
        self._engine = engine
        self._store = store
        self._clock = clock
        self._settings = settings
        self._holder = holder or uuid4().hex

    def tick(self) -> int:
        """Do what is due and return how many things were done; leases come before all else."""
        with writing(self._engine) as connection:
            if not leads(connection, self.name, holder=self._holder, lasts=_LEAD):
                return 0
            promoted = promote(connection, now=self._clock.now())
        done = self._expire_leases() + self._keep_logs() + self._discard_uploads()
        return promoted + done

    def _expire_leases(self) -> int:
        with reading(self._engine) as connection:
            expired = expired_leases(connection, now=self._clock.now(), limit=_LEASES_PER_TICK)
        return sum(self._expire(job) for job in expired)

    def _expire(self, seen: LeasedJob) -> bool:
        """End one attempt as lost, unless its builder has come back or ended it meanwhile."""
        now = self._clock.now()
        lease = self._settings.queue.lease.total_seconds()
        failure = Failure(
            kind=FailureKind.INFRASTRUCTURE,
            message=f"The builder gave no sign of life for {lease:g} seconds, or started anew.",
        )
        with writing(self._engine) as connection:
            job = leased_job(connection, build_id=seen.build_id)
            if job is None or job.lease_expires_at > now:
                return False
            ending = Ending(failure=failure, is_lost=True)
            end_attempt(connection, job, ending, at=now, settings=self._settings)
        return True

    def _keep_logs(self) -> int:
        with reading(self._engine) as connection:
            ended = ended_builds_with_log(connection, limit=_LOGS_PER_TICK)
        for build_id in ended:
            self._keep_log(build_id)
        return len(ended)

    def _keep_log(self, build_id: str) -> None:
        limit = self._settings.limits.log_bytes
        kept = keep_log(self._engine, self._store, build_id, limit=limit)
        with writing(self._engine) as connection:
            build = build_summary(connection, build_id)
            # Somebody else may have kept it between; ended builds' logs do not grow.
            if build is None or kept is None or not read_log(connection, build_id):
                return
            set_log_key(connection, build_id, kept.key)
            drop_log(connection, build_id)
        _log.info("log-kept", build=build_id, bytes=kept.size)

    def _discard_uploads(self) -> int:
        discarded = 0
        for build_id in uploads.builds_with_uploads(self._store):
            with reading(self._engine) as connection:
                build = build_summary(connection, build_id)
            if build is None or build.state.is_final:
                uploads.discard(self._store, build_id)
                discarded += 1
        return discarded
