"""What a rule is, and how findings rank."""

import re
from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY, dataclass, replace
from enum import IntEnum
from functools import cache

from wheelyard.diagnosis.cause import CauseKind, Remedy
from wheelyard.diagnosis.log_text import LogText

_MAX_SUBJECT = 200
_MAX_FINDINGS = 12
_STOPS = (
    "[end of output]",
    "error: command",
    "error: subprocess",
    "failed with exit",
    "make: ***",
    "ninja: build stopped",
    "compilation aborted",
    "returned non-zero exit status",
    "error: failed building",
    "could not compile",
)
_STOP_DISTANCE = 15
_TEMPORARY = re.compile(r"^(?:/[^/\s]{1,80}){1,12}/(?:[A-Za-z0-9_.-]+_[0-9a-f]{32})/")
_DECISIVE = frozenset(
    {
        "no such file or directory",
        "no such file or directory: '",
        "cannot find -l",
        "no module named ",
        "error: dependency ",
        "could not find",
        "configure: error:",
        "was not found in the pkg-config search path",
        " error: ",
        "undefined reference to",
        "multiple definition of",
        "not found",
        "no space left on device",
        "virtual memory exhausted",
        "killed signal terminated program",
        "name or service not known",
        "missing parentheses in call to",
        "must be installed",
        "has no attribute '",
        "be found for ",
    }
)
"""What rules look for in the middle of a huge log too; each literal costs a search through it."""


class Tier(IntEnum):
    """How surely a finding is the root cause; among equals the first in the log wins."""

    CERTAIN = 0
    """Nothing else matters: no memory, no space, pip says that the release does not exist."""

    FATAL = 1
    """A tool stopped and said what it lacked."""

    LIKELY = 2
    """A tool said what it lacked, and the build may have gone on."""

    STATED = 3
    """A person's sentence says it, or a probe that may be allowed to fail."""

    GENERIC = 4
    """It failed here, and that is all that can be said."""

    HINT = 5
    """Worth showing if there is nothing else."""

    @property
    def confidence(self) -> float:
        """How sure a finding of this tier is, from 0 to 1."""
        return (0.97, 0.93, 0.8, 0.7, 0.5, 0.3)[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that a rule saw at a line of the log."""

    kind: CauseKind
    subject: str | None
    place: int
    tier: Tier
    remedy: Remedy | None = None
    text: str = ""

    def but(
        self,
        *,
        kind: CauseKind | None = None,
        subject: str | None = None,
        tier: Tier | None = None,
        remedy: Remedy | None = None,
    ) -> "Finding":
        """Return the finding with what is given changed."""
        return replace(
            self,
            kind=kind or self.kind,
            subject=subject or self.subject,
            tier=self.tier if tier is None else tier,
            remedy=remedy or self.remedy,
        )


Refinement = Callable[[Finding, LogText], Iterable[Finding]]
"""Looks round a finding and returns what it really is: nothing, one or several findings."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Lines that hold `literal` (lower case) and match `pattern` (any case) mean a cause.

    Without a pattern the literal is enough. The pattern's group `subject` is what it is about,
    unless `subject` says it. Patterns must be linear: no nested repetition, bounded runs.
    """

    kind: CauseKind
    literal: str
    pattern: str | None = None
    _: KW_ONLY
    tier: Tier = Tier.FATAL
    subject: str | None = None
    remedy: Remedy | None = None
    refine: Refinement | None = None

    def findings(self, log: LogText) -> Iterable[Finding]:
        """Yield what the rule sees in a log: a bounded number of different subjects."""
        seen: set[str | None] = set()
        for place in log.places(self.literal, everywhere=self.literal in _DECISIVE):
            match = _compiled(self.pattern or re.escape(self.literal)).search(log.text(place))
            if match is None:
                continue
            subject = self.subject or clean_subject(match.groupdict().get("subject"))
            if subject in seen:
                continue
            seen.add(subject)
            finding = Finding(
                kind=self.kind,
                subject=subject,
                place=place,
                tier=self.tier,
                remedy=self.remedy,
                text=log.text(place),
            )
            yield from [finding] if self.refine is None else self.refine(finding, log)
            if len(seen) >= _MAX_FINDINGS:
                return


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def clean_subject(text: str | None) -> str | None:
    """Return a subject without the quotes and dots round it, or None if nothing is left."""
    cleaned = (text or "").strip(" \t'\"()[]:;,!").removesuffix(".")
    return cleaned[:_MAX_SUBJECT] or None


def own_path(path: str | None) -> str:
    """Return the path of a file within its project, without the folder that pip unpacked to."""
    return _TEMPORARY.sub("", path or "")


def is_followed_by_stop(finding: Finding, log: LogText) -> bool:
    """Whether the build stopped soon after the line, so that it was no mere probe."""
    following = log.after(finding.place, _STOP_DISTANCE)
    if len(following) < _STOP_DISTANCE:
        return True
    return any(_is_stop(log.text(place).lower()) for place in following)


def _is_stop(line: str) -> bool:
    """Whether a line in lower case ends a build; those of compilers start with a file's name."""
    return line.startswith("error: ") or any(stop in line for stop in _STOPS)


def unless_it_went_on(finding: Finding, log: LogText) -> Iterable[Finding]:
    """Rank a finding lower if the build went on after it."""
    yield finding if is_followed_by_stop(finding, log) else finding.but(tier=Tier.STATED)
