import inspect

import pytest

from wheelyard import errors
from wheelyard.errors import UpstreamUnavailable, WheelyardError

CLASSES = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and issubclass(value, WheelyardError)
]


@pytest.mark.parametrize("error", CLASSES)
def test_the_message_is_the_docstrings_first_line_with_the_value_and_the_advice(
    error: type[WheelyardError],
) -> None:
    headline = (error.__doc__ or "").splitlines()[0].rstrip(".")
    assert str(error("spam", "Try eggs")) == f"{headline}: spam. Try eggs"
    assert str(error("spam")) == f"{headline}: spam"


@pytest.mark.parametrize("error", CLASSES)
def test_every_error_stands_in_the_tree_at_the_top(error: type[WheelyardError]) -> None:
    assert error.__name__ in (errors.__doc__ or "")


def test_an_unavailable_upstream_says_when_to_come_back() -> None:
    assert UpstreamUnavailable("index", retry_after=7.5).retry_after == 7.5
