"""Content negotiation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelyard.web.negotiation import Coding, SimpleType, accepts_gzip, content_coding, simple_type

JSON, HTML, LEGACY = SimpleType.JSON, SimpleType.HTML, SimpleType.LEGACY_HTML
PIP = (
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, "
    "text/html; q=0.01"
)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, LEGACY),
        ("", LEGACY),
        (PIP, JSON),
        (BROWSER, LEGACY),
        ("*/*", LEGACY),
        ("text/*", LEGACY),
        ("application/*", JSON),
        ("application/vnd.pypi.simple.v1+json", JSON),
        ("application/vnd.pypi.simple.latest+json", JSON),
        ("application/vnd.pypi.simple.v1+html", HTML),
        ("application/vnd.pypi.simple.latest+html", HTML),
        ("APPLICATION/VND.PYPI.SIMPLE.V1+JSON", JSON),
        ("text/html, application/vnd.pypi.simple.v1+json", JSON),
        ("text/html, application/vnd.pypi.simple.v1+json;q=0.9", LEGACY),
        ("application/vnd.pypi.simple.v1+html;q=0.2,text/html;q=0.3", LEGACY),
        ("application/vnd.pypi.simple.v1+json;q=0, */*", LEGACY),
        ("application/vnd.pypi.simple.v1+json;q=0.2, */*;q=0.1", JSON),
        ("application/vnd.pypi.simple.v1+json;q=0.2, */*;q=0.5", LEGACY),
        ("text/html;q=0, */*;q=0.5", JSON),
        ("application/vnd.pypi.simple.v1+json;q=0", LEGACY),
        ("application/vnd.pypi.simple.v1+json;q=nonsense, text/html;q=0.1", LEGACY),
        ("application/vnd.pypi.simple.v1+json;q=2, text/html;q=0.1", LEGACY),
        ("application/vnd.pypi.simple.v2+json", LEGACY),
        ("image/png", LEGACY),
        (";;;,,,q=,", LEGACY),
    ],
)
def test_the_best_form_is_chosen(accept: str | None, expected: SimpleType) -> None:
    assert simple_type(accept) is expected


@given(st.text(max_size=100))
def test_any_header_gets_an_answer(accept: str) -> None:
    assert simple_type(accept) in SimpleType


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("gzip;q=0, *", False),
        ("*", True),
        ("identity", False),
    ],
)
def test_gzip_is_sent_to_those_who_take_it(*, header: str | None, expected: bool) -> None:
    assert accepts_gzip(header) is expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("", None),
        ("br", None),
        ("identity", None),
        ("gzip", Coding.GZIP),
        ("gzip, deflate", Coding.GZIP),
        ("gzip, deflate, br, ZSTD", Coding.ZSTD),
        ("*", Coding.ZSTD),
        ("zstd;q=0.5, gzip", Coding.GZIP),
        ("zstd;q=0, *", Coding.GZIP),
        ("gzip;q=0, zstd;q=0", None),
        ("*;q=0", None),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip", Coding.GZIP),
        ("gzip;q=much", None),
    ],
)
def test_a_page_comes_in_the_coding_that_the_client_likes_best(
    header: str | None, expected: Coding | None
) -> None:
    assert content_coding(header) is expected


@given(st.text(max_size=100))
def test_any_header_about_codings_gets_an_answer(header: str) -> None:
    assert content_coding(header) in {None, *Coding}
