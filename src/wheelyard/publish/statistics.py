"""The page of statistics, and the same for programs."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wheelyard.clock import Clock
from wheelyard.database.engine import Engine, reading
from wheelyard.database.statistics import statistics
from wheelyard.model.download import ClientClass, Dimension
from wheelyard.model.statistics import YEAR_MS, PeriodSum, Share, Statistics, Sum
from wheelyard.render import render, shown_span
from wheelyard.settings import DownloadsSettings
from wheelyard.storage.store import Store

_HEIGHT = 100
_TITLES = {
    Dimension.INSTALLER: "Installer",
    Dimension.PYTHON: "Python",
    Dimension.IMPLEMENTATION: "Implementation",
    Dimension.DISTRIBUTION: "Distribution",
    Dimension.LIBC: "C library",
    Dimension.ARCHITECTURE: "Architecture",
    Dimension.CI: "Asked by a CI",
}


class StatisticsPages:
    """The service that writes the page of statistics every minute in which something changed."""

    name = "statistics"
    pause_seconds = 60.0

    def __init__(
        self, engine: Engine, *, store: Store, clock: Clock, settings: DownloadsSettings
    ) -> None:
        self._engine = engine
        self._store = store
        self._clock = clock
        self._settings = settings
        self._written: Statistics | None = None

    def tick(self) -> int:
        """Write the pages if they are not what they were; there is never more to do at once."""
        with reading(self._engine) as connection:
            found = statistics(connection, today=self._clock.now().date())
        if found != self._written:
            self._store.put("stats/index.json", statistics_document(found))
            self._store.put("stats/index.html", statistics_page(found, settings=self._settings))
            self._written = found
        return 0


@dataclass(frozen=True, slots=True)
class _Bar:
    label: str
    shown: str
    height: float
    """In parts of the highest bar, 0 to 100."""


def statistics_page(found: Statistics, *, settings: DownloadsSettings) -> bytes:
    """Return the page for people."""
    return render(
        "stats.html",
        root="../",
        found=found,
        days=_bars(found.days, "%d %b"),
        months=_bars(found.months, "%b %Y"),
        saved_days=_time_bars(found.days, "%d %b", lambda one: one.saved_ms),
        saved_months=_time_bars(found.months, "%b %Y", lambda one: one.saved_ms),
        comparable_days=_time_bars(found.days, "%d %b", lambda one: one.comparable_ms),
        comparable_months=_time_bars(found.months, "%b %Y", lambda one: one.comparable_ms),
        thirty=sum(day.sum.downloads for day in found.days),
        hosts=[_Bar(f"{day:%d %b}", f"{count:,}", 0) for day, count in found.hosts.items()],
        shares=[
            (_TITLES[dimension], _share_bars(shares))
            for dimension, shares in found.shares.items()
            if shares
        ],
        classes=list(ClientClass),
        factors=sorted(
            (board, architecture, factor)
            for board, factors in settings.factors.items()
            for architecture, factor in factors.items()
        ),
        install=settings.install.total_seconds(),
        span=shown_span,
    )


def statistics_document(found: Statistics) -> bytes:
    """Return the same for programs: milliseconds, dates in ISO 8601, names as in the database."""
    document = {
        "today": found.today.isoformat(),
        "all_time": _sum(found.all_time),
        "days": {day.starts_on.isoformat(): _sum(day.sum) for day in found.days},
        "months": {month.starts_on.isoformat(): _sum(month.sum) for month in found.months},
        "top": [{"project": one.project, **_sum(one.sum)} for one in found.top],
        "installers": {
            dimension.value: {share.value: share.downloads for share in shares}
            for dimension, shares in found.shares.items()
        },
        "requests": {kind.value: dict(classes) for kind, classes in found.requests.items()},
        "hosts": {day.isoformat(): count for day, count in found.hosts.items()},
    }
    return json.dumps(document, indent=1).encode()


def _sum(of: Sum) -> Mapping[str, Any]:
    return {
        "downloads": of.downloads,
        "saved_ms": of.saved_ms,
        "comparable_ms": of.comparable_ms,
        "comparable_years": round(of.comparable_ms / YEAR_MS, 4),
    }


def _bars(periods: Sequence[PeriodSum], form: str) -> list[_Bar]:
    highest = max((one.sum.downloads for one in periods), default=0)
    return [
        _Bar(
            one.starts_on.strftime(form),
            f"{one.sum.downloads:,}",
            _height(one.sum.downloads, highest),
        )
        for one in periods
    ]


def _time_bars(
    periods: Sequence[PeriodSum], form: str, time_of: Callable[[Sum], int]
) -> list[_Bar]:
    highest = max((time_of(one.sum) for one in periods), default=0)
    return [
        _Bar(
            one.starts_on.strftime(form),
            shown_span(time_of(one.sum)),
            _height(time_of(one.sum), highest),
        )
        for one in periods
    ]


def _share_bars(shares: Sequence[Share]) -> list[_Bar]:
    highest = max(share.downloads for share in shares)
    return [
        _Bar(share.value or "not told", f"{share.downloads:,}", _height(share.downloads, highest))
        for share in shares
    ]


def _height(number: int, highest: int) -> float:
    return round(_HEIGHT * number / highest, 1) if highest else 0.0
