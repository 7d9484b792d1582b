"""CMake and scikit-build."""

import re
from collections.abc import Iterable
from dataclasses import replace

from wheelyard.diagnosis.cause import CauseKind, Remedy
from wheelyard.diagnosis.log_text import LogText
from wheelyard.diagnosis.remedies import OLD_CMAKE_FILES, PROJECT_OF_MODULE, project_remedy
from wheelyard.diagnosis.rule import Finding, Rule, Tier, clean_subject
from wheelyard.diagnosis.rules.programs import as_program

_HEADING_DISTANCE = 6
_PYTHON = re.compile(r"^Python(?:3|Libs|Interp|Extensions)?$")
_OF_LIBRARY = re.compile(r"_(?:LIBRAR|INCLUDE)")
_MISSING = re.compile(r"\(missing: ([\w ]{1,200})\)")
_VARIABLE = re.compile(r"^([A-Za-z][\w.]{1,60})(?: \(ADVANCED\))?$")


def _package(finding: Finding, log: LogText) -> Iterable[Finding]:
    """Tell errors from mere messages by the heading above, and Python projects from the system."""
    headings = [log.text(place) for place in log.before(finding.place, _HEADING_DISTANCE)]
    heading = next((text for text in headings if text.startswith("CMake ")), "")
    is_error = heading.startswith("CMake Error") or finding.text.startswith("CMake Error")
    found = finding.but(tier=Tier.FATAL if is_error else Tier.HINT)
    name = finding.subject or ""
    if "unsuitable version" in finding.text:
        yield found.but(kind=CauseKind.LIBRARY_TOO_OLD)
    elif _PYTHON.match(name):
        yield found.but(kind=CauseKind.MISSING_HEADER, subject="Python.h")
    elif name in PROJECT_OF_MODULE or name in {"NumPy", "scikit-build"}:
        module = name.lower() if name == "NumPy" else name
        yield found.but(
            kind=CauseKind.MISSING_BUILD_DEPENDENCY, subject=module, remedy=project_remedy(module)
        )
    elif not _OF_LIBRARY.search(finding.text) and (program := as_program(name)):
        yield found.but(kind=program[0], subject=program[1])
    else:
        yield found
        for part in _parts(finding.text) if name == "Boost" else ():
            yield found.but(kind=CauseKind.MISSING_LIBRARY, subject=f"-lboost_{part}")


def _parts(text: str) -> list[str]:
    """Return the parts of Boost that CMake lists as missing; variables are in capitals."""
    listed = _MISSING.search(text)
    words = listed[1].split() if listed else []
    return [word.rstrip("0123456789") for word in words if word == word.lower()]


def _variables(finding: Finding, log: LogText) -> Iterable[Finding]:
    """Name the variables that CMake lists below, each a library or folder that it lacks."""
    for place in log.after(finding.place, 10):
        if match := _VARIABLE.match(log.text(place)):
            package = re.sub(r"_(?:INCLUDE_DIRS?|LIBRAR(?:Y|IES)|DIR|PATH)$", "", match[1])
            yield replace(finding, subject=package, place=place)
            return


def _compiler(finding: Finding, _log: LogText) -> Iterable[Finding]:
    language = (finding.subject or "").lower()
    programs = {"c": "gcc", "cxx": "g++", "fortran": "gfortran", "cuda": "nvcc", "asm_nasm": "nasm"}
    yield finding.but(subject=programs.get(language, language))


def _message(finding: Finding, log: LogText) -> Iterable[Finding]:
    """Give an error of the project's own by its first words, where no other rule knows more."""
    for place in log.after(finding.place, 3):
        if text := log.text(place):
            yield replace(finding, subject=clean_subject(text[:80]), place=place)
            return


_BUILD_PROGRAM = r"unable to find a build program corresponding to \"(?P<subject>[\w ]{1,40})\""

RULES = (
    Rule(
        CauseKind.MISSING_CMAKE_PACKAGE,
        "could not find",
        r"(?-i:Could NOT find) (?P<subject>[A-Za-z][\w.+-]{0,60})\b",
        refine=_package,
    ),
    Rule(
        CauseKind.MISSING_CMAKE_PACKAGE,
        "package configuration file provided by",
        r"package configuration file provided by \"(?P<subject>[\w.+-]{1,60})\"",
        refine=_package,
    ),
    Rule(
        CauseKind.MISSING_CMAKE_PACKAGE,
        "by not providing",
        r"By not providing \"Find(?P<subject>[\w.+-]{1,60})\.cmake\"",
        refine=_package,
    ),
    Rule(
        CauseKind.MISSING_LIBRARY,
        "using the following names",
        r"Could not find \w{1,60} using the following names: (?P<subject>[\w+.-]{1,60})",
    ),
    Rule(
        CauseKind.MISSING_CMAKE_PACKAGE,
        "could not find ",
        r"Could not find (?P<subject>[A-Z][\w.+-]{0,60}_(?:LIBRAR\w{1,5}|INCLUDE_DIR\w?|LIB))\b",
        refine=_package,
    ),
    Rule(
        CauseKind.MISSING_CMAKE_PACKAGE,
        "they are set to notfound",
        refine=_variables,
    ),
    Rule(
        CauseKind.MISSING_CMAKE_PACKAGE,
        "the imported target",
        r"The imported target \"(?P<subject>[\w.+-]{1,60})(?:::[\w.+-]{1,60})?\" references",
    ),
    Rule(
        CauseKind.MISSING_CMAKE_PACKAGE,
        "but the target was not found",
        r"links to(?: target)?:? ?(?P<subject>[\w.+-]{1,60})?(?:::[\w.+-]{1,60})? but the target",
        tier=Tier.LIKELY,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        " could be found",
        r"No CMAKE_(?P<subject>[A-Z_]{1,20})_COMPILER could be found",
        refine=_compiler,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "_compiler not set",
        r"CMAKE_(?P<subject>[A-Z]{1,20})_COMPILER not set",
        tier=Tier.LIKELY,
        refine=_compiler,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "unable to find a build program",
        rf"{_BUILD_PROGRAM}(?<=Ninja\")",
        subject="ninja",
        remedy=Remedy(requirements=("ninja",)),
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "unable to find a build program",
        rf"{_BUILD_PROGRAM}(?<!Ninja\")",
        subject="make",
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "problem with the cmake installation",
        subject="cmake",
        remedy=Remedy(requirements=("cmake",)),
    ),
    Rule(
        CauseKind.BUILD_TOOL_CHANGED,
        "compatibility with cmake <",
        r"Compatibility with CMake < \d\.\d{1,2} has been removed",
        subject="cmake",
        remedy=OLD_CMAKE_FILES,
    ),
    Rule(
        CauseKind.PROGRAM_TOO_OLD,
        "or higher is required",
        r"CMake \d[\w.]{0,20} or higher is required",
        subject="cmake",
        remedy=Remedy(requirements=("cmake",)),
    ),
    Rule(
        CauseKind.AUTHOR_MESSAGE,
        "cmake error at",
        r"CMake Error at \S{1,200} \(message\)",
        tier=Tier.GENERIC,
        refine=_message,
    ),
    Rule(
        CauseKind.COMPILE_ERROR,
        "cmake error",
        r"CMake Error(?: at (?P<subject>[^\s:]{1,200}))?",
        tier=Tier.HINT,
    ),
)
