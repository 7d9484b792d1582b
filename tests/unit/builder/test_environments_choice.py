from pathlib import Path

import pytest

from roots import BOOKWORM, put_environment
from wheelyard.builder.environments.choice import (
    Environments,
    Surroundings,
    open_environments,
)
from wheelyard.builder.environments.root import root_view
from wheelyard.builder.environments.store import Store
from wheelyard.errors import EnvironmentUnusable, InvalidSetting, UnknownEnvironment
from wheelyard.model.target import Target, target_from_name
from wheelyard.settings import BuilderSettings, Settings

TARGET = target_from_name("bookworm-cp311-x86_64")
OTHER = target_from_name("trixie-cp313-x86_64")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "environments")


def surroundings(environments: Environments, target: Target, *packages: str) -> Surroundings:
    with environments.opened(target, packages, say=print, check=lambda: None) as found:
        return found


def settings(store: Store, **environments: str) -> Settings:
    return Settings(
        builder=BuilderSettings(environments=environments, environment_folder=store.folder)
    )


def test_a_target_is_built_in_the_environment_of_its_name_where_there_is_one(store: Store) -> None:
    version = put_environment(store)
    environments = Environments(store=store, chosen={})

    assert environments.name_for(TARGET) == BOOKWORM
    assert surroundings(environments, TARGET) == Surroundings(
        name="bookworm-amd64",
        view=root_view(version.root),
        root=version.root,
        digest=version.manifest.digest,
    )


def test_only_packages_that_the_environment_lacks_are_added(store: Store) -> None:
    put_environment(store)
    environments = Environments(store=store, chosen={})

    assert environments.lacking(TARGET, ["libxml2", "libc6"]) == ("libxml2",)
    assert environments.lacking(OTHER, ["libxml2"]) == ()


def test_without_one_it_is_built_in_the_machines_own_system(store: Store) -> None:
    environments = Environments(store=store, chosen={})

    assert surroundings(environments, OTHER, "libxml2-dev") == Surroundings(
        name="host", not_added=("libxml2-dev",)
    )


def test_the_settings_choose_by_target_then_by_release(store: Store) -> None:
    put_environment(store)
    chosen = {TARGET.name: "host", "trixie": "bookworm-amd64", "bookworm": "trixie-arm64"}
    environments = Environments(store=store, chosen=dict(chosen))

    assert environments.name_for(TARGET) is None
    assert environments.name_for(OTHER) == BOOKWORM


def test_an_environment_with_another_python_is_never_built_in(store: Store) -> None:
    put_environment(store)
    environments = Environments(store=store, chosen={"trixie": "bookworm-amd64"})

    with pytest.raises(EnvironmentUnusable, match=r"Its Python is 3\.11\.2"):
        surroundings(environments, OTHER)


def test_a_sandbox_without_isolation_knows_only_the_host(store: Store) -> None:
    put_environment(store)

    assert open_environments(settings(store), is_isolated=False).name_for(TARGET) is None
    with pytest.raises(InvalidSetting, match="only the host"):
        open_environments(settings(store, bookworm="bookworm-amd64"), is_isolated=False)


def test_an_environment_that_the_settings_name_must_be_there(store: Store) -> None:
    with pytest.raises(UnknownEnvironment, match="wheelyard environment create bookworm-amd64"):
        open_environments(settings(store, bookworm="bookworm-amd64"), is_isolated=True)


def test_nonsense_in_the_settings_is_told(store: Store) -> None:
    with pytest.raises(InvalidSetting, match=r"builder\.environments"):
        open_environments(settings(store, bookworm="../elsewhere"), is_isolated=True)


def test_the_environment_is_kept_as_long_as_a_build_is_in_it(store: Store) -> None:
    put_environment(store)
    environments = Environments(store=store, chosen={})

    with environments.opened(TARGET, (), say=print, check=lambda: None) as around:
        put_environment(store, python="3.11.9-1")
        assert around.view is not None
        assert all(folder.is_dir() for folder in around.view.shown.values())
