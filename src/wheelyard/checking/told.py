"""What a server tells everybody of a project: its index page, and the project's own document.

Unknown fields and labels are ignored: the server may be newer than whoever reads it.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from packaging.version import InvalidVersion, Version
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wheelyard.checking.facts import KnownFile, KnownProject, KnownRelease, QueuePlace, Ruling
from wheelyard.errors import InvalidPage
from wheelyard.model.build import BuildState, Verdict
from wheelyard.model.names import Filename, ProjectName
from wheelyard.model.project import ProjectPage, UpstreamFile, releases
from wheelyard.model.target import Target
from wheelyard.model.wheel import WheelState

_MOST = 100_000
_MAX_SECONDS = 10**9


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class _Decision(_Told):
    version: str
    target: str
    verdict: str
    reason: str


class _Wheel(_Told):
    filename: str
    state: str
    debian_packages: Annotated[tuple[str, ...], Field(strict=False)] = ()


class _Build(_Told):
    version: str
    target: str
    state: str


class ToldProject(_Told):
    """A project's document, `/project/NAME/index.json`, as far as it matters to a check."""

    decisions: Annotated[tuple[_Decision, ...], Field(max_length=_MOST, strict=False)] = ()
    wheels: Annotated[tuple[_Wheel, ...], Field(max_length=_MOST, strict=False)] = ()
    builds: Annotated[tuple[_Build, ...], Field(max_length=_MOST, strict=False)] = ()


class _Answer(_Told):
    project: str | None
    version: str | None
    is_running: bool | None
    jobs_before: int | None = Field(default=None, ge=0)
    estimate_seconds: int | None = Field(default=None, ge=0, le=_MAX_SECONDS)


class _Answers(_Told):
    requirements: Annotated[tuple[_Answer, ...], Field(max_length=_MOST, strict=False)]


def read_told(data: bytes, project: ProjectName) -> ToldProject:
    """Read a project's document.

    Raises:
        InvalidPage: if it is none.
    """
    try:
        return ToldProject.model_validate_json(data)
    except ValidationError as error:
        raise InvalidPage(f"what the server tells of {project}", _fault(error)) from None


def read_places(data: bytes) -> dict[tuple[str, Version], QueuePlace]:
    """Read where jobs are in the queue, by project and version, from an answer to a check.

    Raises:
        InvalidPage: if it is none.
    """
    try:
        answers = _Answers.model_validate_json(data)
    except ValidationError as error:
        raise InvalidPage("what the server tells of its queue", _fault(error)) from None
    found = {}
    for one in answers.requirements:
        version = None if one.version is None else _version(one.version)
        if one.project is not None and version is not None and one.is_running is not None:
            seconds = one.estimate_seconds
            found[one.project, version] = QueuePlace(
                is_running=one.is_running,
                before=one.jobs_before,
                estimate=None if seconds is None else timedelta(seconds=seconds),
            )
    return found


def known_project(page: ProjectPage, told: ToldProject, target: Target) -> KnownProject:
    """Put together what an overlay's page and the project's document tell."""
    ours = {
        wheel.filename: wheel.debian_packages
        for wheel in told.wheels
        if wheel.state == WheelState.PUBLISHED
    }
    rulings = _rulings(told, target)
    running = {
        _version(build.version)
        for build in told.builds
        if build.target == target.name and build.state == BuildState.RUNNING
    }
    return KnownProject(
        name=page.name,
        releases={
            version: KnownRelease(
                files=tuple(_known_file(file, ours) for file in release.files),
                ruling=rulings.get(version),
                place=QueuePlace(is_running=True) if version in running else None,
            )
            for version, release in releases(page).items()
        },
        status=page.status,
        status_reason=page.status_reason,
    )


def _known_file(file: UpstreamFile, ours: Mapping[str, tuple[str, ...]]) -> KnownFile:
    return KnownFile(
        filename=Filename(file.filename),
        requires_python=file.requires_python,
        is_yanked=file.yanked,
        is_ours=file.filename in ours,
        debian_packages=ours.get(file.filename, ()),
    )


def _rulings(told: ToldProject, target: Target) -> dict[Version, Ruling]:
    found = {}
    for decision in told.decisions:
        version = _version(decision.version)
        if decision.target == target.name and version is not None and decision.verdict in _VERDICTS:
            reason = " ".join(decision.reason.split())
            found[version] = Ruling(verdict=Verdict(decision.verdict), reason=reason)
    return found


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _fault(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))[:80]}: {first['msg'][:200]}"


_VERDICTS = frozenset(Verdict)
