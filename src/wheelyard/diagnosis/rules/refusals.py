"""Sentences that refuse a Python, a system, or everybody."""

import re
from collections.abc import Iterable

from wheelyard.diagnosis.cause import CauseKind
from wheelyard.diagnosis.log_text import LogText
from wheelyard.diagnosis.rule import Finding, Rule, Tier

_REPORT = re.compile(
    r"(?:[\w.+-]+ ?){1,4}(?::|\.{2,}) *(?:no|yes|off|on|skip\w*|disabled)\b", re.IGNORECASE
)
_SYSTEMS = r"Windows|macOS|Mac OS X|Mac OS|OS X|OSX|Darwin|FreeBSD|iOS|Android|Cygwin"


def _python2(finding: Finding, _log: LogText) -> Iterable[Finding]:
    yield finding.but(subject="Python 2")


def _installer_speaks(finding: Finding, _log: LogText) -> Iterable[Finding]:
    """Skip warnings: many a log says that something will be removed one day."""
    lowered = finding.text.lower()
    if "warning" in lowered or "warn(" in lowered or lowered.startswith("note:"):
        return
    yield finding


def _of_system(finding: Finding, log: LogText) -> Iterable[Finding]:
    """Skip a line of a table of what is built: `windowing: no  [Microsoft Windows only]`."""
    if _REPORT.match(finding.text) is None:
        yield from _installer_speaks(finding, log)


def _pip_option(finding: Finding, log: LogText) -> Iterable[Finding]:
    if "DEPRECATION:" not in finding.text:
        yield from _installer_speaks(finding, log)


_ONE = r"Python ?(?:versions? )?(?:[<>=!~]{1,2} ?)?3\.\d{1,2}(?:\.\d{1,2})?"
_UP = r"(?: (?:or|and) (?:later|newer|higher|above|greater|up|less|lower|older|earlier|below))?"
_RANGE = (
    rf"{_ONE}\+?(?: ?(?:-|to|through|and|or|,) ?"
    r"(?:3\.\d{1,2}|later|newer|higher|above|greater|up)){0,4}"
)
_IS_WANTED = r"(?:required|unsupported|needed|not (?:yet )?supported)"
_REFUSALS = (
    (rf"(?:requires?|needs?) (?:at least )?(?P<subject>{_ONE})", Tier.STATED),
    (rf"(?P<subject>{_ONE}\+?){_UP} (?:is |are )?{_IS_WANTED}", Tier.LIKELY),
    (rf"(?:^|\s)(?:supports?|works? (?:on|with)) (?:only )?(?P<subject>{_RANGE})", Tier.STATED),
    (rf"\bonly (?P<subject>{_ONE}\+?.{{0,30}}) (?:is|are) supported", Tier.STATED),
)
"""Sentences about the Pythons that a project takes, with the subject in them."""

RULES = (
    Rule(
        CauseKind.PYTHON2_ONLY,
        "python 2",
        r"(?:only (?:for|on|with|works|supports?|runs)|for|requires?|needs?|is for|works with)"
        r"(?: \w{1,10}){0,3} Python 2(?:\.\w)?\b.{0,12}(?: only|$|\.|!)"
        r"|Python 2(?:\.\w)? only|only (?:\w{1,12} ){0,3}(?:for |on |with |by )?Python 2",
        tier=Tier.LIKELY,
        refine=_python2,
    ),
    Rule(
        CauseKind.PYTHON2_ONLY,
        "python 3",
        r"(?:not supported on|does not (?:yet )?support|doesn't (?:yet )?support"
        r"|not (?:yet )?compatible with|incompatible with|not (?:work|available) (?:on|for"
        r"|with|under)"
        r"|not (?:yet )?(?:been )?ported to|not for) Python 3(?:\.x)?(?!\.?\d)"
        r"|Python 3(?:\.x)? is (?:not|un)(?:[ -]?(?:yet )?)?supported"
        r"|Python 3 (?:users|has)\b.{0,80}(?:standard library|stdlib|built-?in)",
        tier=Tier.LIKELY,
        refine=_python2,
    ),
    Rule(
        CauseKind.PYTHON2_ONLY,
        "python3",
        r"(?:does not|doesn't) (?:yet )?support Python3|python3 is not supported",
        tier=Tier.LIKELY,
        refine=_python2,
    ),
    Rule(
        CauseKind.PYTHON2_ONLY,
        "python 2",
        r"Python 2(?:\.\w)? (?:is|are) required",
        tier=Tier.LIKELY,
        refine=_python2,
    ),
    Rule(
        CauseKind.PYTHON_REFUSED,
        "cannot install on python",
        r"Cannot install on Python version \S{1,12}; only versions "
        r"(?P<subject>[^\s.]{1,5}\S{1,40})",
    ),
    Rule(
        CauseKind.PYTHON_REFUSED,
        "only versions ",
        r"^(?:\w{0,30}(?:Error|Exception|Exit): )?only versions "
        r"(?P<subject>[<>=!~]{1,2} ?\d\S{0,40}(?: [<>=!~]\S{1,20}){0,4}) are supported",
        tier=Tier.LIKELY,
    ),
    Rule(
        CauseKind.PYTHON_REFUSED,
        "python version",
        r"(?:unsupported|incompatible|wrong|invalid) Python version:? ?(?P<subject>\d[\w.]{0,12})?",
        tier=Tier.LIKELY,
        refine=_installer_speaks,
    ),
    Rule(
        CauseKind.PYTHON_REFUSED,
        "current python version",
        r"current Python version \(\S{1,20}\) is not allowed by the project \("
        r"(?P<subject>[^)]{1,60})",
    ),
    *(
        Rule(CauseKind.PYTHON_REFUSED, literal, pattern, tier=tier, refine=_installer_speaks)
        for pattern, tier in _REFUSALS
        for literal in ("python 3", "python version", "python >", "python>", "python <", "python<")
    ),
    Rule(
        CauseKind.WRONG_OS,
        "only",
        rf"\b(?:only (?:\w{{1,12}} ){{0,5}}(?:for |on |with |under )?|requires? )"
        rf"(?P<subject>{_SYSTEMS})\b",
        tier=Tier.LIKELY,
        refine=_of_system,
    ),
    Rule(
        CauseKind.WRONG_OS,
        "requires ",
        rf"\brequires? (?:a |the )?(?P<subject>{_SYSTEMS})\b",
        tier=Tier.LIKELY,
        refine=_of_system,
    ),
    Rule(
        CauseKind.WRONG_OS,
        " only",
        rf"\b(?P<subject>{_SYSTEMS})[ -]only\b",
        tier=Tier.LIKELY,
        refine=_of_system,
    ),
    Rule(
        CauseKind.WRONG_OS,
        "supported",
        r"(?:linux\S{0,10}|platform|operating system|OS)(?: '?(?P<subject>linux\w{0,10})'?)? "
        r"(?:is |are )?(?:not|un)(?: (?:yet |currently )?)?supported"
        r"|unsupported (?:platform|operating system|os)\b",
        tier=Tier.LIKELY,
        subject="linux",
        refine=_installer_speaks,
    ),
    Rule(
        CauseKind.WRONG_OS,
        "unsupported ",
        r"unsupported (?:platform|operating system|os)\b",
        tier=Tier.LIKELY,
        subject="linux",
        refine=_installer_speaks,
    ),
    Rule(
        CauseKind.WRONG_OS,
        "microsoft visual c++",
        r"Microsoft (?P<subject>Visual C\+\+) \d.{0,40} is required",
    ),
    Rule(
        CauseKind.WRONG_OS,
        "vcvarsall.bat",
        r"(?:find|found|missing).{0,40}vcvarsall",
        subject="Visual C++",
    ),
    Rule(
        CauseKind.WRONG_OS,
        "winerror",
        r"module 'ctypes' has no attribute '(?P<subject>windll|WinError|WinDLL|wintypes)'",
    ),
    Rule(
        CauseKind.WRONG_OS,
        "'ctypes' has no attribute 'win",
        r"has no attribute '(?P<subject>windll|WinError|WinDLL)'",
        tier=Tier.CERTAIN,
    ),
    Rule(
        CauseKind.WRONG_MACHINE,
        "supported",
        r"(?:unsupported (?:architecture|machine|processor|cpu)"
        r"|(?:architecture|machine|processor|cpu)(?: '?(?P<subject>[\w-]{1,20})'?)? (?:is"
        r" )?not supported)",
        tier=Tier.LIKELY,
        refine=_installer_speaks,
    ),
    Rule(
        CauseKind.DELIBERATE,
        "deprecated",
        r"(?:the |this )?'?(?P<subject>[\w.-]{1,60})'? (?:\w{1,10} )?package is deprecated",
        tier=Tier.STATED,
        refine=_pip_option,
    ),
    Rule(
        CauseKind.WRONG_OS,
        "'windowserror' is not defined",
        subject="WindowsError",
    ),
    Rule(
        CauseKind.DELIBERATE,
        "pip install ",
        r"pip install (?P<subject>[\w.-]{1,60}) is not supported",
        tier=Tier.LIKELY,
        refine=_installer_speaks,
    ),
    Rule(
        CauseKind.DELIBERATE,
        "is not the ",
        r"(?P<subject>[\w.-]{1,60}) is not the (?:package|project|module) (?:that )?you",
        tier=Tier.LIKELY,
        refine=_installer_speaks,
    ),
    Rule(
        CauseKind.DELIBERATE,
        "placeholder",
        r"\b(?:is |only )(?:only )?a (?:\w{1,12} )?placeholder",
        tier=Tier.LIKELY,
        refine=_installer_speaks,
    ),
    Rule(
        CauseKind.DELIBERATE,
        "dummy",
        r"\bis (?:only |just )?a (?:dummy|stub|fake) (?:package|project)",
        tier=Tier.LIKELY,
        refine=_installer_speaks,
    ),
    Rule(
        CauseKind.DELIBERATE,
        "install",
        r"(?:do not|don't|should not(?: be)?|shouldn't(?: be)?|must not(?: be)?|cannot be|not"
        r" meant to "
        r"be|not intended to be) (?:directly )?install(?:ed)?\b.{0,60}"
        r"(?:package|project|directly|from|PyPI|pip)",
        tier=Tier.STATED,
        refine=_installer_speaks,
    ),
    Rule(
        CauseKind.DELIBERATE,
        "package",
        r"(?:['\"](?P<subject>[\w.-]{1,60})['\"] )?(?:package|project) (?:has been|was|is) "
        r"(?:removed|renamed|replaced|superseded|moved|abandoned|discontinued|obsolete|retired)",
        tier=Tier.STATED,
        refine=_installer_speaks,
    ),
    Rule(
        CauseKind.DELIBERATE,
        "instead of",
        r"install (?:the )?'?[\w.-]{1,60}'?(?: package)? \(?instead of (?:the )?"
        r"'?(?P<subject>[\w.-]{1,60})",
        tier=Tier.LIKELY,
        refine=_installer_speaks,
    ),
    Rule(
        CauseKind.DELIBERATE,
        "you tried to install",
        r"you tried to install ['\"](?P<subject>[\w.-]{1,60})",
        tier=Tier.LIKELY,
    ),
    Rule(
        CauseKind.DELIBERATE,
        "squat",
        r"(?:typo|name)-?\s?squat",
        tier=Tier.LIKELY,
        refine=_installer_speaks,
    ),
    Rule(
        CauseKind.DELIBERATE,
        "reserved",
        r"(?:reserved (?:package )?name|name (?:is |has been )?reserved)",
        tier=Tier.STATED,
        refine=_installer_speaks,
    ),
    Rule(
        CauseKind.DELIBERATE,
        "no longer maintained",
        tier=Tier.HINT,
        refine=_installer_speaks,
    ),
    Rule(
        CauseKind.DELIBERATE,
        "instead",
        r"(?:please )?(?:install|use) (?:the )?'?(?P<subject>[\w.-]{1,60})'?"
        r"(?: package)? instead(?: of\b.{0,60})?",
        tier=Tier.HINT,
        refine=_installer_speaks,
    ),
)
