"""A log as a page shows it: the lines that tell why, marked, with what is around them; pure.

However long or hostile the log is, what is shown of it stays small.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import escape

from wheelyard.diagnosis.log_text import LogText

_LONGEST_LINE = 400
_ROOM = 56_000
"""So many bytes of a page are for the log."""

_PER_LINE = 8
_AROUND = 12
_HEAD, _TAIL, _SHORT = 15, 80, 300
"""Of logs of more than the last number of lines, so many at both ends are shown."""

_EVIDENCE = 40
_NEEDLE = 200
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]{0,32}[ -/]{0,4}[@-~]|[@-Z\\-_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line of a log by its number, from 1; `is_evidence` tells that it shows why."""

    number: int
    text: str
    is_evidence: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPart:
    """Lines that follow each other, after so many that were left out."""

    left_out: int
    lines: tuple[ShownLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLog:
    """What is shown of a log; `size` counts its lines. At the end nothing is ever left out."""

    parts: tuple[ShownPart, ...]
    size: int

    @property
    def first_evidence(self) -> int | None:
        """The number of the first line that is marked; None if none is."""
        marked = (line.number for part in self.parts for line in part.lines if line.is_evidence)
        return next(marked, None)


def shown_log(
    log: bytes, *, numbers: Collection[int] = (), evidence: Sequence[str] = ()
) -> ShownLog:
    """Choose what is shown of a log: the evidence and what is around it, its end and its start.

    The evidence is told by the `numbers` of its lines, from 1, or where nobody has looked into the
    failure yet by its text as the builder found it, stripped and cut.
    """
    lines = log.removesuffix(b"\n").split(b"\n") if log else []
    told = sorted(number for number in numbers if 0 < number <= len(lines))[:_EVIDENCE]
    marked = frozenset(told) if told else _numbers(log, evidence)
    room = _ROOM
    chosen: dict[int, str] = {}
    for number in _by_weight(len(lines), marked):
        if number in chosen:
            continue
        text = shown_text(lines[number - 1])
        room -= len(str(escape(text)).encode()) + _PER_LINE
        if room < 0:
            break
        chosen[number] = text
    return ShownLog(parts=tuple(_parts(chosen, marked)), size=len(lines))


def shown_text(line: bytes) -> str:
    """Return a line as a terminal would have shown it in the end, cut to 400 characters."""
    # What stands before the last return to the line's start was overwritten.
    last = line.removesuffix(b"\r").rpartition(b"\r")[2]
    text = last[: 4 * _LONGEST_LINE].decode("utf-8", "replace")
    text = _CONTROLS.sub("", _ESCAPES.sub("", text))
    return text if len(text) <= _LONGEST_LINE else f"{text[:_LONGEST_LINE]}…"


def _by_weight(size: int, marked: frozenset[int]) -> Iterator[int]:
    """Yield the numbers of lines, what is most worth showing first."""
    yield from sorted(marked)
    for distance in range(1, _AROUND + 1):
        for number in sorted(marked):
            yield from (near for near in (number - distance, number + distance) if 0 < near <= size)
    is_short = size <= _SHORT
    yield from range(size, 0 if is_short else size - _TAIL, -1)
    yield from range(1, 0 if is_short else _HEAD + 1)


def _parts(chosen: dict[int, str], marked: frozenset[int]) -> Iterator[ShownPart]:
    """Group the chosen lines into runs."""
    before, run = 0, list[ShownLine]()
    for number in sorted(chosen):
        if run and number != run[-1].number + 1:
            yield ShownPart(left_out=run[0].number - before - 1, lines=tuple(run))
            before, run = run[-1].number, []
        run.append(ShownLine(number, chosen[number], number in marked))
    if run:
        yield ShownPart(left_out=run[0].number - before - 1, lines=tuple(run))


def _numbers(log: bytes, evidence: Iterable[str]) -> frozenset[int]:
    """Return the numbers of the lines that are the evidence.

    A short line (a lone brace) may be there many times: the longest is looked for first, from the
    end, and of the others those that are nearest to it count.
    """
    wanted = [line.strip() for line in list(evidence)[:_EVIDENCE] if line.strip()]
    if not wanted:
        return frozenset()
    text = LogText(log.decode("utf-8", "replace"))
    found: set[int] = set()
    anchor: int | None = None
    for line in sorted(wanted, key=len, reverse=True):
        places = [
            place
            for place in text.places(line[:_NEEDLE].lower(), everywhere=True)
            if text.text(place).startswith(line)
        ]
        if not places:
            continue
        here = places[-1] if anchor is None else _nearest(places, anchor)
        anchor = here if anchor is None else anchor
        found.add(here)
    return frozenset(text.numbers(found).values())


def _nearest(places: Sequence[int], anchor: int) -> int:
    return min(places, key=lambda place: abs(place - anchor))
