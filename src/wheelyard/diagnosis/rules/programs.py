"""Programs that are missing or too old, and files that look like them."""

import re
from collections.abc import Iterable

from wheelyard.diagnosis.cause import CauseKind
from wheelyard.diagnosis.known_names import (
    ENGLISH_PROGRAMS,
    FOREIGN_PROGRAMS,
    PROGRAM_OF_WORD,
    PROGRAMS,
)
from wheelyard.diagnosis.log_text import LogText
from wheelyard.diagnosis.rule import Finding, Rule, Tier, own_path, unless_it_went_on

_CONFIG_TOOL = re.compile(r"^[\w.+-]{1,60}[-_]config(?:[-.]?\d[\w.]*)?$")
_PROGRAM_LIKE = re.compile(r"^[a-z][\w+-]{0,40}$")
_STARTING = re.compile(r"subprocess|_execute_child|Popen|spawn|_posixsubprocess|check_output")
_STARTS = re.compile(r"Traceback|╰─>")
_FRAMES = 16
_OF_PKG_CONFIG = re.compile(r"pkg-?config (?:package|module|library|file)s? ", re.IGNORECASE)
"""It is there then, and does not know a library."""

_OF_MAKE = re.compile(r"(?:.*/)?(?:GNU)?[Mm]akefile\b.*|.+\.(?:mk|mak|in|am|d|c|h|cc|cpp|txt|py)")
"""What make reads, which is no program that it runs."""


def as_program(name: str) -> tuple[CauseKind, str] | None:
    """Return the kind of cause and the program's own name, if the name is a program's."""
    base = name.rpartition("/")[2]
    base = PROGRAM_OF_WORD.get(base.lower(), base)
    if base in {"pkg-config", "pkgconf"}:
        return CauseKind.MISSING_PROGRAM, base
    if _CONFIG_TOOL.match(base):
        return CauseKind.MISSING_CONFIG_TOOL, base
    if base in PROGRAMS or base.lower() in PROGRAMS:
        return CauseKind.MISSING_PROGRAM, base if base in PROGRAMS else base.lower()
    return None


def program_in_prose(name: str, text: str) -> tuple[CauseKind, str] | None:
    """Read a word of a sentence as a program's name; plain English words must stand in quotes."""
    if name.lower() in ENGLISH_PROGRAMS and f"'{name}'" not in text:
        return None
    return as_program(name)


def named_program(finding: Finding, _log: LogText) -> Iterable[Finding]:
    """Take the subject for a program, known or not."""
    name = (finding.subject or "").rpartition("/")[2]
    if name in FOREIGN_PROGRAMS:
        yield finding.but(kind=CauseKind.WRONG_OS, subject=name)
        return
    kind, subject = as_program(name) or (CauseKind.MISSING_PROGRAM, name)
    yield finding.but(kind=kind, subject=subject)


def _program_that_stops(finding: Finding, log: LogText) -> Iterable[Finding]:
    for named in named_program(finding, log):
        for found in unless_it_went_on(named, log):
            # Who asks a tool where a library is wants the library, even if told off later.
            asked = found.kind is CauseKind.MISSING_CONFIG_TOOL and found.tier is Tier.STATED
            yield found.but(tier=Tier.LIKELY) if asked else found


def _program_or_file(finding: Finding, log: LogText) -> Iterable[Finding]:
    """Tell a program that could not be started from a file that is not in the sdist."""
    name = finding.subject or ""
    if program := as_program(name):
        yield finding.but(kind=program[0], subject=program[1])
        return
    frames = [log.text(place) for place in log.before(finding.place, _FRAMES)]
    until = next((i for i, text in enumerate(frames) if _STARTS.match(text)), len(frames))
    has_trace = until < len(frames) and frames[until].startswith("Traceback")
    was_started = any(_STARTING.search(text) for text in frames[:until])
    if name.rpartition("/")[2] in FOREIGN_PROGRAMS:
        yield finding.but(kind=CauseKind.WRONG_OS, subject=name.rpartition("/")[2])
    elif was_started or (not has_trace and _PROGRAM_LIKE.match(name)):
        yield finding.but(kind=CauseKind.MISSING_PROGRAM, subject=name.rpartition("/")[2])
    else:
        yield finding.but(kind=CauseKind.INCOMPLETE_SDIST, subject=own_path(name))


def _run_by_make(finding: Finding, log: LogText) -> Iterable[Finding]:
    """Tell a program that a rule runs from a file that make itself wants to read."""
    if _OF_MAKE.fullmatch(finding.subject or "") is None:
        yield from _program_that_stops(finding, log)
        return
    yield finding.but(kind=CauseKind.INCOMPLETE_SDIST, tier=Tier.GENERIC)


def _known_only(finding: Finding, _log: LogText) -> Iterable[Finding]:
    """Keep a finding only if the subject is a program that we know."""
    if _OF_PKG_CONFIG.search(finding.text):
        return
    if program := program_in_prose(finding.subject or "", finding.text):
        # CMake reports what it looks for after two dashes, and goes on.
        tier = Tier.HINT if finding.text.startswith("-- ") else finding.tier
        yield finding.but(kind=program[0], subject=program[1], tier=tier)


_NO_FILE = r"\[Errno 2\] No such file or directory: '(?P<subject>[^']{1,200})'"
_WORD = r"[A-Za-z][\w.+-]{0,60}"

RULES = (
    Rule(
        CauseKind.MISSING_PROGRAM,
        "no such file or directory: '",
        rf"^(?:[\w.]{{0,60}}(?:FileNotFoundError|OSError|IOError|error)\b:? ?){{1,2}}{_NO_FILE}",
        refine=_program_or_file,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "no such file or directory: '",
        rf"\S.{{0,200}}{_NO_FILE}",
        tier=Tier.LIKELY,
        refine=_known_only,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "failed: no such file or directory",
        r"command '(?P<subject>[^']{1,200})' failed: No such file or directory",
        refine=named_program,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "unable to execute '",
        r"unable to execute '(?P<subject>[^']{1,200})'",
        refine=_program_that_stops,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "unable to execute ",
        r"unable to execute (?P<subject>[\w./+-]{1,100}): No such file",
        refine=_program_that_stops,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "not found",
        r"(?:^|[\s/])(?:sh|bash|dash|zsh|configure|[\w.+-]{1,60}\.sh)"
        r"(?:: line \d{1,6}|: \d{1,6})?: (?:line \d{1,6}: )?(?P<subject>[\w./+-]{1,100}): "
        r"(?:command )?not found",
        refine=_program_that_stops,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "make",
        r"make(?:\[\d{1,3}\])?: (?P<subject>[\w./+-]{1,100}): "
        r"(?:No such file or directory|Command not found)",
        refine=_run_by_make,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "command not found",
        r"(?P<subject>[\w./+-]{1,100}): command not found",
        tier=Tier.LIKELY,
        refine=_program_that_stops,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "env: ",
        r"env: '?(?P<subject>[\w./+-]{1,100})'?: No such file",
        refine=_program_that_stops,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "cannot execute",
        r"cannot execute '(?P<subject>[\w./+-]{1,60})'",
        refine=named_program,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "must be installed",
        rf"(?P<subject>{_WORD}) must be installed",
        refine=_known_only,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "executable",
        rf"(?:could not|couldn't|cannot|can't|unable to|failed to) (?:find|locate) (?:the |a |an )?"
        rf"['\"]?(?P<subject>{_WORD})['\"]? executable",
        tier=Tier.LIKELY,
        refine=named_program,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "executable",
        rf"['\"]?(?P<subject>{_WORD})['\"]? executable (?:was |is |could )?(?:not |missing)",
        tier=Tier.LIKELY,
        refine=_known_only,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "unable to find ",
        rf"unable to find (?:the |a |an )?'?(?P<subject>{_WORD})",
        tier=Tier.LIKELY,
        refine=_known_only,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "could not find ",
        rf"could not find (?:the |a |an )?(?:command |program )?'?(?P<subject>{_WORD})",
        tier=Tier.LIKELY,
        refine=_known_only,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "not found",
        rf"(?:^|\s|')(?P<subject>{_WORD})'? (?:command |tool |program |binary )?"
        rf"(?:is |was |could )?not found",
        tier=Tier.STATED,
        refine=_known_only,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "is required",
        rf"(?:^|\s|')(?P<subject>{_WORD})'? is required (?:to|for)",
        tier=Tier.STATED,
        refine=_known_only,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "not installed",
        rf"(?:^|\s|')(?P<subject>{_WORD})'? (?:is |was )?not installed",
        tier=Tier.LIKELY,
        refine=_known_only,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        " executable not found",
        r"(?:^|[\s'])(?P<subject>[a-z][\w+-]{1,40})'? executable not found",
        tier=Tier.LIKELY,
        refine=named_program,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "unable to run ",
        rf"unable to run ['\"]?(?P<subject>{_WORD})",
        tier=Tier.LIKELY,
        refine=_known_only,
    ),
    Rule(
        CauseKind.MISSING_CONFIG_TOOL,
        "-config",
        rf"unable to run ['\"]?(?P<subject>{_WORD}-config)['\"]?\. ",
        refine=named_program,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "buffer",
        r"\b(?:install|find|missing|requires?|needs?|no)\b.{0,30}"
        r"\bproto(?:col)?[ -]?buffers? compiler",
        tier=Tier.LIKELY,
        subject="protoc",
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "could not run ",
        rf"could not run ['\"]?(?P<subject>{_WORD})",
        tier=Tier.LIKELY,
        refine=_known_only,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "the '",
        rf"the '(?P<subject>{_WORD})' (?:utility|command|program|tool|executable|binary) "
        r"(?:is missing|is not|was not|appears not|could not|not)",
        tier=Tier.LIKELY,
        refine=named_program,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "specify a working '",
        rf"specify a working '(?P<subject>{_WORD})'",
        tier=Tier.LIKELY,
        refine=_known_only,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "cannot find command",
        r"cannot find command '(?P<subject>[\w.+-]{1,60})'",
        tier=Tier.CERTAIN,
        refine=named_program,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "could not be found",
        rf"(?:compiler|program|tool|command|utility|binary|executable),? '(?P<subject>{_WORD})'"
        r"(?:, .{1,80},)? could not be found",
        tier=Tier.LIKELY,
        refine=named_program,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "' program is ",
        rf"make sure (?:that )?the '(?P<subject>{_WORD})' program is (?:in|on|installed)",
        tier=Tier.LIKELY,
        refine=named_program,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "pyprojectoptionexception('qmake'",
        subject="qmake",
        tier=Tier.LIKELY,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "no command '",
        rf"no command '(?P<subject>{_WORD})'",
        tier=Tier.LIKELY,
        refine=named_program,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        " path",
        rf"without (?P<subject>{_WORD}) (?:in|on) (?:the |your )?PATH",
        tier=Tier.LIKELY,
        refine=named_program,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "not available",
        rf"(?P<subject>{_WORD}) (?:tool |command )?is not available",
        tier=Tier.LIKELY,
        refine=_known_only,
    ),
    Rule(
        CauseKind.MISSING_CONFIG_TOOL,
        "path to ",
        r"(?:provide|specify|set|give)\b.{0,30} path to (?:the )?'?"
        r"(?P<subject>(?!pkg-)[\w.+]{1,40}[-_]config)\b",
        tier=Tier.STATED,
        refine=named_program,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "working ",
        rf"working (?:\w{{1,20}} )?'?(?P<subject>{_WORD})'? (?:in|on) (?:the |your )?\$?PATH",
        tier=Tier.LIKELY,
        refine=_known_only,
    ),
    Rule(
        CauseKind.MISSING_CONFIG_TOOL,
        "-config failed",
        r"(?:^|[\s:'])(?P<subject>(?!pkg-)[\w.+]{1,40}-config) failed",
        tier=Tier.LIKELY,
        refine=named_program,
    ),
    Rule(
        CauseKind.INCOMPLETE_SDIST,
        "could not open requirements file",
        rf"Could not open requirements file: {_NO_FILE}",
    ),
    Rule(
        CauseKind.PROGRAM_TOO_OLD,
        " or higher is required",
        rf"(?P<subject>{_WORD}) \d[\w.]{{0,20}} or higher is required\. +You are running",
    ),
    Rule(
        CauseKind.PROGRAM_TOO_OLD,
        "too old",
        rf"(?P<subject>{_WORD})(?: version)?(?: \S{{1,20}})? is too old",
        tier=Tier.LIKELY,
        refine=_known_only,
    ),
)
