"""Whatever an index sends: a page or InvalidPage, and JSON and HTML say the same."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from fake_upstream import FakeFile, FakeProject
from fake_upstream_pages import html_page, json_page
from wheelyard.errors import InvalidPage
from wheelyard.model.names import parse_project_name
from wheelyard.upstream.details import parse_details
from wheelyard.upstream.page import parse_html, parse_json

URL = "https://example.org/simple/demo/"
DEMO = parse_project_name("demo")

any_text = st.text(st.characters(), max_size=30)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=12,
)
FILE_KEYS = (
    "filename",
    "url",
    "hashes",
    "size",
    "requires-python",
    "yanked",
    "upload-time",
    "core-metadata",
    "dist-info-metadata",
    "provenance",
    "gpg-sig",
)
plausible = st.sampled_from(
    ["demo-1.0.tar.gz", "https://example.org/f", "https://[", "1.0", "\ud800", "9" * 30, "-1"]
)
file_like = st.dictionaries(st.sampled_from(FILE_KEYS), any_json | plausible) | any_json
page_like = st.fixed_dictionaries(
    {"files": st.lists(file_like, max_size=5)},
    optional={
        "meta": any_json
        | st.dictionaries(
            st.sampled_from(["api-version", "_last-serial", "project-status"]), any_json | plausible
        ),
        "name": st.just("demo") | any_json,
        "project-status": any_json,
    },
)


@given(st.binary(max_size=200) | any_text.map(lambda text: text.encode(errors="surrogatepass")))
def test_no_bytes_break_the_parsers(content: bytes) -> None:
    for parse in (parse_json, parse_html):
        with suppress(InvalidPage):
            parse(content, URL, project=DEMO)


@given(page_like | any_json)
def test_no_json_breaks_the_parser_and_all_that_it_returns_can_be_stored(document: object) -> None:
    with suppress(InvalidPage):
        page = parse_json(json.dumps(document).encode(), URL, project=DEMO)
        text = repr(page)
        assert "\\x00" not in text
        text.encode()
        assert len({file.filename for file in page.files}) == len(page.files)


PIECES = ("<a", "href='", '"demo-1.0.whl#', "base", "meta", "><!--", "]]>", "<![", "&#x0;", "</")


@given(st.lists(st.sampled_from(PIECES)))
def test_no_markup_breaks_the_parser(pieces: list[str]) -> None:
    with suppress(InvalidPage):
        parse_html(" ".join(pieces).encode(), URL, project=DEMO)


@given(st.fixed_dictionaries({"releases": any_json | st.dictionaries(any_text, any_json)}))
def test_no_json_breaks_the_details(document: object) -> None:
    with suppress(InvalidPage):
        parse_details(json.dumps(document).encode(), URL)


versions = st.builds("{}.{}".format, st.integers(0, 50), st.integers(0, 50))
filenames = st.one_of(
    versions.map("demo-{}.tar.gz".format),
    versions.map("demo-{}-cp311-cp311-linux_armv7l.whl".format),
)
reasons = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=20)
files = st.builds(
    FakeFile,
    filename=filenames,
    content=st.binary(max_size=5),
    sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    requires_python=st.none() | st.sampled_from([">=3.9", "<4,>=3.8 ", ">3 & <i>", '"quoted"']),
    # An empty text is no yank in JSON and one in HTML, so an index never holds one.
    yanked=st.booleans() | reasons.filter(bool),
    uploaded_at=st.none() | st.datetimes(min_value=datetime(2005, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
    metadata=st.none() | st.binary(max_size=5),
)
projects = st.builds(
    FakeProject,
    display_name=st.just("Demo"),
    files=st.lists(files, max_size=5).map(lambda some: {file.filename: file for file in some}),
    serial=st.integers(0, 2**40),
    status=st.none() | st.sampled_from(["active", "archived", "quarantined", "deprecated"]),
    status_reason=st.none() | reasons,
)


@given(projects)
def test_the_json_and_the_html_of_a_page_say_the_same(project: FakeProject) -> None:
    if project.status is None:
        project.status_reason = None
    from_json = parse_json(json_page(project), URL, project=DEMO)
    from_html = parse_html(html_page(project, bare=False), URL, project=DEMO)

    # HTML cannot tell sizes, and says that there is no metadata file by saying nothing.
    assert from_html == replace(
        from_json,
        files=tuple(
            replace(file, size=None, core_metadata=file.core_metadata or None)
            for file in from_json.files
        ),
    )
    assert len(from_json.files) == len(project.files)
