"""What a cause wants from the system, as alternatives to look up in the distribution's packages."""

import re
from collections.abc import Iterable

from wheelyard.diagnosis.cause import CauseKind
from wheelyard.diagnosis.known_names import ENGLISH_PROGRAMS
from wheelyard.model.wanted import Wanted, WantedKind

_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+/-]{0,149}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{1,59}")
_LIBRARY_FILE = re.compile(r"(?:lib)?(?P<stem>[\w+.-]{1,80}?)\.(?:so|a)(?:\.[\d.]+)?")
_MODULE_FILE = re.compile(r".*\.(?:mod|cfg|py|pxd)")

_FOUND_BY_OTHER_NAMES = {
    "alsa": "pkg-config:alsa",
    "berkeley-db": "header:db.h",
    "blas": "pkg-config:openblas library:blas",
    "boost": "header:boost/version.hpp",
    "bzip2": "header:bzlib.h library:bz2",
    "cups": "header:cups/cups.h",
    "curl": "pkg-config:libcurl",
    "curses": "pkg-config:ncurses",
    "doxygen": "program:doxygen",
    "egl": "pkg-config:egl",
    "eigen": "pkg-config:eigen3",
    "eigen3": "pkg-config:eigen3",
    "expat": "pkg-config:expat",
    "ffi": "pkg-config:libffi",
    "fftw": "pkg-config:fftw3",
    "fftw3": "pkg-config:fftw3",
    "freetype": "pkg-config:freetype2",
    "gif": "header:gif_lib.h",
    "glew": "pkg-config:glew",
    "glut": "header:GL/glut.h",
    "gmp": "header:gmp.h",
    "graphviz": "pkg-config:libcgraph",
    "gsl": "pkg-config:gsl",
    "gtk": "pkg-config:gtk+-3.0",
    "gtk+": "pkg-config:gtk+-3.0",
    "gtest": "pkg-config:gtest",
    "hdf5": "library:hdf5 header:hdf5.h",
    "icu": "pkg-config:icu-i18n",
    "imagemagick": "pkg-config:MagickWand",
    "jpeg": "pkg-config:libjpeg header:jpeglib.h",
    "jvm": "program:javac",
    "jpeg2000": "pkg-config:libopenjp2",
    "lapack": "pkg-config:lapack library:lapack",
    "lcms": "pkg-config:lcms2",
    "ldap": "header:ldap.h",
    "leptonica": "pkg-config:lept",
    "libav": "pkg-config:libavcodec",
    "libjpeg": "pkg-config:libjpeg header:jpeglib.h",
    "liblzma": "pkg-config:liblzma",
    "libpng": "pkg-config:libpng",
    "libpq": "pkg-config:libpq",
    "libtiff": "pkg-config:libtiff-4",
    "libusb": "pkg-config:libusb-1.0",
    "libxml2": "pkg-config:libxml-2.0",
    "libxslt": "pkg-config:libxslt",
    "lua": "pkg-config:lua5.3",
    "magickwand": "pkg-config:MagickWand",
    "octave": "program:octave",
    "lzma": "pkg-config:liblzma",
    # One implementation is enough, and two get into each other's way.
    "mpi": "header:mpi.h",
    "mpich": "header:mpi.h",
    "open-mpi": "header:mpi.h",
    "openmpi": "header:mpi.h",
    "mysql": "program:mysql_config",
    "netcdf": "pkg-config:netcdf",
    "odbc": "header:sql.h",
    "opengl": "pkg-config:gl header:GL/gl.h",
    "openjpeg": "pkg-config:libopenjp2",
    "openmp": "header:omp.h",
    "openssl": "pkg-config:openssl",
    "pcap": "header:pcap.h",
    "png": "pkg-config:libpng",
    "postgresql": "pkg-config:libpq program:pg_config",
    "proj": "pkg-config:proj",
    "protobuf": "pkg-config:protobuf",
    "python": "header:Python.h",
    "python3": "header:Python.h",
    "readline": "header:readline/readline.h",
    "sqlite": "pkg-config:sqlite3",
    "sqlite3": "pkg-config:sqlite3",
    "tiff": "pkg-config:libtiff-4",
    "udev": "pkg-config:libudev",
    "webp": "pkg-config:libwebp",
    "x11": "pkg-config:x11",
    "zlib": "pkg-config:zlib header:zlib.h",
    "zstd": "pkg-config:libzstd",
}
"""Where CMake, Meson or people call a library otherwise than its files are called."""


def wants(kind: CauseKind, subject: str | None) -> tuple[Wanted, ...]:
    """Return what may end a cause: alternatives, the likeliest first; none if no package may.

    A subject comes from a log. What does not look like a name is not looked up at all.
    """
    name = subject or ""
    if name.lower().replace(" ", "-") in _FOUND_BY_OTHER_NAMES:
        name = name.replace(" ", "-")
    # Some authors name the package of one distribution or another instead of the library.
    name = name.removesuffix("-devel").removesuffix("-dev")
    if kind is CauseKind.MISSING_PROGRAM:
        name = name.rpartition("/")[2]
    if not _SAFE.fullmatch(name.removeprefix("-l")) or ".." in name:
        return ()
    return tuple(dict.fromkeys(_alternatives(kind, name)))


def _alternatives(kind: CauseKind, name: str) -> Iterable[Wanted]:
    match kind:
        case CauseKind.MISSING_HEADER:
            is_other = _MODULE_FILE.fullmatch(name)
            yield Wanted(WantedKind.FILE if is_other else WantedKind.HEADER, name)
        case CauseKind.MISSING_LIBRARY:
            yield from _library(name)
        case CauseKind.MISSING_PKG_CONFIG:
            yield Wanted(WantedKind.PKG_CONFIG, name.removesuffix(".pc"))
        case CauseKind.MISSING_CMAKE_PACKAGE:
            yield from _by_other_names(name)
            yield Wanted(WantedKind.CMAKE_PACKAGE, name)
            yield from _like(name)
        case CauseKind.MISSING_MESON_DEPENDENCY:
            yield Wanted(WantedKind.PKG_CONFIG, name)
            yield from _by_other_names(name)
            yield Wanted(WantedKind.CMAKE_PACKAGE, name)
            yield from _like(name)
        case CauseKind.MISSING_CONFIG_TOOL | CauseKind.MISSING_PROGRAM:
            yield Wanted(WantedKind.PROGRAM, name)
        case CauseKind.AUTHOR_MESSAGE if name.lower() in ENGLISH_PROGRAMS:
            yield Wanted(WantedKind.PROGRAM, name.lower())
        case CauseKind.AUTHOR_MESSAGE if _NAME.fullmatch(name):
            yield from _by_other_names(name)
            yield from _like(name)
            yield Wanted(WantedKind.TOP_HEADER, f"{name.lower().removesuffix('.h')}.h")
        case _:
            return


def _library(name: str) -> Iterable[Wanted]:
    """Read `-lhdf5`, `libhdf5.so` and `hdf5` alike; a library by its file's name is also a file."""
    if name.startswith("-l"):
        yield Wanted(WantedKind.LIBRARY, name.removeprefix("-l"))
    elif match := _LIBRARY_FILE.fullmatch(name.rpartition("/")[2]):
        yield Wanted(WantedKind.LIBRARY, match["stem"])
        yield Wanted(WantedKind.FILE, name.rpartition("/")[2])
    elif _NAME.fullmatch(name):
        yield Wanted(WantedKind.LIBRARY, name.removeprefix("lib"))
        yield from _like(name)


def _by_other_names(name: str) -> Iterable[Wanted]:
    for each in _FOUND_BY_OTHER_NAMES.get(name.lower(), "").split():
        kind, _, other = each.partition(":")
        yield Wanted(WantedKind(kind), other)


def _like(name: str) -> Iterable[Wanted]:
    """Yield modules of pkg-config and libraries that are called like the name."""
    lowered = name.lower()
    bare = lowered.removeprefix("lib")
    for module in (name, lowered, f"lib{bare}", bare):
        yield Wanted(WantedKind.PKG_CONFIG, module)
    for stem in (bare, name.removeprefix("lib")):
        yield Wanted(WantedKind.LIBRARY, stem)
