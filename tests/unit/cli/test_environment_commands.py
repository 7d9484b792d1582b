import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from commands import quiet_logs
from roots import BOOKWORM, put_environment
from wheelyard.builder.environments.store import Store
from wheelyard.cli.environments import environment_commands
from wheelyard.errors import EnvironmentUnusable, InvalidName, UnknownEnvironment, WheelyardError


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with quiet_logs(monkeypatch):
        yield


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    folder = tmp_path / "environments"
    monkeypatch.setenv("WHEELYARD_BUILDER__ENVIRONMENT_FOLDER", str(folder))
    return Store(folder)


def told(*words: str) -> Any:  # noqa: ANN401 - any JSON
    result = CliRunner().invoke(environment_commands, [*words, "--json"], catch_exceptions=False)
    return json.loads(result.stdout)


def refused(*words: str) -> WheelyardError:
    with pytest.raises(WheelyardError) as caught:
        CliRunner().invoke(environment_commands, words, catch_exceptions=False)
    return caught.value


def test_environments_are_listed_with_what_is_wrong_with_them(store: Store) -> None:
    version = put_environment(store)
    (put_environment(store, type(BOOKWORM)("trixie", "amd64")).folder / "manifest.json").unlink()

    first, second = told("list")["environments"]

    assert first["environment"] == "bookworm-amd64"
    assert first["digest"] == version.manifest.digest
    assert second["environment"] == "trixie-amd64"
    assert "manifest.json" in second["problem"]


def test_an_environment_is_shown_with_its_packages(store: Store) -> None:
    put_environment(store)

    assert told("show", "bookworm-amd64")["packages"] == [
        {"name": "libc6", "architecture": "amd64", "version": "2.36-9+deb12u14"},
        {"name": "python3.11-minimal", "architecture": "amd64", "version": "3.11.2-6+deb12u6"},
    ]


def test_an_environment_is_removed(store: Store) -> None:
    put_environment(store)

    assert told("remove", "bookworm-amd64") == {"environment": "bookworm-amd64", "removed": True}
    assert told("list") == {"environments": []}


def test_one_that_is_there_is_not_created_again(store: Store) -> None:
    put_environment(store)

    error = refused("create", "bookworm-amd64")

    assert isinstance(error, EnvironmentUnusable)
    assert "wheelyard environment update bookworm-amd64" in str(error)


@pytest.mark.usefixtures("store")
def test_unknown_names_are_told() -> None:
    assert isinstance(refused("create", "wheezy-amd64"), InvalidName)
    assert isinstance(refused("create", "bookworm-sparc"), InvalidName)
    assert isinstance(refused("update", "bookworm-amd64"), UnknownEnvironment)
    assert isinstance(refused("show", "bookworm-amd64"), UnknownEnvironment)
    assert isinstance(refused("remove", "bookworm-amd64"), UnknownEnvironment)
    assert isinstance(refused("check", "bookworm-amd64"), UnknownEnvironment)


@pytest.mark.usefixtures("store")
def test_a_variant_is_only_taken_over() -> None:
    assert "--from-tarball" in str(refused("create", "bookworm-armhf-raspios"))


def test_one_that_was_brought_is_not_replaced_by_debians_own(store: Store) -> None:
    put_environment(store, origin="tarball sha256:1234")

    assert "--from-tarball" in str(refused("update", "bookworm-amd64"))
