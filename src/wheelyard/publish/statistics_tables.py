"""The data of each plot of the statistics, as CSV (RFC 4180); pure."""

import csv
import io
from collections.abc import Iterable, Sequence

from wheelyard.model.build import BuildState
from wheelyard.model.statistics import PeriodSum, Statistics

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes the beginning of a formula by."""


def statistics_tables(found: Statistics) -> dict[str, bytes]:
    """Return every table by its name: milliseconds and seconds, dates in ISO 8601."""
    lasting: list[int | str] = [*found.build_times.up_to, ""]
    return {
        "days": _periods(found.days),
        "months": _periods(found.months),
        "top": _table(
            ("project", "downloads", "saved_ms", "comparable_ms"),
            (
                (one.project, one.sum.downloads, one.sum.saved_ms, one.sum.comparable_ms)
                for one in found.top
            ),
        ),
        "installers": _table(
            ("dimension", "value", "downloads"),
            (
                (dimension, share.value, share.downloads)
                for dimension, shares in found.shares.items()
                for share in shares
            ),
        ),
        "requests": _table(
            ("kind", "client", "requests"),
            (
                (kind, client, count)
                for kind, clients in found.requests.items()
                for client, count in clients.items()
            ),
        ),
        "hosts": _table(("day", "hosts"), ((str(day), n) for day, n in found.hosts.items())),
        "builds": _table(
            ("day", *BuildState, "seconds"),
            (
                (
                    str(day.starts_on),
                    *(day.counts.get(state, 0) for state in BuildState),
                    round(day.seconds, 1),
                )
                for day in found.builds
            ),
        ),
        "build-times": _table(
            ("up_to_seconds", "builds"), zip(lasting, found.build_times.counts, strict=False)
        ),
    }


def _periods(periods: Sequence[PeriodSum]) -> bytes:
    return _table(
        ("starts_on", "downloads", "saved_ms", "comparable_ms"),
        (
            (str(one.starts_on), one.sum.downloads, one.sum.saved_ms, one.sum.comparable_ms)
            for one in periods
        ),
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str | float]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows([_harmless(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _harmless(value: str | float) -> str | float:
    """Keep a spreadsheet from running what a client told of itself."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
