"""The index of a real release, from the archives of this machine's own apt."""

import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandboxes import reachable_folder
from wheelyard.archives import make_sources_list, network_options
from wheelyard.contents.fetching import fetch
from wheelyard.contents.indexing import make_index
from wheelyard.contents.lookup import Contents, index_file, open_contents
from wheelyard.errors import ContentsMissing
from wheelyard.model.environment import parse_environment_name
from wheelyard.model.names import parse_project_name
from wheelyard.model.wanted import Wanted, WantedKind

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

NAME = "bookworm-amd64"
WANTED = Path(__file__).parent.parent / "data/wanted-bookworm.txt"


@pytest.fixture(scope="module")
def contents() -> Iterator[Contents]:
    """The index, made in the folder that TEST_CONTENTS names unless it is there."""
    with reachable_folder() as temporary:
        folder = Path(os.environ.get("TEST_CONTENTS", temporary))
        try:
            opened = open_contents(folder, NAME)
        except ContentsMissing:
            name = parse_environment_name(NAME)
            sources = make_sources_list(name)
            lists = fetch(name, folder / "lists", sources=sources, network=network_options())
            make_index(lists, index_file(folder, NAME))
            opened = open_contents(folder, NAME)
        with opened:
            yield opened


def known() -> list[tuple[Wanted, tuple[str, ...]]]:
    found, kind = [], WantedKind.HEADER
    for line in WANTED.read_text().splitlines():
        if line.startswith("["):
            kind = WantedKind(line.strip("[]"))
        elif not line.startswith("#"):
            name, packages = line.split()
            found.append((Wanted(kind, name), tuple(packages.split(","))))
    return found


def test_what_real_projects_want_is_found(contents: Contents) -> None:
    expected = dict(known())
    assert len(expected) >= 120

    found = {wanted: contents.packages([wanted]) for wanted in expected}

    assert found == expected


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (WantedKind.HEADER, "cuda.h"),
        (WantedKind.HEADER, "cuda_runtime.h"),
        (WantedKind.HEADER, "windows.h"),
        (WantedKind.HEADER, "config.h"),
        (WantedKind.HEADER, "version.h"),
        (WantedKind.HEADER, "numpy/arrayobject.h"),
        (WantedKind.LIBRARY, "cublas"),
        (WantedKind.PROGRAM, "nvcc"),
        (WantedKind.PROGRAM, "evil;rm"),
        (WantedKind.CMAKE_PACKAGE, "CUDAToolkit"),
        (WantedKind.PKG_CONFIG, "girepository-2.0"),
    ],
)
def test_nothing_is_named_that_does_not_help(
    contents: Contents, kind: WantedKind, name: str
) -> None:
    assert contents.packages([Wanted(kind, name)]) == ()


@pytest.mark.parametrize(
    ("project", "package"),
    [
        ("lxml", "libxslt1-dev"),
        ("cryptography", "cargo"),
        ("psycopg2", "libpq-dev"),
        ("scipy", "gfortran"),
        ("pygobject", "libgirepository1.0-dev"),
    ],
)
def test_debian_tells_what_a_project_is_built_with(
    contents: Contents, project: str, package: str
) -> None:
    hints = contents.hints(parse_project_name(project))
    assert package in hints
    assert not any(hint.startswith(("python", "debhelper", "dh-")) for hint in hints)


def test_a_lookup_takes_less_than_five_milliseconds(contents: Contents) -> None:
    taken = []
    for wanted, _ in known():
        began = time.perf_counter()
        contents.packages([wanted])
        taken.append(time.perf_counter() - began)
    assert statistics.median(taken) < 0.005
