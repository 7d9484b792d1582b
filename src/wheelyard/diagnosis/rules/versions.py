"""Libraries that are there, in another version than the project wants."""

from wheelyard.diagnosis.cause import CauseKind
from wheelyard.diagnosis.rule import Rule, Tier

_NAME = r"[A-Za-z][\w.+-]{0,60}"
_VERSION = r"v?\d[\w.]{0,20}"
_FOUND = r"(?:you have|found|got|detected|installed|version of)"

RULES = (
    Rule(
        CauseKind.LIBRARY_TOO_OLD,
        "but version of",
        rf"Requested '(?P<subject>{_NAME}) [<>=]{{1,2}} [^']{{1,30}}' but version of .{{1,60}} is",
    ),
    Rule(
        CauseKind.LIBRARY_TOO_OLD,
        "required version is",
        rf"Package '(?P<subject>{_NAME})' has version '[^']{{1,30}}', required version is",
    ),
    Rule(
        CauseKind.LIBRARY_TOO_OLD,
        "invalid version",
        rf"Invalid version(?: of dependency)?, need '(?P<subject>{_NAME})' .{{1,80}} found '\d",
    ),
    Rule(
        CauseKind.LIBRARY_TOO_OLD,
        "that is compatible with",
        rf"configuration file for package \"(?P<subject>{_NAME})\" that is compatible with",
    ),
    Rule(
        CauseKind.LIBRARY_TOO_OLD,
        "#error",
        r"error: #error\b.{0,60}\b(?:requires?|needs?|compatible|update|upgrade|too old)\b.{0,20}?"
        r"\b(?P<subject>lib\w{2,40})\b.{0,20}\d",
    ),
    Rule(
        CauseKind.LIBRARY_TOO_OLD,
        " at least ",
        rf"requires? at least (?P<subject>{_NAME}) (?:version )?{_VERSION}, but {_VERSION} was",
        tier=Tier.LIKELY,
    ),
    Rule(
        CauseKind.LIBRARY_TOO_OLD,
        "requires ",
        rf"\brequires (?P<subject>(?!python|cython|numpy|setuptools|pip\b){_NAME})"
        rf" (?:version )?(?:>=? ?)?{_VERSION}(?: or (?:later|newer|higher|greater))?"
        rf"[ ,;(]{{1,3}}(?:but |and )?{_FOUND}",
        tier=Tier.LIKELY,
    ),
)
