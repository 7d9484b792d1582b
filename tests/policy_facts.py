"""Releases of a project called ujson, and what is known of them, for tests of the policy."""

from datetime import UTC, datetime

from packaging.version import Version

from wheelyard.model.names import Filename, ProjectName, Sha256, parse_project_name
from wheelyard.model.project import ProjectPage, Release, UpstreamFile
from wheelyard.model.target import Target, target_from_name
from wheelyard.model.wheel import Wheel, WheelFile, WheelState

NAME = parse_project_name("ujson")
BOOKWORM = target_from_name("bookworm-cp311-armv7l")
TRIXIE = target_from_name("trixie-cp313-aarch64")
NEWER = target_from_name("bookworm-cp312-armv7l")
DIGEST = Sha256("ab" * 32)
SDIST = "ujson-1.0.tar.gz"
PURE = "ujson-1.0-py3-none-any.whl"
OURS = "ujson-1.0-cp311-cp311-linux_armv7l.whl"
UPSTREAM = "ujson-1.0-cp311-cp311-manylinux_2_17_armv7l.manylinux2014_armv7l.whl"
ELSEWHERE = "ujson-1.0-cp311-cp311-win_amd64.whl"


def file(
    filename: str = SDIST,
    *,
    sha256: str | None = DIGEST,
    yanked: bool = False,
    yanked_reason: str | None = None,
    requires_python: str | None = None,
) -> UpstreamFile:
    return UpstreamFile(
        filename=Filename(filename),
        url=f"https://files.example.org/{filename}",
        hashes={} if sha256 is None else {"sha256": sha256},
        yanked=yanked,
        yanked_reason=yanked_reason,
        requires_python=requires_python,
    )


def release(*files: UpstreamFile, version: str = "1.0") -> Release:
    return Release(project=NAME, version=Version(version), files=files)


def page(*files: UpstreamFile, name: ProjectName = NAME) -> ProjectPage:
    return ProjectPage(name=name, files=files)


def our_wheel(
    filename: str = OURS,
    *,
    target: Target = BOOKWORM,
    state: WheelState = WheelState.PUBLISHED,
    requires_python: str | None = None,
    portable_from: int | None = None,
) -> Wheel:
    return Wheel(
        file=WheelFile(
            filename=Filename(filename),
            size=1,
            sha256=DIGEST,
            metadata_sha256=DIGEST,
            requires_python=requires_python,
        ),
        project=NAME,
        version=Version("1.0"),
        target=target.name,
        build_id="b1",
        state=state,
        uploaded_at=datetime(2026, 11, 23, tzinfo=UTC),
        portable_from=portable_from,
    )
