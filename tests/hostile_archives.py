"""Source distributions that must not be unpacked, as bytes of a `.tar.gz` or a `.zip`.

Each holds a good `pyproject.toml` beside what is wrong with it, so that nothing else is at fault.
"""

import gzip
import io
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterable

STEM = "hostile-1.0"
PYPROJECT = b'[build-system]\nrequires = []\nbuild-backend = "backend"\n'
_BOMB_BYTES = 256 * 1024**2
_MANY_FILES = 20_000


def traversal() -> bytes:
    """A member's path leads upwards, out of the folder."""
    return _tar([_file(f"{STEM}/../../../escaped.py", b"out")])


def absolute_path() -> bytes:
    """A member's path is absolute."""
    return _tar([_file("/tmp/wheelyard-escaped.py", b"out")])


def symlink_out() -> bytes:
    """A symbolic link leads out of the folder."""
    return _tar([_link(f"{STEM}/passwd", "/etc/passwd", tarfile.SYMTYPE)])


def relative_symlink_out() -> bytes:
    """A symbolic link leads out of the folder by a relative path."""
    return _tar([_link(f"{STEM}/passwd", "../../../../../../etc/passwd", tarfile.SYMTYPE)])


def write_through_symlink() -> bytes:
    """A symbolic link to a folder outside, and then a member below it."""
    return _tar(
        [
            _link(f"{STEM}/out", "/var/tmp", tarfile.SYMTYPE),
            _file(f"{STEM}/out/wheelyard-escaped.py", b"out"),
        ]
    )


def hardlink_out() -> bytes:
    """A hard link to a file outside of the folder."""
    return _tar([_link(f"{STEM}/passwd", "/etc/passwd", tarfile.LNKTYPE)])


def device_file() -> bytes:
    """A device file."""
    member = tarfile.TarInfo(f"{STEM}/disk")
    member.type, member.devmajor, member.devminor = tarfile.BLKTYPE, 8, 0
    return _tar([(member, b"")])


def fifo() -> bytes:
    """A named pipe, on which a reader would wait for ever."""
    member = tarfile.TarInfo(f"{STEM}/README")
    member.type = tarfile.FIFOTYPE
    return _tar([(member, b"")])


def setuid_program() -> bytes:
    """A program with the set-user-id bit."""
    member, content = _file(f"{STEM}/become", b"#!/bin/sh\n")
    member.mode = 0o6755
    return _tar([(member, content)])


def bomb() -> bytes:
    """A small archive that unpacks to 256 MiB."""
    return _tar([_file(f"{STEM}/zeros.bin", bytes(_BOMB_BYTES))], level=9)


def many_files() -> bytes:
    """A small archive of 20,000 empty files."""
    return _tar((_file(f"{STEM}/{number:x}", b"") for number in range(_MANY_FILES)), level=1)


def truncated() -> bytes:
    """An archive that is cut off in the middle."""
    whole = _tar([_file(f"{STEM}/module.py", bytes(range(256)) * 400)])
    return whole[: len(whole) // 2]


def not_an_archive() -> bytes:
    """Something else, such as a page that says that the file is not there."""
    return b"<!doctype html><title>404</title><h1>Not found</h1>"


def two_top_folders() -> bytes:
    """Two folders at the top, where there must be one."""
    return _tar([_file("another-2.0/pyproject.toml", PYPROJECT)])


def empty() -> bytes:
    """An archive without any member."""
    return _tar([], with_project=False)


def zip_traversal() -> bytes:
    """A zip whose member's path leads upwards."""
    return _zip({f"{STEM}/pyproject.toml": PYPROJECT, f"{STEM}/../../escaped.py": b"out"})


def zip_symlink_out() -> bytes:
    """A zip that holds a symbolic link, which leads out."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{STEM}/pyproject.toml", PYPROJECT)
        link = zipfile.ZipInfo(f"{STEM}/passwd")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return packed.getvalue()


def zip_bomb() -> bytes:
    """A small zip that unpacks to 256 MiB."""
    return _zip({f"{STEM}/pyproject.toml": PYPROJECT, f"{STEM}/zeros.bin": bytes(_BOMB_BYTES)})


HOSTILE_TARS: dict[str, Callable[[], bytes]] = {
    make.__name__: make
    for make in (
        traversal,
        absolute_path,
        symlink_out,
        relative_symlink_out,
        write_through_symlink,
        hardlink_out,
        device_file,
        fifo,
        bomb,
        truncated,
        not_an_archive,
        empty,
    )
}
"""Those that must be refused as a `.tar.gz`, by name."""

HOSTILE_ZIPS: dict[str, Callable[[], bytes]] = {
    make.__name__: make for make in (zip_traversal, zip_symlink_out, zip_bomb, not_an_archive)
}
"""Those that must be refused as a `.zip`, by name."""

_Member = tuple[tarfile.TarInfo, bytes]


def _tar(members: Iterable[_Member], *, with_project: bool = True, level: int = 6) -> bytes:
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, compresslevel=level) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        if with_project:
            project, content = _file(f"{STEM}/pyproject.toml", PYPROJECT)
            archive.addfile(project, io.BytesIO(content))
        for member, content in members:
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def _file(path: str, content: bytes) -> _Member:
    member = tarfile.TarInfo(path)
    member.size = len(content)
    return member, content


def _link(path: str, target: str, kind: bytes) -> _Member:
    member = tarfile.TarInfo(path)
    member.type = kind
    member.linkname = target
    return member, b""


def _zip(contents: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in contents.items():
            archive.writestr(zipfile.ZipInfo(path), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
