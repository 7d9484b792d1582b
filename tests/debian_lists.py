"""A small distribution that is made up: its lists, and the index of them."""

import gzip
import hashlib
from collections.abc import Iterable
from pathlib import Path

from wheelyard.contents.fetching import Lists
from wheelyard.contents.indexing import make_index
from wheelyard.contents.lookup import Contents, open_contents

ENVIRONMENT = "bookworm-amd64"

CONTENTS = """\
usr/bin/pg_config libdevel/libpq-dev
usr/bin/swig interpreters/swig
usr/include/libxml2/libxml/xmlversion.h libdevel/libxml2-dev
usr/include/x86_64-linux-gnu/gmp.h libdevel/libgmp-dev
usr/include/python3.11/Python.h libdevel/libpython3.11-dev
usr/include/linux/cuda.h devel/linux-libc-dev
usr/include/hwloc/cuda.h libdevel/libhwloc-dev
usr/include/foo1.2/foo.h libdevel/libfoo1.2-dev
usr/include/foo1.3/foo.h libdevel/libfoo1.3-dev
usr/include/config.h libdevel/libsloppy-dev
usr/include/curl/curl.h libdevel/libcurl4-gnutls-dev,libdevel/libcurl4-openssl-dev
usr/include/both.h libdevel/libone-dev,libdevel/libtwo-dev
usr/include/strange.h libdevel/Not_A_Package,-rf,libdevel/$(reboot)
usr/lib/pypy/include/ffi.h python/pypy-dev
usr/include/ffi.h libdevel/libffi-musl,doc/libffi-doc,devel/libffi-arm64-cross,x/libffi-dev
usr/lib/x86_64-linux-gnu/libone.so libdevel/libone-dev
usr/lib/x86_64-linux-gnu/libtwo.so libdevel/libtwo-dev
usr/lib/x86_64-linux-gnu/pkgconfig/two.pc libdevel/libtwo-dev
usr/lib/x86_64-linux-gnu/hdf5/serial/libhdf5.so libdevel/libhdf5-dev
usr/lib/x86_64-linux-gnu/cmake/Widgets/WidgetsConfig.cmake libdevel/libwidgets-dev
usr/lib/python3/dist-packages/libone.so python/python3-one
usr/lib/x86_64-linux-gnu/tiled/plugins/liblua.so libs/libtiled1
usr/include/mgba/core/soft.h libdevel/libmgba-dev
usr/share/aclocal/ax_cxx_check.m4 devel/autoconf-archive
usr/share/doc/foo/examples/swig doc/foo-doc
"""

PACKAGES = """\
Package: python3-dev
Depends: libpython3-dev (= 3.11.2-1+b1), python3 (= 3.11.2-1+b1)

Package: libpython3-dev
Depends: libpython3.11-dev (>= 3.11.2-1~)

Package: libfoo-dev
Depends: libfoo1.2-dev, libc6-dev

Package: libone-dev

Package: libtwo-dev

Package: libxml2-dev

Package: cargo
"""

SOURCES = """\
Package: reader
Binary: python3-reader, reader-doc
Build-Depends: debhelper-compat (= 13), python3-all-dev:any, libtwo-dev (>= 2) [linux-any],
 cargo:native, libnot-there-dev | libxml2-dev, doxygen <!nodoc>, $(reboot)

Package: other
Build-Depends: libone-dev, libfoo-dev, python3-dev, libpython3-dev
"""

OTHERS = "".join(f"Package: other{n}\nBuild-Depends: libone-dev, python3-dev\n\n" for n in range(5))


def index_of(
    folder: Path,
    *,
    contents: str | Iterable[bytes] = CONTENTS,
    packages: str = PACKAGES,
    sources: str = f"{SOURCES}\n{OTHERS}",
) -> Contents:
    """Make the index of such lists and open it."""
    lists = {
        "contents": encoded(contents) if isinstance(contents, str) else contents,
        "packages": encoded(packages),
        "sources": encoded(sources),
    }
    names = Lists(
        contents=(Path("contents"),),
        packages=(Path("packages"),),
        sources=(Path("sources"),),
        digest="the first",
    )
    make_index(names, folder / f"{ENVIRONMENT}.sqlite", read=lambda path: lists[path.name])
    return open_contents(folder, ENVIRONMENT)


def encoded(text: str) -> list[bytes]:
    """Return the lines of a text, with their ends."""
    return [line.encode() for line in text.splitlines(keepends=True)]


LISTS = {
    "main/Contents-amd64.gz": CONTENTS,
    "main/Contents-all.gz": "usr/bin/everywhere utils/everywhere\n",
    "main/binary-amd64/Packages.gz": PACKAGES,
    "main/source/Sources.gz": SOURCES,
}


def put_archive(archive: Path, *, left_out: str = "", spoilt: str = "") -> None:
    """Put an archive of a release into a folder, as a mirror has it."""
    suite = archive / "dists/bookworm"
    rows = []
    for name, text in LISTS.items():
        if name == left_out:
            continue
        for path, data in ((name, gzip.compress(text.encode(), mtime=0)), (name[:-3], text)):
            raw = data if isinstance(data, bytes) else data.encode()
            rows.append(f" {hashlib.sha256(raw).hexdigest()} {len(raw)} {path}")
        file = suite / name
        file.parent.mkdir(parents=True, exist_ok=True)
        packed = bytearray(gzip.compress(text.encode(), mtime=0))
        if name == spoilt:
            packed[len(packed) // 2] ^= 1
        file.write_bytes(packed)
    head = "Suite: stable\nCodename: bookworm\nArchitectures: all amd64\nComponents: main\n"
    date = "Date: Sat, 10 Jun 2023 08:53:33 UTC\n"
    (suite / "Release").write_text(f"{head}{date}SHA256:\n" + "\n".join(rows) + "\n")
