"""A web server's log, line by line: what each line says, as far as it counts; pure.

Formats: the combined format of nginx and Apache, also with the name of a virtual host before it
or more fields after it, JSON (`wheelyard.downloads.json_lines`) and CloudFront's
(`wheelyard.downloads.tabbed`). Lines are bytes, and whatever they hold, reading one never fails: it
gives an entry, or None.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from wheelyard.downloads.entries import Entry, first_byte_of
from wheelyard.downloads.json_lines import read_json_line
from wheelyard.downloads.moments import day_of_minute
from wheelyard.downloads.tabbed import read_tabbed_line

MAX_LINE = 16 * 1024
"""A longer line is rejected unread, in bytes."""

_PARTLY = 206
_AFTER_DATE = slice(10, 11)
"""Where a date in ISO 8601 has ended."""


def read_line(line: bytes) -> Entry | None:
    """Read one line, its newline left out; None if it is no entry of a log that we know.

    A connection that closed without a request (`"-"`, `""`) is an entry that asks for nothing.
    """
    if len(line) > MAX_LINE:
        return None
    if line.startswith(b"{"):
        return read_json_line(line)
    return read_tabbed_line(line) if line[_AFTER_DATE] == b"\t" else _read_combined(line)


_START = re.compile(
    rb'(\S{1,300}) (\S++) ([^"]*?)'
    rb"\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d):\d\d ([+-]\d{4})\] "
    rb'"(?:([A-Z]{3,20}) ([^\s"]++)(?: HTTP/\d(?:\.\d)?)?|-?)" '
    rb"(\d{3}) (?:\d+|-)"
)
_ADDRESS = re.compile(rb"[\da-fA-F]*[.:][\da-fA-F.:%]+")


def _read_combined(line: bytes) -> Entry | None:
    found = _START.match(line)
    if found is None:
        plain = _without_quotes(line)
        return None if plain is line else _read_combined(plain)
    host, second, rest, minute, zone, method, target, digits = found.groups()
    day = day_of_minute(minute, zone)
    text = line[found.end() :]
    end = _known_end(text) if len(text) <= _LONGEST_REMEMBERED else _read_end(text)
    if day is None or end is None:
        return None
    # One word more than usual before the date: a virtual host's name comes first.
    if rest.count(b" ") > 1 and not _ADDRESS.fullmatch(host):
        host = second
    status = int(digits)
    return Entry(
        day,
        method or b"",
        _unescape(target) if target else b"",
        status,
        end.user_agent,
        host,
        end.first_byte if status == _PARTLY else None,
        end.is_finished,
    )


class _End(NamedTuple):
    """What the fields after the size say."""

    user_agent: bytes = b""
    first_byte: int | None = None
    is_finished: bool | None = None


_END = re.compile(rb' "[^"]*+" "([^"]*+)"(?: (.*))?')
# Some proxies write quotes as they are, of which pip's User-Agent has many.
_MISQUOTED_END = re.compile(
    rb' "[^"]*+" "([\w.-]{1,40}/[^\s"]{1,40} \{.*\}(?: [\w./-]{1,40})?)"(?: (.*))?'
)
_COMPLETION = re.compile(rb'(?:^| )(?:completion="?(OK|X|\+|-|)"?|"(OK)")(?= |$)')
_UNFINISHED = frozenset({b"", b"X"})
_MOST_REMEMBERED = 10_000
_LONGEST_REMEMBERED = 1000


def _read_end(text: bytes) -> _End | None:
    text = text.removesuffix(b"\r")
    if not text:
        return _End()
    plain = _without_quotes(text)
    found = _END.fullmatch(plain) or _MISQUOTED_END.fullmatch(plain)
    if found is None:
        return None
    agent, more = found[1], found[2] or b""
    return _End(
        _known_text(agent) if len(agent) <= _LONGEST_REMEMBERED else _unescape(agent),
        first_byte_of(more),
        _is_finished(more),
    )


def _is_finished(more: bytes) -> bool | None:
    """Read nginx's `$request_completion` or Apache's `%X`, if the log's format names it."""
    found = _COMPLETION.search(more)
    if found is None:
        return None
    return found[2] is not None or found[1] not in _UNFINISHED


def _without_quotes(text: bytes) -> bytes:
    r"""Turn Apache's escape `\"` into nginx's `\x22`, so that every quote left ends a field."""
    if b'\\"' not in text:
        return text
    return text.replace(b"\\\\", b"\\x5C").replace(b'\\"', b"\\x22")


_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|(.))", re.DOTALL)


def _unescape(text: bytes) -> bytes:
    r"""Undo a server's escapes, such as `\xC3`."""
    return _ESCAPE.sub(_unescaped, text) if b"\\" in text else text


def _unescaped(found: "re.Match[bytes]") -> bytes:
    return bytes((int(found[1], 16),)) if found[1] else found[2]


# Most clients are like many others, and their User-Agents are long.
_known_end = lru_cache(maxsize=_MOST_REMEMBERED)(_read_end)
_known_text = lru_cache(maxsize=_MOST_REMEMBERED)(_unescape)
