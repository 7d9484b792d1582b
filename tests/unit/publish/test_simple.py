"""The simple repository API, in JSON and HTML."""

import json
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from wheelyard.model.names import Filename, ProjectName, parse_project_name
from wheelyard.model.project import ProjectStatus
from wheelyard.publish.simple import (
    IndexFile,
    IndexPage,
    list_html,
    list_json,
    project_html,
    project_json,
)

NAME = parse_project_name("demo")
AT = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
HOSTILE = "\"'><script>alert(1)</script>&amp;<!-- -->]]>\u2028\\"


def a_file(
    *,
    filename: str = "demo-1.0-cp311-cp311-linux_armv7l.whl",
    url: str = "../../packages/aa/bb/cc/demo-1.0-cp311-cp311-linux_armv7l.whl",
    version: str = "1.0",
    sha256: str = "a" * 64,
    size: int = 1234,
    uploaded_at: datetime = AT,
    requires_python: str | None = ">=3.8",
    metadata_sha256: str | None = "b" * 64,
    yanked: bool = False,
    yanked_reason: str | None = None,
) -> IndexFile:
    return IndexFile(
        filename=Filename(filename),
        url=url,
        version=Version(version),
        hashes={"sha256": sha256},
        size=size,
        uploaded_at=uploaded_at,
        requires_python=requires_python,
        core_metadata=metadata_sha256 is not None and {"sha256": metadata_sha256},
        yanked=yanked,
        yanked_reason=yanked_reason,
    )


def a_page(
    *files: IndexFile,
    name: ProjectName = NAME,
    serial: int = 7,
    status: ProjectStatus = ProjectStatus.ACTIVE,
    status_reason: str | None = None,
) -> IndexPage:
    return IndexPage(
        name=name, serial=serial, files=files, status=status, status_reason=status_reason
    )


class Reader(HTMLParser):
    """A strict reader of a simple page: notes every element, with its attributes and text."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.meta: dict[str, str | None] = {}
        self.links: list[tuple[str, dict[str, str | None]]] = []
        self._open: dict[str, str | None] | None = None
        self._text = ""
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        attributes = dict(attrs)
        if tag == "meta" and "name" in attributes:
            self.meta[str(attributes["name"])] = attributes["content"]
        if tag == "a":
            self._open, self._text = attributes, ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._open is not None:
            self.links.append((self._text, self._open))
            self._open = None


def test_the_json_page_holds_what_the_specification_asks_for() -> None:
    assert json.loads(project_json(a_page(a_file()))) == {
        "meta": {"api-version": "1.4", "_last-serial": 7},
        "name": "demo",
        "versions": ["1.0"],
        "files": [
            {
                "filename": "demo-1.0-cp311-cp311-linux_armv7l.whl",
                "url": "../../packages/aa/bb/cc/demo-1.0-cp311-cp311-linux_armv7l.whl",
                "hashes": {"sha256": "a" * 64},
                "size": 1234,
                "upload-time": "2026-11-23T12:00:00.123456Z",
                "yanked": False,
                "core-metadata": {"sha256": "b" * 64},
                "requires-python": ">=3.8",
            }
        ],
    }


def test_the_html_page_says_the_same() -> None:
    reader = Reader(project_html(a_page(a_file())))
    assert reader.meta == {"pypi:repository-version": "1.4"}
    assert reader.links == [
        (
            "demo-1.0-cp311-cp311-linux_armv7l.whl",
            {
                "href": "../../packages/aa/bb/cc/demo-1.0-cp311-cp311-linux_armv7l.whl"
                f"#sha256={'a' * 64}",
                "data-requires-python": ">=3.8",
                "data-core-metadata": f"sha256={'b' * 64}",
                "data-dist-info-metadata": f"sha256={'b' * 64}",
            },
        )
    ]


def test_times_of_other_zones_are_told_in_utc_with_a_z() -> None:
    there = timezone(timedelta(hours=2))
    file = a_file(uploaded_at=datetime(2026, 1, 1, 1, 0, tzinfo=there))
    shown = json.loads(project_json(a_page(file)))["files"][0]
    assert shown["upload-time"] == "2025-12-31T23:00:00Z"


def test_a_yank_is_told_with_its_reason_and_without_one() -> None:
    page = a_page(
        a_file(filename="demo-1.0-py3-none-any.whl", yanked=True, yanked_reason="broken"),
        a_file(filename="demo-1.1-py3-none-any.whl", version="1.1", yanked=True),
    )
    assert [file["yanked"] for file in json.loads(project_json(page))["files"]] == ["broken", True]
    assert [link["data-yanked"] for _, link in Reader(project_html(page)).links] == ["broken", ""]


def test_a_status_is_told_at_the_top_with_its_reason() -> None:
    page = a_page(a_file(), status=ProjectStatus.ARCHIVED, status_reason="done")
    document = json.loads(project_json(page))
    assert document["project-status"] == {"status": "archived", "reason": "done"}
    assert len(document["files"]) == 1
    assert Reader(project_html(page)).meta == {
        "pypi:repository-version": "1.4",
        "pypi:project-status": "archived",
        "pypi:project-status-reason": "done",
    }


def test_a_quarantined_project_offers_no_files() -> None:
    page = a_page(a_file(), status=ProjectStatus.QUARANTINED)
    document = json.loads(project_json(page))
    assert (document["files"], document["versions"]) == ([], [])
    assert document["project-status"] == {"status": "quarantined"}
    assert Reader(project_html(page)).links == []


def test_a_filename_keeps_the_bytes_that_it_had_first() -> None:
    first = a_file(sha256="1" * 64)
    later = a_file(sha256="2" * 64, uploaded_at=AT + timedelta(days=1))
    document = json.loads(project_json(a_page(later, first)))
    assert [file["hashes"]["sha256"] for file in document["files"]] == ["1" * 64]
    assert len(Reader(project_html(a_page(later, first))).links) == 1


def test_versions_are_in_order_and_each_is_told_once() -> None:
    files = [
        a_file(filename=f"demo-{version}-py{python}-none-any.whl", version=version)
        for version in ("1.10", "1.9", "1.9rc1")
        for python in (2, 3)
    ]
    assert json.loads(project_json(a_page(*files)))["versions"] == ["1.9rc1", "1.9", "1.10"]


def test_the_list_has_a_serial_for_each_project() -> None:
    projects = [(ProjectName(parse_project_name("b")), 3), (parse_project_name("a"), 9)]
    assert json.loads(list_json(projects, serial=9)) == {
        "meta": {"api-version": "1.4", "_last-serial": 9},
        "projects": [{"name": "a", "_last-serial": 9}, {"name": "b", "_last-serial": 3}],
    }
    reader = Reader(list_html(projects, serial=9))
    assert reader.meta == {"pypi:repository-version": "1.4"}
    assert reader.links == [("a", {"href": "a/"}), ("b", {"href": "b/"})]


def test_nothing_from_outside_can_break_out_of_a_page() -> None:
    page = a_page(
        a_file(
            filename=HOSTILE,
            url=HOSTILE,
            requires_python=HOSTILE,
            yanked=True,
            yanked_reason=HOSTILE,
        ),
        status=ProjectStatus.DEPRECATED,
        status_reason=HOSTILE,
    )
    reader = Reader(project_html(page))
    assert "script" not in reader.tags
    assert reader.links[0][0] == HOSTILE
    assert json.loads(project_json(page))["files"][0]["yanked"] == HOSTILE


_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x00"), max_size=30)
_said = _text.filter(bool)
_hash = st.integers(0, 2**256 - 1).map(lambda number: f"{number:064x}")
_files = st.builds(
    a_file,
    filename=_said,
    url=_said,
    version=st.sampled_from(["1.0", "2.0rc1", "1!3.0", "0.1+local"]),
    sha256=_hash,
    size=st.integers(0, 2**40),
    uploaded_at=st.integers(0, 10**15).map(lambda age: AT - timedelta(microseconds=age)),
    requires_python=st.none() | _said,
    metadata_sha256=st.none() | _hash,
    yanked=st.booleans(),
    yanked_reason=st.none() | _said,
)


def _as_html_tells_it(document: dict[str, Any]) -> list[tuple[str, dict[str, str | None]]]:
    """Translate the JSON page's files to the links that the HTML page must have."""
    links = []
    for file in document["files"]:
        link: dict[str, str | None] = {"href": f"{file['url']}#sha256={file['hashes']['sha256']}"}
        if "requires-python" in file:
            link["data-requires-python"] = file["requires-python"]
        if file["core-metadata"]:
            digest = f"sha256={file['core-metadata']['sha256']}"
            link["data-core-metadata"] = link["data-dist-info-metadata"] = digest
        if file["yanked"]:
            link["data-yanked"] = "" if file["yanked"] is True else file["yanked"]
        links.append((file["filename"], link))
    return links


@given(files=st.lists(_files, max_size=5))
def test_both_forms_of_a_page_say_the_same(files: list[IndexFile]) -> None:
    page = a_page(*files)
    document = json.loads(project_json(page))
    reader = Reader(project_html(page))
    assert reader.links == _as_html_tells_it(document)
    names = [file["filename"] for file in document["files"]]
    assert len(set(names)) == len(names)
    assert set(names) == {file.filename for file in files}


def test_the_json_page_never_holds_the_key_that_breaks_old_pips() -> None:
    assert b"dist-info-metadata" not in project_json(a_page(a_file()))
