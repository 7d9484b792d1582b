from collections.abc import Iterator
from pathlib import Path

import pytest

from debian_lists import CONTENTS, put_archive
from sandboxes import reachable_folder
from wheelyard.contents.fetching import (
    Lists,
    archive_error,
    fetch,
    lacks_only_updates,
    read_lines,
)
from wheelyard.errors import ArchiveUnusable, InvalidSetting
from wheelyard.model.environment import parse_environment_name

BOOKWORM = parse_environment_name("bookworm-amd64")


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as found:
        put_archive(found / "archive")
        yield found


def fetched(folder: Path, options: str = "[trusted=yes]") -> Lists:
    sources = f"deb {options} file:{folder / 'archive'} bookworm main\n"
    return fetch(BOOKWORM, folder / "lists", sources=sources, network="")


def names(paths: tuple[Path, ...]) -> list[str]:
    return [path.name.partition("_dists_")[2].partition(".")[0] for path in paths]


def test_the_lists_of_a_release_are_fetched(folder: Path) -> None:
    lists = fetched(folder)

    assert names(lists.contents) == ["bookworm_main_Contents-all", "bookworm_main_Contents-amd64"]
    assert names(lists.packages) == ["bookworm_main_binary-amd64_Packages"]
    assert names(lists.sources) == ["bookworm_main_source_Sources"]
    assert b"".join(read_lines(lists.contents[1])).decode() == CONTENTS


def test_only_a_changed_archive_changes_the_digest(folder: Path) -> None:
    first = fetched(folder).digest
    assert fetched(folder).digest == first

    put_archive(folder / "archive", left_out="main/Contents-all.gz")
    assert fetched(folder).digest != first


def test_an_archive_that_sends_other_bytes_than_it_announced_is_refused(folder: Path) -> None:
    put_archive(folder / "archive", spoilt="main/Contents-amd64.gz")
    with pytest.raises(ArchiveUnusable, match="apt-get update"):
        fetched(folder)


def test_an_archive_that_is_not_signed_is_refused(folder: Path) -> None:
    with pytest.raises(ArchiveUnusable, match="other bytes than the distribution has signed"):
        fetched(folder, options="")


def test_an_archive_that_is_not_there_is_named(folder: Path) -> None:
    (folder / "archive").rename(folder / "elsewhere")
    with pytest.raises(ArchiveUnusable, match="bookworm"):
        fetched(folder)


def test_an_archive_without_contents_is_of_no_use() -> None:
    with reachable_folder() as other:
        put_archive(other / "archive", left_out="main/Contents-all.gz")
        release = other / "archive/dists/bookworm/Release"
        kept = [line for line in release.read_text().splitlines() if "Contents" not in line]
        release.write_text("\n".join(kept) + "\n")
        with pytest.raises(ArchiveUnusable, match="no Contents file"):
            fetched(other)


def test_a_folder_that_apt_would_take_for_configuration_is_refused(folder: Path) -> None:
    with pytest.raises(InvalidSetting):
        fetch(BOOKWORM, folder / 'a"; Dir "b', sources="", network="")


def test_a_list_that_cannot_be_read_is_an_error(folder: Path) -> None:
    with pytest.raises(ArchiveUnusable):
        list(read_lines(folder / "Contents.gz"))


def test_apts_own_words_are_passed_on() -> None:
    error = archive_error("Get:1 x\nE: Failed to fetch y  Hash Sum mismatch\n")
    assert "other bytes than the distribution has signed" in str(error)
    assert "Failed to fetch y" in str(error)


def test_only_updates_may_be_missing() -> None:
    def failed(suite: str, why: str = "404  Not Found") -> bool:
        said = f"E: Failed to fetch http://debian.example.org/dists/{suite}/main/x  {why}\n"
        return lacks_only_updates(said, BOOKWORM)

    assert failed("bookworm-security")
    assert not failed("bookworm")
    assert not failed("bookworm-security", "Hash Sum mismatch")
    assert not lacks_only_updates("E: Unable to lock directory", BOOKWORM)
