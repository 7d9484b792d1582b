"""Failed builds explained: why, what was tried, and what a person can do. Pure."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from wheelyard.diagnosis.advice import advice
from wheelyard.diagnosis.cause import CauseKind
from wheelyard.model.build import BuildState
from wheelyard.model.summary import BuildSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a release failed for a target, for people.

    `sentence` is the root cause, `evidence` the lines of the log that show it, `tried` a line for
    each failed attempt, the first one first; `reproduce` a command.
    """

    sentence: str
    evidence: tuple[str, ...]
    tried: tuple[str, ...]
    advice: str
    reproduce: str


def explain(builds: Sequence[BuildSummary], *, server_url: str | None = None) -> Explanation | None:
    """Explain the last of the builds of one release for one target, the newest first.

    None if it did not fail. `server_url` is for those who read it elsewhere.
    """
    if not builds or builds[0].failure is None:
        return None
    last, failure = builds[0], builds[0].failure
    kind = CauseKind(last.causes[0]["kind"]) if last.causes else CauseKind.UNKNOWN
    words = ["wheelyard", "reproduce", f"{last.project}=={last.version}", "--target", last.target]
    words += [] if server_url is None else ["--server", server_url]
    failed = [build for build in builds if build.state is BuildState.FAILED]
    return Explanation(
        sentence=failure.message,
        evidence=failure.evidence,
        tried=tuple(_told(build) for build in reversed(failed)),
        advice=advice(kind),
        reproduce=shlex.join(words),
    )


def _told(build: BuildSummary) -> str:
    """Say how one attempt ended and what was done then."""
    message = "" if build.failure is None else build.failure.message.rstrip(".")
    return f"{message}: {build.treatment or 'why is being looked into'}"
