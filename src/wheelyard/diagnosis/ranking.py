"""What findings are worth beside each other."""

import re
from itertools import pairwise

from wheelyard.diagnosis.cause import CauseKind
from wheelyard.diagnosis.log_text import LogText
from wheelyard.diagnosis.rule import Finding, Tier

END_OF_OUTPUT = "[end of output]"
"""What pip prints below what a program printed."""

_VAGUE = frozenset({CauseKind.AUTHOR_MESSAGE, CauseKind.COMPILE_ERROR, CauseKind.UNKNOWN})
_STOPPED = "error: command '"
_STOP = re.compile(r"error: command '[^']{1,300}' failed")
_RETRIED = "retrying the build without"
_OF_CODE = re.compile(r"# +(?:-|[A-Z][a-z])|#   |\"ERROR: Can not execute")


def ranked_groups(findings: list[Finding], text: LogText) -> list[list[Finding]]:
    """Return the findings by what they are about: the surest first, and of equals the earliest.

    What is no message, what the build survived and what only echoes another finding counts less
    or not at all.
    """
    findings = _without_echoes(_demote_what_was_survived(_of_messages(findings), text))
    groups: dict[tuple[CauseKind, str | None], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.kind, finding.subject), []).append(finding)
    for group in groups.values():
        group.sort(key=lambda finding: (finding.tier, finding.place))
    return sorted(
        groups.values(), key=lambda group: (group[0].tier, min(each.place for each in group))
    )


def _of_messages(findings: list[Finding]) -> list[Finding]:
    """Drop what was seen in comments of code: pip prints the program that it runs for setup.py."""
    return [finding for finding in findings if not _OF_CODE.match(finding.text)]


def _demote_what_was_survived(findings: list[Finding], text: LogText) -> list[Finding]:
    """Rank lower what the build went on after: a compiler's end, or a start without an extension.

    distutils ends with one line that tells which command failed. Where it stands twice in what one
    program printed, the first was a probe.
    """
    restarts = text.places(_RETRIED)
    if restarts:
        return [
            finding.but(tier=Tier.HINT) if finding.place < restarts[-1] else finding
            for finding in findings
        ]
    ends = text.places(END_OF_OUTPUT)
    stops = [place for place in text.places(_STOPPED) if _STOP.match(text.text(place))]
    survived = [
        (max((end for end in ends if end < stop), default=-1), stop)
        for stop, following in pairwise(stops)
        if not any(stop < end < following for end in ends)
        and any(stop < each.place < following and each.tier <= Tier.FATAL for each in findings)
    ]
    return [
        finding.but(tier=Tier.STATED)
        if finding.tier is Tier.FATAL
        and any(start < finding.place < stop for start, stop in survived)
        else finding
        for finding in findings
    ]


def _without_echoes(findings: list[Finding]) -> list[Finding]:
    """Drop vague findings about a line of which another rule knows more."""
    if any(finding.kind is CauseKind.MISSING_PKG_CONFIG for finding in findings):
        # Authors like to blame pkg-config itself, though it has just answered.
        findings = [
            finding
            for finding in findings
            if finding.tier < Tier.STATED or finding.subject != "pkg-config"
        ]
    precise = {finding.place for finding in findings if finding.kind not in _VAGUE}
    return [
        finding
        for finding in findings
        if finding.kind not in _VAGUE or finding.place not in precise
    ]
