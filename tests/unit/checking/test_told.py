"""Documents of servers, ours or not, newer or broken."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from factories import PROJECT, TARGET, project_page, target, upstream_file
from wheelyard.checking.facts import QueuePlace
from wheelyard.checking.told import ToldProject, known_project, read_places, read_told
from wheelyard.errors import InvalidPage
from wheelyard.model.build import Verdict

WHEEL = "evdev-1.0-cp311-cp311-linux_armv7l.whl"
DOCUMENT = {
    "name": PROJECT,
    "novelty": {"x": 1},
    "decisions": [
        {"version": "1.0", "target": TARGET, "verdict": "failed", "reason": "It\nfailed."},
        {"version": "1.0", "target": "trixie-cp313-armv7l", "verdict": "built", "reason": ""},
        {"version": "2.0", "target": TARGET, "verdict": "novel", "reason": ""},
        {"version": "nonsense", "target": TARGET, "verdict": "failed", "reason": ""},
    ],
    "wheels": [
        {"filename": WHEEL, "state": "published", "debian_packages": ["libevdev2"]},
        {"filename": "evdev-1.0-py3-none-any.whl", "state": "withdrawn"},
    ],
    "builds": [
        {"version": "1.0", "target": TARGET, "state": "running"},
        {"version": "2.0", "target": "trixie-cp313-armv7l", "state": "running"},
        {"version": "2.0", "target": TARGET, "state": "failed"},
    ],
}


def test_a_page_and_a_document_are_put_together() -> None:
    page = project_page(
        upstream_file("evdev-1.0.tar.gz", requires_python=">=3.8", yanked=True),
        upstream_file(WHEEL),
        upstream_file("evdev-1.0-py3-none-any.whl"),
        upstream_file("evdev-2.0.tar.gz"),
    )
    known = known_project(page, read_told(json.dumps(DOCUMENT).encode(), PROJECT), target())
    first, second = known.releases[Version("1.0")], known.releases[Version("2.0")]
    files = {str(file.filename): file for file in first.files}
    assert files[WHEEL].is_ours
    assert files[WHEEL].debian_packages == ("libevdev2",)
    assert not files["evdev-1.0-py3-none-any.whl"].is_ours
    assert files["evdev-1.0.tar.gz"].is_yanked
    assert files["evdev-1.0.tar.gz"].requires_python == ">=3.8"
    assert first.ruling is not None
    assert (first.ruling.verdict, first.ruling.reason) == (Verdict.FAILED, "It failed.")
    assert first.place == QueuePlace(is_running=True)
    assert (second.ruling, second.place) == (None, None)


def test_of_a_project_that_the_server_does_not_know_upstreams_files_are_left() -> None:
    known = known_project(project_page(upstream_file()), ToldProject(), target())
    assert [file.is_ours for file in known.releases[Version("1.0")].files] == [False]


def test_places_are_read_by_project_and_version() -> None:
    one = {"project": "a", "version": "1", "is_running": False, "jobs_before": 3}
    data = {"requirements": [one | {"estimate_seconds": 60}, one | {"is_running": None}]}
    assert read_places(json.dumps(data).encode()) == {
        ("a", Version("1.0")): QueuePlace(before=3, estimate=timedelta(minutes=1))
    }


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"null", b"[]", b'{"decisions": 1}', b'{"wheels": [1]}', b"\xff"),
        b'{"decisions": [{"version": 1, "target": "", "verdict": "", "reason": ""}]}',
        b"[" * 100_000,
    ],
)
def test_documents_that_are_none_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidPage, match="tells of evdev"):
        read_told(data, PROJECT)


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"{}", b'{"requirements": 1}'),
        b'{"requirements": [{"project": "", "version": "", "is_running": true,"jobs_before": -1}]}',
        b'{"requirements": [{"project": "a", "version": "1", "is_running": 1}]}',
    ],
)
def test_answers_that_are_none_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidPage):
        read_places(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["decisions", "wheels", "builds", "version", "target", "state", "reason"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_document_is_read_or_refused(document: object) -> None:
    data = json.dumps(document).encode()
    try:
        told = read_told(data, PROJECT)
    except InvalidPage:
        return
    known_project(project_page(upstream_file()), told, target())
