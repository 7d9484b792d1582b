"""Modules that cannot be imported, and what their absence says."""

from collections.abc import Iterable

from wheelyard.diagnosis.cause import CauseKind, Remedy
from wheelyard.diagnosis.known_names import (
    FOREIGN_MODULES,
    NEW_STDLIB_MODULES,
    PYTHON2_MODULES,
    REMOVED_STDLIB_MODULES,
)
from wheelyard.diagnosis.log_text import LogText
from wheelyard.diagnosis.remedies import (
    CYTHON_BEFORE_3,
    project_remedy,
    requirement_remedy,
    setuptools_remedy,
)
from wheelyard.diagnosis.rule import Finding, Rule, Tier

_OF_THE_SYSTEM = frozenset({"tkinter", "_tkinter", "apt_pkg", "gi", "dbus", "_gdbm"})


def _module(finding: Finding, _log: LogText) -> Iterable[Finding]:
    """Tell what a module's absence means."""
    module = finding.subject or ""
    top = module.partition(".")[0]
    if kind := _of_its_time(module, top):
        since = NEW_STDLIB_MODULES.get(top)
        yield finding.but(kind=kind, subject=f">={since}" if since else None)
    elif (top == "setuptools" and module != top) or setuptools_remedy(module):
        yield finding.but(kind=CauseKind.SETUPTOOLS_REMOVED, remedy=setuptools_remedy(module))
    elif top == "distutils":
        # setuptools brings its own copy, and is the only way to have one since Python 3.12. Where
        # only a part is missing, distutils itself is there.
        whole = Remedy(requirements=("setuptools",)) if module == top else None
        yield finding.but(kind=CauseKind.DISTUTILS_REMOVED, remedy=whole)
    elif module.startswith("pip."):
        yield finding.but(kind=CauseKind.BUILD_TOOL_CHANGED, subject="pip")
    elif module.startswith("Cython.Compiler."):
        yield finding.but(kind=CauseKind.CYTHON3, remedy=CYTHON_BEFORE_3)
    else:
        remedy = project_remedy(module)
        yield finding.but(subject=top if remedy else module, remedy=remedy)


def _of_its_time(module: str, top: str) -> CauseKind | None:
    """Return what it means if a module belongs to another Python, another system or Debian."""
    if module.startswith("numpy.distutils"):
        return CauseKind.DISTUTILS_REMOVED
    kinds = (
        (NEW_STDLIB_MODULES, CauseKind.PYTHON_REFUSED),
        (PYTHON2_MODULES, CauseKind.PYTHON2_ONLY),
        (REMOVED_STDLIB_MODULES, CauseKind.PYTHON_TOO_NEW),
        (FOREIGN_MODULES, CauseKind.WRONG_OS),
        (_OF_THE_SYSTEM, CauseKind.MISSING_LIBRARY),
    )
    return next((kind for modules, kind in kinds if top in modules), None)


def _declarations(finding: Finding, _log: LogText) -> Iterable[Finding]:
    """Tell another project's declarations from a project's own, which Cython 3 finds no more."""
    path = finding.subject or ""
    module = path.replace("/", ".")
    if remedy := project_remedy(module):
        yield finding.but(subject=module.partition(".")[0], remedy=remedy)
    elif "/" not in path:
        yield finding.but(
            kind=CauseKind.CYTHON3, subject=f"{path}.pxd", tier=Tier.LIKELY, remedy=CYTHON_BEFORE_3
        )


def _requirement(finding: Finding, _log: LogText) -> Iterable[Finding]:
    yield finding.but(remedy=requirement_remedy(finding.subject))


_REQUIREMENT = r"[A-Za-z0-9][\w.+-]{0,60}(?:\s?(?:[<>=!~]=?|===)\s?[\w.*,<>=!~ ]{1,60})?"

RULES = (
    Rule(
        CauseKind.MISSING_BUILD_DEPENDENCY,
        "no module named ",
        r"(?:ModuleNotFoundError|ImportError|Error): No module named '?(?P<subject>\w[\w.]{0,80})",
        refine=_module,
    ),
    Rule(
        CauseKind.MISSING_BUILD_DEPENDENCY,
        ": no module named ",
        r"python[\d.]{0,5}: No module named (?P<subject>\w[\w.]{0,80})",
        tier=Tier.LIKELY,
        refine=_module,
    ),
    Rule(
        CauseKind.MISSING_BUILD_DEPENDENCY,
        "cannot import '",
        r"BackendUnavailable: Cannot import '(?P<subject>\w[\w.]{0,80})'",
        refine=_module,
    ),
    Rule(
        CauseKind.MISSING_BUILD_DEPENDENCY,
        "backend '",
        r"Backend '(?P<subject>\w[\w.]{0,80})(?::[^']{1,60})?' is not available",
        refine=_module,
    ),
    Rule(
        CauseKind.MISSING_BUILD_DEPENDENCY,
        "invalid command 'bdist_wheel'",
        subject="wheel",
        remedy=Remedy(requirements=("wheel",)),
    ),
    Rule(
        CauseKind.MISSING_BUILD_DEPENDENCY,
        "requirement.parse('",
        rf"could not find suitable distribution for Requirement\.parse\('"
        rf"(?P<subject>{_REQUIREMENT})'",
        refine=_requirement,
    ),
    Rule(
        CauseKind.MISSING_BUILD_DEPENDENCY,
        "distutilserror: command '[",
        r"'wheel', '--no-deps', .{0,200}'(?P<subject>[^']{1,80})'\]' returned non-zero",
        refine=_requirement,
    ),
    Rule(
        CauseKind.MISSING_BUILD_DEPENDENCY,
        "distributionnotfound",
        rf"DistributionNotFound: The '(?P<subject>{_REQUIREMENT})' distribution was not found",
        refine=_requirement,
    ),
    Rule(
        CauseKind.MISSING_BUILD_DEPENDENCY,
        "no package metadata was found for",
        r"PackageNotFoundError: No package metadata was found for (?P<subject>[\w.-]{1,60})",
        tier=Tier.LIKELY,
        refine=_requirement,
    ),
    Rule(
        CauseKind.MISSING_BUILD_DEPENDENCY,
        ".pxd' not found",
        r"'(?P<subject>[\w./]{1,100})\.pxd' not found",
        refine=_declarations,
    ),
    Rule(
        CauseKind.INCOMPLETE_SDIST,
        "doesn't match any files",
        r"ValueError: '(?P<subject>[^']{1,150})' doesn't match any files",
    ),
    Rule(
        CauseKind.MISSING_BUILD_DEPENDENCY,
        "cython",
        r"\bCython(?: ?[<>=]{1,2} ?[\d.]{1,8})?(?: and \w{1,20})? (?:is |are )?"
        r"(?:required|needed)\b"
        r"|\bCython (?:must be|is not|isn't) installed",
        subject="Cython",
        tier=Tier.LIKELY,
        remedy=Remedy(requirements=("Cython",)),
    ),
    Rule(
        CauseKind.MISSING_BUILD_DEPENDENCY,
        "install ",
        r"(?:please|must|need to|pip3?) (?:first )?(?:pip3? )?install '?(?P<subject>numpy"
        r"|cython)\b",
        tier=Tier.STATED,
        refine=lambda finding, log: _module(
            finding.but(
                subject="Cython" if (finding.subject or "").lower() == "cython" else "numpy"
            ),
            log,
        ),
    ),
    Rule(
        CauseKind.MISSING_BUILD_DEPENDENCY,
        " numpy",
        r"\b(?:needs?|requires?) numpy\b|\bnumpy (?:is |are )required\b",
        subject="numpy",
        tier=Tier.STATED,
        remedy=Remedy(requirements=("numpy",)),
    ),
    Rule(
        CauseKind.MISSING_BUILD_DEPENDENCY,
        "unknown file type '.pyx'",
        subject="Cython",
        remedy=Remedy(requirements=("Cython",)),
    ),
    Rule(
        CauseKind.MISSING_BUILD_DEPENDENCY,
        "cython version",
        r"(?:find|need|requires?)\b.{0,30}\bCython version",
        subject="Cython",
        tier=Tier.LIKELY,
        remedy=CYTHON_BEFORE_3,
    ),
    Rule(
        CauseKind.MISSING_BUILD_DEPENDENCY,
        "numpy",
        r"numpy (?:is required|must be installed|is not installed|not found)",
        subject="numpy",
        tier=Tier.STATED,
        remedy=Remedy(requirements=("numpy",)),
    ),
)
