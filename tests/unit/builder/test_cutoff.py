from datetime import UTC, datetime

import pytest

from wheelyard.builder.cutoff import cutoff


@pytest.mark.parametrize(
    ("released", "python", "expected"),
    [
        ("2024-05-01", (3, 11), "2024-05-02"),
        ("2018-06-17", (3, 11), "2023-02-21"),
        ("2018-06-17", (3, 9), "2021-02-02"),
        ("2018-06-17", (3, 99), "2018-06-18"),
    ],
)
def test_it_is_the_day_after_the_release_but_no_day_before_tools_knew_the_python(
    released: str, python: tuple[int, int], expected: str
) -> None:
    found = cutoff(datetime.fromisoformat(released).replace(tzinfo=UTC), python=python)
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_there_is_none_for_a_release_of_which_nobody_told_the_day() -> None:
    assert cutoff(None, python=(3, 11)) is None
