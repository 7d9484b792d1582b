"""The page of statistics, and the same for programs."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wheelyard.clock import Clock
from wheelyard.database.engine import Engine, reading
from wheelyard.database.statistics import statistics
from wheelyard.model.build import BuildState
from wheelyard.model.download import ClientClass, Dimension
from wheelyard.model.statistics import (
    YEAR_MS,
    BuildDay,
    BuildTimes,
    PeriodSum,
    Share,
    Statistics,
    Sum,
)
from wheelyard.publish.statistics_tables import statistics_tables
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
        self,
        engine: Engine,
        *,
        store: Store,
        clock: Clock,
        settings: DownloadsSettings,
        server_url: str,
    ) -> None:
        self._engine = engine
        self._store = store
        self._clock = clock
        self._settings = settings
        self._server_url = server_url
        self._written: Statistics | None = None

    def tick(self) -> int:
        """Write the pages if they are not what they were; there is never more to do at once."""
        with reading(self._engine) as connection:
            found = statistics(connection, today=self._clock.now().date())
        if found != self._written:
            self._store.put("stats/index.json", statistics_document(found))
            for name, table in statistics_tables(found).items():
                self._store.put(f"stats/{name}.csv", table)
            page = statistics_page(found, settings=self._settings, server_url=self._server_url)
            self._store.put("stats/index.html", page)
            self._written = found
        return 0


@dataclass(frozen=True, slots=True)
class _Bar:
    label: str
    shown: str
    height: float
    """In parts of the highest bar, 0 to 100."""

    bad: float = 0.0
    """So much of the height is shown in another colour."""


def statistics_page(found: Statistics, *, settings: DownloadsSettings, server_url: str) -> bytes:
    """Return the page for people."""
    return render(
        "stats.html",
        root="../",
        server_url=server_url,
        found=found,
        days=_bars(found.days, "%d %b"),
        months=_bars(found.months, "%b %Y"),
        saved_days=_time_bars(found.days, "%d %b", lambda one: one.saved_ms),
        saved_months=_time_bars(found.months, "%b %Y", lambda one: one.saved_ms),
        comparable_days=_time_bars(found.days, "%d %b", lambda one: one.comparable_ms),
        comparable_months=_time_bars(found.months, "%b %Y", lambda one: one.comparable_ms),
        builds=_build_bars(found.builds),
        built_times=_plain_bars(
            [(f"{day.starts_on:%d %b}", round(day.seconds * 1000)) for day in found.builds],
            shown_span,
        ),
        outcomes=_plain_bars(
            [
                (state.value, _of_state(found.builds, state))
                for state in BuildState
                if state.is_final
            ],
            "{:,}".format,
        ),
        lengths=_plain_bars(_lengths(found.build_times), "{:,}".format),
        tables=sorted(statistics_tables(found)),
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
        "builds": {
            day.starts_on.isoformat(): {**day.counts, "seconds": round(day.seconds, 1)}
            for day in found.builds
        },
        "build_times": [
            {"up_to_seconds": most, "builds": count}
            for most, count in zip(
                (*found.build_times.up_to, None), found.build_times.counts, strict=False
            )
        ],
    }
    return json.dumps(document, indent=1).encode()


def _sum(of: Sum) -> Mapping[str, Any]:
    return {
        "downloads": of.downloads,
        "saved_ms": of.saved_ms,
        "comparable_ms": of.comparable_ms,
        "comparable_years": round(of.comparable_ms / YEAR_MS, 4),
    }


def _of_state(days: Sequence[BuildDay], state: BuildState) -> int:
    return sum(day.counts.get(state, 0) for day in days)


def _lengths(times: BuildTimes) -> list[tuple[str, int]]:
    """Return the classes of durations in words, with how many builds are in each."""
    words = [f"up to {_round_time(most)}" for most in times.up_to]
    return list(zip([*words, "longer"], times.counts, strict=False))


def _round_time(seconds: int) -> str:
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _build_bars(days: Sequence[BuildDay]) -> list[_Bar]:
    totals = [sum(day.counts.values()) for day in days]
    highest = max(totals, default=0)
    bars = []
    for day, total in zip(days, totals, strict=True):
        bad = day.counts.get(BuildState.FAILED, 0) + day.counts.get(BuildState.LOST, 0)
        bars.append(
            _Bar(
                f"{day.starts_on:%d %b}",
                f"{total:,}, {bad:,} failed or lost",
                _height(total, highest),
                _height(bad, highest),
            )
        )
    return bars


def _plain_bars(values: Sequence[tuple[str, int]], shown: Callable[[int], str]) -> list[_Bar]:
    highest = max((value for _, value in values), default=0)
    return [_Bar(label, shown(value), _height(value, highest)) for label, value in values]


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
