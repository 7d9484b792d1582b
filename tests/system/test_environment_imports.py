"""Taking over roots from tarballs that hold tricks, in the real sandbox that copies them."""

import io
import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from roots import BOOKWORM, fill_root
from sandboxes import reachable_folder
from wheelyard.builder.environments.importing import copy_root, import_root, require_fit
from wheelyard.builder.environments.making import NEEDED
from wheelyard.builder.environments.store import Store
from wheelyard.errors import EnvironmentUnusable, HostileContent, NotFound
from wheelyard.model.environment import parse_environment_name

pytestmark = pytest.mark.system


@pytest.fixture
def place() -> Iterator[Path]:
    with reachable_folder() as folder:
        (folder / "root").mkdir()
        (folder / "precious").write_text("of the host")
        yield folder


def member(name: str, *, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type = kind
    found.linkname = link
    found.size = 4 if kind == tarfile.REGTYPE else 0
    return found


def pack(place: Path, *members: tarfile.TarInfo) -> Path:
    tarball = place / "root.tar.gz"
    with tarfile.open(tarball, "w:gz") as archive:
        for item in members:
            archive.addfile(item, io.BytesIO(b"evil") if item.isreg() else None)
    return tarball


def pack_root(place: Path, **facts: object) -> Path:
    filled = fill_root(place / "filled", **{"extra": NEEDED, **facts})  # type: ignore[arg-type]
    tarball = place / "root.tar.gz"
    with tarfile.open(tarball, "w:gz") as archive:
        archive.add(filled, arcname=".")
    return tarball


def test_a_root_is_taken_over_with_its_origin_on_record(place: Path) -> None:
    store, said = Store(place / "environments"), list[str]()

    version = import_root(store, BOOKWORM, pack_root(place), say=said.append)

    assert version.manifest.origin.startswith("tarball sha256:")
    assert store.current(BOOKWORM) == version
    assert (version.root / "usr/lib/marker").read_text() == "of the environment"
    assert (version.root / "usr/sbin/policy-rc.d").is_file()
    assert said == ["copying root.tar.gz"]


def test_a_mounted_image_is_taken_over_like_a_tarball(place: Path) -> None:
    filled = fill_root(place / "filled", extra=NEEDED)
    (filled / "dev").mkdir()
    os.mknod(filled / "dev/null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))

    version = import_root(Store(place / "environments"), BOOKWORM, filled, say=print)

    assert version.manifest.origin == "folder filled"
    assert (version.root / "usr/lib/marker").exists()
    assert list((version.root / "dev").iterdir()) == []


def test_a_root_of_raspberry_pi_os_needs_no_archive_here(place: Path) -> None:
    store, said = Store(place / "environments"), list[str]()
    name = parse_environment_name("bookworm-amd64-raspios")

    version = import_root(store, name, pack_root(place), say=said.append)

    assert store.current(name) == version
    assert version.manifest.environment == "bookworm-amd64-raspios"


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"release": "trixie"}, "This is a root of trixie"),
        ({"architecture": "armhf"}, "This is a root of armhf"),
    ],
)
def test_a_root_of_something_else_is_refused_and_leaves_nothing(
    place: Path, facts: dict[str, str], words: str
) -> None:
    store = Store(place / "environments")

    with pytest.raises(EnvironmentUnusable, match=words):
        import_root(store, BOOKWORM, pack_root(place, **facts), say=print)

    assert not store.has(BOOKWORM)
    assert not (store.folder / "bookworm-amd64/making").exists()


def test_a_failed_update_leaves_the_environment_that_was_there(place: Path) -> None:
    store = Store(place / "environments")
    version = import_root(store, BOOKWORM, pack_root(place), say=print)

    with pytest.raises(HostileContent):
        import_root(store, BOOKWORM, place / "precious", say=print)

    assert store.current(BOOKWORM) == version


def test_what_is_no_tarball_or_a_broken_one_is_refused(place: Path) -> None:
    whole = pack_root(place).read_bytes()
    for content in (b"", b"not a tarball at all", whole[: len(whole) // 2]):
        broken = place / "broken.tar.gz"
        broken.write_bytes(content)
        with pytest.raises((HostileContent, EnvironmentUnusable)):
            import_root(Store(place / "environments"), BOOKWORM, broken, say=print)


def test_a_file_that_is_not_there_is_told(place: Path) -> None:
    with pytest.raises(NotFound, match=r"missing\.tar"):
        import_root(Store(place / "environments"), BOOKWORM, place / "missing.tar", say=print)


def test_a_way_out_by_its_name_is_refused(place: Path) -> None:
    with pytest.raises(HostileContent, match=r"contains '\.\.'"):
        copy_root(pack(place, member("../precious")), place / "root")

    assert (place / "precious").read_text() == "of the host"


def test_an_absolute_name_lands_inside(place: Path) -> None:
    copy_root(pack(place, member(f"{place}/precious")), place / "root")

    assert (place / "precious").read_text() == "of the host"
    assert (place / "root" / str(place)[1:] / "precious").read_text() == "evil"


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_way_out_over_a_link_reaches_nothing(place: Path, kind: bytes) -> None:
    link = str(place) if kind == tarfile.SYMTYPE else str(place / "precious")
    tarball = pack(place, member("link", kind=kind, link=link), member("link/precious"))

    with pytest.raises(HostileContent):
        copy_root(tarball, place / "root")

    assert (place / "precious").read_text() == "of the host"


def test_files_keep_their_owners_and_modes(place: Path) -> None:
    owned = member("usr/owned")
    owned.uid, owned.gid, owned.mode = 42, 43, 0o4755

    copy_root(pack(place, owned), place / "root")

    status = (place / "root/usr/owned").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (42, 43, 0o4755)


def test_a_device_is_refused(place: Path) -> None:
    device = member("usr/memory", kind=tarfile.CHRTYPE)
    device.devmajor, device.devminor = 1, 1

    with pytest.raises(HostileContent, match="usr/memory"):
        copy_root(pack(place, device), place / "root")


def test_the_devices_that_every_root_has_are_left_out(place: Path) -> None:
    device = member("./dev/null", kind=tarfile.CHRTYPE)

    copy_root(pack(place, member("./usr"), device), place / "root")

    assert not (place / "root/dev/null").exists()


@pytest.mark.parametrize("link", ["usr", "var", "var/lib", "var/lib/dpkg", "var/lib/dpkg/status"])
def test_a_root_whose_own_places_are_links_is_refused(place: Path, link: str) -> None:
    root = fill_root(place / "filled")
    (root / link).rename(place / "moved")
    (root / link).symlink_to(place / "moved")

    with pytest.raises(HostileContent, match=f"/{link}"):
        require_fit(root, BOOKWORM)
