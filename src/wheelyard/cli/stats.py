"""`wheelyard stats`: downloads and the time that they saved, in a terminal."""

from collections.abc import Sequence
from typing import Annotated

import typer

from wheelyard.cli.operation import opened
from wheelyard.cli.output import AsJson, print_json, print_line, print_table
from wheelyard.database.engine import reading
from wheelyard.database.statistics import project_statistics, statistics
from wheelyard.errors import UnknownProject
from wheelyard.model.download import ClientClass
from wheelyard.model.names import parse_project_name
from wheelyard.model.statistics import PeriodSum, ProjectStatistics, Statistics, Sum
from wheelyard.render import shown_span

_LEVELS = "▁▂▃▄▅▆▇█"
_WIDTH = 30
_DEFINITION = (
    "Time saved: of each download of a platform wheel by an installer the time that its build took,"
    " times a factor for the client's board, less the time that an installation takes."
)


def stats(
    project: Annotated[str | None, typer.Argument(help="Only this project.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show downloads and the time that they saved, by day and month, and what installers told."""
    context = opened()
    today = context.clock.now().date()
    found: Statistics | ProjectStatistics | None
    with reading(context.engine) as connection:
        if project is None:
            found = statistics(connection, today=today)
        else:
            name = parse_project_name(project)
            found = project_statistics(connection, name, today=today)
            if found is None:
                raise UnknownProject(name, "Nobody has asked for it here")
    if as_json:
        print_json(found)
        return
    _print_sums(found)
    if isinstance(found, Statistics):
        _print_more(found)
    print_line(_DEFINITION)


def _print_sums(found: Statistics | ProjectStatistics) -> None:
    print_table(
        "Downloads" if isinstance(found, Statistics) else f"Downloads of {found.project}",
        ("", "downloads", "time saved", "as piwheels reckons it"),
        [
            ("in all", *_shown(found.all_time)),
            ("in 30 days", *_shown(_together(found.days))),
            ("today", *_shown(found.days[-1].sum)),
        ],
    )
    line = sparkline([day.sum.downloads for day in found.days])
    print_line(f"{found.days[0].starts_on:%d %b} {line} {found.days[-1].starts_on:%d %b}")
    print_line("")
    highest = max(month.sum.saved_ms for month in found.months)
    most = max(month.sum.downloads for month in found.months)
    print_table(
        "By month",
        ("month", "downloads", "", "time saved", "", "as piwheels reckons it"),
        [
            (
                f"{month.starts_on:%Y-%m}",
                f"{month.sum.downloads:,}",
                bar(month.sum.downloads, most),
                shown_span(month.sum.saved_ms),
                bar(month.sum.saved_ms, highest),
                shown_span(month.sum.comparable_ms),
            )
            for month in found.months
        ],
    )


def _print_more(found: Statistics) -> None:
    most = max((one.sum.downloads for one in found.top), default=0)
    print_table(
        "Downloaded most, this month and the last",
        ("project", "downloads", "", "time saved", "as piwheels reckons it"),
        [
            (
                one.project,
                f"{one.sum.downloads:,}",
                bar(one.sum.downloads, most),
                shown_span(one.sum.saved_ms),
                shown_span(one.sum.comparable_ms),
            )
            for one in found.top
        ],
    )
    print_table(
        "All requests, by what they were for and who asked",
        ("for", *ClientClass),
        [
            (kind, *(f"{classes.get(one, 0):,}" for one in ClientClass))
            for kind, classes in found.requests.items()
        ],
    )
    for dimension, shares in found.shares.items():
        if shares:
            most = max(share.downloads for share in shares)
            print_table(
                f"What installers told in 30 days: {dimension}",
                ("value", "downloads", ""),
                [
                    (
                        share.value or "not told",
                        f"{share.downloads:,}",
                        bar(share.downloads, most),
                    )
                    for share in shares
                ],
            )


def sparkline(numbers: Sequence[int]) -> str:
    """Draw numbers from 0 on as a line of text, a character each."""
    highest = max(numbers, default=0)
    if not highest:
        return _LEVELS[0] * len(numbers)
    return "".join(_LEVELS[round(number * (len(_LEVELS) - 1) / highest)] for number in numbers)


def bar(number: int, highest: int) -> str:
    """Draw a number as a bar, the highest of all being 30 characters long."""
    if not number:
        return ""
    return "█" * (round(_WIDTH * number / highest)) or "▏"


def _shown(one: Sum) -> tuple[str, str, str]:
    return f"{one.downloads:,}", shown_span(one.saved_ms), shown_span(one.comparable_ms)


def _together(days: Sequence[PeriodSum]) -> Sum:
    return Sum(
        downloads=sum(day.sum.downloads for day in days),
        saved_ms=sum(day.sum.saved_ms for day in days),
        comparable_ms=sum(day.sum.comparable_ms for day in days),
    )


def add_to(app: typer.Typer) -> None:
    """Add `wheelyard stats`."""
    app.command()(stats)
