"""Attempts as people are told of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from packaging.version import Version

from wheelyard.model.build import BuildState, Failure, Limits, Phase, SdistReference
from wheelyard.model.names import ProjectName, TargetName
from wheelyard.model.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class LastAttempt:
    """The last attempt at a release for a target, in short; `cause` is a word, if it failed."""

    id: str
    state: BuildState
    cause: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSummary:
    """One attempt, as lists of builds show it; `duration` is None while it runs.

    `recipe`, `limits` and `environment` (with the digest of its manifest, where it has one) are
    what it was made with, from `sdist`. Of a failed one that was looked into, `causes` are as
    `wheelyard diagnose --json` writes them, the root cause first, and `treatment` says what was
    done then; `healing_round` counts the failures that had led to its recipe.
    """

    id: str
    project: ProjectName
    version: Version
    target: TargetName
    builder: str
    number: int
    state: BuildState
    phase: Phase
    started_at: datetime
    finished_at: datetime | None
    failure: Failure | None
    log_key: str | None
    sdist: SdistReference | None = None
    recipe: Recipe = field(default_factory=Recipe)
    limits: Limits | None = None
    environment: str | None = None
    environment_digest: str | None = None
    healing_round: int = 0
    causes: tuple[Mapping[str, Any], ...] = ()
    treatment: str | None = None

    @property
    def duration(self) -> timedelta | None:
        """How long the attempt took by the server's clock."""
        return None if self.finished_at is None else self.finished_at - self.started_at
