"""Upstream's page with our wheels added: upstream always wins."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from wheelyard.model.names import Filename, parse_project_name
from wheelyard.model.project import ProjectPage, ProjectStatus, UpstreamFile
from wheelyard.publish.overlay import overlay_page
from wheelyard.publish.simple import IndexFile, project_html, project_json

NAME = parse_project_name("demo")
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
SDIST = UpstreamFile(
    filename=Filename("demo-1.0.tar.gz"),
    url="https://files.example.org/demo-1.0.tar.gz",
    hashes={"sha256": "a" * 64, "blake2b_256": "c" * 64},
    size=100,
    requires_python=">=3.8",
    uploaded_at=AT,
    core_metadata=None,
    provenance="https://index.example.org/integrity/demo-1.0.tar.gz/provenance",
)
WHEEL = UpstreamFile(
    filename=Filename("demo-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"),
    url="https://files.example.org/demo-1.0-cp311-cp311-manylinux_2_17_x86_64.whl",
    hashes={"md5": "d" * 32},
    yanked=True,
    yanked_reason="it <bites>",
    core_metadata=True,
    gpg_sig=False,
)


def ours(filename: str = "demo-1.0-cp311-cp311-linux_armv7l.whl") -> IndexFile:
    return IndexFile(
        filename=Filename(filename),
        url=f"../../../packages/{filename}",
        version=Version(filename.split("-")[1]),
        hashes={"sha256": "b" * 64},
        size=10,
        uploaded_at=AT,
        core_metadata={"sha256": "e" * 64},
        statement=f"../../../packages/{filename}.provenance",
    )


def page(*files: UpstreamFile, status: ProjectStatus = ProjectStatus.ACTIVE) -> ProjectPage:
    return ProjectPage(name=NAME, files=files, status=status)


def shown(upstream: ProjectPage, *mine: IndexFile) -> dict[str, dict[str, object]]:
    document = json.loads(project_json(overlay_page(upstream, mine, serial=7)))
    return {file["filename"]: file for file in document["files"]}


def test_every_field_that_upstream_tells_is_passed_on_and_nothing_else() -> None:
    files = shown(page(SDIST, WHEEL), ours())
    assert files[SDIST.filename] == {
        "filename": SDIST.filename,
        "url": SDIST.url,
        "hashes": SDIST.hashes,
        "size": 100,
        "upload-time": "2026-11-23T12:00:00Z",
        "requires-python": ">=3.8",
        "yanked": False,
        "provenance": SDIST.provenance,
    }
    assert files[WHEEL.filename] == {
        "filename": WHEEL.filename,
        "url": WHEEL.url,
        "hashes": WHEEL.hashes,
        "yanked": "it <bites>",
        "core-metadata": True,
        "gpg-sig": False,
    }
    assert files[ours().filename]["_wheelyard-provenance"] == ours().statement


def test_both_forms_have_the_same_files_and_digests() -> None:
    html = project_html(overlay_page(page(SDIST, WHEEL), [ours()], serial=7)).decode()
    assert f'href="{SDIST.url}#sha256={"a" * 64}"' in html
    assert f'href="{WHEEL.url}#md5={"d" * 32}"' in html
    assert f'data-provenance="{SDIST.provenance}"' in html
    assert 'data-core-metadata="true" data-dist-info-metadata="true" data-gpg-sig="false"' in html
    assert 'data-yanked="it &lt;bites&gt;"' in html
    assert html.count("<a ") == 3


@pytest.mark.parametrize(
    "filename",
    [
        WHEEL.filename,
        "demo-1.0-1-cp311-cp311-manylinux_2_17_x86_64.whl",
        "demo-2.0-cp311-cp311-linux_armv7l.whl",
    ],
)
def test_names_that_upstream_has_and_releases_that_it_lacks_are_left_out(filename: str) -> None:
    assert set(shown(page(SDIST, WHEEL), ours(filename))) == {SDIST.filename, WHEEL.filename}


def test_our_wheel_without_build_tag_gives_way_to_upstreams_with_one() -> None:
    theirs = replace(WHEEL, filename=Filename("demo-1.0-3-cp311-cp311-linux_armv7l.whl"))
    assert set(shown(page(SDIST, theirs), ours())) == {SDIST.filename, theirs.filename}


def test_a_page_of_files_without_sizes_does_not_claim_a_version_that_asks_for_them() -> None:
    def version(*files: UpstreamFile) -> str:
        shown = json.loads(project_json(overlay_page(page(*files), [ours()], serial=7)))
        found: str = shown["meta"]["api-version"]
        return found

    assert version(SDIST) == "1.4"
    assert version(SDIST, replace(WHEEL, size=None)) == "1.0"


def test_a_quarantined_project_has_no_files() -> None:
    assert shown(page(SDIST, status=ProjectStatus.QUARANTINED), ours()) == {}


def test_files_whose_version_nobody_can_tell_are_passed_on() -> None:
    strange = replace(SDIST, filename=Filename("demo.exe"))
    document = json.loads(project_json(overlay_page(page(strange, SDIST), [], serial=7)))
    assert [file["filename"] for file in document["files"]] == ["demo.exe", SDIST.filename]
    assert document["versions"] == ["1.0"]


names = st.builds(
    "demo-{}{}-cp311-cp311-{}.whl".format,
    st.sampled_from(["1.0", "2.0", "3.0"]),
    st.sampled_from(["", "-1", "-2"]),
    st.sampled_from(["linux_armv7l", "linux_aarch64", "manylinux_2_17_x86_64"]),
)


@given(st.sets(names), st.sets(names))
def test_whatever_both_have_upstreams_page_stays_whole(theirs: set[str], mine: set[str]) -> None:
    files = [
        replace(WHEEL, filename=Filename(name), url=f"https://files.example.org/{name}")
        for name in sorted(theirs)
    ]
    found = shown(page(*files), *(ours(name) for name in sorted(mine)))
    assert {name for name, file in found.items() if "example.org" in str(file["url"])} == theirs
    assert {name.split("-")[1] for name in found} <= {name.split("-")[1] for name in theirs}
