import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from roots import BOOKWORM, fill_root, package
from wheelyard.builder.environments import making
from wheelyard.builder.environments.checking import describe_verification
from wheelyard.builder.environments.making import NEEDED, create, fresh_folder, needed, require_room
from wheelyard.builder.environments.manifest import make_manifest
from wheelyard.builder.environments.store import Store
from wheelyard.errors import EnvironmentUnusable
from wheelyard.model.environment import parse_environment_name

Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - shutil's own shape

PRINTED = """\
I: running apt-get update...
Get:1 http://debian.example.org/debian bookworm InRelease [151 kB]
I: extracting archives...
I: success in 42.7 seconds
"""


def test_an_environment_for_cross_builds_has_compilers_for_the_others() -> None:
    assert needed(parse_environment_name("bookworm-amd64")) == NEEDED
    more = set(needed(parse_environment_name("bookworm-amd64-cross"))) - set(NEEDED)
    assert more == {
        *("gcc-aarch64-linux-gnu", "g++-aarch64-linux-gnu"),
        *("gcc-arm-linux-gnueabihf", "g++-arm-linux-gnueabihf"),
    }


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(making, "require_root", lambda: None)
    monkeypatch.setattr(making, "require_runnable", lambda _: None)
    monkeypatch.setattr(
        making, "make_sources_list", lambda _, **_options: "deb http://d.example.org x main\n"
    )
    monkeypatch.setattr(making, "network_options", lambda: "")
    return Store(tmp_path)


def pretend(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Have a shell script run in place of mmdebstrap."""
    monkeypatch.setattr(making, "_words", lambda *_, **__: ["/bin/sh", "-c", script])


def test_its_steps_are_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    made = fill_root(store.folder / "made")
    target = store.folder / "bookworm-amd64/making/root"
    pretend(monkeypatch, f"cp -r {made} {target}; cat <<'END'\n{PRINTED}END\n")
    said: list[str] = []

    version = create(store, BOOKWORM, say=said.append)

    assert said == [
        *("running apt-get update", "extracting archives", "success in 42.7 seconds"),
        "writing the manifest",
    ]
    assert store.current(BOOKWORM) == version
    assert sorted(path.name for path in version.folder.iterdir()) == [
        *("manifest.json", "root", "sources.list")
    ]


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        ("W: GPG error: x: NO_PUBKEY 12", "no valid signature"),
        ("E: Failed to fetch x  Hash Sum mismatch", "other bytes than signed"),
        ("tar: x: Cannot write: No space left on device", "no room left"),
        ("E: x does not have a Release file.", "does not have a Release file"),
    ],
)
def test_a_failure_is_told_and_leaves_nothing_half_made(
    store: Store, monkeypatch: pytest.MonkeyPatch, printed: str, words: str
) -> None:
    pretend(monkeypatch, f"echo '{printed}'; exit 25")

    with pytest.raises(EnvironmentUnusable, match=words):
        create(store, BOOKWORM, say=print)

    assert not store.has(BOOKWORM)
    assert not (store.folder / "bookworm-amd64/making").exists()


def test_what_a_killed_attempt_has_left_is_cleared_first(tmp_path: Path) -> None:
    (tmp_path / "making/root/usr").mkdir(parents=True)

    assert list(fresh_folder(tmp_path / "making").iterdir()) == []


def test_a_full_disk_is_told_before_anything_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100, 90, 10 * 1024**2))

    with pytest.raises(EnvironmentUnusable, match="10 MiB are free, 3072 MiB are needed"):
        require_room(tmp_path)


def test_a_root_without_python_is_no_environment(tmp_path: Path) -> None:
    root = fill_root(tmp_path / "root")
    (root / "var/lib/dpkg/status").write_text(package("libc6"))

    with pytest.raises(EnvironmentUnusable, match="no python3"):
        make_manifest(root, "bookworm-amd64", origin="archive")


def test_a_folder_that_is_no_root_is_no_environment(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentUnusable, match="it is no Debian"):
        make_manifest(tmp_path, "bookworm-amd64", origin="archive")


def test_changed_files_count_and_changed_settings_do_not() -> None:
    printed = (
        "??5?????? c /etc/hosts\n??5??????   /usr/bin/cc\nmissing     /usr/lib/x.so\n"
        "missing     /usr/share/doc/cc/copyright\nnonsense\n"
    )

    assert describe_verification(printed) == "changed or missing: /usr/bin/cc, /usr/lib/x.so"
    assert describe_verification("") == ""
