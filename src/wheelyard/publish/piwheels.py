"""What is known of a project in the form of piwheels' JSON, for scripts made for that; pure.

Fields and their meanings are those that piwheels documents; `url` and `requires_python` are ours.
"""

import json
from collections.abc import Sequence
from datetime import UTC
from typing import Any

from packaging.version import Version

from wheelyard.model.build import Decision, Verdict
from wheelyard.model.overview import ProjectOverview
from wheelyard.model.target import target_from_name
from wheelyard.model.wheel import Wheel
from wheelyard.publish.debian import to_install
from wheelyard.publish.selection import is_offered

_SKIPPED = frozenset({Verdict.SKIPPED, Verdict.OPTED_OUT})


def piwheels_document(
    project: ProjectOverview, *, server_url: str, upstream_url: str | None
) -> bytes:
    """Return the document; `project` is without what was withdrawn, `upstream_url` its page there.

    Where several channels have a file of one name, the newest one is told of.
    """
    versions = {*project.uploads, *(decision.version for decision in project.decisions)}
    by_version: dict[Version, list[Wheel]] = {}
    for wheel in sorted(project.wheels, key=lambda wheel: wheel.uploaded_at):
        if is_offered(wheel):
            by_version.setdefault(wheel.version, []).append(wheel)
    decisions: dict[Version, list[Decision]] = {}
    for decision in project.decisions:
        decisions.setdefault(decision.version, []).append(decision)
    document = {
        "package": project.name,
        "summary": project.summary or "",
        "pypi_url": upstream_url,
        "piwheels_url": f"{server_url}project/{project.name}/",
        "releases": {
            str(version): _release(
                version,
                project,
                decisions=decisions.get(version, ()),
                wheels=by_version.get(version, ()),
                server_url=server_url,
            )
            for version in sorted(versions, reverse=True)
        },
    }
    return json.dumps(document, indent=1).encode()


def _release(
    version: Version,
    project: ProjectOverview,
    *,
    decisions: Sequence[Decision],
    wheels: Sequence[Wheel],
    server_url: str,
) -> dict[str, Any]:
    skipped = [item.reason for item in decisions if item.verdict in _SKIPPED]
    released = project.uploads.get(version)
    return {
        "released": None if released is None else f"{released.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        "prerelease": version.is_prerelease,
        "yanked": any(item.verdict is Verdict.YANKED for item in decisions)
        or any(wheel.yanked for wheel in wheels),
        "skip_reason": skipped[0] if skipped else "",
        "files": {wheel.file.filename: _file(project, wheel, server_url) for wheel in wheels},
    }


def _file(project: ProjectOverview, wheel: Wheel, server_url: str) -> dict[str, Any]:
    tags = sorted(wheel.file.name.tags, key=str)
    return {
        "filehash": wheel.file.sha256,
        "filesize": wheel.file.size,
        "builder_abi": "cp{}{}".format(*target_from_name(wheel.target).python),
        "file_abi_tag": tags[0].abi,
        "platform": tags[0].platform,
        "requires_python": wheel.file.requires_python,
        "apt_dependencies": list(to_install(project.dependencies.get(wheel.file.filename, ()))),
        "url": f"{server_url}{wheel.path}",
    }
