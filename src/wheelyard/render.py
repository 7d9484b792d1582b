"""HTML for people from the templates, with everything escaped."""

from datetime import UTC, datetime, timedelta
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from wheelyard.model.statistics import YEAR_MS

_STEP = 1024
_MINUTE, _HOUR = 60, 3600
_SPANS = (
    ("years", YEAR_MS),
    ("days", 24 * 3_600_000),
    ("hours", 3_600_000),
    ("minutes", 60_000),
)


def render(template: str, **values: object) -> bytes:
    """Fill in a template of `templates/`; a name that it lacks is a mistake, not a blank."""
    return _environment().get_template(template).render(**values).encode()


def shown_size(size: int) -> str:
    """Write a size in bytes as people read it: `1.4 MiB`."""
    amount = float(size)
    for unit in ("bytes", "KiB", "MiB"):
        if amount < _STEP:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= _STEP
    return f"{amount:.1f} GiB"


def shown_duration(duration: timedelta) -> str:
    """Write a duration as people read it: `1 h 02 min`, `3 min 04 s`, `5.2 s`."""
    seconds = max(duration.total_seconds(), 0.0)
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    if seconds < _HOUR:
        return f"{int(seconds) // _MINUTE} min {int(seconds) % _MINUTE:02} s"
    minutes = int(seconds) // _MINUTE
    return f"{minutes // _MINUTE} h {minutes % _MINUTE:02} min"


def shown_seconds(seconds: float) -> str:
    """Write so many seconds as a duration."""
    return shown_duration(timedelta(seconds=seconds))


def shown_span(milliseconds: int) -> str:
    """Write a long time as people read it, a year having 360 days: `25.3 years`, `3.0 days`."""
    for unit, length in _SPANS:
        if milliseconds >= length:
            return f"{milliseconds / length:,.1f} {unit}"
    return "0" if not milliseconds else f"{milliseconds / 1000:.1f} seconds"


def shown_time(time: datetime) -> str:
    """Write a time in UTC to the minute."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("wheelyard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        size=shown_size, duration=shown_duration, seconds=shown_seconds, time=shown_time
    )
    return environment
