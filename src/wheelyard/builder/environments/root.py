"""A root that was made for builds, as builds see it: nearly all of it, for it holds no secrets."""

from dataclasses import replace
from pathlib import Path

from wheelyard.builder.environments.view import View

_NOT_SHOWN = frozenset(
    {
        *("boot", "build", "dev", "home", "lost+found", "media", "mnt", "proc"),
        *("root", "run", "srv", "sys", "tmp", "var"),
    }
)
"""What the sandbox makes itself, what its folders are shown in, and what builds do not need."""

SYSROOT = "/build/sysroot"
"""Where builds see the root that they compile for, where that is not the one they run in."""

_PASSWD = (
    b"root:x:0:0:root:/nonexistent:/usr/sbin/nologin\n"
    b"builder:x:1000:1000:builder:/tmp/home:/bin/sh\n"
)
PLACES = {
    "etc/passwd": _PASSWD,
    "etc/group": b"root:x:0:\nbuilder:x:1000:\n",
    "etc/hosts": b"127.0.0.1 localhost\n::1 localhost\n",
    "etc/nsswitch.conf": b"passwd: files\ngroup: files\nhosts: files dns\n",
}
"""What builds see in place of a root's own files, which must be there: it is read-only."""


def root_view(root: Path) -> View:
    """Return what builds see of a root, by its real folders only.

    A link at the top of a root is shown as a link: followed here, it could lead to the host's own
    files. A link further down is followed inside.
    """
    shown, links = {}, {"/var/tmp": "/tmp", "/var/run": "/run"}  # noqa: S108 - paths inside
    for entry in sorted(root.iterdir()):
        if entry.name in _NOT_SHOWN:
            continue
        if entry.is_symlink():
            links[f"/{entry.name}"] = str(entry.readlink())
        elif entry.is_dir():
            shown[f"/{entry.name}"] = entry
    state = root / "var" / "lib"
    if not (root / "var").is_symlink() and state.is_dir() and not state.is_symlink():
        shown["/var/lib"] = state
    made_up = {f"/{path}": content for path, content in PLACES.items() if _is_plain(root, path)}
    return View(shown=shown, hidden=(), links=links, made_up=made_up)


def with_sysroot(root: Path, sysroot: Path) -> View:
    """Return what builds see of a root that has another one below `SYSROOT`, for compilers."""
    view, other = root_view(root), root_view(sysroot)
    below = {f"{SYSROOT}{inside}": outside for inside, outside in other.shown.items()}
    links = {f"{SYSROOT}{inside}": goal for inside, goal in other.links.items()}
    return replace(view, shown=view.shown | below, links=view.links | links)


def _is_plain(root: Path, path: str) -> bool:
    folder, _, _ = path.partition("/")
    file = root / path
    return not (root / folder).is_symlink() and file.is_file() and not file.is_symlink()
