"""pip, uv and our own builders: versions, indexes, archives, wheels."""

import re
from collections.abc import Iterable

from wheelyard.diagnosis.cause import CauseKind
from wheelyard.diagnosis.log_text import LogText
from wheelyard.diagnosis.rule import Finding, Rule, Tier

_NESTED_INDENT = 4
_BUILD_DEPENDENCIES = "subprocess to install build dependencies did not run"
_EXACT = re.compile(r"===?\s?([\w.!+*-]{1,60})")
_IGNORED = re.compile(r"(\d[\w.!+]{0,40}) Requires-Python ([^;]{1,60})")
_REQUIREMENT = r"[A-Za-z0-9][\w.\[\]-]{0,80}(?:\s?[<>=!~]{1,3}\s?[\w.*!+, <>=~-]{1,80}?)?"


def _no_version(finding: Finding, log: LogText) -> Iterable[Finding]:
    """Tell why pip found no version: wrong Python, no index, no sdist, no such version."""
    is_nested = log.indent(finding.place) >= _NESTED_INDENT or bool(log.places(_BUILD_DEPENDENCIES))
    has_none = "(from versions: none)" in finding.text
    if has_none and log.places("retrying (retry("):
        yield finding.but(kind=CauseKind.INDEX_TROUBLE)
    elif is_nested or log.places("--only-binary"):
        yield finding.but(kind=CauseKind.MISSING_BUILD_DEPENDENCY)
    elif _is_of_another_python(finding, log):
        return
    elif has_none:
        yield finding.but(kind=CauseKind.NO_SDIST)
    else:
        yield finding


def _is_of_another_python(finding: Finding, log: LogText) -> bool:
    exact = _EXACT.search(finding.subject or "")
    for place in log.before(finding.place, 3):
        ignored = dict(_IGNORED.findall(log.text(place)))
        if ignored and (exact is None or exact[1] in ignored):
            return True
    return False


def _ignored_versions(finding: Finding, log: LogText) -> Iterable[Finding]:
    """Name the Pythons that the version which was asked for wants."""
    ignored = dict(_IGNORED.findall(finding.text))
    for place in log.after(finding.place, 3):
        exact = _EXACT.search(log.text(place))
        if exact and exact[1] in ignored:
            yield finding.but(subject=ignored[exact[1]].strip())
            return
        if exact and "(from versions: none)" not in log.text(place):
            return
    if ignored and not any("(from versions" in log.text(p) for p in log.after(finding.place, 3)):
        yield finding.but(subject=list(ignored.values())[-1].strip(), tier=Tier.HINT)
    elif ignored:
        yield finding.but(subject=list(ignored.values())[-1].strip())


RULES = (
    Rule(
        CauseKind.PYTHON_REFUSED,
        "requires a different python",
        r"requires a different Python: \S{1,20} not in '(?P<subject>[^']{1,80})'",
        tier=Tier.CERTAIN,
    ),
    Rule(
        CauseKind.PYTHON_REFUSED,
        "that require a different python version",
        tier=Tier.CERTAIN,
        refine=_ignored_versions,
    ),
    Rule(
        CauseKind.PYTHON_REFUSED,
        "does not satisfy python",
        r"does not satisfy Python(?P<subject>[<>=!~][\w.,<>=!~* ]{1,60})",
        tier=Tier.CERTAIN,
    ),
    Rule(
        CauseKind.NO_SUCH_VERSION,
        "could not find a version that satisfies",
        rf"satisfies the requirement (?P<subject>{_REQUIREMENT}) \(from",
        tier=Tier.CERTAIN,
        refine=_no_version,
    ),
    Rule(
        CauseKind.NO_SUCH_VERSION,
        "no matching distribution found for ",
        rf"No matching distribution found for (?P<subject>{_REQUIREMENT})(?:$|\s)",
        tier=Tier.GENERIC,
        refine=_no_version,
    ),
    Rule(
        CauseKind.NO_SUCH_VERSION,
        "there is no version of",
        r"Because there is no version of (?P<subject>\S{1,100})",
        tier=Tier.CERTAIN,
    ),
    Rule(
        CauseKind.MISSING_BUILD_DEPENDENCY,
        "was not found in the ",
        r"Because (?P<subject>[\w.-]{1,80}) was not found in the (?:package registry|cache"
        r"|provided)",
        tier=Tier.CERTAIN,
    ),
    Rule(
        CauseKind.MISSING_BUILD_DEPENDENCY,
        "has no ",
        r"Because (?:only )?(?P<subject>[\w.-]{1,80})(?:[=<>]{1,2}\S{1,30})? has no "
        r"(?:usable )?(?:wheels|source distribution)",
        tier=Tier.CERTAIN,
    ),
    Rule(
        CauseKind.MISSING_BUILD_DEPENDENCY,
        "because only ",
        r"Because only (?:the following versions of )?(?P<subject>[A-Za-z][\w.-]{0,60}?)"
        r"(?:[<>=!~].{0,60})? (?:is|are) available",
        tier=Tier.CERTAIN,
    ),
    Rule(
        CauseKind.DEPENDENCY_CONFLICT,
        "conflicting dependencies",
        r"Cannot install (?P<subject>[\w.-]{1,80}).{0,200}because these package versions have"
        r"|ResolutionImpossible|conflicting dependencies",
        tier=Tier.FATAL,
    ),
    Rule(
        CauseKind.HASH_MISMATCH,
        "do not match the hashes",
        tier=Tier.CERTAIN,
    ),
    Rule(
        CauseKind.HASH_MISMATCH,
        "hash mismatch",
        r"Hash mismatch for '?(?P<subject>[\w.=<>-]{1,80})",
        tier=Tier.CERTAIN,
    ),
    Rule(
        CauseKind.INVALID_WHEEL,
        "output-invalid: ",
        r"^output-invalid: (?:The wheel (?:cannot|must not) be used: )?(?P<subject>.{1,200})",
        tier=Tier.CERTAIN,
    ),
    Rule(
        CauseKind.SDIST_INVALID,
        "does not appear to be a python project",
        r"(?P<subject>\S{1,200}) does not appear to be a Python project",
        tier=Tier.CERTAIN,
    ),
    Rule(
        CauseKind.SDIST_INVALID,
        "cannot unpack file",
        r"Cannot unpack file (?P<subject>\S{1,150})",
        tier=Tier.CERTAIN,
    ),
    Rule(
        CauseKind.SDIST_INVALID,
        "error: ",
        r"(?:tarfile\.(?:ReadError|\w{1,30}Error)|zipfile\.BadZipFile|zlib\.error|EOFError: "
        r"Compressed file ended|BadGzipFile|lzma\.LZMAError)",
        tier=Tier.LIKELY,
    ),
    Rule(
        CauseKind.INDEX_TROUBLE,
        "retrying (retry(",
        tier=Tier.STATED,
    ),
    Rule(
        CauseKind.INDEX_TROUBLE,
        "could not fetch url",
        r"Could not fetch URL https?://(?P<subject>[\w.-]{1,100})",
        tier=Tier.LIKELY,
    ),
    Rule(
        CauseKind.INDEX_TROUBLE,
        "http error ",
        r"ERROR: HTTP error \d{3} while getting https?://(?P<subject>[\w.-]{1,100})",
        tier=Tier.CERTAIN,
    ),
    Rule(
        CauseKind.INDEX_TROUBLE,
        "server error",
        r"\b(?:50[0234]|429) (?:Server|Client) Error.{0,100}https?://(?P<subject>[\w.-]{1,100})",
        tier=Tier.FATAL,
    ),
    Rule(
        CauseKind.INDEX_TROUBLE,
        "429",
        r"(?:429 Client Error|HTTP error 429|\b429 Too Many Requests)",
        tier=Tier.FATAL,
    ),
    Rule(
        CauseKind.INDEX_TROUBLE,
        "readtimeouterror",
        r"ReadTimeoutError: .{0,60}host='(?P<subject>[\w.-]{1,100})'",
        tier=Tier.FATAL,
    ),
    Rule(
        CauseKind.INDEX_TROUBLE,
        "certificate verify failed",
        tier=Tier.LIKELY,
    ),
    Rule(
        CauseKind.INDEX_TROUBLE,
        "incompleteread",
        tier=Tier.LIKELY,
    ),
    Rule(
        CauseKind.INDEX_TROUBLE,
        "connection broken",
        r"(?:Connection broken|ConnectionResetError|Connection aborted)",
        tier=Tier.HINT,
    ),
)
