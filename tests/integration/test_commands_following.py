"""`wheelyard upstream follow …` against a real index."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import Commands
from fake_upstream import FakeUpstream, Fault
from wheelyard.cli import filling


@pytest.fixture
def upstream(wheelyard: Commands, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeUpstream]:
    # The real one would take this process's signals away from the tests.
    monkeypatch.setattr(filling, "stop_on_signals", threading.Event)
    with FakeUpstream() as upstream:
        for name in ("ants", "bees", "cats"):
            upstream.add_file(name, b"an sdist", f"{name}-1.0.tar.gz")
        wheelyard.set(UPSTREAM__URL=upstream.url)
        yield upstream


def shown(wheelyard: Commands, name: str) -> tuple[bool, int, bool]:
    project = wheelyard.json("project", "show", name)
    return project["is_followed"], project["demand"], project["read_at"] is not None


@pytest.mark.usefixtures("upstream")
def test_a_ranked_file_is_followed_and_read(wheelyard: Commands, tmp_path: Path) -> None:
    file = tmp_path / "wanted.csv"
    file.write_text("ants,12\nBees,3\n", encoding="utf-8")

    dry = wheelyard.json("upstream", "follow", "--ranked", str(file), "--dry-run")
    assert dry == {"followed": False, "projects": 2, "read": None}
    assert wheelyard("project", "show", "ants").exit_code == 4

    told = wheelyard.json("upstream", "follow", "--ranked", str(file))
    assert told == {"followed": True, "projects": 2, "read": {"done": 2, "left": 0}}
    assert shown(wheelyard, "ants") == (True, 12, True)
    assert shown(wheelyard, "bees") == (True, 3, True)
    assert [one["command"] for one in wheelyard.json("database", "audit")["entries"]] == [
        "upstream follow"
    ]


@pytest.mark.usefixtures("upstream")
def test_a_list_is_followed_and_left_to_the_services(wheelyard: Commands, tmp_path: Path) -> None:
    file = tmp_path / "names.txt"
    file.write_text("ants\n", encoding="utf-8")

    printed = wheelyard("upstream", "follow", "--list", str(file), "--no-read").output

    assert printed == "1 projects are followed.\n"
    assert shown(wheelyard, "ants") == (True, 0, False)


@pytest.mark.usefixtures("upstream")
def test_everything_is_followed(wheelyard: Commands) -> None:
    told = wheelyard.json("upstream", "follow", "--everything")

    assert told == {"followed": True, "projects": 3, "read": {"done": 3, "left": 0}}
    assert shown(wheelyard, "cats") == (True, 0, True)
    again = wheelyard("upstream", "follow", "--everything").output
    assert "3 projects are followed." in again
    assert "0 read, 0 left" in again


def test_what_cannot_be_read_does_not_hold_the_command_up(
    wheelyard: Commands, upstream: FakeUpstream, tmp_path: Path
) -> None:
    upstream.fail(upstream.page_path("bees"), Fault(body=b"{"))
    file = tmp_path / "names.txt"
    file.write_text("ants\nbees\n", encoding="utf-8")

    told = wheelyard.json("upstream", "follow", "--list", str(file))

    assert told["read"] == {"done": 1, "left": 1}


@pytest.mark.parametrize("text", ["ants\nno such name\n", "ants\n", "ants,1\n\xff", None], ids=str)
def test_a_bad_file_changes_nothing(wheelyard: Commands, tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "wanted.csv"
    if text is not None:
        file.write_bytes(text.encode("latin-1"))

    answer = wheelyard("upstream", "follow", "--ranked", str(file))

    assert answer.exit_code == 2
    assert answer.errors.count("\n") == 1
    assert wheelyard("project", "show", "ants").exit_code == 4


def test_one_way_of_following_is_given(wheelyard: Commands) -> None:
    assert wheelyard("upstream", "follow").exit_code == 2
    assert wheelyard("upstream", "follow", "--everything", "--list", "x").exit_code == 2
