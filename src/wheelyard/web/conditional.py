"""Entity tags, conditional requests and ranges (RFC 9110, sections 13 and 14); pure."""

import hashlib
import re
from dataclasses import dataclass
from enum import Enum, auto

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from `start` up to but not including `end`."""

    start: int
    end: int


class NoRange(Enum):
    """Why there is no range to send."""

    WHOLE = auto()
    """None was asked for, or one that may be ignored: the whole object is sent."""

    UNSATISFIABLE = auto()
    """The range lies outside the object."""


def entity_tag(data: bytes) -> str:
    """Return the strong entity tag of a representation's bytes."""
    return f'"{hashlib.sha256(data).hexdigest()[:32]}"'


def is_unchanged(if_none_match: str | None, etag: str) -> bool:
    """Whether an `If-None-Match` header names the tag (weak comparison)."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags


def requested_range(
    header: str | None, *, if_range: str | None, etag: str, size: int
) -> ByteRange | NoRange:
    """Return the one range that a request asks for, of an object of `size` bytes.

    Several ranges, other units and nonsense may be ignored, and are. `If-Range` with anything but
    the current strong tag means that the client's part is stale: it gets everything.
    """
    match = _RANGE.fullmatch((header or "").strip())
    if match is None or (if_range is not None and if_range.strip() != etag):
        return NoRange.WHOLE
    first, last = match.groups()
    if not first and not last:
        return NoRange.WHOLE
    if not first:
        start, end = max(size - int(last), 0), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return NoRange.WHOLE
    return ByteRange(start, end) if start < end else NoRange.UNSATISFIABLE
