from pathlib import Path

import pytest

from roots import BOOKWORM, put_environment
from wheelyard.builder.environments import choice
from wheelyard.builder.environments.choice import (
    Environments,
    Pair,
    Surroundings,
    open_environments,
)
from wheelyard.builder.environments.root import root_view
from wheelyard.builder.environments.store import Store
from wheelyard.errors import EnvironmentUnusable, InvalidSetting, UnknownEnvironment
from wheelyard.model.environment import parse_environment_name
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


CROSS = parse_environment_name("bookworm-amd64-cross")
ARMHF = parse_environment_name("bookworm-armhf")
BOARD = target_from_name("bookworm-cp311-armv7l")


def pair_of(store: Store, **chosen: str) -> Pair | None:
    return Environments(store=store, chosen=chosen).pair_for(BOARD)


@pytest.fixture
def amd64(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every machine one of amd64 that emulates the others."""
    monkeypatch.setattr(choice, "is_native", lambda architecture: architecture == "amd64")
    monkeypatch.setattr(choice, "is_emulated", lambda architecture: architecture != "amd64")


@pytest.mark.usefixtures("amd64")
def test_a_target_is_cross_compiled_where_both_environments_are_there(store: Store) -> None:
    assert pair_of(store) is None
    put_environment(store, ARMHF)
    assert pair_of(store) is None
    put_environment(store, CROSS)
    assert pair_of(store) == Pair(native=CROSS, target=ARMHF)
    assert Environments(store=store, chosen={}).pair_for(TARGET) is None


@pytest.mark.usefixtures("amd64")
def test_two_pythons_are_no_pair(store: Store) -> None:
    put_environment(store, ARMHF)
    put_environment(store, CROSS, python="3.11.9-1")

    assert pair_of(store) is None


@pytest.mark.usefixtures("amd64")
def test_debians_compilers_do_not_make_code_for_raspberry_pi_os(store: Store) -> None:
    raspios = parse_environment_name("bookworm-armhf-raspios")
    put_environment(store, CROSS)
    put_environment(store, raspios, origin="tarball")

    assert pair_of(store, bookworm="bookworm-armhf-raspios") is None


@pytest.mark.usefixtures("amd64")
def test_what_cannot_be_imported_here_is_not_cross_compiled(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_environment(store, ARMHF)
    put_environment(store, CROSS)
    monkeypatch.setattr(choice, "is_emulated", lambda _: False)

    assert pair_of(store) is None


def test_a_cross_build_sees_its_tools_and_the_targets_root_as_sysroot(store: Store) -> None:
    version, tools = put_environment(store, ARMHF), put_environment(store, CROSS)
    environments = Environments(store=store, chosen={})
    pair = Pair(native=CROSS, target=ARMHF)

    with environments.opened_pair(pair, BOARD, [], say=print, check=lambda: None) as around:
        assert around.view is not None
        assert around.view.shown["/usr"] == tools.root / "usr"
        assert around.view.shown["/build/sysroot/usr"] == version.root / "usr"
        assert (around.name, around.root) == ("bookworm-armhf", version.root)
        assert around.tools == f"bookworm-amd64-cross {tools.manifest.digest}"
