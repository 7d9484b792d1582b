"""Uploads in numbered parts."""

from pathlib import Path

import pytest

from wheelyard.errors import BadInput, UploadRefused
from wheelyard.storage import uploads
from wheelyard.storage.objects import open_store
from wheelyard.storage.store import Store

BUILD = "b1"
NAME = "demo-1.0-py3-none-any.whl"


@pytest.fixture
def store() -> Store:
    return open_store("memory://")


def test_parts_are_told_by_number_and_size(store: Store) -> None:
    uploads.put_part(store, BUILD, NAME, 10, b"later")
    uploads.put_part(store, BUILD, NAME, 0, b"first!")
    uploads.put_part(store, BUILD, "other.whl", 0, b"x")
    assert uploads.parts(store, BUILD, NAME) == {0: 6, 10: 5}
    assert uploads.uploaded(store, BUILD) == {NAME: {0: 6, 10: 5}, "other.whl": {0: 1}}


def test_a_part_that_is_sent_again_replaces_itself(store: Store) -> None:
    uploads.put_part(store, BUILD, NAME, 0, b"once")
    uploads.put_part(store, BUILD, NAME, 0, b"again")
    assert uploads.parts(store, BUILD, NAME) == {0: 5}


def test_parts_are_put_together_in_order(store: Store, tmp_path: Path) -> None:
    for number in reversed(range(12)):
        uploads.put_part(store, BUILD, NAME, number, f"{number},".encode())
    uploads.assemble(store, BUILD, NAME, tmp_path / NAME, limit=100)
    assert (tmp_path / NAME).read_bytes() == b"0,1,2,3,4,5,6,7,8,9,10,11,"


@pytest.mark.parametrize("numbers", [[], [1], [0, 2], [0, 1, 3]])
def test_a_gap_is_refused(store: Store, tmp_path: Path, numbers: list[int]) -> None:
    for number in numbers:
        uploads.put_part(store, BUILD, NAME, number, b"x")
    with pytest.raises(UploadRefused):
        uploads.assemble(store, BUILD, NAME, tmp_path / NAME, limit=100)


def test_a_file_over_the_limit_is_refused_and_one_at_the_limit_is_not(
    store: Store, tmp_path: Path
) -> None:
    uploads.put_part(store, BUILD, NAME, 0, b"12345")
    uploads.put_part(store, BUILD, NAME, 1, b"67890")
    with pytest.raises(UploadRefused):
        uploads.assemble(store, BUILD, NAME, tmp_path / "over", limit=9)
    uploads.assemble(store, BUILD, NAME, tmp_path / "at", limit=10)
    assert (tmp_path / "at").read_bytes() == b"1234567890"


@pytest.mark.parametrize("number", [-1, 100_000])
def test_a_number_that_no_part_can_have_is_refused(store: Store, number: int) -> None:
    with pytest.raises(BadInput):
        uploads.put_part(store, BUILD, NAME, number, b"x")


@pytest.mark.parametrize("name", ["../x", "..", "", ".hidden"])
def test_a_filename_cannot_leave_its_build(store: Store, name: str) -> None:
    with pytest.raises(BadInput):
        uploads.put_part(store, BUILD, name, 0, b"x")


def test_discarding_a_build_leaves_the_others(store: Store) -> None:
    uploads.put_part(store, BUILD, NAME, 0, b"x")
    uploads.put_part(store, BUILD, NAME, 1, b"x")
    uploads.put_part(store, "b10", NAME, 0, b"x")
    uploads.discard(store, BUILD)
    assert list(uploads.builds_with_uploads(store)) == ["b10"]
