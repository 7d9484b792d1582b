"""Entity tags and ranges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelyard.web.conditional import (
    ByteRange,
    NoRange,
    entity_tag,
    is_unchanged,
    requested_range,
)

TAG = '"abc"'
WHOLE, UNSATISFIABLE = NoRange.WHOLE, NoRange.UNSATISFIABLE


def test_a_tag_is_strong_and_differs_with_the_bytes() -> None:
    assert entity_tag(b"a") == entity_tag(b"a")
    assert entity_tag(b"a") != entity_tag(b"b")
    assert entity_tag(b"a").startswith('"')


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, False),
        ('"abc"', True),
        ('W/"abc"', True),
        ('"x", "abc"', True),
        ("*", True),
        ('"x"', False),
        ("abc", False),
        ("", False),
    ],
)
def test_a_page_that_the_client_has_is_unchanged(*, header: str | None, expected: bool) -> None:
    assert is_unchanged(header, TAG) is expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, WHOLE),
        ("bytes=0-4", ByteRange(0, 5)),
        ("bytes=5-", ByteRange(5, 10)),
        ("bytes=-3", ByteRange(7, 10)),
        ("bytes=-30", ByteRange(0, 10)),
        ("bytes=8-300", ByteRange(8, 10)),
        ("bytes=0-0", ByteRange(0, 1)),
        ("bytes=10-", UNSATISFIABLE),
        ("bytes=11-12", UNSATISFIABLE),
        ("bytes=-0", UNSATISFIABLE),
        ("bytes=4-2", WHOLE),
        ("bytes=-", WHOLE),
        ("bytes=0-1,3-4", WHOLE),
        ("lines=0-1", WHOLE),
        ("bytes=a-b", WHOLE),
        ("bytes=0-99999999999999999999999999", WHOLE),
    ],
)
def test_one_range_is_understood(header: str | None, expected: ByteRange | NoRange) -> None:
    assert requested_range(header, if_range=None, etag=TAG, size=10) == expected


@pytest.mark.parametrize(
    ("if_range", "expected"),
    [
        ('"abc"', ByteRange(0, 5)),
        ('"other"', WHOLE),
        ('W/"abc"', WHOLE),
        ("Mon, 23 Nov 2026 12:00:00 GMT", WHOLE),
    ],
)
def test_a_stale_part_is_not_continued(if_range: str, expected: ByteRange | NoRange) -> None:
    assert requested_range("bytes=0-4", if_range=if_range, etag=TAG, size=10) == expected


@given(header=st.text(max_size=30), size=st.integers(0, 100))
def test_a_range_is_never_outside_the_object(header: str, size: int) -> None:
    found = requested_range(f"bytes={header}", if_range=None, etag=TAG, size=size)
    if isinstance(found, ByteRange):
        assert 0 <= found.start < found.end <= size
