"""What projects' pages say, for programs; pure."""

import json
from collections.abc import Sequence
from typing import Any

from wheelyard.model.build import Decision, Failure, SdistReference
from wheelyard.model.certificate import Certification, certificate_document
from wheelyard.model.overview import ProjectOverview
from wheelyard.model.recipe import limits_document, recipe_document
from wheelyard.model.summary import BuildSummary
from wheelyard.model.wheel import Wheel, provenance_path
from wheelyard.provenance.statement import certificate_digest


def project_document(project: ProjectOverview) -> bytes:
    """Return what the project's page says, as JSON; `project` is without what was withdrawn."""
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
        "wheels": [wheel_document(wheel, project) for wheel in project.wheels],
        "builds": [build_document(build) for build in project.builds],
    }
    return json.dumps(document, indent=1).encode()


def _newest_first(decisions: Sequence[Decision]) -> list[Decision]:
    """Order decisions by version, the newest first, then by target."""
    by_target = sorted(decisions, key=lambda decision: decision.target)
    return sorted(by_target, key=lambda decision: decision.version, reverse=True)


def certification_of(project: ProjectOverview, wheel: Wheel) -> Certification | None:
    """Return what was checked of a wheel."""
    return project.certificates.get((wheel.build_id, wheel.file.filename))


def wheel_document(wheel: Wheel, project: ProjectOverview) -> dict[str, Any]:
    """Return all that is known of a wheel, as JSON values."""
    certification = certification_of(project, wheel)
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


def build_document(build: BuildSummary) -> dict[str, Any]:
    """Return all that is known of an attempt, as JSON values."""
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
