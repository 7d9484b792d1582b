"""pkg-config, and those who run it."""

import re
from collections.abc import Iterable
from dataclasses import replace

from wheelyard.diagnosis.cause import CauseKind
from wheelyard.diagnosis.log_text import LogText
from wheelyard.diagnosis.rule import Finding, Rule, Tier, clean_subject

_MODULE = r"[A-Za-z0-9][\w.+-]{0,79}"
_OPTIONS = r"(?:['\",\s]{1,4}-{1,2}[\w=/.-]{1,40}){1,6}['\",\s]{1,4}"
_WANTED = re.compile(rf"({_MODULE})(?:\s*(?:[<>]=?|!?=)\s*[\w.]+)?")


def _as_file(finding: Finding, _log: LogText) -> Iterable[Finding]:
    """Name the module as the file that is missing: cairo.pc."""
    module = (finding.subject or "").removesuffix(".pc")
    yield finding.but(subject=f"{module}.pc")


def _wanted(finding: Finding, _log: LogText) -> Iterable[Finding]:
    """Name every module in a list like `glib-2.0 >= 2.36 libfoo`."""
    for match in _WANTED.finditer(finding.subject or ""):
        if not match[1][0].isdigit():
            yield replace(finding, subject=f"{match[1]}.pc")


def _listed(finding: Finding, log: LogText) -> Iterable[Finding]:
    """Name the modules that CMake lists on the lines after its heading."""
    for place in log.after(finding.place, 8):
        text = log.text(place)
        if not text:
            continue
        if not text.startswith("- "):
            break
        module = clean_subject(re.split(r"[<>=]", text[2:], maxsplit=1)[0].strip())
        if module:
            yield replace(finding, subject=f"{module}.pc", place=place)


RULES = (
    Rule(
        CauseKind.MISSING_PKG_CONFIG,
        "was not found in the pkg-config search path",
        rf"Package '?(?P<subject>{_MODULE})'? was not found in the pkg-config",
        tier=Tier.LIKELY,
        refine=_as_file,
    ),
    Rule(
        CauseKind.MISSING_PKG_CONFIG,
        "package '",
        rf"package '(?P<subject>{_MODULE})'(?:,)? (?:was )?not found",
        tier=Tier.LIKELY,
        refine=_as_file,
    ),
    Rule(
        CauseKind.MISSING_PKG_CONFIG,
        ", required by '",
        rf"package '(?P<subject>{_MODULE})', required by '[^']{{1,80}}', not found",
        tier=Tier.LIKELY,
        refine=_as_file,
    ),
    Rule(
        CauseKind.MISSING_PKG_CONFIG,
        "no package '",
        rf"no package '(?P<subject>{_MODULE})' found",
        tier=Tier.LIKELY,
        refine=_as_file,
    ),
    Rule(
        CauseKind.MISSING_PKG_CONFIG,
        "package requirements (",
        r"package requirements \((?P<subject>[^)]{1,200})\) were not met",
        refine=_wanted,
    ),
    Rule(
        CauseKind.MISSING_PKG_CONFIG,
        "following required packages were not found",
        refine=_listed,
    ),
    Rule(
        CauseKind.MISSING_PKG_CONFIG,
        "pkg-config",
        rf"pkg-?config (?:package|module|library) '?(?P<subject>{_MODULE})[^']{{0,30}}'? "
        r"(?:was |is |could )?not (?:be )?found",
        refine=_as_file,
    ),
    Rule(
        CauseKind.MISSING_PKG_CONFIG,
        "pkg-config",
        rf"(?:command|running) .{{0,4}}pkg-config{_OPTIONS}(?P<subject>{_MODULE}).{{0,60}}"
        r"(?:non-zero exit|exit status|failed|did not exit)",
        tier=Tier.LIKELY,
        refine=_as_file,
    ),
    Rule(
        CauseKind.MISSING_PKG_CONFIG,
        "calledprocesserror: command ",
        rf"CalledProcessError: Command .{{0,4}}pkg-config{_OPTIONS}(?P<subject>{_MODULE})",
        refine=_as_file,
    ),
    Rule(
        CauseKind.MISSING_PKG_CONFIG,
        "pkg-config",
        rf"(?:could not|couldn't|cannot|can't|unable to|failed to) find '?(?P<subject>{_MODULE})'?"
        r" (?:with|using|via|through|by) pkg-config",
        refine=_as_file,
    ),
    Rule(
        CauseKind.MISSING_PKG_CONFIG,
        "pkg-config ",
        rf"(?:find|locate|missing|requires?|needs?) (?:the )?pkg-?config "
        rf"(?:package|module|library|file)s? ['\"]?(?P<subject>{_MODULE})",
        refine=_as_file,
    ),
    Rule(
        CauseKind.MISSING_PKG_CONFIG,
        "' is required by '",
        rf"package '(?P<subject>{_MODULE})' is required by '[^']{{1,80}}' but",
        tier=Tier.LIKELY,
        refine=_as_file,
    ),
    Rule(
        CauseKind.MISSING_PKG_CONFIG,
        "needs to be installed",
        rf"the file '(?P<subject>{_MODULE}\.pc)' needs to be installed",
        refine=_as_file,
    ),
    Rule(
        CauseKind.MISSING_PKG_CONFIG,
        "the system library",
        rf"the system library '(?P<subject>{_MODULE})' required by crate '[^']{{1,80}}' was not",
        refine=_as_file,
    ),
    Rule(
        CauseKind.MISSING_PKG_CONFIG,
        ".pc' not found",
        rf"'(?P<subject>{_MODULE}\.pc)' not found",
        tier=Tier.LIKELY,
        refine=_as_file,
    ),
    Rule(
        CauseKind.MISSING_PKG_CONFIG,
        "pkgconfig.pkgconfig.packagenotfounderror",
        rf"PackageNotFoundError: (?P<subject>{_MODULE}) not found",
        refine=_as_file,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "pkg-config",
        r"(?:unable to|cannot|could not|couldn't|did not) (?:run|invoke|execute|start|find) "
        r"'?pkg-config(?! (?:package|module|librar|file))"
        r"|pkg-config (?:probably )?(?:is |was )?(?:not installed|not found|not available)"
        r"|pkg-config script could not be found|pkg-config binary.{0,30}not found"
        r"|pkg-config is required",
        subject="pkg-config",
        tier=Tier.STATED,
    ),
)
