"""The service that learns from failed builds: why they failed, and what is tried next."""

import gzip
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict

from wheelyard.clock import Clock
from wheelyard.contents.lookup import Contents, open_contents
from wheelyard.database import examinations, waits
from wheelyard.database.builds import read_log
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.examinations import Finding
from wheelyard.database.job_rows import Trial, enqueue_trial
from wheelyard.database.plans import mark_ended
from wheelyard.diagnosis.cause import Cause, CauseKind
from wheelyard.diagnosis.diagnosis import diagnose
from wheelyard.diagnosis.system_remedies import Attempt as Circumstances
from wheelyard.diagnosis.system_remedies import with_higher_limits
from wheelyard.errors import (
    ContentsMissing,
    InvalidName,
    InvalidRecipe,
    NotStored,
    WheelyardError,
)
from wheelyard.log import get_logger
from wheelyard.model.build import FailureKind
from wheelyard.model.environment import environment_of
from wheelyard.model.healing import Patient, Treatment
from wheelyard.model.names import ProjectName
from wheelyard.model.waiting import Wait
from wheelyard.queue import dependencies
from wheelyard.queue.treatment import treatment
from wheelyard.settings import Settings
from wheelyard.storage.store import Store

_log = get_logger("healing")
_PAUSE_SECONDS = 1.0
_BUILDS_PER_TICK = 20
_NEEDED_PER_TICK = 50
_CAUSES = {
    FailureKind.OUT_OF_MEMORY: CauseKind.OUT_OF_MEMORY,
    FailureKind.TIMEOUT: CauseKind.TIMEOUT,
    FailureKind.PROCESS_LIMIT: CauseKind.PROCESS_LIMIT,
    FailureKind.DISK_FULL: CauseKind.NO_SPACE,
    FailureKind.NO_DEPENDENCY_WHEEL: CauseKind.MISSING_BUILD_DEPENDENCY,
    FailureKind.OUTPUT_INVALID: CauseKind.INVALID_WHEEL,
    FailureKind.OPTED_OUT: CauseKind.DELIBERATE,
    FailureKind.NO_SDIST: CauseKind.NO_SDIST,
    FailureKind.SDIST_INVALID: CauseKind.SDIST_INVALID,
}
"""What the builder itself found: it knows better than the log."""


_NO_CAUSE = (Cause(kind=CauseKind.UNKNOWN),)


class Healing:
    """Examines failed builds, has them tried again where that may help, and looks after waits.

    Any number of them can run: what one has put on record, another leaves alone.
    """

    name = "healing"
    pause_seconds = _PAUSE_SECONDS

    def __init__(self, engine: Engine, *, store: Store, clock: Clock, settings: Settings) -> None:
        self._engine = engine
        self._store = store
        self._clock = clock
        self._settings = settings
        self._looked_at: ProjectName | None = None

    def tick(self) -> int:
        """Examine some builds, and return how much was done."""
        with reading(self._engine) as connection:
            found = examinations.unexamined_builds(connection, limit=_BUILDS_PER_TICK)
        for build_id in found:
            try:
                self._examine(build_id)
            except (InvalidName, InvalidRecipe) as error:
                self._give_up(build_id, error)
        with reading(self._engine) as connection:
            due = dependencies.steps(connection, after=self._looked_at, limit=_NEEDED_PER_TICK)
        self._looked_at = due.last
        for step in due.steps:
            with writing(self._engine) as connection:
                dependencies.take(connection, step, at=self._clock.now())
        return len(found) + len(due.steps)

    def _examine(self, build_id: str) -> None:
        with reading(self._engine) as connection:
            patient = examinations.patient(connection, build_id)
            log = read_log(connection, build_id)
        if patient is None:
            return
        text = (log or self._kept_log(patient)).decode(errors="replace")
        causes, hints = self._causes(patient, text)
        chosen = treatment(
            patient,
            causes,
            hints=hints,
            rounds=self._settings.healing.rounds,
            at=self._clock.now(),
        )
        self._record(patient, causes, chosen)

    def _give_up(self, build_id: str, error: WheelyardError) -> None:
        """Put on record that a build cannot be examined, so that it does not hold up the others."""
        _log.error("build-not-examined", build=build_id, error=str(error))
        with writing(self._engine) as connection:
            reason = f"it could not be examined: {error}"
            examinations.record_examination(
                connection, build_id, [_finding(_NO_CAUSE[0])], treatment=reason
            )
            project = examinations.project_of(connection, build_id)
            if project is not None:
                mark_ended(connection, project, at=self._clock.now())

    def _kept_log(self, patient: Patient) -> bytes:
        if patient.log_key is None:
            return b""
        try:
            return gzip.decompress(self._store.get(patient.log_key))
        except (NotStored, OSError, EOFError):
            return b""

    def _causes(self, patient: Patient, log: str) -> tuple[tuple[Cause, ...], tuple[str, ...]]:
        """Return a failure's causes, and the packages that Debian builds the project with."""
        last = patient.attempts[-1]
        limits = last.recipe.limited(self._settings.limits.limits())
        circumstances = Circumstances(
            project=patient.project, version=patient.version, limits=limits
        )
        kind = _CAUSES.get(last.failure)
        if kind is not None:
            known = Cause(kind=kind, subject=patient.subject, confidence=1.0)
            return (with_higher_limits(known, limits),), ()
        contents = self._contents(patient)
        if contents is None:
            return diagnose(log, attempt=circumstances) or _NO_CAUSE, ()
        with closing(contents):
            causes = diagnose(log, attempt=circumstances, source=contents) or _NO_CAUSE
            return causes, contents.hints(patient.project)

    def _contents(self, patient: Patient) -> Contents | None:
        """Return the index of Debian's files for a target; None if there is none."""
        environment = environment_of(patient.target)
        if environment is None:
            return None
        try:
            return open_contents(self._settings.contents, str(environment))
        except ContentsMissing:
            return None

    def _record(self, patient: Patient, causes: Sequence[Cause], chosen: Treatment) -> None:
        """Put on record what was found and what is done, in one transaction."""
        now, last = self._clock.now(), patient.attempts[-1]
        needed = (
            None if chosen.requirement is None else dependencies.needed_project(chosen.requirement)
        )
        with writing(self._engine) as connection:
            is_first = examinations.record_examination(
                connection,
                last.build_id,
                [_finding(cause) for cause in causes],
                treatment=chosen.reason,
            )
            if not is_first:
                return
            # The mark waits for whoever plans the project: both must not add the same job at once.
            mark_ended(connection, patient.project, at=now)
            if chosen.recipe is not None:
                trial = Trial(
                    release=patient.release,
                    target=patient.target_id,
                    sdist=patient.sdist,
                    released_at=patient.released_at,
                    recipe=chosen.recipe,
                    round=last.round + 1,
                )
                enqueue_trial(connection, trial, at=now)
            if chosen.requirement is not None and needed is not None:
                wait = Wait(
                    project=patient.project,
                    version=patient.version,
                    target=patient.target.name,
                    requirement=chosen.requirement,
                    needed=needed,
                )
                waits.add_wait(connection, wait, at=now)
        _log.info(
            "build-examined",
            build=last.build_id,
            project=patient.project,
            cause=causes[0].kind.value,
            subject=causes[0].subject,
            treatment=chosen.reason,
        )


def _finding(cause: Cause) -> Finding:
    return Finding(
        kind=cause.kind.value,
        subject=cause.subject,
        evidence=cause.evidence,
        confidence=cause.confidence,
        remedy=None if cause.remedy is None else asdict(cause.remedy),
    )
