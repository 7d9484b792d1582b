"""Sentences in which authors name what is missing, in their own words."""

import re
from collections.abc import Iterable
from dataclasses import replace

from wheelyard.diagnosis.cause import CauseKind
from wheelyard.diagnosis.known_names import words
from wheelyard.diagnosis.log_text import LogText
from wheelyard.diagnosis.rule import Finding, Rule, Tier
from wheelyard.diagnosis.rules.programs import program_in_prose

_NOISE = words(
    "a all an and any apt archive based appropriate are be both build c c++ code command "
    "compatible compiler compilers configuration correct corresponding currently "
    "dependencies dependency development directories directory either error executable "
    "file files following for from function gcc information have header headers in "
    "include installation installed is it latest least libraries library local matching "
    "module native necessary needed no not object of on one or other package packages "
    "path pip program programs project pypi proper python python3 relevant required "
    "requirements right runtime sdk setup setup.py shared software some source sources static "
    "suitable system that the them these this to tool tools usable valid version via virtualenv "
    "was website which wheel with working you your"
)
_SEPARATOR = re.compile(r",? and/or |,? and |,? or |, ?|/| & ")
_OPTIONAL = re.compile(
    r"warning|optional|disabl|skipp|will not be|without|fall(?:ing)? ?back|ignor|checking for"
    r"|^[\w ]{1,40}: no\b",
    re.IGNORECASE,
)
_INSTALLER = re.compile(
    r"\b(?:apt|apt-get|aptitude|dnf|yum|brew|zypper|pacman|apk|conda|port|pip3?) "
    r"(?:-\w{1,10} )?(?:install|add|-S)\b"
)
"""A list of commands for one system or another names what may be chosen, not what is missing."""
_OF_PIP = ("note:", "hint:", "ERROR: Could not build wheels", "ERROR: Failed", "error: legacy-")
_LIBRARY_FILE = re.compile(r"^lib[\w+-]{1,60}\.(?:so|a)\b")
_NAME = r"[A-Za-z][\w.+-]{0,60}(?:(?-i: DB| MPI| GL)\b)?"
_NAMES = rf"(?P<subject>{_NAME}(?:(?:, ?| and/or | and | or |/){_NAME}){{0,4}})"
_FIND = r"(?:could not|couldn't|cannot|can not|can't|unable to|failed to) (?:find|locate)"
_FIND_KIND = rf"(?:{_FIND}|did not find)"
_SOME = (
    r"(?:the |a |an |any )?"
    r"(?:required |local |working |valid |usable |suitable |system |installed |functional "
    r"|recent )?(?:(?:Oracle|GNU|Apache) (?!software|client|instant|install|librar))?"
)
_KIND = (
    r"(?:(?:C |C\+\+ |shared |static |native |system )?"
    r"(?:librar(?:y|ies)|headers?|package|module|development files?|install\w*))"
)


def _named(finding: Finding, _log: LogText) -> Iterable[Finding]:
    """Take the names out of a sentence, and tell programs, headers and libraries from the rest."""
    text = finding.text
    if text.startswith(_OF_PIP):
        return
    is_hint = _OPTIONAL.search(text) or _INSTALLER.search(text)
    tier = Tier.HINT if is_hint else finding.tier
    for part in _SEPARATOR.split(finding.subject or ""):
        name = part.strip("'\" .")
        if not name or name.lower() in _NOISE:
            continue
        if program := program_in_prose(name, text):
            yield finding.but(kind=program[0], subject=program[1], tier=tier)
        elif name.endswith((".h", ".hpp")):
            yield finding.but(kind=CauseKind.MISSING_HEADER, subject=name, tier=tier)
        elif _LIBRARY_FILE.match(name):
            yield finding.but(kind=CauseKind.MISSING_LIBRARY, subject=name, tier=tier)
        elif name.endswith(".pc"):
            yield finding.but(kind=CauseKind.MISSING_PKG_CONFIG, subject=name, tier=tier)
        else:
            yield finding.but(subject=name, tier=tier)


def _says(literal: str, pattern: str, *, tier: Tier = Tier.STATED) -> Rule:
    return Rule(CauseKind.AUTHOR_MESSAGE, literal, pattern, tier=tier, refine=_named)


def _listed(finding: Finding, log: LogText) -> Iterable[Finding]:
    """Name what is listed below, after stars."""
    for place in log.after(finding.place, 4):
        if (text := log.text(place)).startswith("* "):
            yield from _named(replace(finding, subject=text[2:], place=place, text=text), log)


RULES = (
    Rule(
        CauseKind.AUTHOR_MESSAGE,
        "required packages can not be built",
        tier=Tier.LIKELY,
        refine=_listed,
    ),
    Rule(
        CauseKind.AUTHOR_MESSAGE,
        "notfounderror",
        r"system_info\.(?P<subject>Blas|Lapack|FFTW|Atlas)\w{0,10}NotFoundError",
        tier=Tier.STATED,
    ),
    _says(
        "be found for ",
        rf"(?:headers?|librar\w{{1,3}}|files?) (?:could|can)(?:not| not) be found for {_NAMES}",
        tier=Tier.LIKELY,
    ),
    _says(
        "development",
        rf"{_NAMES} development (?:packages?|headers?|files?|librar\w{{1,3}}|tools)",
        tier=Tier.LIKELY,
    ),
    _says("header", rf"{_NAMES} headers? (?:files? )?(?:and|or|/) ?librar", tier=Tier.LIKELY),
    _says("librar", rf"{_NAMES} librar\w{{1,3}} (?:and|or) headers?", tier=Tier.LIKELY),
    _says(
        "unable to load dependency",
        rf"unable to load dependency (?P<subject>{_NAME})",
        tier=Tier.LIKELY,
    ),
    _says(
        "make sure",
        rf"make sure (?:that )?(?:you have )?(?:the )?{_NAMES} (?:\w{{1,12}} )?(?:is|are) "
        rf"(?:\w{{1,12}} )?installed",
    ),
    _says(
        "not installed", rf"{_NAMES} (?:is|are|was|were|seems?) not (?:properly |to be )?installed"
    ),
    _says("must be installed", rf"{_NAMES} (?:[\d.]{{1,10}} )?must be installed"),
    _says("required to", rf"{_NAMES} (?:is|are) required to (?:build|compile|install)"),
    _says("required for", rf"{_NAMES} (?:is|are) required for (?:build|compil|install)"),
    _says(
        "to be installed",
        rf"(?:requires?|needs?) (?:the )?{_NAMES} (?:\w{{1,15}} )?to be installed",
    ),
    _says(" find ", rf"{_FIND_KIND} {_SOME}{_NAMES} (?:version )?(?:[\d.]{{1,8}} )?{_KIND}"),
    _says(" find ", rf"{_FIND_KIND} {_SOME}{_KIND} (?:for |named? |files? (?:for )?)?'?{_NAMES}"),
    _says(" find ", rf"{_FIND} {_SOME}'?{_NAMES}'?"),
    _says(" locate ", rf"{_FIND} {_SOME}'?{_NAMES}'?"),
    _says(
        "not found",
        rf"(?:^|[\s'(]){_NAMES}'? (?:{_KIND} )?(?:was |were |is |are |could )?not found",
    ),
    _says(
        "be found", rf"(?:^|[\s'(]){_NAMES}'? (?:{_KIND} )?(?:could|can)(?:not| not|n't) be found"
    ),
    _says(
        " could not be ", rf"(?:^|[\s'(]){_NAMES}'? could not be (?:detected|located|determined)"
    ),
    _says("please install", rf"please (?:first )?install (?:the )?'?{_NAMES}"),
    _says("need to", rf"you (?:will )?need to (?:first )?(?:install|have) (?:the )?{_NAMES}"),
    _says("have to", rf"you have to (?:first )?install (?:the )?{_NAMES}"),
    _says("must ", rf"you must (?:first )?(?:install|have) (?:the )?{_NAMES}"),
    _says(
        "development",
        rf"development (?:packages?|headers?|files?|librar\w{{1,3}}|version) (?:of|for) "
        rf"(?:the )?{_NAMES}",
        tier=Tier.LIKELY,
    ),
    _says(" installed?", rf"\b(?:is|are) (?:the )?{_NAMES} (?:\w{{1,12}} )?installed\?"),
    _says(" in library ", rf"{_FIND} function \w{{1,60}} in library (?P<subject>{_NAME})"),
    _says("cannot compile ", r"cannot (?:compile|link) (?P<subject>[A-Z][\w+-]{1,20}) programs"),
    _says("missing", rf"missing (?:the |required )?(?:{_KIND}:? )?'?{_NAMES}"),
    _says("no ", rf"\bno {_NAMES} (?:headers?|librar\w{{1,3}}|resources) (?:was |were )?found"),
    _says(
        "install ", rf"(?:apt|apt-get|dnf|yum|brew|zypper) install (?:-y )?{_NAMES}", tier=Tier.HINT
    ),
)
