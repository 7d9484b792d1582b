"""Builds that want what they do not have: a network, or the repository that they came from."""

import re
from collections.abc import Iterable

from wheelyard.diagnosis.cause import CauseKind
from wheelyard.diagnosis.log_text import LogText
from wheelyard.diagnosis.remedies import VERSION_FROM_OUTSIDE
from wheelyard.diagnosis.rule import Finding, Rule, Tier

_HOST = re.compile(
    r"(?:https?|git|ftp|ssh)://(?:[\w.-]{1,60}@)?([A-Za-z0-9][\w.-]{1,100})"
    r"|host:? '?([A-Za-z0-9][\w-]{0,60}(?:\.[\w-]{1,60}){1,5})"
    r"|address for ([A-Za-z0-9][\w-]{0,60}(?:\.[\w-]{1,60}){1,5})"
    r"|host='([A-Za-z0-9][\w.-]{1,100})'"
    r"|lookup ([A-Za-z0-9][\w-]{0,60}(?:\.[\w-]{1,60}){1,5})"
)
_DOCUMENTATION = re.compile(r"warning:|see |docs?\.|readthedocs|help|documentation", re.IGNORECASE)
_NEAR = 6
_FETCHING = re.compile(r"\b(?:download|fetch|clon|retriev|getting|curl|wget)", re.IGNORECASE)
_TRACE = 80
"""A traceback of urllib is so long, and what was to be fetched stands above it."""
_OF_INSTALLER = re.compile(r"pip\._vendor|Retrying \(Retry\(|^(?:ERROR|WARNING): ")


def _with_host(finding: Finding, log: LogText) -> Iterable[Finding]:
    """Find the host that was wanted on the line, or on one near it."""
    if _OF_INSTALLER.search(finding.text) and not log.places("urlopen error"):
        yield finding.but(kind=CauseKind.INDEX_TROUBLE, subject=_host(finding.text))
        return
    near = [
        finding.text,
        *(log.text(place) for place in log.before(finding.place, _NEAR)),
        *(log.text(place) for place in log.after(finding.place, _NEAR)),
    ]
    hosts = (_host(text) for text in near if not _DOCUMENTATION.search(text))
    host = next(filter(None, hosts), None) or _host(finding.text)
    yield finding.but(subject=host or _host_above(finding, log))


def _host_above(finding: Finding, log: LogText) -> str | None:
    """Return the host of what was last said to be fetched."""
    above = (log.text(place) for place in log.before(finding.place, _TRACE))
    return next(filter(None, (_host(text) for text in above if _FETCHING.search(text))), None)


def _host(text: str) -> str | None:
    match = _HOST.search(text)
    return next(filter(None, match.groups()), None) if match else None


_RESOLVE = (
    "name or service not known",
    "temporary failure in name resolution",
    "could not resolve host",
    "couldn't resolve host",
    "failed to resolve address",
    "name does not resolve",
    "no address associated with hostname",
    "nodename nor servname provided",
    "failed to lookup address information",
    "network is unreachable",
    "getaddrinfo failed",
    "could not resolve proxy",
    "unknown host",
    "unable to resolve host address",
    "dns error",
    "failed to establish a new connection",
    "urlopen error",
    "network failure seems to have happened",
    "spurious network error",
    "err_connection_refused",
    "getaddrinfo enotfound",
    "getaddrinfo eai_again",
    "unable to access 'http",
    "no route to host",
    ": no such host",
    "is the internet available",
)

RULES = (
    *(
        Rule(CauseKind.WANTS_NETWORK, literal, tier=Tier.LIKELY, refine=_with_host)
        for literal in _RESOLVE
    ),
    Rule(
        CauseKind.WANTS_NETWORK,
        "failed to clone repository",
        r"Failed to clone repository: '(?P<subject>[^']{1,150})'",
        refine=_with_host,
    ),
    Rule(
        CauseKind.WANTS_NETWORK,
        "failed to fetch",
        r"failed to (?:fetch|download)(?: from)? '(?P<subject>https?://[^']{1,150})'",
        tier=Tier.LIKELY,
        refine=_with_host,
    ),
    Rule(
        CauseKind.WANTS_NETWORK,
        "download",
        r"(?:could not|couldn't|cannot|can't|unable to|failed to|error) (?:be )?"
        r"download(?:ed|ing)?\b"
        r"|\bdownload(?:ing)?\b.{0,80} failed",
        tier=Tier.STATED,
        refine=_with_host,
    ),
    Rule(
        CauseKind.WANTS_NETWORK,
        "connection refused",
        r"(?:Connection refused|ConnectionRefusedError).{0,80}(?:http|port|proxy)",
        tier=Tier.STATED,
        refine=_with_host,
    ),
    Rule(
        CauseKind.WANTS_NETWORK,
        "offline",
        r"(?:you (?:are|seem to be|may be) (?:in the )?offline|--offline was specified)",
        tier=Tier.LIKELY,
        refine=_with_host,
    ),
    Rule(
        CauseKind.NEEDS_GIT,
        "not a git repository",
        subject="git",
        tier=Tier.STATED,
    ),
    Rule(
        CauseKind.NEEDS_GIT,
        "was unable to detect version",
        r"(?:setuptools[-_]scm|vcs[-_]versioning|hatch-vcs|versioningit).{0,20}was unable to"
        r" detect",
        subject="git",
        remedy=VERSION_FROM_OUTSIDE,
    ),
    Rule(
        CauseKind.NEEDS_GIT,
        "access to an upstream git repository",
        subject="git",
        remedy=VERSION_FROM_OUTSIDE,
    ),
    Rule(
        CauseKind.NEEDS_GIT,
        "git submodule",
        r"git submodule (?:update|init)|git clone --recursive",
        subject="git submodule",
        tier=Tier.STATED,
    ),
    Rule(
        CauseKind.NEEDS_GIT,
        "git', '",
        r"Command '\['git', .{1,200}returned non-zero exit status",
        subject="git",
        tier=Tier.LIKELY,
    ),
)
