"""Linkers and the dynamic loader: libraries that are missing, symbols that clash."""

import re
from collections.abc import Iterable

from wheelyard.diagnosis.cause import CauseKind
from wheelyard.diagnosis.log_text import LogText
from wheelyard.diagnosis.remedies import COMMON_VARIABLES
from wheelyard.diagnosis.rule import Finding, Rule, Tier, unless_it_went_on

_PROBE = re.compile(r"conftest|/tmp/tmp|in function 'main'|_configtest|CMakeTmp|meson-private")
_IN_HEADER = re.compile(r"\.h:\d+: multiple|\((?:\.bss|COMMON)\b[^)]{0,40}\): multiple")
_PYTHON2_SYMBOL = re.compile(r"^Py(?:String|Int|CObject|Class|File)_|^Py_InitModule")


def _undefined(finding: Finding, log: LogText) -> Iterable[Finding]:
    if _PROBE.search(finding.text):
        yield finding.but(tier=Tier.HINT)
    elif _PYTHON2_SYMBOL.search(finding.subject or ""):
        yield finding.but(kind=CauseKind.PYTHON2_ONLY)
    else:
        yield from unless_it_went_on(finding, log)


def _defined_twice(finding: Finding, _log: LogText) -> Iterable[Finding]:
    """Give variables that headers define the rule that compilers had for them before gcc 10."""
    is_variable = bool(_IN_HEADER.search(finding.text)) and "in function '" not in finding.text
    yield finding.but(remedy=COMMON_VARIABLES) if is_variable else finding


RULES = (
    Rule(
        CauseKind.MISSING_LIBRARY,
        "cannot find -l",
        r"ld(?:\.\w+)?: (?:error: )?cannot find (?P<subject>-l[^\s:]{1,100})",
        refine=unless_it_went_on,
    ),
    Rule(
        CauseKind.MISSING_LIBRARY,
        "library not found for -l",
        r"library not found for (?P<subject>-l\S{1,100})",
        refine=unless_it_went_on,
    ),
    Rule(
        CauseKind.MISSING_LIBRARY,
        "unable to find library -l",
        r"unable to find library (?P<subject>-l\S{1,100})",
        refine=unless_it_went_on,
    ),
    Rule(
        CauseKind.MISSING_LIBRARY,
        "ld: cannot find ",
        r"ld: cannot find (?P<subject>(?!-l)[^\s:]{1,200}?\.(?:a|o|so)\b[\d.]*)",
        tier=Tier.LIKELY,
        refine=unless_it_went_on,
    ),
    Rule(
        CauseKind.MISSING_LIBRARY,
        "cannot open shared object file",
        r"(?P<subject>[\w.+-]{1,100}\.so[\w.]{0,20}): cannot open shared object file",
        refine=unless_it_went_on,
    ),
    Rule(
        CauseKind.MISSING_LIBRARY,
        "cannot load library",
        r"cannot load library '(?P<subject>[^']{1,100})'",
    ),
    Rule(
        CauseKind.MISSING_LIBRARY,
        "to locate a library called",
        r"did not manage to locate a library called '(?P<subject>[^']{1,60})'",
    ),
    Rule(
        CauseKind.MISSING_LIBRARY,
        "no library called",
        r"no library called \"(?P<subject>[^\"]{1,60})\" was found",
        tier=Tier.LIKELY,
    ),
    Rule(
        CauseKind.LINK_ERROR,
        "multiple definition of",
        r"multiple definition of '(?P<subject>[^']{1,150})'",
        refine=_defined_twice,
    ),
    Rule(
        CauseKind.LINK_ERROR,
        "duplicate symbol",
        r"duplicate symbol:? '?(?P<subject>[\w:~()]{1,150})",
    ),
    Rule(
        CauseKind.LINK_ERROR,
        "undefined reference to",
        r"undefined reference to '(?P<subject>[^']{1,150})'",
        tier=Tier.LIKELY,
        refine=_undefined,
    ),
    Rule(
        CauseKind.LINK_ERROR,
        "undefined symbol",
        r"undefined symbol: (?P<subject>[\w@.]{1,150})",
        tier=Tier.LIKELY,
        refine=_undefined,
    ),
    Rule(
        CauseKind.LINK_ERROR,
        "recompile with -fpic",
        r"relocation \S{1,60} against (?:symbol )?'(?P<subject>[^']{1,150})'",
    ),
    Rule(
        CauseKind.LINK_ERROR,
        "file in wrong format",
        r"(?P<subject>[^\s:]{1,150}): (?:file in wrong format|error adding symbols)",
    ),
    Rule(
        CauseKind.LINK_ERROR,
        "could not read symbols",
        r"(?P<subject>[^\s:]{1,150}): could not read symbols",
        tier=Tier.LIKELY,
    ),
    Rule(
        CauseKind.LINK_ERROR,
        "ld returned",
        r"collect2: error: (?P<subject>ld) returned [1-9]",
        tier=Tier.HINT,
    ),
)
