"""Meson and meson-python."""

from collections.abc import Iterable

from wheelyard.diagnosis.cause import CauseKind, Remedy
from wheelyard.diagnosis.log_text import LogText
from wheelyard.diagnosis.remedies import PROJECT_OF_MODULE, project_remedy
from wheelyard.diagnosis.rule import Finding, Rule, Tier
from wheelyard.diagnosis.rules.programs import named_program

_PYTHON_TOOLS = {"cython": "Cython", "f2py": "numpy", "pythran": "pythran", "ninja": "ninja"}


def _dependency(finding: Finding, log: LogText) -> Iterable[Finding]:
    """Tell what Python projects bring from what the system brings."""
    name = finding.subject or ""
    if name in PROJECT_OF_MODULE:
        yield finding.but(kind=CauseKind.MISSING_BUILD_DEPENDENCY, remedy=project_remedy(name))
        return
    if name.lower() in {"python", "python3"}:
        yield finding.but(kind=CauseKind.MISSING_HEADER, subject="Python.h")
        return
    if log.places("found pkg-config: no"):
        yield finding.but(kind=CauseKind.MISSING_PROGRAM, subject="pkg-config")
    yield finding


def _program(finding: Finding, log: LogText) -> Iterable[Finding]:
    name = (finding.subject or "").lower()
    if name in _PYTHON_TOOLS:
        yield finding.but(
            kind=CauseKind.MISSING_BUILD_DEPENDENCY,
            remedy=Remedy(requirements=(_PYTHON_TOOLS[name],)),
        )
    else:
        yield from named_program(finding, log)


RULES = (
    Rule(
        CauseKind.MISSING_MESON_DEPENDENCY,
        "error: dependency ",
        r"ERROR: Dependency (?:lookup for )?['\"]?(?P<subject>[\w.+-]{1,80})['\"]?"
        r"(?: not found| is required but not found| with method '[^']{1,30}' failed(?!: Invalid)"
        r"| found but|, required)",
        refine=_dependency,
    ),
    Rule(
        CauseKind.MISSING_MESON_DEPENDENCY,
        "error: dependency ",
        r"ERROR: Dependency '(?P<subject>[\w.+-]{1,80})' .{0,40}(?:required|not found)",
        refine=_dependency,
    ),
    Rule(
        CauseKind.MISSING_MESON_DEPENDENCY,
        "invalid version of dependency",
        r"ERROR: (?:.{0,40})Invalid version of dependency, need '(?P<subject>[\w.+-]{1,80})'"
        r".{0,80} found NO",
    ),
    Rule(
        CauseKind.MISSING_LIBRARY,
        " library '",
        r"ERROR: \S{1,12} (?:(?:shared or static|shared|static) )?library '"
        r"(?P<subject>[^']{1,80})' not",
    ),
    Rule(
        CauseKind.MISSING_HEADER,
        " header ",
        r"ERROR: \S{1,12} header '(?P<subject>[^']{1,150})' (?:could )?not",
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "error: program",
        r"ERROR: Program(?:\(s\))? \[?'?(?P<subject>[\w.+-]{1,80})'?.{0,80}not found",
        refine=_program,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "unknown compiler(s)",
        r"Unknown compiler\(s\): \[{1,2}'(?P<subject>[\w.+-]{1,60})'",
        refine=named_program,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "pkg-config binary",
        r"ERROR: Pkg-config binary .{0,60}not found",
        subject="pkg-config",
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "could not detect ninja",
        subject="ninja",
        remedy=Remedy(requirements=("ninja",)),
    ),
    Rule(
        CauseKind.PROGRAM_TOO_OLD,
        "but project requires",
        r"Meson version is \S{1,20} but project requires",
        subject="meson",
        remedy=Remedy(requirements=("meson",)),
    ),
    Rule(
        CauseKind.PYTHON_REFUSED,
        "problem encountered",
        r"Problem encountered: .{0,60}(?P<subject>Python ?[<>=]{0,2} ?3\.\d{1,2}).{0,60}require",
    ),
    Rule(
        CauseKind.WANTS_NETWORK,
        "subproject",
        r"ERROR: (?:Automatic wrap-based subproject downloading is disabled"
        r"|Subproject (?P<subject>[\w-]{1,60}) .{0,60}(?:download|required but not found))",
    ),
    Rule(
        CauseKind.INCOMPLETE_SDIST,
        "neither a subproject directory nor",
        r"nor a (?P<subject>[\w.-]{1,60}) file was found",
        tier=Tier.FATAL,
    ),
    Rule(
        CauseKind.INCOMPLETE_SDIST,
        "meson.build",
        r"ERROR: (?:Nonexistent build file|File) '?(?P<subject>[\w./-]{1,120})'?"
        r"(?: does not exist|$)",
    ),
    Rule(
        CauseKind.COMPILE_ERROR,
        "meson.build:",
        r"(?P<subject>[\w./-]{0,120}meson\.build):\d+:\d+: ERROR: ",
        tier=Tier.GENERIC,
    ),
)
