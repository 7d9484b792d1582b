from pathlib import Path

import pytest

from roots import fill_root
from wheelyard.builder.environments.places import make_places
from wheelyard.builder.environments.root import root_view
from wheelyard.errors import HostileContent


def test_a_root_is_shown_without_what_the_sandbox_makes_itself(tmp_path: Path) -> None:
    root = fill_root(tmp_path / "root")
    for name in ("proc", "dev", "tmp", "root", "home", "opt"):
        (root / name).mkdir()
    (root / "bin").symlink_to("usr/bin")
    make_places(root)

    view = root_view(root)

    assert view.shown == {
        "/etc": root / "etc",
        "/opt": root / "opt",
        "/usr": root / "usr",
        "/var/lib": root / "var/lib",
    }
    assert view.links["/bin"] == "usr/bin"
    assert view.hidden == ()


def test_builds_see_a_user_and_hosts_of_their_own(tmp_path: Path) -> None:
    root = fill_root(tmp_path / "root")
    make_places(root)

    view = root_view(root)

    assert set(view.made_up) == {"/etc/passwd", "/etc/group", "/etc/hosts", "/etc/nsswitch.conf"}
    assert b"builder:x:1000" in view.made_up["/etc/passwd"]


@pytest.mark.parametrize("name", ["usr", "etc", "opt"])
def test_a_link_at_the_top_of_a_root_is_not_followed_outside(tmp_path: Path, name: str) -> None:
    root, secret = tmp_path / "root", tmp_path / "secret"
    root.mkdir()
    secret.mkdir()
    (secret / "passwd").touch()
    (root / name).symlink_to(secret)

    view = root_view(root)

    assert view.shown == {}
    assert view.made_up == {}
    assert view.links[f"/{name}"] == str(secret)


@pytest.mark.parametrize("link", ["var", "var/lib"])
def test_a_state_folder_that_is_a_link_is_not_shown(tmp_path: Path, link: str) -> None:
    (tmp_path / "secret/lib").mkdir(parents=True)
    (tmp_path / "root" / link).parent.mkdir(parents=True)
    (tmp_path / "root" / link).symlink_to(tmp_path / "secret")

    assert root_view(tmp_path / "root").shown.get("/var/lib") is None


def test_what_every_root_needs_is_made_and_what_it_has_is_kept(tmp_path: Path) -> None:
    root = fill_root(tmp_path / "root")
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n_apt:x:42:\n")

    make_places(root)

    assert "_apt" in (root / "etc/passwd").read_text()
    assert (root / "etc/hosts").read_text().startswith("127.0.0.1 localhost")
    assert (root / "tmp").stat().st_mode & 0o7777 == 0o1777
    assert (root / "usr/sbin/policy-rc.d").read_text() == "#!/bin/sh\nexit 101\n"


def test_nothing_is_written_through_a_link_of_a_root(tmp_path: Path) -> None:
    root = fill_root(tmp_path / "root")
    (tmp_path / "precious").write_text("of the host")
    (root / "etc/hosts").symlink_to(tmp_path / "precious")
    (root / "usr/sbin").mkdir()
    (root / "usr/sbin/policy-rc.d").symlink_to(tmp_path / "precious")

    make_places(root)

    assert (tmp_path / "precious").read_text() == "of the host"
    assert not (root / "etc/hosts").is_symlink()


@pytest.mark.parametrize("name", ["etc", "usr/sbin", "var/lib", "tmp", "proc"])
def test_a_link_where_a_folder_must_be_is_refused(tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "root" / name).parent.mkdir(parents=True)
    (tmp_path / "root" / name).symlink_to(outside)

    with pytest.raises(HostileContent, match=f"/{name}. It must be a folder"):
        make_places(tmp_path / "root")

    assert list(outside.iterdir()) == []
