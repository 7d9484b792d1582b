"""What one line of a web server's log says, whatever its format, as far as it counts."""

import re
from datetime import date
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

_RANGE = re.compile(rb"bytes[= ](\d{0,15})-(\d{0,15})")


class Entry(NamedTuple):
    """What one line says; a tuple, because nothing else is made as fast.

    `day` is in UTC; `method` and `target` (the path with its query, percent signs and all) are
    empty if the client said nothing that made sense; `host` is what the log calls the client, empty
    where it does not tell. `first_byte` is where the range starts that was asked for or answered,
    negative if it counts from the end, and `is_finished` whether the whole answer was sent; both
    are None where the log does not tell.
    """

    day: date
    method: bytes
    target: bytes
    status: int
    user_agent: bytes
    host: bytes
    first_byte: int | None = None
    is_finished: bool | None = None


def first_byte_of(text: bytes) -> int | None:
    """Find the first byte of a `Range` or a `Content-Range` in a text; None if it has neither."""
    found = _RANGE.search(text)
    if found is None:
        return None
    if found[1]:
        return int(found[1])
    return -int(found[2]) if found[2] else None


def unquoted_twice(text: bytes) -> bytes:
    """Undo percent signs twice: CloudFront escapes the escapes of a User-Agent."""
    return unquote_to_bytes(unquote_to_bytes(text))
