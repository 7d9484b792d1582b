"""What is told of a whole file: for programs as a document, for people as words."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wheelyard.checking.needs import Needs
from wheelyard.checking.verdict import Finding, Outcome, debian_packages
from wheelyard.model.names import TargetName

_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+(?::[a-z0-9-]+)?")

WORDS = {
    Outcome.UNKNOWN_PROJECT: "unknown project",
    Outcome.NO_RELEASE: "no such release",
    Outcome.FAILED: "failed",
    Outcome.NOT_BUILT: "not built here",
    Outcome.REQUESTABLE: "can be requested",
    Outcome.BUILDING: "being built",
    Outcome.NOT_FROM_INDEX: "not from an index",
    Outcome.WHEEL: "wheel",
    Outcome.UPSTREAM: "covered upstream",
    Outcome.NOT_NEEDED: "not needed here",
}
"""Outcomes as people read them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found about a file and a target."""

    target: TargetName
    form: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def is_fine(self) -> bool:
        """Whether everything installs without anything being compiled."""
        return all(finding.outcome.is_fine for finding in self.findings)

    @property
    def counts(self) -> dict[Outcome, int]:
        """How many requirements there are of each outcome that occurs, the worst news first."""
        found = Counter(finding.outcome for finding in self.findings)
        return {outcome: found[outcome] for outcome in Outcome if found[outcome]}

    @property
    def debian_packages(self) -> tuple[str, ...]:
        """The Debian packages that the wheels found need, as far as they have possible names."""
        return tuple(name for name in debian_packages(self.findings) if _PACKAGE.fullmatch(name))

    @property
    def apt_line(self) -> str | None:
        """The command that installs those; None if nothing is needed."""
        packages = self.debian_packages
        return f"sudo apt install {' '.join(packages)}" if packages else None


def make_report(
    needs: Needs, findings: Sequence[Finding], *, target: TargetName, is_built_for: bool = True
) -> Report:
    """Put together what is told of a file; `is_built_for`: wheels are made for the target."""
    notes = list(needs.notes)
    if not is_built_for:
        notes.append(f"This server makes no wheels for {target}.")
    if not needs.is_locked and needs.needs:
        notes.append(
            "What these requirements need in turn is not looked at; a lock file names it all."
        )
    return Report(target=target, form=needs.form, findings=tuple(findings), notes=tuple(notes))


def report_document(report: Report) -> dict[str, Any]:
    """Return a report for programs."""
    return {
        "target": report.target,
        "form": report.form,
        "is_fine": report.is_fine,
        "counts": {outcome.value: count for outcome, count in report.counts.items()},
        "debian_packages": list(report.debian_packages),
        "apt_line": report.apt_line,
        "notes": list(report.notes),
        "requirements": [_finding_document(finding) for finding in report.findings],
    }


def _finding_document(finding: Finding) -> dict[str, Any]:
    place = finding.place
    estimate = None if place is None else place.estimate
    return {
        "requirement": finding.need.shown,
        "place": finding.need.place,
        "project": finding.need.name,
        "outcome": finding.outcome.value,
        "sentence": finding.sentence,
        "version": None if finding.version is None else str(finding.version),
        "filename": finding.filename,
        "debian_packages": list(finding.debian_packages),
        "alternative": None if finding.alternative is None else str(finding.alternative),
        "is_running": None if place is None else place.is_running,
        "jobs_before": None if place is None else place.before,
        "estimate_seconds": None if estimate is None else round(estimate.total_seconds()),
    }
