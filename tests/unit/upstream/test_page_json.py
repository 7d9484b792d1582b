import json
from datetime import UTC, datetime

import pytest

from wheelyard.errors import InvalidPage
from wheelyard.model.names import Filename, parse_project_name
from wheelyard.model.project import ProjectPage, ProjectStatus, UpstreamFile
from wheelyard.upstream.page import parse_json

URL = "https://example.org/simple/demo/"
DEMO = parse_project_name("demo")
DIGEST = "0123456789abcdef" * 4


def entry(filename: object = "demo-1.0.tar.gz", **fields: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "filename": filename,
        "url": f"https://example.org/files/{filename}",
        "hashes": {"sha256": DIGEST},
    }
    return usual | {name.replace("_", "-"): value for name, value in fields.items()}


def file(filename: str = "demo-1.0.tar.gz", **fields: object) -> UpstreamFile:
    usual: dict[str, object] = {
        "filename": Filename(filename),
        "url": f"https://example.org/files/{filename}",
        "hashes": {"sha256": DIGEST},
    }
    return UpstreamFile(**usual | fields)  # type: ignore[arg-type] # a factory


def parse(*entries: object, meta: object = None, **document: object) -> ProjectPage:
    page = {"meta": meta or {"api-version": "1.4"}, "name": "demo", "files": list(entries)}
    return parse_json(json.dumps(page | document).encode(), URL, project=DEMO)


def test_every_field_of_a_file_is_read() -> None:
    page = parse(
        entry(
            size=123,
            requires_python=">=3.9",
            yanked="broken",
            upload_time="2026-01-02T03:04:05.678901Z",
            core_metadata={"sha256": DIGEST.upper()},
            provenance="https://example.org/provenance",
            gpg_sig=True,
        ),
        meta={"api-version": "1.4", "_last-serial": 42},
    )

    assert page == ProjectPage(
        name=DEMO,
        files=(
            file(
                size=123,
                requires_python=">=3.9",
                yanked=True,
                yanked_reason="broken",
                uploaded_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
                core_metadata={"sha256": DIGEST},
                provenance="https://example.org/provenance",
                gpg_sig=True,
            ),
        ),
        serial=42,
    )


def test_nulls_are_as_if_absent() -> None:
    names = ("size", "requires-python", "yanked", "upload-time", "core-metadata", "provenance")
    nulls = dict.fromkeys(names)
    assert parse(entry(**nulls, gpg_sig=None), meta={"_last-serial": None}) == ProjectPage(
        name=DEMO, files=(file(),)
    )


def test_values_of_wrong_types_are_as_if_absent() -> None:
    wrong = entry(
        size="many",
        requires_python=["3"],
        yanked={"why": 1},
        upload_time=17,
        core_metadata="yes",
        provenance=3,
        gpg_sig="no",
    )
    assert parse(wrong).files == (file(),)


@pytest.mark.parametrize("serial", [31267019, "31267019"])
def test_a_serial_may_be_a_number_or_a_text(serial: object) -> None:
    assert parse(meta={"api-version": "1.0", "_last-serial": serial}).serial == 31267019


@pytest.mark.parametrize("serial", [-1, 2**80, True, "12x", 1.5, "٣"])
def test_a_serial_that_is_none_is_left_out(serial: object) -> None:
    assert parse(meta={"_last-serial": serial}).serial is None


@pytest.mark.parametrize("version", ["1.0", "1.4", "1.99", "1", None])
def test_every_minor_version_of_the_api_is_read(version: object) -> None:
    assert parse(entry(), meta={"api-version": version, "new": {}}).files == (file(),)


@pytest.mark.parametrize("version", ["2.0", "0.9", "two", "", [1], {}, True])
def test_other_major_versions_are_refused(version: object) -> None:
    with pytest.raises(InvalidPage, match="simple API is not known"):
        parse(entry(), meta={"api-version": version})


def test_unknown_keys_are_ignored() -> None:
    assert parse(entry(_private=1), _extra=[1]).files == (file(),)


def test_missing_meta_and_name_are_forgiven() -> None:
    content = json.dumps({"files": [entry()]}).encode()
    assert parse_json(content, URL, project=DEMO) == ProjectPage(name=DEMO, files=(file(),))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"{}",
        b'{"files": {}}',
        b'{"files": null}',
        b"[" * 100_000,
        b'{"files": [' + b"1" * 5000 + b"]}",
    ],
)
def test_what_is_no_page_is_refused_whole(content: bytes) -> None:
    with pytest.raises(InvalidPage):
        parse_json(content, URL, project=DEMO)


@pytest.mark.parametrize("name", ["other", "", 7, ["demo"], "-"])
def test_the_page_of_another_project_is_refused(name: object) -> None:
    with pytest.raises(InvalidPage, match="not of demo"):
        parse(entry(), name=name)


def test_a_name_spelled_otherwise_is_the_display_name() -> None:
    page = parse_json(
        json.dumps({"name": "Spi.Dev", "files": []}).encode(),
        URL,
        project=parse_project_name("spi-dev"),
    )
    assert page.display_name == "Spi.Dev"


def test_of_two_files_with_one_name_the_first_counts() -> None:
    second = entry(hashes={"sha256": "f" * 64})
    assert parse(entry(), second).files == (file(),)


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        "demo-2.0.tar.gz",
        {},
        entry(None),
        entry("../../etc/passwd"),
        entry("demo\x00-2.0.tar.gz"),
        entry("demo 2.0.tar.gz"),
        entry("d" * 300),
        entry(url=None),
        entry(url=7),
        entry(url="file:///demo-2.0.tar.gz"),
        entry(url="javascript:alert(1)"),
        entry(url="https://:80/demo-2.0.tar.gz"),
        entry(url="https://[::1"),
        entry(url="https://user:secret@example.org/demo-2.0.tar.gz"),
        entry(url="https://example.org/a b"),
        entry(url="https://example.org:99999/demo-2.0.tar.gz"),
        entry(url="https://example.org/" + "a" * 5000),
    ],
)
def test_a_file_that_cannot_be_used_is_left_out_and_the_others_stay(broken: object) -> None:
    assert parse(broken, entry("demo-1.0.tar.gz")).files == (file(),)


def test_relative_links_are_resolved_against_the_page() -> None:
    links = [entry(url="../../f/a.tar.gz"), entry("demo-2.0.tar.gz", url="/f/b.tar.gz#sha256=1")]
    assert [item.url for item in parse(*links).files] == [
        "https://example.org/f/a.tar.gz",
        "https://example.org/f/b.tar.gz",
    ]


def test_a_digest_in_the_link_serves_where_the_hashes_have_none() -> None:
    link = f"https://example.org/files/demo-1.0.tar.gz#sha256={DIGEST}"
    assert parse(entry(url=link, hashes={})).files == (file(),)


@pytest.mark.parametrize("digest", ["", "abc", "z" * 64, 7, None, DIGEST + "0"])
def test_a_sha256_that_is_none_is_left_out(digest: object) -> None:
    assert parse(entry(hashes={"sha256": digest})).files == (file(hashes={}),)


@pytest.mark.parametrize("size", [-1, 2**50, True, 1.5, "1e3"])
def test_absurd_sizes_are_left_out(size: object) -> None:
    assert parse(entry(size=size)).files == (file(),)


@pytest.mark.parametrize(
    ("yanked", "expected"),
    [
        (True, (True, None)),
        (False, (False, None)),
        ("bad\x00 \ud800build", (True, "bad build")),
        ("", (False, None)),
        ("\x00", (True, None)),
    ],
)
def test_a_yank_is_a_boolean_or_a_reason(yanked: object, expected: object) -> None:
    found = parse(entry(yanked=yanked)).files[0]
    assert (found.yanked, found.yanked_reason) == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"core-metadata": True}, True),
        ({"core-metadata": False, "dist-info-metadata": True}, False),
        ({"dist-info-metadata": {"sha256": DIGEST}}, {"sha256": DIGEST}),
        ({"core-metadata": {"sha256": "short"}}, True),
        ({"core-metadata": {}}, True),
        ({}, None),
    ],
)
def test_core_metadata_has_two_names_and_three_forms(
    keys: dict[str, object], expected: object
) -> None:
    assert parse(entry() | keys).files[0].core_metadata == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T04:04:05+01:00", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02 03:04:05.5Z", datetime(2026, 1, 2, 3, 4, 5, 500000, tzinfo=UTC)),
        ("0001-01-01T00:00:00+23:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_upload_times_come_in_several_forms(text: str, expected: datetime | None) -> None:
    assert parse(entry(upload_time=text)).files[0].uploaded_at == expected


def test_a_requires_python_of_absurd_length_is_left_out() -> None:
    assert parse(entry(requires_python=">=3" + ",>=3" * 1000)).files == (file(),)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            {"project-status": {"status": "archived", "reason": "done"}},
            (ProjectStatus.ARCHIVED, "done"),
        ),
        ({"project-status": "deprecated"}, (ProjectStatus.DEPRECATED, None)),
        (
            {"meta": {"project-status": "quarantined", "project-status-reason": "malware"}},
            (ProjectStatus.QUARANTINED, "malware"),
        ),
        (
            {"meta": {"project-status": {"status": "archived", "reason": None}}},
            (ProjectStatus.ARCHIVED, None),
        ),
        ({"project-status": {"status": "haunted"}}, (ProjectStatus.ACTIVE, None)),
        ({"project-status": ["archived"]}, (ProjectStatus.ACTIVE, None)),
        ({"project-status": None}, (ProjectStatus.ACTIVE, None)),
    ],
)
def test_the_status_is_read_wherever_servers_put_it(
    document: dict[str, object], expected: object
) -> None:
    page = parse(**document)
    assert (page.status, page.status_reason) == expected
