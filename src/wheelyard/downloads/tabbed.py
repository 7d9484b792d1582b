"""CloudFront's standard logs: a line a request, fields apart by tabs, in one order; pure.

The order is that of Amazon's developer guide for version 1.0, which only ever got more fields at
the end. Lines that begin with `#` tell of the file itself.
"""

import re

from wheelyard.downloads.entries import Entry, unquoted_twice
from wheelyard.downloads.moments import day_of

DIRECTIVE = re.compile(rb"#(?:Version|Fields|Software|Date|Start-Date|End-Date|Remark): ")
"""How a line begins that says something of the file, as in W3C's extended log format."""

_PARTLY = 206
_RANGE_START = 31
"""The number of the field that holds the first byte that was asked for."""

_LINE = re.compile(
    rb"(\d{4}-\d\d-\d\d)\t(\d\d:\d\d:\d\d)\t[^\t]*\t[^\t]*\t([^\t]{1,300})\t([A-Z]{3,20}|-)\t[^\t]*"
    rb"\t([^\t\s]+)\t(\d{3})\t[^\t]*\t([^\t]*)(?:\t.*)?"
)


def read_tabbed_line(line: bytes) -> Entry | None:
    """Read one line; None if it is no entry of such a log.

    Status 000 says that the client went away before it was answered.
    """
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    date, time, host, method, target, digits, agent = found.groups()
    day = day_of(f"{date.decode('ascii')}T{time.decode('ascii')}Z")
    if day is None:
        return None
    status = int(digits)
    return Entry(
        day,
        method.removeprefix(b"-"),
        target,
        status,
        b"" if agent == b"-" else unquoted_twice(agent),
        host,
        _first_byte(line) if status == _PARTLY else None,
        None,
    )


def _first_byte(line: bytes) -> int | None:
    fields = line.split(b"\t")
    told = fields[_RANGE_START] if len(fields) > _RANGE_START else b""
    return int(told[:15]) if told.isdigit() else None
