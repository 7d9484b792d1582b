"""Small pictures for READMEs, which say whether there are wheels of a project; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from wheelyard.model.build import Decision, Verdict
from wheelyard.model.names import TargetName
from wheelyard.publish.grid import LABELS, WAITING
from wheelyard.render import render

_MARGIN = 12
_WIDE, _NARROW, _USUAL = 9.5, 4.2, 7.0
_NARROW_LETTERS = frozenset("fijlrtI.,:;-| ")
_WIDE_LETTERS = frozenset("mwMW@%")
_MESSAGES = LABELS | {
    Verdict.COVERED_UPSTREAM: "wheel upstream",
    Verdict.CHECKED: "wheel upstream",
    Verdict.FAILED: "fails to build",
    Verdict.HEALING: "waiting",
}


class Colour(StrEnum):
    """The grounds of a badge's right half; white text has 4.5 to 1 on each."""

    GOOD = "#08654a"
    WAITING = "#805500"
    BAD = "#9c1c28"
    NEUTRAL = "#5a6660"


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """What a badge says: of what, and what."""

    subject: str
    message: str
    colour: Colour


def project_badge(decisions: Sequence[Decision]) -> Badge:
    """Return the badge of a project, given the decisions about its newest release."""
    if not decisions:
        return _badge("unknown", Colour.NEUTRAL)
    have = sum(decision.verdict.is_satisfied for decision in decisions)
    verdicts = {decision.verdict for decision in decisions}
    if have == len(decisions):
        return _badge("wheels", Colour.GOOD)
    if have:
        return _badge(f"wheels for {have} of {len(decisions)} targets", Colour.GOOD)
    if verdicts & WAITING:
        return _badge("waiting", Colour.WAITING)
    if Verdict.FAILED in verdicts:
        return _badge(_MESSAGES[Verdict.FAILED], Colour.BAD)
    return _badge("no wheels", Colour.NEUTRAL)


def target_badge(decisions: Sequence[Decision], target: TargetName) -> Badge:
    """Return the badge of a project for one target."""
    for decision in decisions:
        if decision.target == target:
            message = _MESSAGES[decision.verdict]
            return Badge(subject=target, message=message, colour=_colour(decision.verdict))
    return Badge(subject=target, message="unknown", colour=Colour.NEUTRAL)


def badge_picture(badge: Badge) -> bytes:
    """Return a badge as SVG."""
    left = _width(badge.subject)
    return render(
        "badge.svg",
        badge=badge,
        left=left,
        width=left + _width(badge.message),
        colour=badge.colour.value,
    )


def _badge(message: str, colour: Colour) -> Badge:
    return Badge(subject="wheelyard", message=message, colour=colour)


def _colour(verdict: Verdict) -> Colour:
    if verdict.is_satisfied:
        return Colour.GOOD
    if verdict in WAITING:
        return Colour.WAITING
    return Colour.BAD if verdict is Verdict.FAILED else Colour.NEUTRAL


def _width(text: str) -> int:
    """Return about how many pixels a text takes; the picture then stretches it to just that."""
    return _MARGIN + round(sum(map(_letter_width, text)))


def _letter_width(letter: str) -> float:
    if letter in _NARROW_LETTERS:
        return _NARROW
    return _WIDE if letter in _WIDE_LETTERS else _USUAL
