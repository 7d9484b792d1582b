"""What pages, commands and programs are told of downloads and the time that they saved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from wheelyard.model.build import BuildState
from wheelyard.model.download import ClientClass, Dimension, RequestKind

YEAR_MS = 360 * 24 * 3_600_000
"""A year as piwheels counts it, in milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """Downloads that somebody wanted, and the milliseconds that they saved.

    `saved_ms` is by our definition (docs/statistics.md), `comparable_ms` the sum as piwheels
    publishes it, which has the downloads of mirrors and robots in it, too.
    """

    downloads: int = 0
    saved_ms: int = 0
    comparable_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodSum:
    """The sum of a day or of a month, by its first day."""

    starts_on: date
    sum: Sum


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSum:
    """The sum of a project."""

    project: str
    sum: Sum


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many downloads came from installers that told a value; empty where they told none."""

    value: str
    downloads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildDay:
    """The builds that started on a day: how many, by how they ended, and what they took together.

    `seconds` is the time that the projects' own code ran, of builds whose builder told it.
    """

    starts_on: date
    counts: Mapping[BuildState, int] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildTimes:
    """How many builds took how long: at most each of `up_to` seconds, and at last those longer."""

    up_to: tuple[int, ...] = ()
    counts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """Downloads of the last 30 days, and the milliseconds that all downloads ever saved."""

    downloads: int = 0
    saved_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """All of it at one moment: `days` and `months` without gaps, the oldest first."""

    today: date
    all_time: Sum
    days: tuple[PeriodSum, ...]
    months: tuple[PeriodSum, ...]
    top: tuple[ProjectSum, ...]
    """The projects that were downloaded most this month and the last."""

    shares: Mapping[Dimension, tuple[Share, ...]] = field(default_factory=dict)
    """What installers told in the last 30 days, the most frequent first."""

    requests: Mapping[RequestKind, Mapping[ClientClass, int]] = field(default_factory=dict)
    """All requests that were ever counted, by what they were for and who asked."""

    hosts: Mapping[date, int] = field(default_factory=dict)
    """Distinct hosts by day, if they are counted."""

    builds: tuple[BuildDay, ...] = ()
    """The builds of the last 30 days."""

    build_times: BuildTimes = field(default_factory=BuildTimes)
    """How long those took that succeeded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectStatistics:
    """What one project's downloads come to."""

    project: str
    all_time: Sum
    days: tuple[PeriodSum, ...]
    months: tuple[PeriodSum, ...]
