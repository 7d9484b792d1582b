import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from wheelyard import process
from wheelyard.builder.sandbox import folders
from wheelyard.builder.sandbox.folders import (
    BuildUser,
    build_user,
    can_reach,
    choose_folder,
    hand_over,
    remove_tree,
)
from wheelyard.errors import InvalidSetting, Unavailable
from wheelyard.settings import BuilderSettings, Settings

STRANGER = BuildUser(uid=61617, gid=61617)


def settings(data: Path, *, folder: Path | None = None) -> Settings:
    return Settings(data=data, builder=BuilderSettings(folder=folder))


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the agent believe that it is root, which it is not everywhere."""
    monkeypatch.setattr(folders, "build_user", lambda _: STRANGER)


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that stands for `/var/tmp`."""
    folder = tmp_path / "shared"
    folder.mkdir()
    monkeypatch.setattr(folders, "_SHARED_TEMPORARY", folder)
    return folder


def test_builds_run_as_the_agent_unless_it_is_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert build_user(Settings()) is None


def test_builds_of_root_run_as_the_user_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    assert build_user(Settings(builder=BuilderSettings(build_uid=777))) == BuildUser(
        uid=777, gid=777
    )


def test_the_agents_own_user_reaches_everything(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)

    assert can_reach(tmp_path, None)


@pytest.mark.parametrize(("mode", "reachable"), [(0o711, True), (0o755, True), (0o700, False)])
def test_another_user_reaches_what_others_may_pass_through(mode: int, *, reachable: bool) -> None:
    # pytest's own folder lies in one that only its owner may enter.
    above = Path("/var/tmp") / f"wheelyard-test-{os.getpid()}-{mode:o}"
    (above / "below").mkdir(parents=True)
    try:
        above.chmod(mode)

        assert can_reach(above / "below", STRANGER) is reachable
    finally:
        (above / "below").rmdir()
        above.rmdir()


def test_a_folder_of_the_settings_is_taken_and_made(tmp_path: Path) -> None:
    chosen = tmp_path / "deep" / "caches"

    if build_user(Settings()) is None:
        assert choose_folder(settings(tmp_path, folder=chosen)) == chosen
    else:
        with pytest.raises(InvalidSetting, match="61616"):
            choose_folder(settings(tmp_path, folder=chosen))
    assert chosen.is_dir()


def test_the_data_folder_holds_the_builders_where_builds_can_get_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "build_user", lambda _: None)

    folder = choose_folder(settings(tmp_path / "data"))

    assert folder == tmp_path / "data" / "builder"
    assert folder.stat().st_mode & 0o777 == 0o711


@pytest.mark.usefixtures("as_root")
def test_a_data_folder_out_of_reach_leads_to_one_that_is_found_again(
    tmp_path: Path, shared: Path
) -> None:
    (tmp_path / "home").mkdir(mode=0o700)

    first = choose_folder(settings(tmp_path / "home" / "data"))

    assert first.parent == shared
    assert first.stat().st_mode & 0o777 == 0o711
    assert choose_folder(settings(tmp_path / "home" / "data")) == first
    assert choose_folder(settings(tmp_path / "home" / "other")) != first


@pytest.mark.usefixtures("as_root")
def test_a_folder_that_somebody_else_put_there_is_refused(tmp_path: Path, shared: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o700)
    where = settings(tmp_path / "home" / "data")
    folder = choose_folder(where)
    folder.rmdir()
    folder.symlink_to(shared)

    with pytest.raises(InvalidSetting, match="not ours"):
        choose_folder(where)


def test_handing_over_follows_no_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("")
    tree = tmp_path / "tree"
    (tree / "inner").mkdir(parents=True)
    (tree / "link").symlink_to(outside)
    ours = BuildUser(uid=os.geteuid(), gid=os.getegid())
    user = STRANGER if os.geteuid() == 0 else ours

    hand_over(tree, user)

    assert {path.lstat().st_uid for path in (tree, tree / "inner", tree / "link")} == {user.uid}
    assert outside.stat().st_uid == os.geteuid()


def test_nothing_is_handed_over_where_builds_run_as_the_agent(tmp_path: Path) -> None:
    hand_over(tmp_path / "missing", None)


def test_what_cannot_be_handed_over_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="missing"):
        hand_over(tmp_path / "missing", STRANGER)


def test_a_tree_of_any_depth_and_without_permissions_is_removed(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    script = """
import os, sys
for _ in range(1500):
    os.mkdir("dddd")
    os.chdir("dddd")
os.chmod(sys.argv[1], 0)
"""
    made = process.run(
        [sys.executable, "-I", "-S", "-c", script, tree],
        environment={},
        timeout=timedelta(seconds=60),
        folder=tree,
    )
    assert made.exit_status == 0, made.stderr

    remove_tree(tree)

    assert not tree.exists()


def test_removing_a_tree_leaves_what_it_links_to(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("kept")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "link").symlink_to(kept)

    remove_tree(tree)

    assert (kept / "file").read_text() == "kept"


def test_removing_what_is_not_there_does_nothing(tmp_path: Path) -> None:
    remove_tree(tmp_path / "missing")
