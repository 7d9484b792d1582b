"""The machine's own system as an environment: its programs, libraries and headers, no data."""

from pathlib import Path

from wheelyard.builder.environments.view import View

_LINKS_TO_USR = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
"""Links into `/usr` where it is merged, folders of their own where it is not."""

_LOCAL = "usr/local"
"""What the administrator added by hand: it would make builds differ from machine to machine."""

_SHOWN_OF_ETC = (
    "alternatives",
    "debian_version",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "os-release",
    "ssl/openssl.cnf",
)
"""All that compilers and interpreters need of `/etc`; the rest tells of the host."""

_MADE_UP = {
    "/etc/passwd": b"root:x:0:0:root:/nonexistent:/usr/sbin/nologin\n"
    b"builder:x:1000:1000:builder:/tmp/home:/bin/sh\n",
    "/etc/group": b"root:x:0:\nbuilder:x:1000:\n",
    "/etc/hosts": b"127.0.0.1 localhost\n::1 localhost\n",
    "/etc/nsswitch.conf": b"passwd: files\ngroup: files\nhosts: files dns\n",
}


def host_view(root: Path = Path("/")) -> View:
    """Return what builds see of the machine's own system (`root` is another one in tests)."""
    shown = {"/usr": root / "usr"}
    links = {"/var/tmp": "/tmp", "/var/run": "/run"}  # noqa: S108 - paths inside the sandbox
    for name in _LINKS_TO_USR:
        folder = root / name
        if folder.is_symlink():
            links[f"/{name}"] = str(folder.readlink())
        elif folder.is_dir():
            shown[f"/{name}"] = folder
    for name in _SHOWN_OF_ETC:
        file = root / "etc" / name
        if file.exists():
            shown[f"/etc/{name}"] = file.resolve()
    hidden = (f"/{_LOCAL}",) if (root / _LOCAL).is_dir() else ()
    return View(shown=shown, hidden=hidden, links=links, made_up=dict(_MADE_UP))
