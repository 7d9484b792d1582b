from pathlib import Path

import pytest

from roots import BOOKWORM, put_environment
from wheelyard.builder.environments.store import Store
from wheelyard.errors import EnvironmentUnusable, UnknownEnvironment


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "environments")


def test_an_environment_that_was_put_in_place_is_there(store: Store) -> None:
    put_environment(store)

    version = store.current(BOOKWORM)

    assert store.names() == [BOOKWORM]
    assert store.has(BOOKWORM)
    assert (version.root / "usr/lib/marker").read_text() == "of the environment"
    assert (version.manifest.python, version.manifest.glibc) == ("3.11.2", "2.36")


def test_everybody_may_read_what_only_its_owner_may_change(store: Store) -> None:
    version = put_environment(store)

    for folder in (store.folder, version.folder.parent, version.folder):
        assert folder.stat().st_mode & 0o7777 == 0o755


def test_one_that_was_never_made_is_told_with_the_command_that_makes_it(store: Store) -> None:
    with pytest.raises(UnknownEnvironment, match="wheelyard environment create bookworm-amd64"):
        store.current(BOOKWORM)


def test_a_half_made_one_does_not_count(store: Store) -> None:
    (store.home(BOOKWORM) / "making/root/usr").mkdir(parents=True)

    assert store.names() == []
    assert not store.has(BOOKWORM)


def test_a_new_version_takes_the_place_of_the_old_one_which_is_removed(store: Store) -> None:
    old = put_environment(store)
    new = put_environment(store, python="3.11.9-1")

    assert store.current(BOOKWORM) == new
    assert not old.folder.exists()


def test_a_version_in_use_stays_until_nobody_uses_it(store: Store) -> None:
    put_environment(store)
    with store.using(BOOKWORM) as old:
        put_environment(store, python="3.11.9-1")
        assert (old.root / "usr/lib/marker").exists()
        assert store.current(BOOKWORM).manifest.python == "3.11.9"

    store.remove_old(BOOKWORM)

    assert not old.folder.exists()


def test_an_environment_in_use_is_not_removed(store: Store) -> None:
    put_environment(store)
    with (
        store.using(BOOKWORM) as version,
        pytest.raises(EnvironmentUnusable, match="A build uses it"),
    ):
        store.remove(BOOKWORM)

    assert version.root.is_dir()
    assert store.current(BOOKWORM) == version


def test_a_removed_environment_leaves_nothing(store: Store) -> None:
    put_environment(store)

    store.remove(BOOKWORM)

    assert list(store.folder.iterdir()) == []
    with pytest.raises(UnknownEnvironment):
        store.remove(BOOKWORM)


def test_two_do_not_make_the_same_environment_at_once(store: Store) -> None:
    with (
        store.changing(BOOKWORM),
        pytest.raises(EnvironmentUnusable, match="Somebody else"),
        store.changing(BOOKWORM),
    ):
        pass


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"digest": 1, "packages": 3, "created_at": "now"}']
)
def test_a_damaged_manifest_is_told(store: Store, content: str) -> None:
    version = put_environment(store)
    (version.folder / "manifest.json").write_text(content)

    with pytest.raises(EnvironmentUnusable, match="cannot be read"):
        store.current(BOOKWORM)


def test_a_manifest_that_was_changed_by_hand_is_told(store: Store) -> None:
    version = put_environment(store)
    file = version.folder / "manifest.json"
    file.write_text(file.read_text().replace("2.36-9+deb12u14", "2.36-9+deb12u15"))

    with pytest.raises(EnvironmentUnusable, match="not what was written"):
        store.current(BOOKWORM)


def test_an_environment_that_lost_a_part_is_told(store: Store) -> None:
    put_environment(store).sources.unlink()

    with pytest.raises(EnvironmentUnusable, match="wheelyard environment update bookworm-amd64"):
        store.current(BOOKWORM)


def test_the_same_content_has_the_same_digest_at_any_time(store: Store) -> None:
    first, second = put_environment(store), put_environment(store)

    assert first.manifest.created_at < second.manifest.created_at
    assert first.manifest.digest == second.manifest.digest
    assert put_environment(store, python="3.11.9-1").manifest.digest != first.manifest.digest
