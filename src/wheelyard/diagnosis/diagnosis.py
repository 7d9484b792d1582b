"""All rules together: from a log to its causes, root cause first."""

import re
from collections.abc import Iterable
from dataclasses import replace

from wheelyard.diagnosis.cause import Cause, CauseKind, Remedy
from wheelyard.diagnosis.explain import sentence
from wheelyard.diagnosis.log_text import LogText
from wheelyard.diagnosis.ranking import END_OF_OUTPUT, ranked_groups
from wheelyard.diagnosis.remedies import PYTHON_TOOLS
from wheelyard.diagnosis.rule import Finding, Rule, Tier
from wheelyard.diagnosis.rules import (
    authors,
    autoconf,
    cmake,
    compilers,
    cython,
    installers,
    languages,
    linkers,
    meson,
    modules,
    network,
    pkg_config,
    programs,
    python_code,
    refusals,
    resources,
    rust,
    setuptools,
    versions,
)
from wheelyard.diagnosis.system_remedies import (
    Attempt,
    PackageSource,
    with_higher_limits,
    with_packages,
    with_version,
)
from wheelyard.diagnosis.wants import wants
from wheelyard.model.build import Failure

RULES: tuple[Rule, ...] = (
    *resources.RULES,
    *installers.RULES,
    *versions.RULES,
    *compilers.RULES,
    *linkers.RULES,
    *rust.RULES,
    *meson.RULES,
    *cmake.RULES,
    *autoconf.RULES,
    *modules.RULES,
    *python_code.RULES,
    *cython.RULES,
    *setuptools.RULES,
    *programs.RULES,
    *languages.RULES,
    *pkg_config.RULES,
    *network.RULES,
    *refusals.RULES,
    *authors.RULES,
)
"""Every rule. Of two that see the same line in the same way, the earlier one wins."""

_MAY_BE_OF_PYTHON = frozenset({CauseKind.AUTHOR_MESSAGE, CauseKind.MISSING_PROGRAM})
_SAYS_NOTHING = frozenset({CauseKind.UNKNOWN, CauseKind.TRUNCATED_LOG})
_ESCAPED = "\\n"
_MAX_ESCAPED = 1024 * 1024
_MAX_CAUSES = 8
_MAX_EVIDENCE = 10
_EXIT_STATUS = re.compile(r"^# exit status:? (-?\d{1,3})\b")
_SIGNALS = 128
_TIMED_OUT = frozenset({124, -15, 15 + _SIGNALS})
_KILLED = frozenset({-9, 9 + _SIGNALS})
_FILE_TOO_LARGE = frozenset({-25, 25 + _SIGNALS})
_ENDINGS = ("error", "[end of output]", "# exit status", "successfully built", "failed")


_UNKNOWN_ATTEMPT = Attempt()


def diagnose(
    log: str,
    *,
    exit_status: int | None = None,
    attempt: Attempt = _UNKNOWN_ATTEMPT,
    source: PackageSource | None = None,
) -> tuple[Cause, ...]:
    """Return the causes of a build's failure, root cause first; none if the build succeeded.

    Any log of pip or wheelyard will do, however large, cut off or hostile. `exit_status` is that
    of the build as a whole, negative or above 128 for a signal; a last line `# exit status N` in
    the log stands in for it. Where nothing fits, the one cause is an honest `unknown`. With a
    `source` the remedies name packages of the distribution.
    """
    return tuple(_mended(cause, attempt, source) for cause in _found(log, exit_status))


def _mended(cause: Cause, attempt: Attempt, source: PackageSource | None) -> Cause:
    """Complete a cause's remedy with what the log alone cannot know."""
    cause = with_version(with_higher_limits(cause, attempt.limits), attempt.version)
    return cause if source is None else with_packages(cause, source, project=attempt.project)


def _found(log: str, exit_status: int | None) -> tuple[Cause, ...]:
    causes = _read(LogText(log), exit_status)
    says_nothing = bool(causes) and causes[0].kind in _SAYS_NOTHING
    if says_nothing and _ESCAPED in log and len(log) <= _MAX_ESCAPED:
        # Some programs print what another one printed as one string, on a single line.
        unfolded = _read(LogText(log.replace(_ESCAPED, "\n")), exit_status)
        if unfolded[0].kind not in _SAYS_NOTHING:
            return _folded(unfolded, log)
    return causes


def _folded(causes: tuple[Cause, ...], log: str) -> tuple[Cause, ...]:
    """Return causes with the numbers of the lines that the log really has."""
    real = [0]
    for number, line in enumerate(log.split("\n"), start=1):
        real += [number] * (1 + line.count(_ESCAPED))
    return tuple(
        replace(cause, evidence=tuple(sorted({real[number] for number in cause.evidence})))
        for cause in causes
    )


def _read(text: LogText, exit_status: int | None) -> tuple[Cause, ...]:
    if exit_status is None:
        exit_status = _stated_exit_status(text)
    if exit_status == 0:
        return ()
    findings = [finding for rule in RULES for finding in rule.findings(text)]
    findings += _of_exit_status(text, exit_status)
    findings = [_of_python(finding) for finding in findings]
    groups = ranked_groups(findings, text)
    if not groups or (groups[0][0].tier is Tier.HINT and _is_cut_off(text)):
        return (_cut_off_or_unknown(text),)
    return _causes(groups, text)


def failure_of(log: str, *, exit_status: int | None = None) -> Failure:
    """Return the root cause as a build's failure, with the log's lines as evidence."""
    causes = diagnose(log, exit_status=exit_status)
    root = causes[0] if causes else Cause(kind=CauseKind.UNKNOWN)
    return Failure(
        kind=root.kind.failure_kind,
        message=sentence(root),
        subject=root.subject,
        evidence=evidence_lines(log, root),
    )


def evidence_lines(log: str, cause: Cause) -> tuple[str, ...]:
    """Return the log's lines that a cause points at, clean and cut to a readable length."""
    text = LogText(log)
    return tuple(text.line(number)[:300] for number in cause.evidence)


def _of_python(finding: Finding) -> Finding:
    """Know Python's own tools by whatever rule found that they are missing."""
    project = PYTHON_TOOLS.get((finding.subject or "").lower())
    if project is None or finding.kind not in _MAY_BE_OF_PYTHON:
        return finding
    return finding.but(
        kind=CauseKind.MISSING_BUILD_DEPENDENCY,
        subject=project,
        remedy=Remedy(requirements=(project,)),
    )


def _causes(groups: list[list[Finding]], text: LogText) -> tuple[Cause, ...]:
    """Return the root cause, and what may matter besides it."""
    root = groups[0][0]
    farthest = max(root.tier, min(root.tier + 1, Tier.STATED))
    chosen = [
        group
        for group in groups
        if group[0].tier <= farthest
        or (group[0].kind.is_of_system and group[0].tier <= Tier.STATED)
    ][:_MAX_CAUSES]
    numbers = text.numbers({finding.place for group in chosen for finding in group})
    return tuple(
        Cause(
            kind=group[0].kind,
            subject=group[0].subject,
            evidence=tuple(sorted({numbers[finding.place] for finding in group})[:_MAX_EVIDENCE]),
            confidence=group[0].tier.confidence,
            remedy=next((finding.remedy for finding in group if finding.remedy), None),
            wanted=wants(group[0].kind, group[0].subject),
        )
        for group in chosen
    )


def _stated_exit_status(text: LogText) -> int | None:
    for place in text.last_places[:5]:
        if match := _EXIT_STATUS.match(text.text(place)):
            return int(match[1])
    return None


def _of_exit_status(text: LogText, exit_status: int | None) -> Iterable[Finding]:
    """Yield what the exit status alone says; it counts for more than any line of the log."""
    kinds = (
        (_TIMED_OUT, CauseKind.TIMEOUT, Tier.CERTAIN),
        (_KILLED, CauseKind.OUT_OF_MEMORY, Tier.FATAL),
        (_FILE_TOO_LARGE, CauseKind.NO_SPACE, Tier.CERTAIN),
    )
    place = text.last_places[0] if text.last_places else 0
    for statuses, kind, tier in kinds:
        if exit_status in statuses:
            yield Finding(kind=kind, subject=None, place=place, tier=tier)


def _is_cut_off(text: LogText) -> bool:
    """Whether the log ends in the middle of something: nothing at its end says how it went."""
    ends = [text.text(place).lower() for place in text.last_places[:12]]
    return not any(ending in line for line in ends for ending in _ENDINGS)


def _cut_off_or_unknown(text: LogText) -> Cause:
    ends = text.places(END_OF_OUTPUT)
    last = text.before(ends[-1], 3) if ends else text.last_places[:3]
    places = {place for place in last if not text.text(place).endswith("lines of output]")}
    kind = CauseKind.TRUNCATED_LOG if not text.is_empty and _is_cut_off(text) else CauseKind.UNKNOWN
    return Cause(
        kind=kind,
        evidence=tuple(sorted(text.numbers(places).values())),
        confidence=Tier.GENERIC.confidence if kind is CauseKind.TRUNCATED_LOG else 0.0,
    )
