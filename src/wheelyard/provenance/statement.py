"""What is said of a wheel: an in-toto statement, version 1, with a SLSA provenance predicate.

The specifications are https://github.com/in-toto/attestation/tree/main/spec/v1 and
https://slsa.dev/spec/v1.0/provenance. Pure.
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from wheelyard.model.certificate import Certificate, certificate_document
from wheelyard.model.names import Sha256
from wheelyard.model.wheel import Origin

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:wheelyard:build:1"
"""What `externalParameters` and `internalParameters` mean: see docs/provenance.md."""


def canonical_json(document: object) -> bytes:
    """Return the one form of a JSON document that its digest is taken of."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def certificate_digest(certificate: Certificate) -> Sha256:
    """Return the SHA-256 of a certificate's canonical JSON."""
    document = canonical_json(certificate_document(certificate))
    return Sha256(hashlib.sha256(document).hexdigest())


def statement(origin: Origin, *, server_url: str) -> bytes:
    """Return the statement about one wheel, in canonical form.

    `server_url` is this server's, with a slash at its end: builders and builds are named by it.
    """
    return canonical_json(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": origin.filename, "digest": {"sha256": origin.sha256}}],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "buildDefinition": _definition(origin),
                "runDetails": _run(origin, server_url),
            },
        }
    )


def _definition(origin: Origin) -> dict[str, Any]:
    return {
        "buildType": BUILD_TYPE,
        "externalParameters": {
            "project": origin.project,
            "version": str(origin.version),
            "target": origin.target,
        },
        "internalParameters": {
            "buildNumber": origin.number,
            "environment": {"name": origin.environment, "sha256": origin.environment_digest},
            "recipe": {"sha256": origin.recipe_digest},
            "limits": dict(origin.limits),
        },
        "resolvedDependencies": [
            {
                "name": origin.sdist_filename,
                "uri": origin.sdist_url,
                "digest": {"sha256": origin.sdist_sha256},
            }
        ],
    }


def _run(origin: Origin, server_url: str) -> dict[str, Any]:
    metadata = {
        "invocationId": f"{server_url}build/{origin.build_id}/",
        "startedOn": _utc(origin.started_at),
    }
    if origin.finished_at is not None:
        metadata["finishedOn"] = _utc(origin.finished_at)
    return {
        "builder": {"id": f"{server_url}builders/{quote(origin.builder, safe='')}"},
        "metadata": metadata,
        "wheelyard_certificate": _certificate(origin.certificate),
    }


def _certificate(certificate: Certificate | None) -> dict[str, Any] | None:
    """Tell what each check found; the digest is that of the whole, which has the evidence."""
    if certificate is None:
        return None
    return {
        "sha256": certificate_digest(certificate),
        "passed": certificate.is_passed,
        "checks": {check.name: check.result.value for check in certificate.checks},
    }


def _utc(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
