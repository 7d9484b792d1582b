"""The JSON that mirrors and scripts read, made from pages of the simple API."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from wheelyard.publish.json_api import described_version, own_wheel, release_json

METADATA = b"""Metadata-Version: 2.4
Name: Demo
Version: 1.0
Summary: <b>Eggs</b>
Keywords: eggs,spam
License-Expression: MIT
Classifier: Topic :: Software Development
Requires-Dist: ham>=1
Project-URL: Home, https://demo.example.org/

A long description.
"""


def entry(filename: str, **told: object) -> dict[str, Any]:
    return {
        "filename": filename,
        "url": f"../../packages/{filename}",
        "hashes": {"sha256": "a" * 64},
        "yanked": False,
    } | {name.replace("_", "-"): value for name, value in told.items()}


def page(*files: dict[str, Any]) -> dict[str, Any]:
    return {"meta": {"_last-serial": 7}, "name": "demo", "files": list(files)}


def document(
    *files: dict[str, Any], version: str = "1.0", metadata: bytes | None = None
) -> dict[str, Any]:
    text = release_json(
        page(*files),
        page_url="https://example.org/simple/demo/",
        project_url="https://example.org/project/demo/",
        version=Version(version),
        metadata=metadata,
    )
    assert text is not None
    found: dict[str, Any] = json.loads(text)
    return found


def test_a_file_is_told_as_scripts_know_it() -> None:
    told = document(
        entry(
            "demo-1.0-cp311-abi3-linux_armv7l.whl",
            size=10,
            upload_time="2026-11-23T12:00:00.5Z",
            requires_python=">=3.9",
            yanked="it bites",
        )
    )
    assert told["urls"] == told["releases"]["1.0"]
    assert told["urls"][0] == {
        "comment_text": "",
        "digests": {"sha256": "a" * 64},
        "downloads": -1,
        "filename": "demo-1.0-cp311-abi3-linux_armv7l.whl",
        "has_sig": False,
        "md5_digest": None,
        "packagetype": "bdist_wheel",
        "python_version": "cp311",
        "requires_python": ">=3.9",
        "size": 10,
        "upload_time": "2026-11-23T12:00:00",
        "upload_time_iso_8601": "2026-11-23T12:00:00.5Z",
        "url": "https://example.org/packages/demo-1.0-cp311-abi3-linux_armv7l.whl",
        "yanked": True,
        "yanked_reason": "it bites",
    }
    assert (told["info"]["yanked"], told["info"]["yanked_reason"]) == (True, "it bites")


def test_a_release_is_described_by_its_metadata() -> None:
    info = document(entry("demo-1.0-py3-none-any.whl"), metadata=METADATA)["info"]
    assert (info["name"], info["version"], info["summary"]) == ("Demo", "1.0", "<b>Eggs</b>")
    assert (info["keywords"], info["license_expression"]) == ("eggs,spam", "MIT")
    assert info["requires_dist"] == ["ham>=1"]
    assert info["project_urls"] == {"Home": "https://demo.example.org/"}
    assert info["description"] == "A long description.\n"
    assert info["project_url"] == "https://example.org/project/demo/"


def test_without_metadata_what_is_not_known_is_null() -> None:
    info = document(entry("demo-1.0.tar.gz"))["info"]
    assert (info["name"], info["summary"], info["classifiers"]) == ("demo", None, [])


@pytest.mark.parametrize(
    ("files", "version"),
    [
        ((), None),
        (("demo-1.0.tar.gz", "demo-2.0.tar.gz"), "2.0"),
        (("demo-1.0.tar.gz", "demo-2.0rc1.tar.gz"), "1.0"),
        (("demo-2.0rc1.tar.gz", "demo-2.0rc2.tar.gz"), "2.0rc2"),
        (("demo-1.0.tar.gz", "!demo-2.0.tar.gz"), "1.0"),
        (("!demo-1.0.tar.gz", "!demo-2.0.tar.gz"), "2.0"),
        (("!demo-2.0.tar.gz", "demo-2.0-py3-none-any.whl", "demo-1.0.tar.gz"), "2.0"),
        (("nonsense.exe",), None),
    ],
)
def test_the_newest_final_release_that_is_not_yanked_is_described(
    files: tuple[str, ...], version: str | None
) -> None:
    shown = [entry(name.lstrip("!"), yanked=name.startswith("!")) for name in files]
    assert described_version(page(*shown)) == (None if version is None else Version(version))


def test_only_our_own_wheels_describe_a_release() -> None:
    theirs = entry("demo-1.0-py3-none-any.whl")
    ours = entry("demo-1.0-cp311-abi3-linux_armv7l.whl") | {"_wheelyard-provenance": "x"}
    assert own_wheel(page(theirs), Version("1.0")) is None
    assert own_wheel(page(theirs, ours), Version("1.0")) == ours["url"]
    assert own_wheel(page(theirs, ours), Version("2.0")) is None


def test_there_is_nothing_to_tell_of_a_version_that_is_not_there() -> None:
    found = release_json(
        page(entry("demo-1.0.tar.gz")),
        page_url="https://example.org/",
        project_url="https://example.org/",
        version=Version("2.0"),
        metadata=None,
    )
    assert found is None


@given(metadata=st.binary(max_size=200))
def test_no_metadata_breaks_the_document(metadata: bytes) -> None:
    told = document(entry("demo-1.0.tar.gz"), metadata=b"Metadata-Version: 2.1\n" + metadata)
    assert told["info"]["version"] == "1.0"
