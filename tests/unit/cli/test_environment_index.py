import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from commands import quiet_logs
from debian_lists import put_archive
from sandboxes import reachable_folder
from wheelyard.cli import environment_index
from wheelyard.cli.environments import environment_commands
from wheelyard.errors import NotFound


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with an archive, which this machine's apt seems to name."""
    with reachable_folder() as found, quiet_logs(monkeypatch):
        put_archive(found / "archive")
        sources = f"deb [trusted=yes] file:{found / 'archive'} bookworm main\n"
        monkeypatch.setattr(environment_index, "make_sources_list", lambda _name: sources)
        monkeypatch.setenv("WHEELYARD_CONTENTS_FOLDER", str(found / "contents"))
        monkeypatch.setenv("WHEELYARD_BUILDER__ENVIRONMENT_FOLDER", str(found / "environments"))
        yield found


def told(*words: str) -> Any:  # noqa: ANN401 - any JSON
    words = ("index", *words, "--json")
    result = CliRunner().invoke(environment_commands, words, catch_exceptions=False)
    return json.loads(result.stdout)["indexes"]


def test_an_index_is_made_once(folder: Path) -> None:
    [first] = told("bookworm-amd64")
    [again] = told("bookworm-amd64")

    path = folder / "contents/bookworm-amd64.sqlite"
    assert first == {
        "environment": "bookworm-amd64",
        "made": True,
        "files": first["files"],
        "bytes": path.stat().st_size,
        "path": str(path),
    }
    assert first["files"] > 10
    assert again == {**first, "made": False}


def test_an_index_is_made_anew_only_if_the_archive_has_changed(folder: Path) -> None:
    told("bookworm-amd64")
    [unchanged] = told("bookworm-amd64", "--refresh")
    put_archive(folder / "archive", left_out="main/Contents-all.gz")
    [changed] = told("bookworm-amd64", "--refresh")

    assert (unchanged["made"], changed["made"]) == (False, True)
    assert changed["files"] == unchanged["files"] - 1


@pytest.mark.usefixtures("folder")
def test_without_environments_one_must_be_named() -> None:
    with pytest.raises(NotFound, match="wheelyard environment index bookworm-amd64"):
        CliRunner().invoke(environment_commands, ["index"], catch_exceptions=False)
