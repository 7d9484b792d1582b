"""The page of what is missing: what used to be built, what is wanted most, and why it fails."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from wheelyard.database.engine import Connection, Engine, reading
from wheelyard.database.failures import (
    FailureGroup,
    MissingProject,
    Regression,
    failure_groups,
    missing_projects,
    regressions,
)
from wheelyard.diagnosis.advice import advice
from wheelyard.diagnosis.cause import Cause, CauseKind
from wheelyard.diagnosis.explain import sentence
from wheelyard.render import render
from wheelyard.storage.store import Store

_KEPT = 500
"""So many of each kind are told to programs; of these the page shows the first ones."""

_REGRESSIONS, _MISSING, _CAUSES = 30, 60, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """What fails at one moment: regressions, and projects, the most wanted first; and causes."""

    regressions: tuple[Regression, ...] = ()
    missing: tuple[MissingProject, ...] = ()
    groups: tuple[FailureGroup, ...] = ()


class FailurePages:
    """The service that writes the page of what is missing, when it has changed."""

    name = "failures"
    pause_seconds = 60.0

    def __init__(self, engine: Engine, *, store: Store, server_url: str) -> None:
        self._engine = engine
        self._store = store
        self._server_url = server_url
        self._written: Failures | None = None

    def tick(self) -> int:
        """Write the pages if they are not what they were; there is never more to do at once."""
        with reading(self._engine) as connection:
            found = read_failures(connection)
        if found != self._written:
            self._store.put("failures/index.json", failures_document(found))
            page = failures_page(found, server_url=self._server_url)
            self._store.put("failures/index.html", page)
            self._written = found
        return 0


def read_failures(connection: Connection) -> Failures:
    """Read it all at one moment."""
    return Failures(
        regressions=tuple(regressions(connection, limit=_KEPT)),
        missing=tuple(missing_projects(connection, limit=_KEPT)),
        groups=tuple(failure_groups(connection, limit=_KEPT)),
    )


def failures_page(found: Failures, *, server_url: str) -> bytes:
    """Return the page for people."""
    return render(
        "failures.html",
        root="../",
        server_url=server_url,
        regressions=found.regressions[:_REGRESSIONS],
        missing=found.missing[:_MISSING],
        groups=[
            (group, _told(group.kind, group.subject), advice(_kind(group.kind)))
            for group in found.groups[:_CAUSES]
        ],
        told=_told,
    )


def failures_document(found: Failures) -> bytes:
    """Return the same for programs."""
    document = {
        "regressions": [
            {
                "project": one.project,
                "version": str(one.version),
                "target": one.target,
                "last_built": str(one.last_built),
                **_cause(one.kind, one.subject),
                "message": one.message,
                "since": one.since.isoformat(),
                "build": one.build_id,
                "demand": one.demand,
            }
            for one in found.regressions
        ],
        "missing": [_missing_document(one) for one in found.missing],
        "causes": [
            {
                **_cause(group.kind, group.subject),
                "sentence": _told(group.kind, group.subject),
                "advice": advice(_kind(group.kind)),
                "projects": group.projects,
                "builds": group.builds,
                "demand": group.demand,
                "examples": list(group.examples),
            }
            for group in found.groups
        ],
    }
    return json.dumps(document, indent=1).encode()


def _missing_document(one: MissingProject) -> dict[str, str | int | Sequence[str] | None]:
    return {
        "project": one.project,
        "version": str(one.version),
        "targets": list(one.targets),
        **_cause(one.kind, one.subject),
        "message": one.message,
        "build": one.build_id,
        "demand": one.demand,
    }


def _cause(kind: str | None, subject: str | None) -> dict[str, str | None]:
    return {"cause": kind, "subject": subject}


def _kind(kind: str | None) -> CauseKind:
    return CauseKind.UNKNOWN if kind is None else CauseKind(kind)


def _told(kind: str | None, subject: str | None) -> str:
    """Return a cause in a sentence."""
    return f"{sentence(Cause(kind=_kind(kind), subject=subject))}."
