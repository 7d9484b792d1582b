"""Taking over a root that was made elsewhere: a tarball of one, or a folder (a mounted image).

It is copied inside a sandbox that can write nothing but the new root, so that no trick of its
names or links reaches anything else.
"""

import hashlib
import re
import shlex
import shutil
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from wheelyard import process
from wheelyard.archives import make_sources_list
from wheelyard.builder.environments.making import NEEDED, Say, fresh_folder, require_room
from wheelyard.builder.environments.manifest import make_manifest, read_packages
from wheelyard.builder.environments.packages import Kitchen, install
from wheelyard.builder.environments.places import make_places
from wheelyard.builder.environments.running import require_root, require_runnable
from wheelyard.builder.environments.store import Store, Version
from wheelyard.builder.sandbox.folders import remove_tree
from wheelyard.errors import EnvironmentUnusable, HostileContent, NotFound
from wheelyard.model.environment import DebianPackage, EnvironmentName

_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
_HOURS = timedelta(hours=2)
_LOOK_EVERY = timedelta(seconds=1)
_SPARE_BYTES = 1024**3
"""So much of the disk is left free: a small tarball may hold a root without end."""

_CAPABILITIES = ("CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID")
_CODENAME = re.compile(r'^VERSION_CODENAME="?([a-z]+)"?$', re.MULTILINE)
_NO_DEVICES = ("--anchored", "--exclude=./dev/*", "--exclude=dev/*")
_UNPACK = (
    *("tar", "--extract", "--directory=/root", "--numeric-owner", "--same-owner"),
    *("--same-permissions", "--delay-directory-restore", *_NO_DEVICES),
)
_TAR = (*_UNPACK, "--file=/input")
_PACK = ("tar", "--create", "--directory=/input", "--one-file-system", *_NO_DEVICES, ".")
_COPY = ("/bin/sh", "-c", f"{shlex.join(_PACK)} | {shlex.join(_UNPACK)}")
"""A folder goes through tar too, which can leave something out. Should the first end too early, the
second says so."""

_MAX_OS_RELEASE_BYTES = 64 * 1024


def import_root(store: Store, name: EnvironmentName, source: Path, *, say: Say) -> Version:
    """Make an environment, or its next version, from a root that somebody else has made.

    What every build needs and the root lacks is installed from the machine's own archives.

    Raises:
        RootNeeded: if this is not run by root.
        NotFound: if there is no such file or folder.
        HostileContent: if it holds what no root holds.
        EnvironmentUnusable: if it is no root of that release and architecture, or has no room.
    """
    require_root()
    require_runnable(name)
    if not source.exists():
        raise NotFound(source)
    sources = _sources(name, say=say)
    with store.changing(name) as home:
        require_room(home)
        making = fresh_folder(home / "making")
        try:
            (making / "sources.list").write_text(sources, encoding="utf-8")
            root = making / "root"
            root.mkdir()
            say(f"copying {source.name}")
            copy_root(source, root)
            require_fit(root, name)
            make_places(root)
            _complete(root, name, making=making, home=home, say=say)
            manifest = make_manifest(root, str(name), origin=_origin(source))
            return store.publish(name, making, manifest)
        finally:
            if making.exists():
                remove_tree(making)


def _sources(name: EnvironmentName, *, say: Say) -> str:
    """Return where packages for the root come from; nothing if this machine knows no such place.

    A root of Raspberry Pi OS serves on machines whose apt has never heard of it, too.
    """
    try:
        return make_sources_list(name)
    except EnvironmentUnusable as error:
        if not name.is_raspberry:
            raise
        say(f"no packages can be added to it: {error.advice}")
        return ""


def copy_root(source: Path, root: Path) -> None:
    """Copy a tarball's content, or a folder's, to an empty folder.

    Raises:
        HostileContent: if it cannot be copied as it is (devices, ways out of the root, damage).
        EnvironmentUnusable: if it does not fit on the disk.
    """
    command = _COPY if source.is_dir() else _TAR
    running = process.start(
        ["bwrap", *_confined(source.resolve(), root), "--", *command],
        environment=_ENVIRONMENT,
        stdout=process.DEVNULL,
        stderr=process.PIPE,
    )
    with closing(running):
        for _ in range(int(_HOURS / _LOOK_EVERY)):
            printed = running.communicate(b"", _LOOK_EVERY)
            if printed is not None:
                break
            if shutil.disk_usage(root).free < _SPARE_BYTES:
                raise EnvironmentUnusable(source, "There is no room for it on the disk")
        status = running.exit_status()
    said = printed[1].decode(errors="replace").strip() if printed else "it took too long"
    if status != 0:
        if "No space left" in said:
            raise EnvironmentUnusable(source, "There is no room for it on the disk")
        raise HostileContent(source, said[-500:])


def require_fit(root: Path, name: EnvironmentName) -> None:
    """Refuse a root of another release or architecture than its name says.

    Raises:
        EnvironmentUnusable: if so.
        HostileContent: if a link stands where a folder must be.
    """
    state = Path("var/lib/dpkg/status")
    for part in (Path("usr/lib"), state):
        for path in (*reversed(part.parents[:-1]), part):
            if (root / path).is_symlink():
                raise HostileContent(f"/{path}", "It must not be a link")
    release = _release(root)
    if release != name.release:
        raise EnvironmentUnusable(name, f"This is a root of {release or 'no Debian release'}")
    architectures = {item.architecture for item in read_packages(root) if item.name == "libc6"}
    if name.architecture not in architectures:
        found = ", ".join(sorted(architectures)) or "no architecture"
        raise EnvironmentUnusable(name, f"This is a root of {found}")


def _release(root: Path) -> str | None:
    file = root / "usr/lib/os-release"
    if file.is_symlink() or not file.is_file() or file.stat().st_size > _MAX_OS_RELEASE_BYTES:
        return None
    found = _CODENAME.search(file.read_text(encoding="utf-8", errors="replace"))
    return found[1] if found else None


def _complete(root: Path, name: EnvironmentName, *, making: Path, home: Path, say: Say) -> None:
    """Install what every build needs, where the root lacks it."""
    there = {item.name for item in read_packages(root)}
    lacking = [DebianPackage(package) for package in NEEDED if package not in there]
    if lacking:
        say(f"installing {', '.join(lacking)}")
        kitchen = Kitchen(
            cache=home / "packages",
            base=root,
            sources=making / "sources.list",
            architecture=name.architecture,
        )
        install(root, lacking, kitchen, say=say)


def _confined(source: Path, root: Path) -> Sequence[str]:
    # No user namespace: the root's files belong to many users.
    words = ["--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--new-session"]
    words += ["--die-with-parent", "--cap-drop", "ALL"]
    for capability in _CAPABILITIES:
        words += ["--cap-add", capability]
    words += ["--ro-bind", "/usr", "/usr"]
    for link in ("bin", "lib", "lib64", "sbin"):
        folder = Path("/") / link
        if folder.is_symlink():
            words += ["--symlink", str(folder.readlink()), str(folder)]
        elif folder.is_dir():
            words += ["--ro-bind", str(folder), str(folder)]
    words += ["--dev", "/dev", "--ro-bind", str(source), "/input", "--bind", str(root), "/root"]
    return [*words, "--remount-ro", "/", "--chdir", "/root"]


def _origin(source: Path) -> str:
    if source.is_dir():
        return f"folder {source.name}"
    with source.open("rb") as stream:
        return f"tarball sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
