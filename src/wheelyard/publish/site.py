"""Pages for people, from the templates; pure."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from packaging.version import Version

from wheelyard.model.build import Decision, Failure, Phase, SdistReference, Verdict
from wheelyard.model.certificate import Certification, certificate_document
from wheelyard.model.overview import ProjectOverview
from wheelyard.model.recipe import limits_document, recipe_document
from wheelyard.model.summary import BuildSummary
from wheelyard.model.wheel import Wheel, WheelState, provenance_path
from wheelyard.provenance.statement import certificate_digest
from wheelyard.publish.grid import grid, is_unsettled
from wheelyard.publish.log_view import shown_log
from wheelyard.publish.selection import PLAIN, gone_versions, is_offered, is_withdrawn, overlay_of
from wheelyard.queue.explanation import explain
from wheelyard.render import render

_BELOW_ONE = "../../"
_BELOW_TWO = "../../../"
_VERSIONS = 30
_WHEELS = 12
_BUILDS = 10
VERSIONS_ON_PAGE = 200
"""So many versions are on a page of all versions."""

_ASK = "It is not built by itself, or not yet. You may ask for it."
_ASK_AGAIN = (
    "What failed through no fault of the project is tried again if you ask; what failed for a"
    " reason in the project waits until that, or what we know of it, has changed."
)


def home_page(
    wanted: Sequence[Decision], newest: Sequence[Wheel], *, channels: Sequence[str], server_url: str
) -> bytes:
    """Return the first page: what this is, how to use it, what was asked for, newest wheels."""
    rows = sorted(wanted, key=lambda decision: (decision.project, decision.target))
    return render(
        "home.html",
        root="",
        server_url=server_url,
        index_url=_index_url(server_url, PLAIN),
        channels=channels,
        rows=rows,
        newest=newest,
    )


def project_page(project: ProjectOverview, *, index: str, server_url: str) -> bytes:
    """Return a project's page; `index` is the one that its installation lines name.

    It shows the newest versions, wheels and builds: what is older has pages of its own.
    """
    project = without_gone(project)
    shown = grid(project, limit=_VERSIONS)
    return render(
        "project.html",
        root=_BELOW_ONE,
        index_url=_index_url(server_url, index),
        project=project,
        offered=any(is_offered(wheel) for wheel in project.wheels),
        grid=shown,
        is_unsettled=is_unsettled(project, {row.version for row in shown.rows}),
        wheels=[_shown_wheel(wheel, project) for wheel in _newest_wheels(project)],
        builds=project.builds[:_BUILDS],
    )


def version_page(  # noqa: PLR0913 - what the page shows
    project: ProjectOverview,
    version: Version,
    *,
    index: str,
    server_url: str,
    may_ask: bool,
    note: str | None = None,
) -> bytes:
    """Return the page of one version: what was decided, its wheels and its builds.

    With `may_ask` it offers to have it built, or tried again; `note` is told on top.
    """
    project = without_gone(project)
    decisions = [item for item in project.decisions if item.version == version]
    has_failed = any(item.verdict is Verdict.FAILED for item in decisions)
    is_wanting = not all(item.verdict.is_satisfied for item in decisions) or not decisions
    wheels = [wheel for wheel in project.wheels if wheel.version == version]
    return render(
        "version.html",
        root=_BELOW_TWO,
        index_url=_index_url(server_url, index),
        project=project,
        version=version,
        note=note,
        offered=any(is_offered(wheel) for wheel in wheels),
        decisions=sorted(decisions, key=lambda item: item.target),
        is_unsettled=is_unsettled(project, {version}),
        may_ask=may_ask and is_wanting,
        ask_text=_ASK_AGAIN if has_failed else _ASK,
        ask_label="Ask again" if has_failed else "Ask for a build",
        wheels=[_shown_wheel(wheel, project) for wheel in wheels],
        builds=[build for build in project.builds if build.version == version],
    )


def versions_page(project: ProjectOverview, *, page: int) -> bytes | None:
    """Return a page of all versions, from 1 on; None if there is no such page."""
    project = without_gone(project)
    start = (page - 1) * VERSIONS_ON_PAGE
    shown = grid(project, start=start, limit=VERSIONS_ON_PAGE)
    if not shown.rows:
        return None
    return render(
        "versions.html",
        root=_BELOW_TWO,
        project=project,
        grid=shown,
        page=page,
        first=start + 1,
        last=start + len(shown.rows),
    )


def _newest_wheels(project: ProjectOverview) -> list[Wheel]:
    """Return the wheels of the newest version that has any, and some of the next ones."""
    ordered = sorted(project.wheels, key=lambda wheel: wheel.target)
    return sorted(ordered, key=lambda wheel: wheel.version, reverse=True)[:_WHEELS]


def without_gone(project: ProjectOverview) -> ProjectOverview:
    """Leave out what was withdrawn: files, builds and decisions of such versions.

    Of a project that was never read, or that is being removed here, nothing is left.
    """
    if project.read_at is None or is_withdrawn(project):
        return replace(project, wheels=(), decisions=(), builds=())
    gone = gone_versions(project)
    return replace(
        project,
        wheels=tuple(
            wheel
            for wheel in project.wheels
            if wheel.version not in gone and wheel.state is not WheelState.WITHDRAWN
        ),
        decisions=tuple(item for item in project.decisions if item.version not in gone),
        builds=tuple(build for build in project.builds if build.version not in gone),
    )


def project_document(project: ProjectOverview) -> bytes:
    """Return what the project's page says, as JSON."""
    project = without_gone(project)
    document = {
        "name": project.name,
        "display_name": project.display_name,
        "summary": project.summary,
        "status": project.status,
        "status_reason": project.status_reason,
        "decisions": [
            {
                "version": str(decision.version),
                "target": decision.target,
                "verdict": decision.verdict,
                "reason": decision.reason,
            }
            for decision in _newest_first(project.decisions)
        ],
        "wheels": [_wheel_document(wheel, project) for wheel in project.wheels],
        "builds": [_build_document(build) for build in project.builds],
    }
    return json.dumps(document, indent=1).encode()


def build_page(  # noqa: PLR0913 - what the page is made from
    build: BuildSummary,
    *,
    log: bytes | None,
    offset: int = 0,
    before: Sequence[BuildSummary] = (),
    now: datetime,
    server_url: str,
) -> bytes:
    """Return the page of one attempt; `before` are earlier ones at the same, the newest first.

    `log` is what there is of its log, None if it is gone; of one that runs only the end, whose last
    byte is before `offset`.
    """
    causes = build.causes[:1]
    shown = (
        None
        if log is None
        else shown_log(
            log,
            numbers=[number for cause in causes for number in cause.get("evidence", ())],
            evidence=() if build.failure is None else build.failure.evidence,
        )
    )
    attempts = [build, *before]
    return render(
        "build.html",
        root=_BELOW_ONE,
        server_url=server_url,
        build=build,
        explanation=explain(attempts, server_url=server_url),
        attempts=[one for one in reversed(attempts) if one.failure is not None],
        log=shown,
        offset=offset,
        now=now,
        phases=list(Phase),
    )


def _index_url(server_url: str, index: str) -> str:
    return f"{server_url}{overlay_of(index)}/"


def _newest_first(decisions: Sequence[Decision]) -> list[Decision]:
    """Order decisions by version, the newest first, then by target."""
    by_target = sorted(decisions, key=lambda decision: decision.target)
    return sorted(by_target, key=lambda decision: decision.version, reverse=True)


def _certification(project: ProjectOverview, wheel: Wheel) -> Certification | None:
    return project.certificates.get((wheel.build_id, wheel.file.filename))


def _shown_wheel(wheel: Wheel, project: ProjectOverview) -> dict[str, Any]:
    return {
        "certification": _certification(project, wheel),
        "dependencies": project.dependencies.get(wheel.file.filename, ()),
        "file": wheel.file,
        "path": wheel.path,
        "tags": ", ".join(sorted(map(str, wheel.file.name.tags))),
        "state": wheel.state,
        "target": wheel.target,
        "build_id": wheel.build_id,
        "uploaded_at": wheel.uploaded_at,
        "yanked": wheel.yanked,
        "yanked_reason": wheel.yanked_reason,
        "provenance": provenance_path(wheel.path),
    }


def _wheel_document(wheel: Wheel, project: ProjectOverview) -> dict[str, Any]:
    certification = _certification(project, wheel)
    return {
        "filename": wheel.file.filename,
        "version": str(wheel.version),
        "path": wheel.path,
        "size": wheel.file.size,
        "sha256": wheel.file.sha256,
        "requires_python": wheel.file.requires_python,
        "target": wheel.target,
        "state": wheel.state,
        "uploaded_at": wheel.uploaded_at.isoformat(),
        "yanked": wheel.yanked,
        "yanked_reason": wheel.yanked_reason,
        "build": wheel.build_id,
        "debian_packages": project.dependencies.get(wheel.file.filename, ()),
        "certificate": None if certification is None else _certificate_document(certification),
        "provenance": provenance_path(wheel.path),
    }


def _certificate_document(certification: Certification) -> dict[str, Any]:
    checked_at = certification.checked_at.isoformat()
    digest = certificate_digest(certification.certificate)
    document = certificate_document(certification.certificate)
    return {"checked_at": checked_at, "sha256": digest, **document}


def _build_document(build: BuildSummary) -> dict[str, Any]:
    return {
        "id": build.id,
        "version": str(build.version),
        "target": build.target,
        "builder": build.builder,
        "state": build.state,
        "started_at": build.started_at.isoformat(),
        "seconds": None if build.duration is None else build.duration.total_seconds(),
        "failure": None if build.failure is None else _failure_document(build.failure),
        "causes": list(build.causes),
        "treatment": build.treatment,
        "sdist": None if build.sdist is None else _sdist_document(build.sdist),
        "recipe": recipe_document(build.recipe),
        "limits": None if build.limits is None else limits_document(build.limits),
        "environment": build.environment,
        "environment_digest": build.environment_digest,
    }


def _sdist_document(sdist: SdistReference) -> dict[str, Any]:
    uploaded_at = None if sdist.uploaded_at is None else sdist.uploaded_at.isoformat()
    return {
        "filename": sdist.filename,
        "url": sdist.url,
        "sha256": sdist.sha256,
        "size": sdist.size,
        "uploaded_at": uploaded_at,
    }


def _failure_document(failure: Failure) -> dict[str, Any]:
    return {
        "kind": failure.kind,
        "message": failure.message,
        "subject": failure.subject,
        "evidence": failure.evidence,
    }
