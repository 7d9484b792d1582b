"""What there is of versions for targets."""

from datetime import UTC, datetime
from typing import Any

from packaging.version import Version

from factories import TARGET, project_name
from wheelyard.model.build import BuildState, Decision, Verdict
from wheelyard.model.names import TargetName
from wheelyard.model.overview import ProjectOverview
from wheelyard.model.project import ProjectStatus
from wheelyard.model.summary import LastAttempt
from wheelyard.publish.grid import Cell, grid, is_unsettled

OTHER = TargetName("trixie-cp313-armv7l")
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def decision(version: str, verdict: Verdict, *, target: TargetName = TARGET) -> Decision:
    return Decision(
        project=project_name(),
        version=Version(version),
        target=target,
        verdict=verdict,
        reason="So it is.",
    )


def overview(*decisions: Decision, **more: Any) -> ProjectOverview:  # noqa: ANN401 - its fields
    values: dict[str, Any] = {
        "name": project_name(),
        "display_name": None,
        "summary": None,
        "status": ProjectStatus.ACTIVE,
        "status_reason": None,
        "upstream_serial": None,
        "serial": 1,
        "read_at": NOW,
        "polled_at": NOW,
        "error": None,
        "missing_since": None,
        "removed_at": None,
        "is_followed": True,
        "demand": 0,
        "skips": (),
        "wants": (),
        "decisions": decisions,
        "wheels": (),
        "builds": (),
    }
    return ProjectOverview(**values | more)


def test_versions_are_ordered_newest_first_and_targets_by_name() -> None:
    found = grid(
        overview(
            decision("1.9", Verdict.BUILT, target=OTHER),
            decision("1.10", Verdict.BUILT),
            decision("1.10rc1", Verdict.BUILT),
        ),
        limit=2,
    )
    assert found.targets == (TARGET, OTHER)
    assert [str(row.version) for row in found.rows] == ["1.10", "1.10rc1"]
    assert [row.cells[1] for row in found.rows] == [None, None]
    assert found.versions == 3
    part = grid(overview(decision("1.9", Verdict.BUILT)), limit=2, versions=7)
    assert (len(part.rows), part.versions) == (1, 7)


def test_a_cell_leads_to_the_build_that_runs_or_failed() -> None:
    attempts = {
        (Version("3.0"), TARGET): LastAttempt(id="a", state=BuildState.RUNNING),
        (Version("2.0"), TARGET): LastAttempt(id="b", state=BuildState.FAILED, cause="no-header"),
        (Version("1.0"), TARGET): LastAttempt(id="c", state=BuildState.FAILED, cause="no-header"),
    }
    found = grid(
        overview(
            decision("3.0", Verdict.NEEDS_BUILD),
            decision("2.0", Verdict.FAILED),
            decision("1.0", Verdict.SKIPPED),
            attempts=attempts,
        ),
        limit=9,
    )
    assert [row.cells[0] for row in found.rows] == [
        Cell(label="building", kind="building", reason="So it is.", build="a", is_open=True),
        Cell(label="failed", kind="failed", reason="So it is.", build="b", cause="no-header"),
        Cell(label="skipped", kind="skipped", reason="So it is."),
    ]


def test_every_verdict_has_a_word() -> None:
    rows = grid(overview(*(decision("1.0", verdict) for verdict in Verdict)), limit=1).rows
    assert len(rows) == 1
    for verdict in Verdict:
        (row,) = grid(overview(decision("1.0", verdict)), limit=1).rows
        assert row.cells[0] is not None
        assert row.cells[0].label


def test_only_what_may_change_soon_is_unsettled() -> None:
    project = overview(decision("2.0", Verdict.NEEDS_BUILD), decision("1.0", Verdict.FAILED))
    assert is_unsettled(project, {Version("2.0")})
    assert not is_unsettled(project, {Version("1.0")})
