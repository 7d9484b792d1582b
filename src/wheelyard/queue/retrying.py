"""Trying again what has failed, because something has changed: a recipe, an environment, a rule."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from wheelyard.database.engine import Connection
from wheelyard.database.failures import FailedRelease, failed_releases, was_tried
from wheelyard.database.job_rows import enqueue_trial
from wheelyard.database.plans import mark_ended
from wheelyard.database.recipes import recipe_for
from wheelyard.database.state import get_state, put_state
from wheelyard.model.build import FailureKind
from wheelyard.model.names import ProjectName, TargetName

_OF_THE_ENVIRONMENT = frozenset(
    {FailureKind.COMPILE_ERROR, FailureKind.MISSING_SYSTEM_PACKAGE, FailureKind.UNKNOWN}
)
_MOST_DIGESTS = 50
_PAUSE = timedelta(hours=1)


def retry(connection: Connection, found: Collection[FailedRelease], *, at: datetime) -> int:
    """Have failed releases built again, with the recipes that their projects have by now.

    Returns how many there are.
    """
    # The marks wait for whoever plans the projects: both must not add the same job at once.
    for project in sorted({failed.project for failed in found}):
        mark_ended(connection, project, at=at)
    for failed in found:
        enqueue_trial(connection, failed.trial, at=at)
    return len(found)


def retry_with_new_recipe(connection: Connection, project: ProjectName, *, at: datetime) -> int:
    """Try a project's failed releases again that were never tried with the recipe of theirs by now.

    Returns how many there are.
    """
    found = [
        failed
        for failed in failed_releases(connection, project=project)
        if not was_tried(
            connection,
            failed.trial,
            digest=recipe_for(connection, project, failed.version).digest,
        )
    ]
    return retry(connection, found, at=at)


def note_environments(
    connection: Connection, digests: Mapping[TargetName, str], *, at: datetime
) -> int:
    """Take note of what a builder builds in; in an environment that is new, failures are retried.

    Only those that the environment may have to do with, and for each target once an hour at most:
    what builders say of themselves must not keep the queue busy. Returns how many there are.
    """
    retried = 0
    for target, digest in sorted(digests.items()):
        key = f"environments {target}"
        known = get_state(connection, key) or {"digests": [], "retried_at": None}
        last = known["retried_at"]
        is_early = last is not None and at < datetime.fromisoformat(last) + _PAUSE
        if digest in known["digests"] or is_early:
            continue
        digests_then = [*known["digests"], digest][-_MOST_DIGESTS:]
        put_state(connection, key, {"digests": digests_then, "retried_at": at.isoformat()})
        found = failed_releases(connection, target=target, failures=_OF_THE_ENVIRONMENT)
        retried += retry(connection, found, at=at)
    return retried
