"""Certificates: what was checked of a wheel before anybody could install it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from wheelyard.errors import InvalidPage

MAX_EVIDENCE = 20
"""The most lines of evidence that one check keeps."""

MAX_CHARACTERS = 500
"""The most characters of a sentence or of a line of evidence."""

_FORMAT = 1


class CheckResult(StrEnum):
    """How one check ended."""

    PASS = "pass"  # noqa: S105 - a result, no password
    """What was looked for is so."""

    FAIL = "fail"
    """It is not so: the wheel must not be published."""

    NOT_APPLICABLE = "not applicable"
    """There was nothing to check, or nothing to check it against; the sentence says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was checked: its stable name, the result, one sentence, and the evidence."""

    name: str
    result: CheckResult
    message: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Everything that was checked of one wheel, in the order in which people read it."""

    checks: tuple[Check, ...]

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that say that the wheel must not be published."""
        return tuple(check for check in self.checks if check.result is CheckResult.FAIL)

    @property
    def is_passed(self) -> bool:
        """Whether nothing failed, and something was checked."""
        return bool(self.checks) and not self.failed

    def with_checks(self, *checks: Check) -> "Certificate":
        """Return the certificate with these at its end, in place of those of the same names."""
        names = {check.name for check in checks}
        kept = tuple(check for check in self.checks if check.name not in names)
        return Certificate(checks=(*kept, *checks))


@dataclass(frozen=True, slots=True, kw_only=True)
class Certification:
    """A certificate on record, and when the wheel was checked."""

    certificate: Certificate
    checked_at: datetime


def passed(name: str, message: str, *evidence: str) -> Check:
    """Return a check that passed."""
    return _check(name, CheckResult.PASS, message, evidence)


def failed(name: str, message: str, *evidence: str) -> Check:
    """Return a check that failed."""
    return _check(name, CheckResult.FAIL, message, evidence)


def not_applicable(name: str, message: str, *evidence: str) -> Check:
    """Return a check that had nothing to say about this wheel."""
    return _check(name, CheckResult.NOT_APPLICABLE, message, evidence)


def _check(name: str, result: CheckResult, message: str, evidence: tuple[str, ...]) -> Check:
    lines = tuple(line[:MAX_CHARACTERS] for line in evidence[:MAX_EVIDENCE])
    if len(evidence) > MAX_EVIDENCE:
        lines = (*lines[:-1], f"and {len(evidence) - MAX_EVIDENCE + 1} more")
    return Check(name=name, result=result, message=message[:MAX_CHARACTERS], evidence=lines)


def certificate_document(certificate: Certificate) -> dict[str, Any]:
    """Return a certificate as it is stored and shown in JSON; `format` counts its shapes."""
    return {
        "format": _FORMAT,
        "passed": certificate.is_passed,
        "checks": [
            {
                "name": check.name,
                "result": check.result.value,
                "message": check.message,
                "evidence": list(check.evidence),
            }
            for check in certificate.checks
        ],
    }


def parse_certificate(document: Mapping[str, Any] | str) -> Certificate:
    """Read what `certificate_document` made, or its text.

    Raises:
        InvalidPage: if it is something else.
    """
    try:
        fields = json.loads(document) if isinstance(document, str) else document
        if fields["format"] != _FORMAT:
            raise InvalidPage(f"a certificate of the format {fields['format']!r}")
        return Certificate(checks=tuple(_parse_check(check) for check in fields["checks"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidPage(f"a certificate that cannot be read: {error}") from None


def _parse_check(fields: Mapping[str, Any]) -> Check:
    texts = [fields["name"], fields["message"], *fields["evidence"]]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a check that is no text")
    return Check(
        name=fields["name"],
        result=CheckResult(fields["result"]),
        message=fields["message"],
        evidence=tuple(fields["evidence"]),
    )
