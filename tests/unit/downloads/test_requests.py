"""What paths asked an index for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelyard.downloads.requests import read_target
from wheelyard.model.download import Request, RequestKind

WHEEL = "numpy-2.1.0-cp311-cp311-linux_armv7l.whl"
DIGEST = "abcd" + "e" * 60
PATH = f"/packages/ab/cd/{'e' * 60}"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (f"{PATH}/{WHEEL}", Request(RequestKind.DOWNLOAD, WHEEL, DIGEST)),
        (f"{PATH}/{WHEEL}.metadata", Request(RequestKind.METADATA, WHEEL, DIGEST)),
        (f"{PATH}/{WHEEL}?x=1#sha256=1", Request(RequestKind.DOWNLOAD, WHEEL, DIGEST)),
        (f"//packages/ab/cd/{'e' * 60}/{WHEEL}", Request(RequestKind.DOWNLOAD, WHEEL, DIGEST)),
        (f"https://example.org{PATH}/{WHEEL}", Request(RequestKind.DOWNLOAD, WHEEL, DIGEST)),
        # An index that keeps its files beside its pages.
        (f"/simple/numpy/{WHEEL}", Request(RequestKind.DOWNLOAD, WHEEL)),
        (f"/{WHEEL}", Request(RequestKind.DOWNLOAD, WHEEL)),
        (
            "/packages/torch-2.0%2Bcpu-1-cp311-cp311-linux_aarch64.whl",
            Request(RequestKind.DOWNLOAD, "torch-2.0+cpu-1-cp311-cp311-linux_aarch64.whl"),
        ),
        ("/a/numpy-2.1.0.tar.gz", Request(RequestKind.DOWNLOAD, "numpy-2.1.0.tar.gz")),
        ("/a/numpy-2.1.0.zip", Request(RequestKind.DOWNLOAD, "numpy-2.1.0.zip")),
        (
            "/a/numpy-2.1.0.tar.gz.metadata",
            Request(RequestKind.METADATA, "numpy-2.1.0.tar.gz"),
        ),
        # Half a digest is a folder like any other.
        (f"/packages/ab/cd/{'e' * 59}/{WHEEL}", Request(RequestKind.DOWNLOAD, WHEEL)),
    ],
)
def test_files_and_their_metadata_are_told_by_their_names(target: str, expected: Request) -> None:
    assert read_target(target) == expected


@pytest.mark.parametrize(
    ("target", "kind", "project"),
    [
        ("/simple/numpy/", RequestKind.SEARCH, "numpy"),
        ("/simple/numpy", RequestKind.SEARCH, "numpy"),
        ("/simple/numpy/?format=json", RequestKind.SEARCH, "numpy"),
        ("/simple/numpy/index.html", RequestKind.SEARCH, "numpy"),
        ("/simple/numpy/index.json", RequestKind.SEARCH, "numpy"),
        ("/simple/Zope.Interface/", RequestKind.SEARCH, "zope-interface"),
        ("/bookworm/simple/numpy/", RequestKind.SEARCH, "numpy"),
        ("/root/pypi/simple/numpy/", RequestKind.SEARCH, "numpy"),
        ("/simple/simple/", RequestKind.SEARCH, "simple"),
        ("/simple/json/", RequestKind.SEARCH, "json"),
        ("/project/numpy/", RequestKind.PAGE, "numpy"),
        ("/project/numpy", RequestKind.PAGE, "numpy"),
        ("/project/numpy/index.html", RequestKind.PAGE, "numpy"),
        ("/project/simple/", RequestKind.PAGE, "simple"),
        ("/project/numpy/index.json", RequestKind.JSON, "numpy"),
        ("/project/numpy/json/", RequestKind.JSON, "numpy"),
        ("/project/simple/json/", RequestKind.JSON, "simple"),
        ("/project/simple/index.json", RequestKind.JSON, "simple"),
        ("/pypi/numpy/json", RequestKind.JSON, "numpy"),
        ("/pypi/numpy/2.1.0/json", RequestKind.JSON, "numpy"),
        ("/bookworm/overlay/pypi/numpy/json", RequestKind.JSON, "numpy"),
    ],
)
def test_pages_of_projects_are_told_by_their_paths(
    target: str, kind: RequestKind, project: str
) -> None:
    assert read_target(target) == Request(kind, project)


@pytest.mark.parametrize(
    "target",
    [
        "",
        "*",
        "/",
        "/simple",
        "/simple/",
        "/simple/index.html",
        "/simple/index.json",
        "/bookworm/simple/index.json",
        "/simple/a/b/",
        "/simple/numpyindex.html/x",
        "/simple/-numpy-/",
        "/simple/..%2f..%2fetc%2fpasswd",
        "/simple/numpy%0A/",
        "/simple/numpy%00/",
        "/simple/%C5%BFimple/",
        "/simple/<script>/",
        "/simple/" + "a" * 2000 + "/",
        "/simple/" + "a" * 201 + "/",
        "/project/",
        "/project/numpy/2.1.0/",
        "/pypi/numpy",
        "/static/style.css",
        "/static/archive.zip",
        "/static/no-wheel.whl",
        "/packages/ab/cd/.whl",
        "/a-b-c-d-e-f-g.whl",
        f"{PATH}/{WHEEL}.metadata.metadata",
        f"{PATH}/{WHEEL}/",
        f"{PATH}/{WHEEL}.provenance",
        f"{PATH}/..-1-2-3-4.whl",
        f"{PATH}/{'a' * 300}-1-2-3-4.whl",
        f"{PATH}/numpy;id-2.1.0-cp311-cp311-linux_armv7l.whl",
        "/logs/17.log",
        "/build/17/",
    ],
)
def test_all_else_is_nothing_that_counts(target: str) -> None:
    assert read_target(target) is None


@given(st.text() | st.lists(st.sampled_from([*"/-.%?#", "simple", "%2", "a", ".whl"])).map("".join))
def test_no_path_makes_reading_fail(target: str) -> None:
    request = read_target(target)
    assert request is None or (request.name.isascii() and request.name.isprintable())
