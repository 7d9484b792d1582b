"""The day in UTC of a moment, in the forms in which servers write moments; pure, never raises."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_COMMON = re.compile(r"\[?(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d):\d\d ([+-]\d{4})\]?", re.ASCII)
_ISO = re.compile(
    r"(\d{4})[-/](\d\d)[-/](\d\d)"
    r"(?:[T ](\d\d:\d\d)(?::\d\d(?:[.,]\d{1,9})?)? ?(Z|UTC|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_NUMBER = re.compile(r"\d{9,19}(?:\.\d{1,9})?", re.ASCII)
_SECONDS_PER_DAY = 86_400
_UNITS = (1, 1_000, 1_000_000, 1_000_000_000)
_LATEST = 4_102_444_800
"""The year 2100, in seconds since 1970: a greater number counts smaller units."""

_REMEMBERED = 10_000


def day_of(value: object) -> date | None:
    """Return the day of a moment as JSON tells it: a number since 1970, ISO 8601 or Apache's form.

    A number may count seconds, ms, us or ns. A moment without a zone is taken to be in UTC.
    """
    if isinstance(value, float | int):
        return None if isinstance(value, bool) else _day_of_number(value)
    if not isinstance(value, str):
        return None
    found = _ISO.fullmatch(value)
    if found is not None:
        year, month, day, minute, zone = found.groups()
        return _day_of_iso(f"{year}-{month}-{day}T{minute or '00:00'}", zone or "")
    if _NUMBER.fullmatch(value):
        return _day_of_number(float(value))
    found = _COMMON.fullmatch(value)
    return None if found is None else day_of_minute(found[1].encode(), found[2].encode())


@lru_cache(maxsize=_REMEMBERED)
def day_of_minute(minute: bytes, zone: bytes) -> date | None:
    """Return the day of a moment like `23/Nov/2026:12:00` in a zone like `+0100`."""
    text = minute.decode("ascii")
    try:
        month = _MONTHS.index(text[3:6]) + 1
    except ValueError:
        return None
    return _day_of_iso(f"{text[7:11]}-{month:02}-{text[:2]}T{text[12:]}", zone.decode("ascii"))


@lru_cache(maxsize=_REMEMBERED)
def _day_of_iso(minute: str, zone: str) -> date | None:
    try:
        local = datetime.fromisoformat(minute).replace(tzinfo=_zone(zone))
        return local.astimezone(UTC).date()
    except (ValueError, OverflowError):
        return None


def _zone(text: str) -> timezone:
    if text[:1] not in {"+", "-"}:
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[3:].removeprefix(":") or 0))
    return timezone(-offset if text[0] == "-" else offset)


def _day_of_number(value: float) -> date | None:
    for unit in _UNITS:
        if 0 <= value < _LATEST * unit:
            return _nth_day(int(value // (_SECONDS_PER_DAY * unit)))
    return None


@lru_cache(maxsize=_REMEMBERED)
def _nth_day(number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=number)
