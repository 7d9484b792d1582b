"""Cython: what version 3 rejects, and other errors in its code."""

import re
from collections.abc import Iterable

from wheelyard.diagnosis.cause import CauseKind
from wheelyard.diagnosis.log_text import LogText
from wheelyard.diagnosis.remedies import CYTHON_BEFORE_3, NUMPY_BEFORE_2
from wheelyard.diagnosis.rule import Finding, Rule, Tier, own_path


def _if_compiling(finding: Finding, log: LogText) -> Iterable[Finding]:
    """Keep a finding only if Cython was compiling: other tools have similar sentences."""
    if log.places("error compiling cython file") or log.places("cython.compiler"):
        yield finding


def _invalid_type(finding: Finding, log: LogText) -> Iterable[Finding]:
    """Look at the code that Cython shows above its message: NumPy 2 has fewer types."""
    for place in log.before(finding.place, 4):
        if name := _NUMPY_TYPE.search(log.text(place)):
            yield finding.but(
                kind=CauseKind.NUMPY_API,
                subject=f"numpy.{name[1]}",
                tier=Tier.FATAL,
                remedy=NUMPY_BEFORE_2,
            )
            return


def _any_error(finding: Finding, log: LogText) -> Iterable[Finding]:
    for found in _if_compiling(finding, log):
        yield found.but(subject=own_path(found.subject))


_NUMPY_TYPE = re.compile(r"\b(?:np|numpy|cnp)\.(u?(?:int|long)_t)\b")
_POSITION = r"\.(?:pyx|pxd|pxi|py):\d{1,6}:\d{1,6}: "

RULES = (
    Rule(
        CauseKind.COMPILE_ERROR,
        ": invalid type.",
        rf"{_POSITION}Invalid type\.",
        refine=_invalid_type,
    ),
    Rule(
        CauseKind.COMPILE_ERROR,
        "is not a type identifier",
        rf"{_POSITION}'\w{{1,60}}' is not a type identifier",
        refine=_invalid_type,
    ),
    Rule(
        CauseKind.CYTHON3,
        "'cython_sources'",
        r"'\w{1,30}' object has no attribute 'cython_sources'",
        subject="Cython",
        remedy=CYTHON_BEFORE_3,
    ),
    Rule(
        CauseKind.CYTHON3,
        "undeclared name not builtin",
        rf"{_POSITION}undeclared name not builtin: "
        r"(?P<subject>long|unicode|basestring|xrange|unichr|reduce|file|raw_input)",
        remedy=CYTHON_BEFORE_3,
    ),
    Rule(
        CauseKind.CYTHON3,
        "cannot assign type '",
        rf"{_POSITION}Cannot assign type '.{{1,300}}(?:except|noexcept|Exception values)",
        subject="noexcept",
        remedy=CYTHON_BEFORE_3,
    ),
    Rule(
        CauseKind.CYTHON3,
        "exception values are incompatible",
        subject="noexcept",
        remedy=CYTHON_BEFORE_3,
        refine=_if_compiling,
    ),
    Rule(
        CauseKind.CYTHON3,
        "reference-counted type '",
        rf"{_POSITION}Reference-counted type '.{{1,200}}' cannot be used as a template",
        subject="Cython",
        remedy=CYTHON_BEFORE_3,
    ),
    Rule(
        CauseKind.CYTHON3,
        "not in a cpp_class",
        subject="Cython",
        remedy=CYTHON_BEFORE_3,
        refine=_if_compiling,
    ),
    Rule(
        CauseKind.CYTHON3,
        "cimported module has no attribute",
        rf"{_POSITION}cimported module has no attribute '(?P<subject>\w{{1,60}})'",
        tier=Tier.LIKELY,
    ),
    Rule(
        CauseKind.CYTHON3,
        "'cpython/",
        r"'(?P<subject>cpython/(?:int|string|oldbuffer|cobject|instance|cStringIO)\.pxd)' not"
        r" found",
        remedy=CYTHON_BEFORE_3,
    ),
    Rule(
        CauseKind.CYTHON3,
        "except + not allowed",
        subject="except +",
        remedy=CYTHON_BEFORE_3,
        refine=_if_compiling,
    ),
    *(
        Rule(
            CauseKind.COMPILE_ERROR,
            f"{ending}:",
            rf"^(?P<subject>[\w./+~@-]{{1,300}}{re.escape(ending)}):\d{{1,6}}:\d{{1,6}}: (?!warn)",
            tier=Tier.STATED,
            refine=_any_error,
        )
        for ending in (".pyx", ".pxd", ".pxi")
    ),
    Rule(
        CauseKind.COMPILE_ERROR,
        "error compiling cython file",
        subject="Cython",
        tier=Tier.GENERIC,
    ),
    Rule(
        CauseKind.MISSING_BUILD_DEPENDENCY,
        "cython.",
        r"(?:unable to|cannot|could not) (?:find|import) (?P<subject>Cython)\b",
        tier=Tier.LIKELY,
    ),
)
