import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from wheelyard.errors import InvalidPage
from wheelyard.model.names import Filename, parse_project_name
from wheelyard.model.project import ProjectPage, UpstreamFile
from wheelyard.upstream.details import Details, add_details, lacks_details, parse_details

URL = "https://example.org/pypi/demo/json"
DEMO = parse_project_name("demo")
DIGEST = "0123456789abcdef" * 4
THEN = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def file(**fields: object) -> UpstreamFile:
    usual: dict[str, object] = {
        "filename": Filename("demo-1.0.tar.gz"),
        "url": "https://example.org/files/demo-1.0.tar.gz",
        "hashes": {"sha256": DIGEST},
    }
    return UpstreamFile(**usual | fields)  # type: ignore[arg-type] # a factory


def page(*files: UpstreamFile, **fields: object) -> ProjectPage:
    return ProjectPage(name=DEMO, files=files, **fields)  # type: ignore[arg-type] # a factory


def entry(**fields: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "filename": "demo-1.0.tar.gz",
        "digests": {"sha256": DIGEST, "md5": "0" * 32},
        "size": 123,
        "upload_time_iso_8601": "2026-01-02T03:04:05.678901Z",
        "yanked": False,
        "yanked_reason": None,
    }
    return usual | fields


def parse(*entries: object, **document: object) -> Details:
    usual: dict[str, object] = {
        "info": {"name": "Demo", "summary": "A demo"},
        "last_serial": 42,
        "releases": {"1.0": list(entries)},
    }
    return parse_details(json.dumps(usual | document).encode(), URL)


def test_sizes_times_and_descriptions_are_filled_in() -> None:
    assert add_details(page(file()), parse(entry())) == page(
        file(size=123, uploaded_at=THEN), display_name="Demo", summary="A demo", serial=42
    )


def test_a_yank_that_the_page_does_not_know_of_is_filled_in_with_its_reason() -> None:
    details = parse(entry(yanked=True, yanked_reason="broken"))
    found = add_details(page(file()), details).files[0]
    assert (found.yanked, found.yanked_reason) == (True, "broken")


def test_the_reason_of_a_known_yank_is_filled_in() -> None:
    details = parse(entry(yanked=True, yanked_reason="broken"))
    found = add_details(page(file(yanked=True)), details).files[0]
    assert (found.yanked, found.yanked_reason) == (True, "broken")


def test_a_page_that_knows_of_yanks_is_believed_about_all_its_files() -> None:
    other = file(filename=Filename("demo-2.0.tar.gz"), yanked=True)
    details = parse(entry(yanked=True, yanked_reason="broken"))
    assert not add_details(page(file(), other), details).files[0].yanked


def test_a_reason_without_a_yank_is_ignored() -> None:
    details = parse(entry(yanked_reason="stale"))
    assert add_details(page(file()), details).files[0].yanked_reason is None


def test_what_the_page_says_itself_stays() -> None:
    said = page(
        file(size=1, uploaded_at=datetime(2020, 1, 1, tzinfo=UTC)),
        display_name="DEMO",
        summary="Mine",
        serial=7,
    )
    assert add_details(said, parse(entry())) == said


def test_details_of_other_bytes_are_not_believed() -> None:
    details = parse(entry(digests={"sha256": "f" * 64}, yanked=True))
    assert add_details(page(file()), details).files == (file(),)


def test_a_file_without_a_sha256_gets_no_details() -> None:
    assert add_details(page(file(hashes={})), parse(entry())).files == (file(hashes={}),)


def test_files_that_only_the_details_have_are_not_added() -> None:
    assert add_details(page(), parse(entry())).files == ()


def test_a_serial_is_taken_only_with_the_same_files() -> None:
    newer = parse(entry(), entry(filename="demo-2.0.tar.gz"))
    assert add_details(page(file()), newer).serial is None


def test_the_name_of_another_project_is_not_shown() -> None:
    assert add_details(page(file()), parse(entry(), info={"name": "Evil"})).display_name is None


@pytest.mark.parametrize(
    "garbled",
    [
        None,
        [],
        {},
        entry(filename=None),
        entry(filename="../x"),
        entry(digests=None),
        entry(digests={"sha256": "short"}),
    ],
)
def test_garbled_entries_are_left_out(garbled: object) -> None:
    details = parse(garbled, entry(), info=None, last_serial="x")
    assert list(details.files) == [("demo-1.0.tar.gz", DIGEST)]


def test_releases_that_are_no_lists_are_left_out() -> None:
    assert parse(releases={"1.0": None, "2.0": {}, "3.0": [entry()]}).files.keys() == {
        ("demo-1.0.tar.gz", DIGEST)
    }


def test_a_time_without_fractions_serves_where_there_is_no_other() -> None:
    old = entry(upload_time_iso_8601=None, upload_time="2026-01-02T03:04:05")
    found = add_details(page(file()), parse(old)).files[0]
    assert found.uploaded_at == THEN.replace(microsecond=0)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"releases": []}', b"<html>"])
def test_what_is_no_such_document_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidPage):
        parse_details(content, URL)


def test_a_page_lacks_details_without_a_size_or_a_time() -> None:
    whole = file(size=1, uploaded_at=THEN)
    assert not lacks_details(page(whole))
    assert lacks_details(page(whole, replace(whole, size=None)))
    assert lacks_details(page(whole, replace(whole, uploaded_at=None)))
    assert not lacks_details(page())
