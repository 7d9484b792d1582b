from collections.abc import Iterator
from pathlib import Path

import pytest

from debian_lists import CONTENTS, ENVIRONMENT, encoded, index_of
from wheelyard.contents.lookup import open_contents
from wheelyard.errors import ArchiveUnusable
from wheelyard.model.wanted import Wanted, WantedKind

GMP = Wanted(WantedKind.HEADER, "gmp.h")


def cut_off() -> Iterator[bytes]:
    yield from encoded(CONTENTS)
    raise ArchiveUnusable("Contents-amd64")


def test_an_index_that_cannot_be_made_leaves_the_old_one(tmp_path: Path) -> None:
    index_of(tmp_path).close()

    with pytest.raises(ArchiveUnusable):
        index_of(tmp_path, contents=cut_off())

    assert [file.name for file in tmp_path.iterdir()] == [f"{ENVIRONMENT}.sqlite"]
    with open_contents(tmp_path, ENVIRONMENT) as contents:
        assert contents.packages([GMP]) == ("libgmp-dev",)


def test_what_a_killed_run_has_left_is_replaced(tmp_path: Path) -> None:
    (tmp_path / f"{ENVIRONMENT}.sqlite.making").write_text("half of an index")
    with index_of(tmp_path) as contents:
        assert contents.packages([GMP]) == ("libgmp-dev",)


def test_whoever_reads_the_old_index_goes_on_with_it(tmp_path: Path) -> None:
    with index_of(tmp_path) as old:
        with index_of(tmp_path, contents="usr/include/x.h x/libx-dev\n") as new:
            assert new.packages([GMP]) == ()
        assert old.packages([GMP]) == ("libgmp-dev",)


def test_an_index_says_what_it_was_made_of(tmp_path: Path) -> None:
    with index_of(tmp_path, contents="usr/include/x.h x/libx-dev,x/liby-dev\n") as contents:
        assert contents.about() == {"digest": "the first", "files": "2", "format": "1"}
