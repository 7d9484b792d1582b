"""Values of the model with every argument optional."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from packaging.version import Version

from wheelyard.model.build import Decision, Failure, FailureKind, SdistReference, Verdict
from wheelyard.model.builder import Builder
from wheelyard.model.names import Filename, ProjectName, Sha256, TargetName, parse_project_name
from wheelyard.model.project import ProjectPage, ProjectStatus, UpstreamFile, Want
from wheelyard.model.target import Target, target_from_name
from wheelyard.model.wheel import Wheel, WheelFile, WheelState

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
"""The time at which a settable clock starts."""

PROJECT = ProjectName(parse_project_name("evdev"))
TARGET = TargetName("bookworm-cp311-armv7l")


def digest(text: object = "") -> Sha256:
    """Return a SHA-256 that belongs to a text, and to no other."""
    return Sha256(hashlib.sha256(str(text).encode()).hexdigest())


SDIST = SdistReference(
    filename=Filename("evdev-1.0.tar.gz"),
    url="https://files.example.org/evdev-1.0.tar.gz",
    sha256=digest("evdev-1.0.tar.gz"),
    size=1000,
    uploaded_at=NOW,
)
"""The source distribution of the release that `stock` puts on record."""


def project_name(name: str = PROJECT) -> ProjectName:
    return parse_project_name(name)


def target(name: str = TARGET, *, python_full: str | None = None) -> Target:
    return target_from_name(name, python_full=python_full)


def want(project: str = PROJECT, *, version: str | None = None, force: bool = False) -> Want:
    return Want(
        project=project_name(project),
        version=None if version is None else Version(version),
        force=force,
    )


def upstream_file(
    filename: str = "evdev-1.0.tar.gz",
    *,
    url: str | None = None,
    hashes: dict[str, str] | None = None,
    size: int | None = 1000,
    requires_python: str | None = None,
    yanked: bool = False,
    yanked_reason: str | None = None,
    uploaded_at: datetime | None = NOW,
    core_metadata: dict[str, str] | bool | None = None,
    provenance: str | None = None,
    gpg_sig: bool | None = None,
) -> UpstreamFile:
    return UpstreamFile(
        filename=Filename(filename),
        url=url or f"https://files.example.org/{filename}",
        hashes={"sha256": digest(filename)} if hashes is None else hashes,
        size=size,
        requires_python=requires_python,
        yanked=yanked,
        yanked_reason=yanked_reason,
        uploaded_at=uploaded_at,
        core_metadata=core_metadata,
        provenance=provenance,
        gpg_sig=gpg_sig,
    )


def project_page(
    *files: UpstreamFile,
    name: str = PROJECT,
    display_name: str | None = None,
    status: ProjectStatus = ProjectStatus.ACTIVE,
    status_reason: str | None = None,
    serial: int | None = None,
    summary: str | None = None,
) -> ProjectPage:
    return ProjectPage(
        name=project_name(name),
        files=files,
        display_name=display_name,
        status=status,
        status_reason=status_reason,
        serial=serial,
        summary=summary,
    )


def decision(
    *,
    project: str = PROJECT,
    version: str = "1.0",
    target: str = TARGET,
    verdict: Verdict = Verdict.NEEDS_BUILD,
    reason: str = "There is no wheel for it.",
) -> Decision:
    return Decision(
        project=project_name(project),
        version=Version(version),
        target=TargetName(target),
        verdict=verdict,
        reason=reason,
    )


def failure(
    *,
    kind: FailureKind = FailureKind.COMPILE_ERROR,
    message: str = "The compiler rejected the project's code.",
    subject: str | None = None,
    evidence: Sequence[str] = ("error: expected ';'",),
) -> Failure:
    return Failure(kind=kind, message=message, subject=subject, evidence=tuple(evidence))


def builder(
    *,
    id: int = 1,  # noqa: A002 - the field's name
    name: str = "board",
    targets: Sequence[str] = (),
    created_at: datetime = NOW,
    expires_at: datetime | None = None,
    revoked_at: datetime | None = None,
    last_seen_at: datetime | None = None,
) -> Builder:
    return Builder(
        id=id,
        name=name,
        targets=frozenset(TargetName(name) for name in targets),
        created_at=created_at,
        expires_at=expires_at,
        revoked_at=revoked_at,
        last_seen_at=last_seen_at,
    )


def wheel_file(
    filename: str = "evdev-1.0-cp311-cp311-linux_armv7l.whl",
    *,
    size: int = 2000,
    sha256: str | None = None,
    metadata_sha256: str | None = None,
    requires_python: str | None = None,
) -> WheelFile:
    return WheelFile(
        filename=Filename(filename),
        size=size,
        sha256=Sha256(sha256 or digest(filename)),
        metadata_sha256=Sha256(metadata_sha256 or digest(f"metadata of {filename}")),
        requires_python=requires_python,
    )


def wheel(
    *,
    file: WheelFile | None = None,
    project: str = PROJECT,
    version: str = "1.0",
    target: str = TARGET,
    build_id: str = "0" * 32,
    state: WheelState = WheelState.PUBLISHED,
    uploaded_at: datetime = NOW,
    yanked: bool = False,
    yanked_reason: str | None = None,
) -> Wheel:
    return Wheel(
        file=file or wheel_file(),
        project=project_name(project),
        version=Version(version),
        target=TargetName(target),
        build_id=build_id,
        state=state,
        uploaded_at=uploaded_at,
        yanked=yanked,
        yanked_reason=yanked_reason,
    )
