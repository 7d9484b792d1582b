"""Configure scripts, those of waf included."""

import re
from collections.abc import Iterable

from wheelyard.diagnosis.cause import CauseKind
from wheelyard.diagnosis.log_text import LogText
from wheelyard.diagnosis.rule import Finding, Rule, Tier
from wheelyard.diagnosis.rules.programs import program_in_prose

_HEADER = re.compile(r"\b([\w+-][\w./+-]{0,100}\.(?:h|hpp|hh))\b")
_LIBRARY = re.compile(r"(?:^|\s)-?(lib(?!rar|s?\b)[\w+.-]{1,60}|-l[\w+.-]{1,60})\b", re.IGNORECASE)
_NAMED = re.compile(
    r"(?:cannot find|could not find|couldn't find|can't find|unable to find|missing|requires?|need"
    r"|install|no)\s+(?:the |a |an |working |usable |suitable )?'?([A-Za-z][\w.+-]{0,60})",
    re.IGNORECASE,
)
_DEVELOPMENT = re.compile(
    r"(?:development (?:files|headers|packages?|librar\w{1,3})|headers?|librar\w{1,3}) (?:for|of) "
    r"(?:the )?'?([A-Za-z][\w.+-]{0,60})",
    re.IGNORECASE,
)
_FIRST = re.compile(
    r"^(?!could|can|cannot|unable|failed|no|did|does|you|we|the)"
    r"'?([A-Za-z][\w.+-]{0,60})'? (?:\w{1,20} ){0,3}?(?:not|is required|required|missing|was not)"
)
_OWN_SOURCES = re.compile(r"cannot find (?:sources|required auxiliary files|install-sh)")
_OF_PYTHON = re.compile(r"\bpython\d?(?:\.\d+)? (?:development )?headers?\b", re.IGNORECASE)


def _message(finding: Finding, _log: LogText) -> Iterable[Finding]:
    """Tell from the sentence what is missing."""
    sentence = finding.subject or ""
    if re.search(r"package requirements \(", sentence, re.IGNORECASE):
        return
    if _OWN_SOURCES.search(sentence):
        yield finding.but(kind=CauseKind.INCOMPLETE_SDIST, subject=sentence[:80])
        return
    if _OF_PYTHON.search(sentence):
        yield finding.but(kind=CauseKind.MISSING_HEADER, subject="Python.h")
        return
    if header := _HEADER.search(sentence):
        yield finding.but(kind=CauseKind.MISSING_HEADER, subject=header[1])
        return
    searches = (_FIRST, _DEVELOPMENT, _NAMED)
    words = [match[1] for match in (each.search(sentence) for each in searches) if match]
    for word in words:
        if program := program_in_prose(word, sentence):
            yield finding.but(kind=program[0], subject=program[1])
            return
    if library := _LIBRARY.search(sentence):
        yield finding.but(kind=CauseKind.MISSING_LIBRARY, subject=library[1])
    else:
        yield finding.but(subject=words[0] if words else sentence[:80])


def _of_waf(finding: Finding, log: LogText) -> Iterable[Finding]:
    """Keep what waf stopped at: it says so on the next lines."""
    if any(log.text(place) == _WAF_STOPPED for place in log.after(finding.place, 3)):
        name = finding.subject or ""
        if program := program_in_prose(name, f"'{name}'"):
            yield finding.but(kind=program[0], subject=program[1])
        elif _HEADER.fullmatch(name):
            yield finding.but(kind=CauseKind.MISSING_HEADER)
        elif " library " in finding.text:
            yield finding.but(kind=CauseKind.MISSING_LIBRARY, subject=f"-l{name}")
        else:
            yield finding


_WAF_STOPPED = "The configuration failed"

RULES = (
    Rule(
        CauseKind.AUTHOR_MESSAGE,
        "checking for ",
        r"^Checking for (?:program |library |header )?'?(?P<subject>[\w./+-]{1,60})'?"
        r"(?: ?[<>=]{1,2} ?[\d.]{1,12})? *: (?:not found|no)$",
        refine=_of_waf,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "no acceptable c",
        r"configure: error: no acceptable C compiler",
        subject="gcc",
        tier=Tier.CERTAIN,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "compiler cannot create executables",
        r"configure: error: \S{1,10} compiler cannot create executables",
        subject="gcc",
        tier=Tier.CERTAIN,
    ),
    Rule(
        CauseKind.AUTHOR_MESSAGE,
        "configure: error:",
        r"configure: error: (?:\*{1,3} ?)?(?P<subject>.{1,200})",
        refine=_message,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "undefined macro: am_path_",
        r"undefined macro: AM_PATH_(?P<subject>\w{1,40})",
        tier=Tier.LIKELY,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "libtool library used but",
        subject="libtool",
        tier=Tier.LIKELY,
    ),
)
