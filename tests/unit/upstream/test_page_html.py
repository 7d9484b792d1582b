from contextlib import suppress
from datetime import UTC, datetime

import pytest

from wheelyard.errors import InvalidPage
from wheelyard.model.names import Filename, parse_project_name
from wheelyard.model.project import ProjectPage, ProjectStatus, UpstreamFile
from wheelyard.upstream.page import parse_html

URL = "https://example.org/simple/demo/"
DEMO = parse_project_name("demo")
DIGEST = "0123456789abcdef" * 4


def anchor(href: str = "demo-1.0.tar.gz", attributes: str = "") -> str:
    return f'<a href="{href}" {attributes}>{href.rpartition("/")[2]}</a><br>'


def file(filename: str = "demo-1.0.tar.gz", **fields: object) -> UpstreamFile:
    usual: dict[str, object] = {
        "filename": Filename(filename),
        "url": f"https://example.org/simple/demo/{filename}",
        "hashes": {},
    }
    return UpstreamFile(**usual | fields)  # type: ignore[arg-type] # a factory


def parse(body: str = "", head: str = "") -> ProjectPage:
    page = f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>"
    return parse_html(page.encode(errors="surrogatepass"), URL, project=DEMO)


def test_every_field_of_a_file_is_read() -> None:
    page = parse(
        anchor(
            f"../../files/demo-1.0.tar.gz#sha256={DIGEST}",
            'data-requires-python="&gt;=3.9" data-yanked="it&#39;s broken" '
            'data-upload-time="2026-01-02T03:04:05.678901Z" data-gpg-sig="true" data-size="12" '
            f'data-core-metadata="sha256={DIGEST}" data-provenance="https://example.org/p"',
        ),
        '<meta name="pypi:repository-version" content="1.4">',
    )

    assert page == ProjectPage(
        name=DEMO,
        files=(
            file(
                url="https://example.org/files/demo-1.0.tar.gz",
                hashes={"sha256": DIGEST},
                size=12,
                requires_python=">=3.9",
                yanked=True,
                yanked_reason="it's broken",
                uploaded_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
                core_metadata={"sha256": DIGEST},
                provenance="https://example.org/p",
                gpg_sig=True,
            ),
        ),
    )


@pytest.mark.parametrize("attribute", ["data-yanked", 'data-yanked=""'])
def test_a_yank_without_a_reason_is_a_yank(attribute: str) -> None:
    assert parse(anchor(attributes=attribute)).files == (file(yanked=True),)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('data-core-metadata="true"', True),
        ('data-dist-info-metadata="TRUE"', True),
        (f'data-dist-info-metadata="sha256={DIGEST}"', {"sha256": DIGEST}),
        ('data-core-metadata="false" data-dist-info-metadata="true"', False),
        ('data-core-metadata="sha256=short"', True),
        ('data-core-metadata="perhaps"', None),
        ("", None),
    ],
)
def test_core_metadata_has_two_names(attributes: str, expected: object) -> None:
    assert parse(anchor(attributes=attributes)).files[0].core_metadata == expected


def test_the_status_is_in_meta_tags() -> None:
    page = parse(
        anchor(),
        '<meta name="pypi:project-status" content="archived">'
        '<meta name="pypi:project-status-reason" content="moved &amp; renamed">',
    )
    assert (page.status, page.status_reason) == (ProjectStatus.ARCHIVED, "moved & renamed")


def test_a_serial_in_a_comment_is_read() -> None:
    assert parse(anchor() + "<!--SERIAL 42-->").serial == 42


@pytest.mark.parametrize("version", ["1.0", "1.9"])
def test_every_minor_version_of_the_api_is_read(version: str) -> None:
    head = f'<meta name="pypi:repository-version" content="{version}">'
    assert parse(anchor(), head).files == (file(),)


@pytest.mark.parametrize("version", ["2.0", "", "one"])
def test_other_major_versions_are_refused(version: str) -> None:
    with pytest.raises(InvalidPage, match="simple API is not known"):
        parse(anchor(), f'<meta name="pypi:repository-version" content="{version}">')


def test_the_base_element_counts() -> None:
    page = parse(anchor("demo-1.0.tar.gz"), '<base href="https://cdn.example.org/x/">')
    assert page.files == (file(url="https://cdn.example.org/x/demo-1.0.tar.gz"),)


def test_the_filename_is_the_end_of_the_address_unquoted() -> None:
    page = parse(anchor("../demo-1.0%2Blocal-py3-none-any.whl?token=1#egg=demo"))
    assert page.files == (
        file(
            "demo-1.0+local-py3-none-any.whl",
            url="https://example.org/simple/demo-1.0%2Blocal-py3-none-any.whl?token=1",
        ),
    )


def test_of_two_files_with_one_name_the_first_counts() -> None:
    assert parse(anchor("demo-1.0.tar.gz") + anchor("/b/demo-1.0.tar.gz")).files == (file(),)


@pytest.mark.parametrize(
    "broken",
    [
        anchor("file:///demo-2.0.tar.gz"),
        anchor("https://user:secret@example.org/demo-2.0.tar.gz"),
        anchor("https://[::1/demo-2.0.tar.gz"),
        anchor("x%2F..%2Fdemo-2.0.tar.gz"),
        anchor("demo%00-2.0.tar.gz"),
        anchor("https://example.org/about"),
        '<a name="demo-2.0.tar.gz">demo-2.0.tar.gz</a>',
        "<a href>demo-2.0.tar.gz</a>",
        f"<!-- {anchor('demo-2.0.tar.gz')} -->",
        f"<script>{anchor('demo-2.0.tar.gz')}</script>",
    ],
)
def test_links_that_lead_to_no_usable_file_are_left_out(broken: str) -> None:
    assert parse(broken + anchor()).files == (file(),)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ('<meta name="pypi:repository-version" content="1.0">', ""),
        ("<title>Links for demo</title>", ""),
        ("", "<h1>Links for demo</h1>"),
    ],
)
def test_a_simple_page_may_have_no_files(head: str, body: str) -> None:
    assert parse(body, head) == ProjectPage(name=DEMO, files=())


@pytest.mark.parametrize(
    "body", ["", "<h1>Sign in</h1>", anchor("https://example.org/login"), "{}", "404"]
)
def test_a_page_of_something_else_does_not_look_like_an_empty_project(body: str) -> None:
    with pytest.raises(InvalidPage, match="does not look like a simple page"):
        parse(body)


def test_bytes_that_are_no_text_do_not_harm_the_rest() -> None:
    content = b'<a href="demo-1.0.tar.gz" data-yanked="\xff\xfe">x</a>'
    page = parse_html(content, URL, project=DEMO)
    assert page.files == (file(yanked=True, yanked_reason="\ufffd\ufffd"),)


@pytest.mark.parametrize(
    "text", ["<![", "<![foo[", "<!a\x00", "<!--", "<a href='", "</", "&#xFFFFFFFF;", "<?x"]
)
def test_malformed_markup_is_refused_or_skipped(text: str) -> None:
    # Which of the two depends on the version of the standard library's parser.
    with suppress(InvalidPage):
        assert parse(anchor() + f"<p>{text}").files == (file(),)
