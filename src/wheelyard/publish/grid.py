"""What there is of a project's versions for each target, as a grid; pure."""

from collections.abc import Collection
from dataclasses import dataclass

from packaging.version import Version

from wheelyard.model.build import BuildState, Decision, Verdict
from wheelyard.model.names import TargetName
from wheelyard.model.overview import ProjectOverview
from wheelyard.model.summary import LastAttempt

LABELS = {
    Verdict.NEEDS_BUILD: "waiting",
    Verdict.COVERED_UPSTREAM: "upstream",
    Verdict.BUILT: "wheel",
    Verdict.CHECKED: "upstream",
    Verdict.FAILED: "failed",
    Verdict.HEALING: "being mended",
    Verdict.WAITS_FOR_DEPENDENCY: "waiting",
    Verdict.WAITS_FOR_PROBE: "waiting",
    Verdict.OPTED_OUT: "opted out",
    Verdict.NO_SDIST: "no source",
    Verdict.PYTHON_EXCLUDED: "other Python",
    Verdict.YANKED: "yanked",
    Verdict.SKIPPED: "skipped",
    Verdict.QUARANTINED: "quarantined",
}
"""A word or two for each verdict."""

_BUILDING = "building"
WAITING = frozenset(
    {Verdict.NEEDS_BUILD, Verdict.WAITS_FOR_DEPENDENCY, Verdict.WAITS_FOR_PROBE, Verdict.HEALING}
)
"""The verdicts that something is still to come after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One version and target: a word for it, which class it is shown in, and the reason.

    `build` is the build that runs, or the last one if it failed, `cause` a word for why; None if
    there is none.
    """

    label: str
    kind: str
    reason: str
    build: str | None = None
    cause: str | None = None
    is_open: bool = False
    """Whether something is still to come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRow:
    """A version with a cell for each target of the grid; None where nothing was decided."""

    version: Version
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Rows of versions, the newest first; `versions` counts those that there are in all."""

    targets: tuple[TargetName, ...]
    rows: tuple[GridRow, ...]
    versions: int


def grid(project: ProjectOverview, *, limit: int, versions: int | None = None) -> Grid:
    """Return the rows of a project's newest versions.

    Where only some of them were read, `versions` tells how many there are in all.
    """
    decided: dict[Version, dict[TargetName, Decision]] = {}
    for decision in project.decisions:
        decided.setdefault(decision.version, {})[decision.target] = decision
    targets = tuple(sorted({decision.target for decision in project.decisions}))
    return Grid(
        targets=targets,
        rows=tuple(
            GridRow(
                version=version,
                cells=tuple(
                    _cell(decided[version].get(target), project.attempts.get((version, target)))
                    for target in targets
                ),
            )
            for version in sorted(decided, reverse=True)[:limit]
        ),
        versions=len(decided) if versions is None else versions,
    )


def is_unsettled(project: ProjectOverview, versions: Collection[Version]) -> bool:
    """Whether something of these versions is still to come, so that looking again is worth it."""
    return any(
        decision.verdict in WAITING and decision.version in versions
        for decision in project.decisions
    )


def _cell(decision: Decision | None, last: LastAttempt | None) -> Cell | None:
    if decision is None:
        return None
    if last is not None and last.state is BuildState.RUNNING:
        return Cell(
            label=_BUILDING, kind=_BUILDING, reason=decision.reason, build=last.id, is_open=True
        )
    is_open = decision.verdict is Verdict.FAILED or decision.verdict in WAITING
    failed = last if last is not None and is_open and last.state is BuildState.FAILED else None
    return Cell(
        label=LABELS[decision.verdict],
        kind=decision.verdict.value,
        reason=decision.reason,
        build=None if failed is None else failed.id,
        cause=None if failed is None else failed.cause,
        is_open=decision.verdict in WAITING,
    )
