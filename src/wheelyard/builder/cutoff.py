"""Up to which day build requirements are taken where a recipe wants those of a release's day."""

from datetime import UTC, datetime, timedelta

_RELEASED = {
    (3, 9): datetime(2020, 10, 5, tzinfo=UTC),
    (3, 10): datetime(2021, 10, 4, tzinfo=UTC),
    (3, 11): datetime(2022, 10, 24, tzinfo=UTC),
    (3, 12): datetime(2023, 10, 2, tzinfo=UTC),
    (3, 13): datetime(2024, 10, 7, tzinfo=UTC),
    (3, 14): datetime(2025, 10, 7, tzinfo=UTC),
}
"""When each Python was released (the schedules in PEP 596, 619, 664, 693, 719 and 745)."""

_UNTIL_TOOLS_KNOW_IT = timedelta(days=120)


def cutoff(released_at: datetime | None, *, python: tuple[int, int]) -> datetime | None:
    """Return the end of the day after a release; None if its day is unknown.

    It is not before the target's Python was some months old: tools from before know nothing of
    that Python, and there are no wheels of them for it.
    """
    if released_at is None:
        return None
    day_after = released_at + timedelta(days=1)
    known = _RELEASED.get(python)
    return day_after if known is None else max(day_after, known + _UNTIL_TOOLS_KNOW_IT)
