"""Pages for people, from the templates; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from packaging.version import Version

from wheelyard.checking.facts import QueuePlace
from wheelyard.model.build import Phase, Verdict
from wheelyard.model.names import TargetName
from wheelyard.model.overview import ProjectOverview
from wheelyard.model.summary import BuildSummary
from wheelyard.model.wheel import Wheel, WheelState, provenance_path
from wheelyard.publish.debian import to_install
from wheelyard.publish.documents import certification_of
from wheelyard.publish.grid import grid, is_unsettled
from wheelyard.publish.log_view import shown_log
from wheelyard.publish.selection import (
    gone_versions,
    is_offered,
    is_withdrawn,
    overlay_of,
)
from wheelyard.queue.explanation import explain
from wheelyard.render import render

_BELOW_ONE = "../../"
_BELOW_TWO = "../../../"
_VERSIONS = 30
_WHEELS = 12
_BUILDS = 10
VERSIONS_ON_PAGE = 100
"""So many versions are on a page of all versions."""


def project_page(
    project: ProjectOverview,
    *,
    index: str,
    server_url: str,
    upstream_url: str | None,
    may_ask: bool,
) -> bytes:
    """Return a project's page; `index` is the one that its installation lines name.

    `project` is without what was withdrawn, `upstream_url` is where upstream tells of it. With
    `may_ask` it offers to have it built. It shows the newest versions, wheels and builds: what is
    older has pages of its own.
    """
    shown = grid(project, limit=_VERSIONS)
    return render(
        "project.html",
        root=_BELOW_ONE,
        server_url=server_url,
        index_url=index_url(server_url, index),
        upstream_url=upstream_url,
        may_ask=may_ask,
        project=project,
        offered=any(is_offered(wheel) for wheel in project.wheels),
        packages=_debian_packages(project, _newest_wheels(project)),
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
    places: Mapping[TargetName, QueuePlace],
) -> bytes:
    """Return the page of one version: what was decided, its wheels and its builds.

    Of the project nothing but that version need have been read. With `may_ask` it offers to have it
    built, or tried again; `places` tell where it is in the queues of targets.
    """
    project = without_gone(project)
    shown = grid(project, limit=1)
    decisions = [item for item in project.decisions if item.version == version]
    has_failed = any(item.verdict is Verdict.FAILED for item in decisions)
    is_wanting = not all(item.verdict.is_satisfied for item in decisions) or not decisions
    wheels = [wheel for wheel in project.wheels if wheel.version == version]
    return render(
        "version.html",
        root=_BELOW_TWO,
        server_url=server_url,
        index_url=index_url(server_url, index),
        project=project,
        version=version,
        uploaded_at=project.uploads.get(version),
        places=places,
        offered=any(is_offered(wheel) for wheel in wheels),
        packages=_debian_packages(project, wheels),
        decisions=sorted(decisions, key=lambda item: item.target),
        cells=dict(zip(shown.targets, shown.rows[0].cells, strict=True)) if shown.rows else {},
        is_unsettled=is_unsettled(project, {version}),
        may_ask=may_ask and is_wanting,
        has_failed=has_failed,
        wheels=[_shown_wheel(wheel, project) for wheel in wheels],
        builds=[build for build in project.builds if build.version == version],
    )


def versions_page(
    project: ProjectOverview, *, page: int, versions: int, server_url: str
) -> bytes | None:
    """Return a page of all versions, from 1 on; None if there is no such page.

    Of the project only the versions of that page need have been read; `versions` counts all.
    """
    project = without_gone(project)
    start = (page - 1) * VERSIONS_ON_PAGE
    shown = grid(project, limit=VERSIONS_ON_PAGE, versions=versions)
    if not shown.rows:
        return None
    return render(
        "versions.html",
        root=_BELOW_TWO,
        server_url=server_url,
        project=project,
        grid=shown,
        page=page,
        first=start + 1,
        last=start + len(shown.rows),
    )


def _debian_packages(
    project: ProjectOverview, wheels: Sequence[Wheel]
) -> dict[str, tuple[str, ...]]:
    """Return the Debian packages that the newest version's wheels need, by channel."""
    offered = [wheel for wheel in wheels if is_offered(wheel)]
    newest = max((wheel.version for wheel in offered), default=None)
    found: dict[str, set[str]] = {}
    for wheel in offered:
        packages = to_install(project.dependencies.get(wheel.file.filename, ()))
        if wheel.version == newest and packages:
            found.setdefault(wheel.channel, set()).update(packages)
    return {channel: tuple(sorted(packages)) for channel, packages in sorted(found.items())}


def _newest_wheels(project: ProjectOverview) -> list[Wheel]:
    """Return the wheels of the newest version that has any, and some of the next ones."""
    ordered = sorted(project.wheels, key=lambda wheel: wheel.target)
    return sorted(ordered, key=lambda wheel: wheel.version, reverse=True)[:_WHEELS]


def without_gone(project: ProjectOverview) -> ProjectOverview:
    """Leave out what was withdrawn: files, builds and decisions of such versions.

    Of a project that was never read, or that is being removed here, nothing is left.
    """
    if project.read_at is None or is_withdrawn(project):
        return replace(project, wheels=(), decisions=(), builds=(), uploads={})
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
        uploads={
            version: uploaded_at
            for version, uploaded_at in project.uploads.items()
            if version not in gone
        },
    )


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


def index_url(server_url: str, index: str) -> str:
    """Return the address of the overlay that belongs to an index, with a slash at its end."""
    return f"{server_url}{overlay_of(index)}/"


def _shown_wheel(wheel: Wheel, project: ProjectOverview) -> dict[str, Any]:
    build = next((one for one in project.builds if one.id == wheel.build_id), None)
    return {
        "build": build,
        "certification": certification_of(project, wheel),
        "dependencies": to_install(project.dependencies.get(wheel.file.filename, ())),
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
