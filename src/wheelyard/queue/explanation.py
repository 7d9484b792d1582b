"""Failed builds explained: why, what was tried, and what a person can do. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from packaging.version import Version

from wheelyard.diagnosis.advice import advice
from wheelyard.diagnosis.cause import CauseKind
from wheelyard.model.healing import ExaminedBuild
from wheelyard.model.names import ProjectName


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a release failed for a target, for people.

    `sentence` is the root cause, `evidence` the lines of the log that show it, `tried` a line for
    each attempt, the first one first; `reproduce` a command.
    """

    sentence: str
    evidence: tuple[str, ...]
    tried: tuple[str, ...]
    advice: str
    reproduce: str


def explain(project: ProjectName, version: Version, builds: Sequence[ExaminedBuild]) -> Explanation:
    """Explain the failed builds, at least one, of a release for a target, the newest first."""
    last = builds[0]
    kind = CauseKind.UNKNOWN
    if last.causes:
        kind = CauseKind(last.causes[0]["kind"])
    return Explanation(
        sentence=last.failure.message,
        evidence=last.failure.evidence,
        tried=tuple(_told(build) for build in reversed(builds)),
        advice=advice(kind),
        reproduce=f"wheelyard reproduce {project}=={version} --target {last.target}",
    )


def _told(build: ExaminedBuild) -> str:
    """Say how one attempt ended and what was done then."""
    then = build.treatment or "why is being looked into"
    return f"{build.failure.message.rstrip('.')}: {then}"
