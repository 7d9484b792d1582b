"""A log as lines, read with bounded work however large or hostile it is.

Nothing here splits the whole log or runs a regular expression over it. Rules name a literal that
a line must hold; these are found by plain search, which is linear, and only a bounded number of
lines per literal, each cut to a bounded length, is ever looked at closely.
"""

import re
import sys
from functools import cached_property

_MAX_LINE = 500
_MAX_PLACES = 24
_HEAD = 256 * 1024
_TAIL = 1024 * 1024
_GRAM = 4
_MAX_GRAMS = 150_000
_CHUNK = 64 * 1024
_ESCAPES = re.compile(rb"\x1b(?:\[[0-9;?]{0,32}[ -/]{0,4}[@-~]|[@-Z\\-_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_QUOTES = {
    "\u2018".encode(): b"'",
    "\u2019".encode(): b"'",
    "\u201c".encode(): b'"',
    "\u201d".encode(): b'"',
    "\u00b4".encode(): b"'",
    b"`": b"'",
}


class LogText:
    """A log that can be searched. A line is known by the offset at which it starts.

    Escape sequences of terminals are gone and all quotes are plain ones. Texts of lines are
    stripped, without control characters, and cut to 500 bytes.
    """

    def __init__(self, log: str) -> None:
        """Prepare a log; `looked_at` counts the lines that were read, for tests of the bounds."""
        data = log.encode("utf-8", "replace").replace(b"\r\n", b"\n")
        if b"\x1b" in data:
            data = _ESCAPES.sub(b"", data)
        for quote, plain in _QUOTES.items():
            data = data.replace(quote, plain)
        self._data = data
        self._lower = data.lower()
        self._texts: dict[int, str] = {}
        self._places: dict[bytes, tuple[int, ...]] = {}

    @property
    def looked_at(self) -> int:
        """How many lines have been read so far."""
        return len(self._texts)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing but white space at both ends of the log."""
        return not self._data[:_HEAD].strip() and not self._data[-_HEAD:].strip()

    def places(self, literal: str, *, everywhere: bool = False) -> tuple[int, ...]:
        """Return where lines start that hold a lower-case literal in any case: some at each end.

        Only the start and the end of a huge log are searched, unless `everywhere`.
        """
        key = literal.encode()
        if key not in self._places:
            size = len(self._lower)
            is_whole = everywhere or size <= _HEAD + _TAIL
            spans = [(0, size)] if is_whole else [(0, _HEAD), (size - _TAIL, size)]
            needs_search = (everywhere and size > _HEAD + _TAIL) or self._may_hold(key)
            self._places[key] = self._search(key, spans) if needs_search else ()
        return self._places[key]

    def text(self, place: int) -> str:
        """Return the text of the line that starts at `place`."""
        if place not in self._texts:
            # A zero-width cut in the middle of a character only spoils a line that is too long.
            end = self._data.find(b"\n", place, place + _MAX_LINE)
            raw = self._data[place : end if end >= 0 else place + _MAX_LINE]
            self._texts[place] = _CONTROLS.sub("", raw.decode("utf-8", "replace")).strip()
        return self._texts[place]

    def indent(self, place: int) -> int:
        """Return how many spaces the line starts with."""
        start = self._data[place : place + 40]
        return len(start) - len(start.lstrip(b" "))

    def before(self, place: int, count: int) -> list[int]:
        """Return the places of up to `count` lines before a line, nearest first."""
        found: list[int] = []
        while place > 0 and len(found) < count:
            place = self._start_of(place - 1)
            found.append(place)
        return found

    def after(self, place: int, count: int) -> list[int]:
        """Return the places of up to `count` lines after a line, nearest first."""
        found: list[int] = []
        while len(found) < count:
            end = self._data.find(b"\n", place, place + 100 * _MAX_LINE)
            if end < 0 or end + 1 >= len(self._data):
                break
            place = end + 1
            found.append(place)
        return found

    @cached_property
    def last_places(self) -> list[int]:
        """The places of the last 30 lines, the last one first."""
        size = len(self._data)
        return [place for place in self.before(size + 1, 31) if place < size and self.text(place)][
            :30
        ]

    def line(self, number: int) -> str:
        """Return the text of a line by its number, from 1; nothing if there is no such line."""
        left, place = number - 1, 0
        # Whole chunks are counted, so that the millionth line costs no million steps.
        while (here := self._data.count(b"\n", place, place + _CHUNK)) < left:
            left -= here
            place += _CHUNK
            if place >= len(self._data):
                return ""
        for _ in range(left):
            place = self._data.index(b"\n", place) + 1
        return self.text(place)

    def numbers(self, places: set[int]) -> dict[int, int]:
        """Return the line numbers, from 1, of lines that start at these places."""
        numbers: dict[int, int] = {}
        number, position = 1, 0
        for place in sorted(places):
            number += self._data.count(b"\n", position, place)
            position = place
            numbers[place] = number
        return numbers

    def _search(self, literal: bytes, spans: list[tuple[int, int]]) -> tuple[int, ...]:
        first: set[int] = set()
        for start, end in spans:
            first |= self._forward(literal, start, end, _MAX_PLACES - len(first))
        last: set[int] = set()
        if len(first) == _MAX_PLACES:
            for start, end in reversed(spans):
                last |= self._backward(literal, start, end, _MAX_PLACES - len(last))
        return tuple(sorted(first | last))

    @cached_property
    def _grams(self) -> frozenset[int] | None:
        """Every run of four bytes at both ends of the log, as integers; None for random bytes.

        Nearly all literals are in hardly any log. Looking up their parts here tells so without a
        search for each.
        """
        grams: set[int] = set()
        for part in self._ends():
            # Chunks overlap by a gram, and four views with different starts see every gram.
            for start in range(0, len(part), _CHUNK):
                chunk = memoryview(part)[start : start + _CHUNK + _GRAM]
                for shift in range(_GRAM):
                    whole = len(chunk) - (len(chunk) - shift) % _GRAM
                    grams.update(chunk[shift:whole].cast("I") if whole > shift else ())
                if len(grams) > _MAX_GRAMS:
                    return None
        return frozenset(grams)

    def _ends(self) -> list[bytes]:
        if len(self._lower) <= _HEAD + _TAIL:
            return [self._lower]
        return [self._lower[:_HEAD], self._lower[-_TAIL:]]

    def _may_hold(self, literal: bytes) -> bool:
        """Whether all parts of a literal are somewhere at the ends of the log."""
        grams = self._grams
        return grams is None or all(
            int.from_bytes(literal[start : start + _GRAM], sys.byteorder) in grams
            for start in range(len(literal) - _GRAM + 1)
        )

    def _forward(self, literal: bytes, start: int, end: int, most: int) -> set[int]:
        found: set[int] = set()
        position = start
        while len(found) < most:
            position = self._lower.find(literal, position, end)
            if position < 0:
                break
            found.add(self._start_of(position))
            position = self._lower.find(b"\n", position, end)
            if position < 0:
                break
        return found

    def _backward(self, literal: bytes, start: int, end: int, most: int) -> set[int]:
        found: set[int] = set()
        while len(found) < most:
            position = self._lower.rfind(literal, start, end)
            if position < 0:
                break
            end = self._start_of(position)
            found.add(end)
        return found

    def _start_of(self, position: int) -> int:
        """Return where the line around a position starts; not further back than a line is long."""
        lowest = max(0, position - _MAX_LINE)
        newline = self._data.rfind(b"\n", lowest, position)
        return newline + 1 if newline >= 0 else lowest
