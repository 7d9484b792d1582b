"""setuptools, distutils and other build back ends: what they removed, and what they refuse."""

import re
from collections.abc import Iterable

from packaging.version import InvalidVersion, Version

from wheelyard.diagnosis.cause import CauseKind, Remedy
from wheelyard.diagnosis.known_names import words
from wheelyard.diagnosis.log_text import LogText
from wheelyard.diagnosis.rule import Finding, Rule, Tier

_BACK_ENDS = words(
    "setuptools scikit-build-core scikit-build hatchling flit-core poetry-core meson- "
    "python maturin pdm-backend cython numpy meson cmake pybind11 nanobind sip "
    "setuptools-scm setuptools-rust"
)


_COMPLAINT = re.compile(r"\buse\b|removed|no longer|instead|not supported|must", re.IGNORECASE)
_OF_INSTALLER = re.compile(r"distribution|satisf|requirement|collecting|install", re.IGNORECASE)


def _back_end_too_new(finding: Finding, _log: LogText) -> Iterable[Finding]:
    """Read `… for TOOL >= VERSION` as the constraint `TOOL<VERSION`, for tools that we know."""
    if not _COMPLAINT.search(finding.text) or _OF_INSTALLER.search(finding.text):
        return
    name, _, version = (finding.subject or "").rpartition(" ")
    name = name.partition(" ")[0].lower().replace("_", "-")
    try:
        bound = Version(version)
    except InvalidVersion:
        return
    if name in _BACK_ENDS:
        yield finding.but(subject=name, remedy=Remedy(requirements=(f"{name}<{bound}",)))


def _before(version: str) -> Remedy:
    return Remedy(requirements=(f"setuptools<{version}",))


_LEGACY_SPECIFIERS = "valid project/version requirement specifiers"


def _refused_field(finding: Finding, _log: LogText) -> Iterable[Finding]:
    """Know that setuptools read requirements like `>=3.` before it took version 66."""
    yield finding.but(remedy=_before("66")) if _LEGACY_SPECIFIERS in finding.text else finding


RULES = (
    Rule(
        CauseKind.USE_2TO3,
        "use_2to3 is invalid",
        subject="use_2to3",
        remedy=_before("58"),
    ),
    Rule(
        CauseKind.SETUPTOOLS_REMOVED,
        "cannot import name 'feature' from 'setuptools'",
        subject="setuptools.Feature",
        remedy=_before("46"),
    ),
    Rule(
        CauseKind.SETUPTOOLS_REMOVED,
        "module 'setuptools' has no attribute 'feature'",
        subject="setuptools.Feature",
        remedy=_before("46"),
    ),
    Rule(
        CauseKind.SETUPTOOLS_REMOVED,
        "attributeerror: fcompiler",
        subject="fcompiler",
        remedy=_before("60"),
    ),
    Rule(
        CauseKind.SETUPTOOLS_REMOVED,
        "cannot import name 'log' from 'distutils.log'",
        subject="distutils.log.Log",
        tier=Tier.CERTAIN,
        remedy=_before("65.6"),
    ),
    Rule(
        CauseKind.SETUPTOOLS_REMOVED,
        "cannot import name 'packageindex'",
        subject="setuptools.package_index",
        tier=Tier.LIKELY,
    ),
    Rule(
        CauseKind.SETUPTOOLS_REMOVED,
        "'install_layout'",
        r"has no attribute '(?P<subject>install_layout)'",
    ),
    Rule(
        CauseKind.SETUPTOOLS_REMOVED,
        "attributeerror: install_layout",
        subject="install_layout",
    ),
    Rule(
        CauseKind.SETUPTOOLS_REMOVED,
        "invalid command 'test'",
        subject="setuptools.command.test",
        remedy=_before("72"),
    ),
    Rule(
        CauseKind.SETUPTOOLS_REMOVED,
        "invalid dash-separated key",
        r"Invalid dash-separated key '(?P<subject>[\w-]{1,60})'",
        remedy=_before("78"),
    ),
    Rule(
        CauseKind.SETUPTOOLS_REMOVED,
        "invalid uppercase key",
        r"Invalid uppercase key '(?P<subject>[\w-]{1,60})'",
        remedy=_before("78"),
    ),
    Rule(
        CauseKind.SETUPTOOLS_REMOVED,
        "license classifiers have been superseded",
        r"InvalidConfigError: License classifiers have been superseded",
        subject="license classifiers",
        remedy=_before("77"),
    ),
    Rule(
        CauseKind.SETUPTOOLS_REMOVED,
        "strip_trailing_zero",
        r"unexpected keyword argument '(?P<subject>strip_trailing_zero)'",
        remedy=_before("71"),
    ),
    Rule(
        CauseKind.METADATA_INVALID,
        "multiple top-level",
        r"(?P<subject>Multiple top-level (?:packages|modules)) discovered",
        remedy=_before("61"),
    ),
    Rule(
        CauseKind.METADATA_INVALID,
        " setup command: ",
        r"^error in (?P<subject>\S{1,80}) setup command: (?!use_2to3)",
        tier=Tier.FATAL,
        refine=_refused_field,
    ),
    Rule(
        CauseKind.METADATA_INVALID,
        "invalidversion: ",
        r"InvalidVersion: Invalid version: '(?P<subject>[^']{0,80})'",
        remedy=_before("66"),
    ),
    Rule(
        CauseKind.METADATA_INVALID,
        "invalidrequirement: ",
        r"InvalidRequirement: (?P<subject>.{1,80})",
    ),
    Rule(
        CauseKind.METADATA_INVALID,
        "configuration error: ",
        r"configuration error: '?(?P<subject>[\w.-]{1,60})",
    ),
    Rule(
        CauseKind.METADATA_INVALID,
        "invalid pyproject.toml config",
        r"invalid pyproject\.toml config: '?(?P<subject>[\w.-]{1,60})",
    ),
    Rule(
        CauseKind.METADATA_INVALID,
        "tomldecodeerror",
        r"TOMLDecodeError: (?P<subject>.{1,80})",
    ),
    Rule(
        CauseKind.METADATA_INVALID,
        "inconsistent ",
        r"inconsistent (?P<subject>name|version): (?:filename has|expected)",
        tier=Tier.CERTAIN,
    ),
    Rule(
        CauseKind.METADATA_INVALID,
        "unable to determine which files to ship",
        subject="files to ship",
    ),
    Rule(
        CauseKind.METADATA_INVALID,
        "unknown classifier",
        r"Unknown classifier in field .{0,40}: '?(?P<subject>.{1,80})",
    ),
    Rule(
        CauseKind.METADATA_INVALID,
        "no file/folder found for package",
        r"No file/folder found for package (?P<subject>\S{1,60})",
    ),
    Rule(
        CauseKind.METADATA_INVALID,
        "unexpected keyword argument '",
        r"(?:setup|Extension)\(\) got an unexpected keyword argument '(?P<subject>\w{1,60})'",
        tier=Tier.LIKELY,
    ),
    Rule(
        CauseKind.BUILD_TOOL_CHANGED,
        ">=",
        r"(?:^|\s)(?:for|since|with|in) (?P<subject>[A-Za-z][\w-]{1,40}(?: version)? ?)>= ?"
        r"(?P<version>\d[\w.]{0,15})$",
        refine=lambda finding, log: _back_end_too_new(
            finding.but(
                subject=f"{(finding.subject or '').strip()}"
                f" {finding.text.rpartition('>=')[2].strip()}"
            ),
            log,
        ),
    ),
    Rule(
        CauseKind.BUILD_TOOL_CHANGED,
        "setuptools_scm",
        r"(?:TypeError|ValueError|AssertionError).{0,60}(?P<subject>setuptools_scm)",
        tier=Tier.LIKELY,
    ),
)
